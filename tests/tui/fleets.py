"""Writes folders with several runs: live, held, dead, closed, older, and some that are damaged."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from textual.pilot import Pilot

from pbt_tui.journal import events as ev
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.fleet.runs_reader import RunsReader
from tests.tui.journals import START, Story, spec, typical
from tests.tui.sweeps import sweep

ROOT = Path("train_dir")
NOW = START + 4100.0
LIVE = ("ant_sweep", "cube_pbt", "maze")
"""Folders of the runs with a pretended executor."""


def fleet(root: Path = ROOT) -> Path:
    """Eight runs that can be read and three that cannot, and an older one."""
    sweep(root / "ant_sweep" / "_pbt")
    typical(root / "cube_pbt" / "_pbt", jobs=88)
    typical(root / "maze" / "_pbt_night", held=True)
    typical(root / "hopper" / "_pbt")
    typical(root / "walker" / "_pbt", closed=True)
    typical(root / "walker" / "_pbt.1", closed=True)
    closed(root / "cartpole" / "_pbt", "succeeded")
    closed(root / "pendulum" / "_pbt", "cancelled")
    Story(root / "not_begun" / "_pbt", spec(5, run="not_begun")).opened().flush()
    story = Story(root / "torn" / "_pbt", spec(2, run="torn")).opened().executor().flush()
    with story.rundir.journal.open("ab") as file:
        file.write(b"} no event\n")
    newer = Story(root / "newer" / "_pbt", spec(2, run="newer")).opened().flush()
    with newer.rundir.journal.open("ab") as file:
        file.write(b'{"event":"job_teleported","seq":2,"at":1760000001.0}\n')
    half = RunDir(root / "half" / "_pbt")
    half.path.mkdir(parents=True)
    half.journal.write_bytes(b"")
    return root


def closed(path: Path, verdict: ev.Verdict) -> Story:
    story = Story(path, spec(3, run=path.parent.name)).opened().executor(host="node2")
    for job in story.plan.jobs:
        if verdict == "succeeded":
            story.start(job.id, after=10.0).end(job.id, after=100.0)
    if verdict == "cancelled":
        story.write(ev.RequestAccepted, 60.0, id="1-1", action="cancel")
    return story.write(ev.RunClosed, 1.0, verdict=verdict).flush()


def pretended(rundir: RunDir) -> int | None:
    """The pid of the executor of a run, as `journal.lock.holder` tells it."""
    return 4182 if rundir.path.parent.name in LIVE else None


def reader(root: Path = ROOT, **more: object) -> RunsReader:
    """A reader that has read all, with a fixed clock and no threads."""
    runs = RunsReader(root, clock=lambda: NOW, who=pretended, **more)  # type: ignore[arg-type]
    runs.read_all()
    return runs


@asynccontextmanager
async def listed(
    root: Path = ROOT,
    size: tuple[int, int] = (120, 40),
    *,
    runs: Callable[[], RunsReader] | None = None,
    **more: object,
) -> AsyncIterator[tuple[Monitor, Pilot[str]]]:
    """Runs the application on a folder of which all has been read. No timer follows it."""
    app = Monitor(
        None, now=lambda: NOW, timer=False, runs=runs or (lambda: reader(root)), **more,  # type: ignore[arg-type]
    )  # fmt: skip
    async with app.run_test(size=size) as pilot:
        await pilot.pause()
        yield app, pilot
