"""The example run: what ten seconds of it show, that it is always the same, and that it obeys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.demo.recording_clock import SHOWN_FROM, SPEED, RecordingClock
from pbt_tui.demo.replay_executor import ExecutorIdentity, ReplayExecutor
from pbt_tui.journal.events import Action
from pbt_tui.journal.requests import ask
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe import progress
from pbt_tui.observe.snapshot import Snapshot, snapshot

MEMBER, DIES = "04_cube_pbt", "02_cube_pbt"
LONG, SHORT = "20_cube_sweep", "15_cube_sweep"
"""A job that runs for long, and one that fails at once."""


class Replay:
    """The example run in a folder."""

    def __init__(self, folder: Path) -> None:
        self.clock = RecordingClock()
        self.executor = ReplayExecutor(
            folder, self.clock, ExecutorIdentity(4182, "node7", Path("/data/rl"))
        )
        self.executor.take_over()

    @property
    def rundir(self) -> RunDir:
        return self.executor.rundir

    def seen(self) -> Snapshot:
        return snapshot(self.executor.state, self.rundir, live=True, now=self.clock.now())

    def ask(self, action: Action, *jobs: str, gpus: tuple[str, ...] = (), **more: bool) -> None:
        """What a key of the monitor does, and the next minutes of the run."""
        ask(self.rundir, action, jobs, gpus, by="person", **more)
        self.executor.forward(120.0)

    def phase(self, job: str) -> str:
        return self.executor.state.by_id[job].phase


@pytest.fixture
def replay(tmp_path: Path) -> Iterator[Replay]:
    found = Replay(tmp_path)
    yield found
    found.executor.close()


def test_ten_seconds_show_the_whole_story(replay: Replay) -> None:
    replay.executor.forward()
    before = replay.seen()
    replay.executor.forward(10 * SPEED)
    after = replay.seen()
    assert before.counts.succeeded < after.counts.succeeded
    assert before.counts.failed < after.counts.failed
    assert after.counts.waiting
    assert after.counts.running == 16
    groups = [(group.count, group.signature.partition(":")[0]) for group in after.failures]
    assert groups == [
        (8, "CUDA out of memory"),
        (3, "ValueError"),
        (2, "exit 1"),
        (1, "killed by SIGKILL"),
    ]
    (old,), (population,) = before.populations, after.populations
    assert old.best is not None
    assert population.best is not None
    assert population.best.objective > old.best.objective
    assert [e.kind for e in population.events].count("exploit") >= 2 + [
        e.kind for e in old.events
    ].count("exploit")
    died = replay.executor.state.by_id[DIES]
    assert [a.cause for a in died.attempts] == ["oom", None]
    source = died.attempts[-1].source
    assert source is not None
    assert (source.member, source.generation) == (2, 19)
    assert not [a for a in population.alarms if a.level == "error"], "it is a healthy population"
    told = progress.read(replay.rundir.progress)
    assert told is not None
    assert sum(one.eta is not None for one in told.jobs.values()) >= 12
    assert told.jobs[MEMBER].generation == 19
    assert len(told.series[MEMBER].at) > 30
    assert any(gpu.others for gpu in after.gpus)
    assert all(gpu.utilisation for gpu in after.gpus)


def test_it_is_the_same_every_time(
    replay: Replay, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = Replay(tmp_path_factory.mktemp("again"))
    for one in (replay, other):
        one.executor.forward(2.5 * 3600.0)
    other.executor.close()
    for name in ("progress.json", "gpus.json", "series.jsonl"):
        assert (replay.rundir.path / name).read_bytes() == (other.rundir.path / name).read_bytes()
    texts = [re.sub(rb'"(inode|crc)":[^,}]*', b"", one.rundir.journal.read_bytes())
             for one in (replay, other)]  # fmt: skip
    assert texts[0] == texts[1]


def test_it_ends(replay: Replay) -> None:
    replay.executor.forward(9 * 3600.0)
    assert replay.executor.finished
    assert replay.executor.state.closed == "failures"
    counts = replay.seen().counts
    assert (counts.succeeded, counts.failed) == (28, 16)


def test_requests_are_obeyed(replay: Replay) -> None:
    replay.executor.forward(SHOWN_FROM)
    replay.ask("cancel", LONG)
    assert replay.phase(LONG) == "cancelled"
    assert replay.executor.state.by_id[LONG].attempts[-1].signal == 15
    replay.ask("retry", LONG)
    assert replay.phase(LONG) in ("running", "waiting")
    replay.ask("kill", MEMBER)
    assert replay.executor.state.by_id[MEMBER].attempts[-1].signal == 9
    replay.ask("hold")
    waiting = replay.seen().counts.waiting
    replay.ask("retry", MEMBER)
    assert replay.phase(MEMBER) == "waiting"
    assert replay.seen().counts.waiting > waiting
    replay.ask("release")
    replay.executor.forward(1200.0)
    member = replay.executor.state.by_id[MEMBER]
    assert member.phase == "running"
    assert member.attempts[-1].source is not None, "it goes on"
    replay.ask("drain", gpus=("1",))
    assert [gpu.drained for gpu in replay.seen().gpus] == [False, True, False, False]


def test_a_member_begins_from_scratch_when_a_person_says_so(replay: Replay) -> None:
    replay.executor.forward(SHOWN_FROM)
    replay.ask("cancel", MEMBER)
    ask(replay.rundir, "retry", (MEMBER,), by="person", anew=True)
    replay.executor.forward(3 * 3600.0)
    member = replay.executor.state.by_id[MEMBER]
    assert member.attempts[-1].source is None
    told = progress.read(replay.rundir.progress)
    assert told is not None
    assert (told.jobs[MEMBER].generation or 0) < 15


def test_a_stopped_run_goes_on_with_another_executor(replay: Replay) -> None:
    replay.executor.forward(SHOWN_FROM)
    replay.ask("stop")
    assert replay.executor.finished
    assert replay.seen().counts.running == 0
    replay.executor.close()
    replay.executor.take_over()
    replay.executor.forward(600.0)
    assert replay.seen().counts.running == 16
    newest = replay.executor.state.by_id[MEMBER].attempts[-1]
    assert (newest.number, newest.source and newest.source.member) == (2, 4)


def test_the_screens_know_nothing_of_it() -> None:
    import pbt_tui.tui

    sources = list(Path(pbt_tui.tui.__path__[0]).rglob("*.py"))
    assert len(sources) > 40
    assert [file.name for file in sources if "demo" in file.read_text().lower()] == []


def test_the_package_is_small() -> None:
    import pbt_tui.demo

    files = list(Path(pbt_tui.demo.__path__[0]).glob("*.*"))
    assert 10_000 < sum(file.stat().st_size for file in files) < 200_000
