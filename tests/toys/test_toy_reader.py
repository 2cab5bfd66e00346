"""A progress reader of another package, found by its entry point, through the real commands."""

from __future__ import annotations

import json
from pathlib import Path

from pbt_tui.spec import FORMAT, Job, Policy, Processes, encode
from tests.toys.toy_packages import TOYS, command, files_of, install, shown_in

TOY = TOYS / "reader"
PRINTS = """sleep 0.5
echo 'turn 3/4, luck nan (1.5 turns a second)'
echo 'turn 4/4, luck 7.5 (2.0 turns a second)'
"""


def test_the_page_shows_this_very_package() -> None:
    assert shown_in("add-a-progress-reader.md") == files_of(TOY)


def run(folder: Path, site: Path) -> tuple[dict[str, object], str]:
    """The progress of a job that prints such lines and has ended, and what the run said."""
    job = Job("a", "e", "a", ("sh", "-c", PRINTS), {}, "", {}, None, None, None)
    spec = Processes(FORMAT, "r", "m", "train_dir", Policy(), None, (), (job,))
    (folder / "processes.json").write_bytes(encode(spec))
    pbt = command(folder, site)
    done = pbt("run", "processes.json")
    shown = pbt("tui", "--once", "--json", str(folder / "train_dir/r/_pbt")).stdout
    found: dict[str, object] = json.loads(shown)["jobs"][0]["progress"]
    return found, done.stdout + done.stderr


def test_its_values_are_in_the_snapshot(tmp_path: Path) -> None:
    site = install(tmp_path / "site", TOY)
    (tmp_path / "here").mkdir()
    found, said = run(tmp_path / "here", site)
    assert (found["step"], found["total"], found["share"], found["fps"]) == (4, 4, 1.0, 2.0)
    assert (found["objective"], found["objective_name"]) == (7.5, "luck")
    assert found["readers"] == ["toyreader"]
    assert "progress" not in said


def test_a_reader_that_cannot_be_loaded_is_said_and_the_run_goes_on(tmp_path: Path) -> None:
    broken = {"pbt_tui.progress_readers": {"toyreader": "pbt_toy_reader:NONE"}}
    site = install(tmp_path / "site", TOY, instead=broken)
    (tmp_path / "here").mkdir()
    found, said = run(tmp_path / "here", site)
    assert found is None or found["readers"] != ["toyreader"]
    assert "progress reader `toyreader` of `pbt_toy_reader:NONE` cannot be loaded" in said
