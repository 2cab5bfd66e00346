"""The reader of a list tells of each run what its own screen tells, and reads only what changed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal.file import Tail
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe.fleet_types import FleetRun
from pbt_tui.observe.snapshot import snapshot
from pbt_tui.tui.fleet import run_reader, runs_reader
from pbt_tui.tui.fleet.run_reader import RunReader
from pbt_tui.tui.fleet.run_search import FoundRun
from pbt_tui.tui.fleet.runs_reader import RunsReader
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.model import Model
from tests.executor.running import until
from tests.tui import fleets
from tests.tui.fleets import NOW
from tests.tui.journals import Story, large, spec, typical
from tests.tui.sweeps import sweep

SHELF = Path(__file__).parents[1] / "shelf" / "runs"


def one(path: Path, who: Callable[[RunDir], int | None] = lambda rundir: None) -> RunReader:
    return RunReader(FoundRun(path, False), path.parent.parent, clock=lambda: NOW, who=who)


def read(reader: RunReader, budget: int = 1 << 20) -> FleetRun:
    while (run := reader.read(budget)) is None:
        pass
    return run


def same_as_its_screen(path: Path, run: FleetRun, pid: int | None) -> None:
    follower = JournalFollower(RunDir(path), who=lambda rundir: pid)
    follower.read_all()
    state = follower.state
    whole = snapshot(state, follower.rundir, pid is not None, now=NOW)
    assert (run.state, run.counts, run.verdict) == (whole.state, whole.counts, state.closed)
    assert run.changed_at == follower.state.at
    model = Model(follower)
    while model.poll_progress(NOW):
        pass
    assert (run.best and (run.best.job, run.best.objective)) == model.best
    assert run.eta == (model.progress.eta(follower.state, NOW) if run.state == "live" else None)


@pytest.mark.parametrize("pid", [None, 4182])
def test_it_tells_what_the_screen_of_the_run_tells(tmp_path: Path, pid: int | None) -> None:
    paths = [tmp_path / name / "_pbt" for name in "abc"]
    stories = typical(paths[0]), typical(paths[1], closed=True), sweep(paths[2])
    for path in (story.rundir.path for story in stories):
        same_as_its_screen(path, read(one(path, lambda rundir: pid)), pid)


@pytest.mark.parametrize(
    "path", sorted(SHELF.glob("*/train_dir/*/_pbt*")), ids=lambda p: p.parts[-4]
)
def test_runs_of_earlier_versions(path: Path) -> None:
    same_as_its_screen(path, read(one(path)), None)


def test_a_little_at_a_time(tmp_path: Path) -> None:
    path = large(tmp_path / "r" / "_pbt", 3000).rundir.path
    reader = one(path)
    assert reader.read(1000) is None, "the first slice is not all"
    assert read(reader, 1000) == read(one(path))


def test_it_reads_what_is_new_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = typical(tmp_path / "r" / "_pbt")
    reader = one(story.rundir.path, lambda rundir: 4182)
    read(reader)
    events: list[int] = []
    real = Tail.read

    def spy(tail: Tail, limit: int = 0) -> Any:
        found = real(tail, limit)
        events.append(len(found))
        return found

    monkeypatch.setattr(Tail, "read", spy)
    read(reader)
    assert events == [], "nothing has changed"
    story.start("16_ant_pbt").end("16_ant_pbt").flush()
    run = read(reader)
    assert (run.counts.succeeded, sum(events)) == (4, 3)
    same_as_its_screen(story.rundir.path, run, 4182)


def test_a_run_without_an_executor_keeps_no_jobs(tmp_path: Path) -> None:
    story = typical(tmp_path / "r" / "_pbt")
    pids: list[int | None] = [None]
    reader = one(story.rundir.path, lambda rundir: pids[0])
    before = read(reader)
    assert reader._tally is not None
    assert not reader._tally._phases
    assert reader._progress is None
    pids[0] = 4182
    run = read(reader)
    assert (run.state, run.counts) == ("live", before.counts)
    story.start("16_ant_pbt").flush()
    assert read(reader).counts.running == before.counts.running + 1
    pids[0] = None
    assert read(reader).problem == "no_executor"


def test_a_journal_that_was_replaced(tmp_path: Path) -> None:
    story = typical(tmp_path / "r" / "_pbt")
    reader = one(story.rundir.path, lambda rundir: 4182)
    read(reader)
    shutil.rmtree(story.rundir.path)
    fresh = Story(story.rundir.path, spec(3)).opened().flush()
    run = read(reader)
    assert (run.counts.waiting, run.counts.running) == (3, 0)
    same_as_its_screen(fresh.rundir.path, run, 4182)


BROKEN: dict[str, tuple[Callable[[Story], object], str]] = {
    "no spec": (lambda s: s.rundir.spec.unlink(), "`spec.json` is missing"),
    "no journal": (lambda s: s.rundir.journal.unlink(), "`journal.jsonl` is missing"),
    "half a spec": (
        lambda s: os.truncate(s.rundir.spec, s.rundir.spec.stat().st_size // 2), "`spec.json`"
    ),
    "another format": (
        lambda s: s.rundir.spec.write_bytes(b'{"format":"pbt-processes/9","jobs":[\n]}\n'),
        "`spec.json`",
    ),
    "a journal of another program": (
        lambda s: s.rundir.journal.write_bytes(b"hello\n"), "`journal.jsonl`:1: the journal is"
    ),
    "a folder for a journal": (
        lambda s: s.rundir.logs.rename(s.rundir.journal.rename(s.rundir.path / "x").with_name(
            "journal.jsonl")),
        "cannot read `journal.jsonl`: not a regular file",
    ),
    "an impossible event": (
        lambda s: s.write(ev.AttemptScheduled, job="00_ant_pbt", attempt=9, gpus=()).start(
            "08_ant_pbt").flush(), "contradicts itself"
    ),
    "the run directory is gone": (lambda s: shutil.rmtree(s.rundir.path), "no such file"),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_run_that_cannot_be_read_is_a_row_with_a_reason(name: str, tmp_path: Path) -> None:
    damage, why = BROKEN[name]
    story = typical(tmp_path / "r" / "_pbt")
    reader = one(story.rundir.path)
    read(reader)
    damage(story)
    run = read(reader)
    assert (run.state, run.problem) == ("unreadable", "unreadable")
    assert why in (run.why or "")
    assert read(reader) == run
    if story.rundir.path.exists():
        shutil.rmtree(story.rundir.path)
    typical(story.rundir.path)
    assert read(reader).state == "no_executor", "it is read again once it is whole"


def test_the_owner_of_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = typical(tmp_path / "r" / "_pbt").rundir.path
    assert read(one(path)).owner is None
    monkeypatch.setattr(run_reader, "_owner", lambda uid: "ada")
    assert read(one(path)).owner == "ada"


# -- several runs ----------------------------------------------------------------------------------


def names(runs: RunsReader) -> set[str]:
    runs.poll()
    return {row.name for row in runs.runs.values() if row.run is not None}


def test_runs_come_change_and_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OFTEN", "SELDOM", "RARELY"):
        monkeypatch.setattr(runs_reader, name, 0.02)
    monkeypatch.setattr(runs_reader, "_SHARE", 0)
    story = typical(tmp_path / "ants" / "_pbt")
    runs = RunsReader(tmp_path)
    runs.start()
    try:
        until(lambda: names(runs) == {"ants"} and runs.searched)
        typical(tmp_path / "bees" / "_pbt")
        until(lambda: names(runs) == {"ants", "bees"})
        story.start("16_ant_pbt").flush()
        until(lambda: runs.poll() or _of(runs, "ants").counts.running == 9)
        shutil.rmtree(tmp_path / "bees")
        until(lambda: names(runs) == {"ants"})
    finally:
        runs.stop()


def _of(runs: RunsReader, name: str) -> FleetRun:
    runs.poll()
    found = next(row.run for row in runs.runs.values() if row.name == name)
    assert found is not None
    return found


def test_a_file_system_that_hangs_keeps_neither_screen_nor_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(runs_reader, "PATIENCE", 0.05)
    for name in ("ants", "bees", "cats"):
        typical(tmp_path / name / "_pbt")
    answers = Event()

    def who(rundir: RunDir) -> int | None:
        if rundir.path.parent.name == "bees":
            answers.wait(60)
        return None

    runs = RunsReader(tmp_path, who=who)
    runs.start()
    try:
        until(lambda: names(runs) == {"ants", "cats"})
        until(lambda: runs.silent() == {tmp_path / "bees" / "_pbt"})
    finally:
        answers.set()
        runs.stop()


def test_visible_runs_are_read_first(tmp_path: Path) -> None:
    for i in range(20):
        typical(tmp_path / f"{i:02d}" / "_pbt")
    order: list[str] = []
    seen = [FoundRun(tmp_path / f"{i:02d}" / "_pbt", False) for i in range(20)]
    runs = RunsReader(
        tmp_path, found=seen, threads=1, who=lambda rundir: order.append(rundir.path.parent.name)
    )
    runs.look_at([run.path for run in seen[15:18]])
    runs.start()
    try:
        until(lambda: len(names(runs)) == 20)
    finally:
        runs.stop()
    assert order[:3] == ["15", "16", "17"]


def test_a_bug_in_a_thread_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    typical(tmp_path / "ants" / "_pbt")

    def broken(reader: RunReader, budget: int = 0) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(RunReader, "read", broken)
    runs = RunsReader(tmp_path)
    runs.start()
    try:
        with pytest.raises(ZeroDivisionError):
            until(lambda: runs.poll() and False)
    finally:
        runs.stop()


def test_all_of_the_folder() -> None:
    runs = fleets.reader(fleets.fleet())
    assert len(runs.runs) == 12
    assert all(row.run is not None for row in runs.runs.values())
