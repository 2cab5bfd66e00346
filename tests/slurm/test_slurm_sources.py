"""A requeued task notes what it goes on from, a moment after its start: both are facts."""

from __future__ import annotations

from pathlib import Path

from pbt_tui.journal.events import FileStamp, Source, Stamp
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes.protocol import Started
from pbt_tui.runtimes.slurm.tracker import Task, TaskTracker

LINE = "source 3 12 12000 5 10 4 20 run_1 /w/003/000012.pth\n"
SOURCE = Source(
    3, 12, "run_1", 12000, "/w/003/000012.pth", Stamp(FileStamp(5, 10), FileStamp(4, 20))
)


def test_a_source_that_is_noted_after_the_start_is_told_as_well(tmp_path: Path) -> None:
    rundir = RunDir(tmp_path)
    rundir.attempts.mkdir()
    tracker = TaskTracker(rundir, tmp_path, wake=lambda: None, hurry=lambda: None)
    task = Task("a", 1)
    tracker.track(task)
    claim = rundir.claim("a", 1)
    with claim.open("w") as file:
        for more in ("slurm 7_0\nstart 0 n1 1 5\n", "start 1 n2 2 6\n", LINE, "left 1\n"):
            file.write(more)
            file.flush()
            tracker.read(task)
    assert tracker.facts() == [
        Started("a", 1, "7_0", "n1"),
        Started("a", 1, "7_0", "n2", 1),
        Started("a", 1, "7_0", "n2", 1, SOURCE),
    ]
