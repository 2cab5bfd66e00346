"""A backend of another package, found by its entry points, through the real commands."""

from __future__ import annotations

import json
import runpy
import shlex
import shutil
from pathlib import Path

import pytest

from tests.toys.toy_packages import TOYS, Command, command, files_of, install, shown_in

TOY = TOYS / "backend"
FILE = "specs/ant/toy/jobs.jsonl"
EXAMPLE = "error[PBT820]: `specs/ant/toy/jobs.jsonl`:3: is not what `pbt-compile` would write"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("site"), TOY)


@pytest.fixture
def pbt(site: Path, tmp_path: Path) -> Command:
    """In a folder with the example, where it was compiled once."""
    shutil.copytree(TOY / "example", tmp_path, dirs_exist_ok=True)
    run = command(tmp_path, site)
    run("compile", "ant.py", "--backend", "toy")
    return run


def test_the_page_shows_this_very_package() -> None:
    assert shown_in("add-a-backend.md") == files_of(TOY)


def test_it_is_compiled_with_the_settings_of_the_file(pbt: Command, tmp_path: Path) -> None:
    head, *jobs = map(json.loads, (tmp_path / FILE).read_text().splitlines())
    assert head == {"run": "ant", "settings": {"queue": "night", "priority": 0}, "jobs": 3}
    spec = json.loads((tmp_path / "specs/ant/processes.json").read_text())
    assert [(j["job"], j["argv"]) for j in jobs] == [(j["id"], j["argv"]) for j in spec["jobs"]]


def test_a_setting_in_the_file_is_enough_to_make_it(pbt: Command, tmp_path: Path) -> None:
    (tmp_path / FILE).unlink()
    pbt("compile", "ant.py")
    assert (tmp_path / FILE).exists()


def test_an_option_goes_over_the_file_and_names_the_backend(pbt: Command, tmp_path: Path) -> None:
    for argv in (
        ["--toy_queue", "day", "--toy-priority=3"],
        ["--toy_queue=day", "--toy_priority=3"],
    ):
        pbt("compile", "ant.py", *argv)
        head = json.loads((tmp_path / FILE).read_text().splitlines()[0])
        assert head["settings"] == {"queue": "day", "priority": 3}
    assert "`--toy_priority`" in pbt("compile", "ant.py", "--toy_priority=11", exits=2).stderr
    shown = " ".join(pbt("compile", "--backend=toy", "--help", "toy").stdout.split())
    assert "--toy_queue NAME queue that the jobs go to (required)" in shown
    assert "priority of the jobs in the queue, from 0 to 9 (default: 0)" in shown
    assert "did you mean `--toy_queue`" in pbt("compile", "ant.py", "--toy_queu=x", exits=2).stderr


def test_check_diff_and_validate_hold_it(pbt: Command, tmp_path: Path) -> None:
    assert pbt("compile", "ant.py", "--check").stderr == ""
    assert pbt("compile", "ant.py", "--diff", "--backend", "toy").stdout == ""
    for path in ("specs", "specs/ant/toy", FILE):
        said = pbt("compile", "--validate", path).stdout
        assert f"{FILE}: 3 jobs for queue night\n" in said
    file = tmp_path / FILE
    file.write_bytes(file.read_bytes().replace(b"--seed=2", b"--seed=4"))
    assert EXAMPLE in pbt("compile", "ant.py", "--check", exits=3).stderr
    assert '+{"job":"' in pbt("compile", "ant.py", "--diff", "--backend", "toy").stdout
    for path in ("specs", "specs/ant/toy", FILE):
        assert EXAMPLE in pbt("compile", "--validate", path, exits=3).stderr


def test_an_edited_head_is_a_setting_or_named(pbt: Command, tmp_path: Path) -> None:
    file = tmp_path / FILE
    kept = file.read_bytes()
    file.write_bytes(kept.replace(b'"priority":0', b'"priority":99'))
    said = pbt("compile", "--validate", "specs", exits=3).stderr
    assert f"error[TOY102]: `{FILE}`: the first line tells no settings: " in said
    said = pbt("compile", "ant.py", "--check", exits=3).stderr
    assert f"error[PBT820]: `{FILE}`: its settings cannot be read" in said
    file.write_bytes(kept.replace(b'"run":"ant"', b'"run":"bee"'))
    said = pbt("compile", "--validate", "specs", exits=3).stderr
    assert f'error[PBT809]: `{FILE}`: /run: the process list beside it is of run "ant"' in said
    (tmp_path / "specs/ant/processes.json").unlink()
    said = pbt("compile", "--validate", FILE, exits=3).stderr
    assert "error[PBT809]: " in said
    assert "there is no `specs/ant/processes.json`" in said


def test_what_it_does_not_make_any_more_goes(pbt: Command, tmp_path: Path) -> None:
    """Only what it owns: other files of its folder are another's."""
    other = tmp_path / "specs/ant/toy/notes.txt"
    other.write_text("mine\n")
    pbt("compile", "ant.py", "--toy_queue", "day")
    assert other.exists()
    assert pbt("compile", "ant.py", "--check", "--toy_queue", "day").stderr == ""


def test_its_rules_and_their_pages(pbt: Command, tmp_path: Path) -> None:
    told = runpy.run_path(str(TOY / "pbt_toy_backend/codes.py"))
    first, second = told["RULES"]
    said = pbt("compile", *shlex.split(first.example)[1:], exits=3)
    assert "error[TOY101]: " in said.stderr
    pbt("compile", *shlex.split(first.cure)[1:])
    for text, found in ((second.example, True), (second.cure, False)):
        (tmp_path / FILE).write_text(text + "\n")
        said = pbt("compile", "--validate", FILE, exits=3)
        assert ("TOY102" in said.stderr) == found
    for rule in (first, second):
        page = pbt("compile", "--explain", rule.code.lower()).stdout
        assert page.startswith(f"# {rule.code}: {rule.title}\n")
        assert rule.cure in page
    assert "there is no code `TOY999`" in pbt("compile", "--explain", "TOY999", exits=2).stderr


def test_unknown_and_missing_settings(pbt: Command, tmp_path: Path) -> None:
    file = tmp_path / "pyproject.toml"
    text = file.read_text()
    file.write_text(text.replace("queue =", "queu ="))
    said = pbt("compile", "ant.py", exits=2).stderr
    assert "`pyproject.toml`: tool.pbt.toy.queu: there is no such setting" in said
    assert "did you mean `queue`" in said
    file.write_text(text.replace('queue = "night"', "queue = 3"))
    said = pbt("compile", "ant.py", exits=2).stderr
    assert "tool.pbt.toy.queue: expected the name of a queue, got `3`" in said
    file.write_text(text.replace('queue = "night"', "priority = 1"))
    assert "note[PBT817]: " in pbt("compile", "ant.py").stderr
    said = pbt("compile", "ant.py", "--backend", "toy", exits=3).stderr
    assert "backend `toy`: `--toy_queue` not set" in said
    file.write_text(text + "[tool.pbt.toi]\n")
    assert "did you mean `toy`" not in pbt("compile", "ant.py", exits=2).stderr


def test_without_the_package_it_is_not_there(pbt: Command, tmp_path: Path) -> None:
    bare = command(tmp_path)
    said = bare("compile", "ant.py", "--backend", "toy", exits=2).stderr
    assert said == "error: there is no backend `toy`\nhint: one of processes, slurm, ngc, osmo\n"
    said = bare("compile", "ant.py", exits=2).stderr
    assert "tool.pbt.toy: there is no such setting" in said
    said = bare("compile", "--explain", "TOY101", exits=2).stderr
    assert "there is no code `TOY101`" in said


WORDS = """
class Bare:
    name, title, runtimes, settings, struct = "toy", "Toy", (), (), None
    owned, index = ("toy/x",), "toy/x"
    def render(self, spec, settings): return {"toy/x": b"x"}
BACKEND = Bare()
"""
DERIVED = """
from pbt_tui.backends import Backend
class Derived(Backend):
    name, title, runtimes, settings, struct = "toy", "Toy", (), (), None
    owned, index = ("toy/x",), "toy/x"
    def render(self, spec, settings): return {"toy/x": b"x"}
BACKEND = Derived()
"""


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (WORDS, "lacks `takes_prefix`, `records`, `documents`"),
        (DERIVED.replace('owned, index = ("toy/x",), "toy/x"', 'index = "toy/x"'), "lacks `owned`"),
        (DERIVED.replace("def render", "def rendr"), "abstract method render"),
        (DERIVED.replace(", struct = ", ", strukt = "), "abstract method struct"),
        (DERIVED.replace('"toy", "Toy"', '"tow", "Toy"'), "calls itself `tow`"),
        (DERIVED.replace('{"toy/x"', '{"slurm/x"'), "makes `slurm/x`"),
        ("BACKEND = 1", "lacks `name`"),
        ("import nowhere", "cannot be loaded: ModuleNotFoundError"),
        ("", "cannot be loaded: AttributeError"),
    ],
)
def test_one_that_lacks_a_word_is_refused(source: str, said: str, tmp_path: Path) -> None:
    group = {"pbt_tui.backends": {"toy": "bare:BACKEND"}}
    site = install(tmp_path / "site", TOY, instead=group)
    (site / "bare.py").write_text(source)
    shutil.copy(TOY / "example/ant.py", tmp_path)
    pbt = command(tmp_path, site)
    told = pbt("compile", "ant.py", "--backend", "toy", exits=2).stderr
    assert told.startswith("error: backend `toy` of `bare")
    assert said in told
    assert not (tmp_path / "specs").exists()
    pbt("compile", "ant.py")  # who does not ask for it is not bothered


def test_one_that_derives_has_the_other_words(tmp_path: Path) -> None:
    group = {"pbt_tui.backends": {"toy": "bare:BACKEND"}}
    site = install(tmp_path / "site", TOY, instead=group)
    (site / "bare.py").write_text(DERIVED)
    shutil.copy(TOY / "example/ant.py", tmp_path)
    pbt = command(tmp_path, site)
    pbt("compile", "ant.py", "--backend", "toy")
    assert (tmp_path / "specs/ant/toy/x").read_bytes() == b"x"
    pbt("compile", "ant.py", "--check", "--backend", "toy")
    pbt("compile", "--validate", "specs")
    (tmp_path / "specs/ant/toy/x").write_text("y")
    assert (
        "`specs/ant/toy/x`:1: is not what" in pbt("compile", "--validate", "specs", exits=3).stderr
    )
    said = pbt("run", "specs/ant", "--backend", "toy", exits=2).stderr
    assert "`pbt-run` cannot execute or submit files of backend `toy`" in said


def test_a_broken_table_of_codes_is_told_of(tmp_path: Path) -> None:
    group = {"pbt_tui.diagnostics": {"TOY": "nowhere.codes"}}
    site = install(tmp_path / "site", TOY, instead=group)
    said = command(tmp_path, site)("compile", "--explain", "TOY101", exits=2).stderr
    assert said.startswith("error: table of codes `TOY` of `nowhere.codes` cannot be loaded")
