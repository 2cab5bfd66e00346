"""The files for OSMO: what is in them, and that each edit of one of them is named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pbt_tui.backends import BACKENDS
from pbt_tui.backends.osmo import osmo_index
from pbt_tui.backends.osmo import render as osmo_render
from pbt_tui.backends.osmo.index_check import judge, read
from pbt_tui.backends.osmo.osmo_index import CredentialUse, Osmo
from pbt_tui.backends.osmo.osmo_settings import SETTINGS
from pbt_tui.compiler import compile_loaded, existing, output
from pbt_tui.compiler.load import load
from pbt_tui.compiler.rendering import render
from pbt_tui.diagnostics.schema_errors import load_schema
from pbt_tui.errors import Findings, PbtError
from pbt_tui.settings import gather, structs
from pbt_tui.settings.settings_file import find
from pbt_tui.spec import Container, Policy, Resources
from tests.compiler.compile_specs import box, job
from tests.ngc.ngc_runs import call
from tests.ngc.test_ngc_all_files import told
from tests.osmo.osmo_runs import files, only, population, project, settings_of, sweep

RUN = Path("specs/ant")
OSMO = told(Osmo(pool="a100", mount=("/mnt/team",))).replace("900.0", '"900s"')
EVERYTHING = (
    told(Policy(max_parallel=4))
    + told(Container(image="x")).replace('image = "x"\n', "")
    + f'image = "a/trainer:1"\ntrain_dir = "/mnt/team/train_dir"\n[osmo]\n{OSMO}'
)
"""What is not set is taken from the file, so that an edit there is a setting."""


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = project(tmp_path_factory.mktemp("project"), members=3, settings=EVERYTHING)
    done = call("compile", folder, "runs.ant", "--backend", "osmo")
    assert done.returncode == 0, done.stderr
    return folder


def paths(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in (folder / RUN).rglob("*") if p.is_file())


def test_check_diff_and_validate_hold_all(here: Path) -> None:
    assert paths(here) == [
        f"{RUN}/osmo/index.json", f"{RUN}/osmo/population-000.yaml", f"{RUN}/processes.json",
    ]  # fmt: skip
    backend = ("--backend", "osmo")
    assert call("compile", here, "runs.ant", *backend, "--check").returncode == 0
    assert call("compile", here, "runs.ant", *backend, "--diff").stdout == ""
    for path in ("specs", "specs/ant/osmo", f"{RUN}/osmo/population-000.yaml"):
        done = call("compile", here, "--validate", path)
        assert (done.returncode, "1 workflow for OSMO\n" in done.stdout) == (0, True), done.stderr
    assert call("compile", here, "--validate", f"{RUN}/osmo/index.json").returncode == 0


def test_an_edit_is_named_by_check_diff_and_validate(here: Path) -> None:
    for path in paths(here)[:2]:
        file = here / path
        kept = file.read_bytes()
        try:
            file.write_bytes(
                kept.replace(b"policy_idx=1", b"policy_idx=2").replace(b"t01-", b"t05-")
            )
            check = call("compile", here, "runs.ant", "--backend", "osmo", "--check")
            assert (check.returncode, f"+++ {path}\n" in check.stdout) == (3, True)
            assert f"+++ {path}\n" in call("compile", here, "runs.ant", "--diff").stdout
            done = call("compile", here, "--validate", "specs")
            assert (done.returncode, f"`{path}`" in done.stderr) == (3, True)
        finally:
            file.write_bytes(kept)


@pytest.fixture(scope="module")
def compiled(here: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        given_settings = find(here, BACKENDS)
        loaded = load("runs.ant")

    def check() -> set[str]:
        """The files that `--check` would name."""
        try:
            made = compile_loaded(
                loaded,
                train_dir=given_settings.compile["train_dir"],
                policy=given_settings.policy,
                container=given_settings.container,
                known=lambda folder: existing.known(here / "specs", folder),
                backends=["processes", "osmo"],
                settings=given_settings.backends,
            )
        except PbtError as e:
            named = {str(d.where.file) for d in e.diagnostics}
            return {str(Path(path).relative_to(here)) for path in named}
        out = here / "specs"
        gone = existing.orphans(out, made.owned, made.files, made.records)
        return {f"specs/{path}" for path in output.stale(out, made.files, gone)}

    assert check() == set()
    return check


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_an_edit_of_any_byte_is_named(here: Path, compiled: Any, data: Any) -> None:
    path = data.draw(st.sampled_from(paths(here)[:2]), "file")
    kept = (here / path).read_bytes()
    at = data.draw(st.integers(0, len(kept) - 1), "position")
    edit = data.draw(st.binary(max_size=1), "instead")
    new = kept[:at] + edit + kept[at + 1 :]
    unset = b":null" in kept[max(0, at - 5) : at + 6] or kept[max(0, at - 2) : at + 2].count(b"[]")
    assume(new != kept and not unset)  # what is not set in the settings file is taken from there
    try:
        (here / path).write_bytes(new)
        assert path in compiled()
    finally:
        (here / path).write_bytes(kept)


def test_without_backend_only_a_pool_and_an_image_compile_for_osmo(tmp_path: Path) -> None:
    project(tmp_path, settings="")
    osmo = tmp_path / RUN / "osmo"
    assert call("compile", tmp_path, "runs.ant", "--image", "a/b:1").returncode == 0
    assert not osmo.exists()
    half = call("compile", tmp_path, "runs.ant", "--osmo_pool", "a100")
    assert half.returncode == 0
    assert "no files for backend `osmo`: `--image` not set" in half.stderr
    asked = call("compile", tmp_path, "runs.ant", "--backend", "osmo")
    assert (asked.returncode, "`--osmo_pool`, `--image` not set" in asked.stderr) == (3, True)
    whole = ("--image", "a/b:1", "--osmo_pool", "a100", "--osmo_mount", "/mnt")
    done = call("compile", tmp_path, "runs.ant", *whole, "--train_dir", "/mnt/t")
    assert (done.returncode, osmo.is_dir()) == (0, True)
    again = call("compile", tmp_path, "runs.ant", "--check")
    assert again.returncode == 0, again.stderr


# -- content ---------------------------------------------------------------------------------------


def workflows(made: dict[str, bytes]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, data in made.items():
        if path.endswith(".yaml"):
            yield path, yaml.safe_load(data)["workflow"]


def test_a_sweep_is_split_and_a_population_has_its_own_workflow() -> None:
    members = population(3)
    jobs = (*(job(i, id=f"s{i}") for i in range(45)), *members.jobs)
    made = files(sweep(*jobs, populations=members.populations))
    found = dict(workflows(made))
    assert list(found) == [
        "osmo/sweep-000.yaml", "osmo/sweep-001.yaml", "osmo/sweep-002.yaml",
        "osmo/population-000.yaml",
    ]  # fmt: skip
    assert [len(w.get("tasks", ())) for w in found.values()] == [20, 20, 5, 0]
    [group] = found["osmo/population-000.yaml"]["groups"]
    assert (group["barrier"], group["ignoreNonleadStatus"]) == ("true", "true")
    assert [task.get("lead") for task in group["tasks"]] == ["true", None, None]
    index = json.loads(made["osmo/index.json"])
    assert [w["file"] for w in index["workflows"]] == [p.removeprefix("osmo/") for p in found]
    assert [w["name"] for w in index["workflows"]] == [w["name"] for w in found.values()]
    assert sum(len(w["tasks"]) for w in index["workflows"]) == len(jobs)


def test_the_bytes_depend_on_the_run_alone() -> None:
    what = population(3)
    assert files(what) == files(msgspec.structs.replace(what))
    names = {only(sweep(job(argv=(w,)))).split(b"\n")[1] for w in ("a", "b")}
    names |= {only(sweep(job(argv=("a",)), suffix="2")).split(b"\n")[1]}
    assert len(names) == 3


def test_resources_are_whole_and_binary() -> None:
    jobs = (
        job(0), job(1, resources=Resources(gpus=0, cpus=3, memory=2**30)),
        job(2, resources=Resources(memory=1)),
    )  # fmt: skip
    data = only(sweep(*jobs, container=box(image="a/b:1", cpus=1.5)), platform="dgx", storage=2**40)
    shapes = yaml.safe_load(data)["workflow"]["resources"]
    more = {"platform": "dgx", "storage": "1Ti"}
    assert shapes == {
        "gpu1-cpu2": {"cpu": "2", "gpu": "1", **more},
        "gpu0-cpu3-mem1gi": {"cpu": "3", "gpu": "0", "memory": "1Gi", **more},
        "gpu1-cpu2-mem1ki": {"cpu": "2", "gpu": "1", "memory": "1Ki", **more},
    }


SETS: list[dict[str, Any]] = [
    {},
    {"priority": "low"},
    {"platform": "dgx"},
    {"gpus": "2", "cpus": "8", "memory": "64G", "storage": "1T"},
    {"mount": ["/mnt/a", "/mnt/b:/b"], "shared": ["/pvc"]},
    {"workdir": "/code it's"},
    {"credential": ["all", "w:KEY", "w:K:V", "ssh:/keys"]},
    {"timeout": "7d", "queue_timeout": "12h"},
    {"reschedule": "75,3001,3006"},
    {"lead": "task", "lead_wait": "30m"},
    {"nodes_excluded": ["a,b", "c"]},
    {"guarantee": "8", "max_tasks": "50"},
    {"url": "https://osmo.example.com", "token_env": "TOKEN", "log_lines": "0"},
    {"poll": "30s", "settle": "5m"},
]


def typed(**texts: Any) -> Osmo:
    """As the command line has them."""
    raw = {"pool": "a100", **texts}
    said = [(s, raw[s.name]) for s in SETTINGS if s.name in raw]
    return Osmo(**gather(said, lambda s: s.flag, structs(BACKENDS)).sections["osmo"])


@pytest.mark.parametrize("texts", SETS, ids=str)
@pytest.mark.parametrize("what", [population(3), sweep()], ids=["population", "sweep"])
def test_what_is_made_passes_stock_validators_and_tells_its_settings(
    texts: dict[str, Any], what: Any
) -> None:
    values = typed(**texts)
    given_values = {"osmo": msgspec.structs.asdict(values)}
    done = render(what, ["osmo"], given_values)
    made = {path: data for path, data in done.files.items() if path.startswith("osmo/")}
    if any(d.level == "error" for d in done.found):
        assert {d.code for d in done.found if d.level == "error"} == {"PBT919"}
        made = osmo_render.render(what, values)
    for _, workflow in workflows(made):
        jsonschema.Draft202012Validator(load_schema("osmo-workflow-1")).validate(
            {"workflow": workflow}
        )
    index = made["osmo/index.json"]
    jsonschema.Draft202012Validator(load_schema("osmo-index-1")).validate(json.loads(index))
    assert msgspec.convert(osmo_render.known(made), Osmo) == values
    document, found = read(index)
    assert (found, list(judge(what, document))) == ([], [])  # type: ignore[arg-type]


def test_every_setting_is_in_a_set() -> None:
    assert {name for texts in SETS for name in texts} == {s.name for s in SETTINGS} - {"pool"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pool", ""),
        ("priority", "URGENT"),
        ("gpus", "-1"),
        ("cpus", "0"),
        ("memory", "much"),
        ("credential", "a:"),
        ("credential", "a:b:c:d"),
        ("credential", "a:/b:c"),
        ("timeout", "1h30m"),
        ("lead", "nobody"),
        ("lead_wait", "10s"),
        ("max_tasks", "0"),
    ],
)
def test_a_setting_that_is_none_is_refused_by_name(name: str, text: str) -> None:
    with pytest.raises(Findings) as e:
        typed(**{name: [text] if name == "credential" else text})
    assert e.value.exit_code == 2
    assert f"--osmo_{name}: expected" in str(e.value)


def test_credentials_of_settings_are_typed() -> None:
    assert typed(credential=["a", "b:K", "c:K:V", "d:/x"]).credential == (
        CredentialUse("a"), CredentialUse("b", "K"), CredentialUse("c", "K", "V"),
        CredentialUse("d", folder="/x"),
    )  # fmt: skip


def test_an_index_that_contradicts_its_process_list_is_told() -> None:
    index = osmo_index.decode(files(sweep())["osmo/index.json"])
    assert index is not None
    three = sweep(job(0), job(1), job(2))
    assert [d.code for d in judge(three, index)] == ["PBT810"]
    assert [d.code for d in judge(sweep(job(0)), index)] == ["PBT810"]
    assert [d.code for d in judge(sweep(run="bee"), index)] == ["PBT809"]
    swapped = osmo_index.encode(index).replace(b'"t00-ant","job":"00', b'"t01-ant","job":"00')
    wrong = osmo_index.decode(swapped)
    assert wrong is not None
    assert [d.where.pointer for d in judge(sweep(), wrong)] == ["/workflows/0/tasks/0"]
    _, said = read(osmo_index.encode(index).replace(b'"pool"', b'"pol"'))
    assert sorted(d.where.pointer or "" for d in said) == ["/settings", "/settings/pol"]
    assert settings_of() == index.settings
