"""A folder of the run goes away while tasks are queued: exit 5, and no task is to blame."""

from __future__ import annotations

import subprocess

import pytest

from pbt_tui.journal import events as ev
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
