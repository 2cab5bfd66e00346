"""A folder of the run goes away while tasks are queued: exit 5, and no task is to blame."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from pbt_tui.backends.slurm.task_script import TASK
from pbt_tui.journal import events as ev
from pbt_tui.runtimes.slurm import exit_status, task_files
from tests.executor.running import job
from tests.slurm.queued import GATE, SMALL, Queued


@pytest.mark.parametrize("name", ["attempts", "requests"])
def test_a_folder_that_is_moved_away(queued: Queued, name: str) -> None:
    jobs = [job(f"j{i}", f"echo j{i} >>ran; {GATE}; exit {i}") for i in range(3)]
    executor = queued.on_slurm(queued.spec(*jobs), *SMALL, stdout=subprocess.DEVNULL)
    queued.wait_for(ev.AttemptStarted)
    moved = queued.rundir.path / name
    away = moved.with_name("away")
    moved.rename(away)
    said = queued.end(executor)
    away.rename(moved)
    assert said.code == 5, said.err
    assert f"`{moved}`" in said.err
    assert queued.of(ev.AttemptEnded) == []
    queued.write("go")
    again = queued.small(str(queued.rundir.path))
    assert again.code == 4, again.all
    assert [e.exit_code for e in queued.of(ev.AttemptEnded)].count(0) == 1
    assert {e.exit_code for e in queued.of(ev.AttemptEnded)} == {0, 1, 2}
    assert sorted((queued.path / "ran").read_text().split()) == ["j0", "j1", "j2"]


FUNCTIONS = TASK.partition("\n(($#))")[0]
"""The functions of the script on the node."""
BEGIN = """
_pbt_claim=place/attempts/a.1 _pbt_train=$PWD/place/train _pbt_dir=x _pbt_cwd=$PWD/place/cwd
_pbt_note "slurm 7_0"
_pbt_note "start 0 n0 1764432000 5"
{away}
sleep() {{ mv away/* place; }}
(_pbt_begin)
"""


@pytest.mark.parametrize(
    ("away", "outcome"),
    [
        ("mv place/* away", ("interrupt", False)),  # all of the run: it comes back meanwhile
        ("rmdir place/cwd", (None, True)),  # the node does not see it
    ],
)
def test_a_task_that_cannot_enter_its_directory(
    tmp_path: Path, away: str, outcome: tuple[str | None, bool]
) -> None:
    for name in ("place/attempts", "place/cwd", "away"):
        (tmp_path / name).mkdir(parents=True)
    script = FUNCTIONS + BEGIN.format(away=away)
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, check=False, capture_output=True)
    assert done.returncode == 125, done.stderr
    file = task_files.read(tmp_path / "place/attempts/a.1")
    end = exit_status.ended(("a", 1), "7_0", 1764432001.0, file=file)
    assert (end.stopped, end.refused) == outcome
    assert end.exit_code is None
