"""One call writes the files of all backends, and `--check` names each file that differs."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pbt_tui.backends import BACKENDS
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.compiler import compile_loaded, existing, output
from pbt_tui.compiler.load import load
from pbt_tui.errors import PbtError
from pbt_tui.settings.settings_file import find
from pbt_tui.spec import SHM, Container, Policy
from tests.ngc.ngc_runs import SETTINGS, call, project


def told(values: msgspec.Struct) -> str:
    """Every setting that has a value, as TOML."""
    said = msgspec.structs.asdict(values)
    kept = {k: v for k, v in said.items() if v is not None and v is not msgspec.UNSET}
    lines = (f"{k} = {msgspec.json.encode(v).decode()}\n" for k, v in kept.items())
    return "".join(lines)


EVERYTHING = (
    told(Policy(max_parallel=3))
    + told(Container(image="x", shm_size=SHM)).replace('image = "x"\n', "")
    + SETTINGS
    + f"[slurm]\n{told(Slurm())}"
)
"""What is not set is taken from the file, so that an edit there is a setting. `shm_size` has no
default in `Container`, and gets one when it is compiled: that is set, too."""
RUN = Path("specs/ant")


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = project(tmp_path_factory.mktemp("project"), settings=EVERYTHING)
    done = call("compile", folder, "runs.ant")
    assert done.returncode == 0, done.stderr
    return folder


def files(folder: Path) -> list[str]:
    return sorted(
        str(path.relative_to(folder)) for path in (folder / RUN).rglob("*") if path.is_file()
    )


def test_one_call_writes_all_backends(here: Path) -> None:
    found = [path.removeprefix(f"{RUN}/") for path in files(here)]
    assert "processes.json" in found
    assert "ngc/submit.sh" in found
    assert [path for path in found if path.startswith("ngc/") and path.endswith("_ant.json")] == [
        "ngc/00_ant.json", "ngc/01_ant.json", "ngc/02_ant.json",
    ]  # fmt: skip
    assert {path.partition("/")[0] for path in found} == {"processes.json", "slurm", "ngc"}
    assert BACKENDS.built_in == ("processes", "slurm", "ngc", "osmo")


def test_check_diff_and_validate_hold_all(here: Path) -> None:
    assert call("compile", here, "runs.ant", "--check").returncode == 0
    assert call("compile", here, "runs.ant", "--diff").stdout == ""
    assert call("compile", here, "--validate", "specs").returncode == 0


def test_an_edit_is_named_by_all_three(here: Path) -> None:
    for path in files(here):
        file = here / path
        kept = file.read_bytes()
        try:
            file.write_bytes(
                kept.replace(b"policy_idx=1", b"policy_idx=2").replace(b"acme", b"acne")
            )
            if file.read_bytes() == kept:
                file.write_bytes(kept + b"\n")
            check = call("compile", here, "runs.ant", "--check")
            assert check.returncode == 3, path
            assert f"error[PBT820]: `{path}`" in check.stderr
            assert f"+++ {path}\n" in check.stdout
            assert f"+++ {path}\n" in call("compile", here, "runs.ant", "--diff").stdout
            if path.startswith(f"{RUN}/ngc/"):
                validated = call("compile", here, "--validate", "specs")
                assert validated.returncode == 3, path
                assert f"`{path}`" in validated.stderr
        finally:
            file.write_bytes(kept)


def test_a_file_too_many_or_too_few_is_named(here: Path) -> None:
    extra = here / RUN / "ngc/99_ant.json"
    extra.write_bytes((here / RUN / "ngc/00_ant.json").read_bytes())
    try:
        said = call("compile", here, "runs.ant", "--check")
        assert said.returncode == 3
        assert f"`{RUN}/ngc/99_ant.json`: is no longer generated" in said.stderr
        assert call("compile", here, "--validate", "specs").returncode == 3
    finally:
        extra.unlink()
    gone = here / RUN / "ngc/01_ant.json"
    kept = gone.read_bytes()
    gone.unlink()
    try:
        said = call("compile", here, "runs.ant", "--check")
        assert said.returncode == 3
        assert f"`{RUN}/ngc/01_ant.json`: is missing" in said.stderr
        assert call("compile", here, "--validate", "specs").returncode == 3
    finally:
        gone.write_bytes(kept)


def test_folders_that_are_searched(here: Path) -> None:
    for folder in (".", "specs", "specs/ant", "specs/ant/ngc"):
        said = call("compile", here, "--validate", folder)
        assert said.returncode == 0
        assert "3 job requests for NGC\n" in said.stdout
    other = here / "notes/ngc"
    other.mkdir(parents=True)
    (other / "x.json").write_text("[]\n")
    assert call("compile", here, "--validate", ".").returncode == 0
    assert call("compile", here, "--validate", "notes").returncode == 2


def test_what_is_not_made_any_more_goes(tmp_path: Path) -> None:
    project(tmp_path)
    call("compile", tmp_path, "runs.ant")
    project(tmp_path, members=2)
    assert call("compile", tmp_path, "runs.ant").returncode == 0
    assert not (tmp_path / RUN / "ngc/02_ant.json").exists()


def test_a_run_with_the_name_of_a_pattern_owns_nobody_elses_files(tmp_path: Path) -> None:
    project(tmp_path)
    call("compile", tmp_path, "runs.ant")
    (tmp_path / "runs/star.py").write_text((tmp_path / "runs/ant.py").read_text())
    text = (tmp_path / "runs/star.py").read_text().replace('("ant",', '("*",', 1)
    (tmp_path / "runs/star.py").write_text(text.replace('    "ant",', '    "bee",'))
    before = files(tmp_path)
    assert call("compile", tmp_path, "runs.star").returncode == 0
    assert set(before) <= set(files(tmp_path))


@pytest.fixture(scope="module")
def compiled(here: Path) -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(here)
        given = find(here, BACKENDS)
        loaded = load("runs.ant")
    assert tomllib.loads(EVERYTHING)["ngc"]["org"] == "acme"

    def check() -> set[str]:
        """The files that `--check` would name."""
        try:
            made = compile_loaded(
                loaded,
                train_dir=given.compile["train_dir"],
                policy=given.policy,
                container=given.container,
                known=lambda folder: existing.known(here / "specs", folder),
                backends=None,
                settings=given.backends,
            )
        except PbtError as e:
            named = {str(d.where.file) for d in e.diagnostics}
            return {str(Path(path).relative_to(here)) for path in named}
        out = here / "specs"
        gone = existing.orphans(out, made.owned, made.files, made.records)
        old = output.stale(out, made.files, gone)
        return {f"specs/{path}" for path in old}

    assert check() == set()
    return check


@settings(max_examples=250, deadline=None)
@given(st.data())
def test_an_edit_of_any_byte_of_any_file_is_named(here: Path, compiled: Any, data: Any) -> None:
    path = data.draw(st.sampled_from(files(here)), "file")
    kept = (here / path).read_bytes()
    at = data.draw(st.integers(0, len(kept) - 1), "position")
    edit = data.draw(st.binary(max_size=1), "instead") + data.draw(
        st.sampled_from([b"", kept[at : at + 1]]), "and"
    )
    new = kept[:at] + edit + kept[at + 1 :]
    assume(new != kept)
    assume(kept[at : at + 1] != b"." or edit != b"/")  # `runs/ant` and `runs.ant` are one module
    try:
        (here / path).write_bytes(new)
        assert path in compiled()
    finally:
        (here / path).write_bytes(kept)


def test_an_edit_of_any_number_of_a_setting_is_named(here: Path, compiled: Any) -> None:
    file = here / RUN / "processes.json"
    kept = file.read_bytes()
    head = kept.index(b'"policy"'), kept.index(b'"populations"')
    numbers = [at for at in range(*head) if kept[at : at + 1].isdigit()]
    assert str(SHM).encode() in kept[slice(*head)]
    try:
        for at in numbers:
            digit = b"2" if kept[at : at + 1] == b"1" else b"1"
            file.write_bytes(kept[:at] + digit + kept[at + 1 :])
            assert f"{RUN}/processes.json" in compiled(), kept[at - 20 : at + 5]
    finally:
        file.write_bytes(kept)


def test_settings_that_cannot_be_read_any_more_are_named(here: Path) -> None:
    script = here / RUN / "ngc/submit.sh"
    kept = script.read_bytes()
    try:
        script.write_bytes(kept.replace(b'# settings {"', b'# settings {"x'))
        for argv in (("runs.ant", "--check"), ("--validate", "specs")):
            said = call("compile", here, *argv)
            assert said.returncode == 3
            assert f"error[PBT820]: `{RUN}/ngc/submit.sh`: its line `# settings" in said.stderr
    finally:
        script.write_bytes(kept)


@pytest.mark.parametrize(
    "left",
    [
        "ngc/.submitted.json",  # a record that a killed `pbt-run` was replacing
        "ngc/._00_ant.json",  # what a file browser keeps beside a file
        "slurm/.array-0.sbatch.swp.sbatch",
        "slurm/.manifest-1.txt",
        ".processes.json",
    ],
)
def test_a_hidden_file_is_no_spec(tmp_path: Path, left: str) -> None:
    project(tmp_path)
    assert call("compile", tmp_path, "runs.ant").returncode == 0
    (tmp_path / "specs/ant/slurm").mkdir(exist_ok=True)
    (tmp_path / "specs/ant" / left).write_text('{"half')
    assert call("compile", tmp_path, "runs.ant", "--check").returncode == 0
    assert call("compile", tmp_path, "--validate", "specs").returncode == 0
    assert call("compile", tmp_path, "runs.ant").returncode == 0
    assert (tmp_path / "specs/ant" / left).exists()
