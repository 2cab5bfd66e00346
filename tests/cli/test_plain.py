"""`pbt-tui --plain`: what it tells of a run that changes, and of one that is over."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from pbt_tui.cli import error_boundary, plain_populations, tui
from pbt_tui.cli.event_words import Told
from pbt_tui.cli.plain_populations import PopulationWords, decided
from pbt_tui.cli.plain_reporter import MOST, Changes, PlainReporter
from pbt_tui.journal import events as ev
from pbt_tui.journal import lock
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.observe.snapshot_types import PopulationRow
from pbt_tui.tui.journal_follower import JournalFollower
from tests.executor.running import PATIENCE, until
from tests.tui.journals import Story, spec, typical
from tests.tui.simulated_populations import simulated, with_a_dead_member

HOSTILE = "lr \x1b[2J\x1b]0;x\x07 \u202e\r\n is not a number"


@pytest.fixture
def story(tmp_path: Path) -> Story:
    return Story(tmp_path / "r/_pbt", spec(60)).opened().executor().flush()


def reporter(story: Story, live: bool = True) -> PlainReporter:
    feed = JournalFollower(story.rundir, who=lambda rundir: 4182 if live else None)
    feed.read_all()
    return PlainReporter(feed, lambda: story.at)


def told(story: Story, following: PlainReporter) -> list[str]:
    story.flush()
    return following.turn()


def test_each_change_is_a_sentence(story: Story) -> None:
    following = reporter(story)
    assert following.begin() == [
        f"run `ant_pbt`: {story.rundir.path}",
        "status: live, process, pid 4182 on node7",
        "0/60 done: 0 running, 60 waiting, 0 succeeded",
        "following it until it is closed; Ctrl-C ends this, not the run",
    ]
    assert following.turn() == []
    story.start("00_ant_pbt", gpu=1).start("01_ant_pbt")
    assert told(story, following) == [
        "00_ant_pbt started: pid 1003 on GPU 1",
        "01_ant_pbt started: pid 1005",
    ]
    story.end("00_ant_pbt", after=3.0).fail(
        "01_ant_pbt", cause="traceback", detail=f"ValueError: {HOSTILE}", line=7
    )
    done, failed = told(story, following)
    assert done == "00_ant_pbt succeeded after 4.0s"
    assert failed.startswith("01_ant_pbt failed: pid 1005 after 4.0s: exit 1: ValueError: lr \\x1b")
    assert failed.endswith(f"; log: {story.rundir.log('01_ant_pbt', 1)}:7")


def test_the_end_has_counts_failures_and_a_hint(story: Story) -> None:
    following = reporter(story)
    for index in range(60):
        story.start(f"{index:02}_ant_pbt")
    for index in range(60):
        story.end(f"{index:02}_ant_pbt") if index else story.fail("00_ant_pbt", detail="no data")
    story.write(ev.RunClosed, verdict="failures")
    lines, log = told(story, following), story.rundir.log("00_ant_pbt", 1)
    assert following.over
    assert lines[:3] == [
        "60 jobs started",
        f"00_ant_pbt failed: pid 1003 after 1m00: exit 1: no data; log: {log}",
        "59 jobs succeeded",
    ]
    assert lines[3].startswith("run `ant_pbt` closed with failures after ")
    assert lines[3].endswith(": 60 jobs: 59 succeeded, 1 failed")
    assert lines[4].startswith("failed: 00_ant_pbt: exit 1: no data; log: ")
    assert lines[-1].startswith("hint: run again")


def test_that_the_executor_is_gone_or_holds_is_told(story: Story) -> None:
    gone: list[int] = []
    feed = JournalFollower(story.rundir, who=lambda rundir: None if gone else 4182)
    feed.read_all()
    following = PlainReporter(feed, lambda: story.at)
    story.write(ev.RequestAccepted, id="a", action="hold", jobs=(), by="ada")
    assert told(story, following) == [
        "asked: hold (by ada)",
        "status: held: nothing new starts, process, pid 4182 on node7",
    ]
    gone.append(1)
    story.start("00_ant_pbt")  # the lock is asked at once where the journal has grown
    feed._looked = 0.0
    assert told(story, following)[-1] == "status: no executor, held"


def test_a_run_that_was_started_anew_is_told_from_its_beginning(story: Story) -> None:
    following = reporter(story)
    story.rundir.path.rename(story.rundir.path.with_name("_pbt.1"))
    Story(story.rundir.path, spec(3)).opened().executor().flush()
    lines = following.turn()
    assert lines[0] == "the run was started anew"
    assert "0/3 done: 0 running, 3 waiting, 0 succeeded" in lines


def test_silence_is_broken_by_the_counts(story: Story) -> None:
    following = reporter(story)
    following.begin()
    following._quiet_until = time.monotonic()
    assert following.turn() == ["progress: 0/60 done: 0 running, 60 waiting, 0 succeeded"]
    assert following.turn() == []


# -- many changes ----------------------------------------------------------------------------------

_CAUSES = [f"failed: cause {n}" for n in range(5)]
_TOLD = st.one_of(
    st.just(Told(" ", "started", "a", ": pid 1")),
    st.just(Told("✓", "succeeded", "b", " after 1s")),
    st.sampled_from(_CAUSES).map(lambda c: Told("✗", "failed", "c", f": {c}", "/log", c)),
    st.sampled_from(["cancel", "hold"]).map(lambda a: Told(" ", "asked", "", a)),
)


@given(st.lists(_TOLD, max_size=200))
def test_no_cause_of_a_failure_is_ever_silenced_and_no_flood_is_told(changes: list[Told]) -> None:
    batch = Changes()
    for change in changes:
        batch.add(change)
    lines = batch.lines()
    for cause in {change.reason for change in changes if change.reason}:
        assert any(cause in line and "log: /log" in line for line in lines)
    assert len(lines) <= max(MOST, 2 + 2 + len(_CAUSES))
    if len(changes) <= MOST:
        assert len(lines) == len(changes)
    started = sum(change.verb == "started" for change in changes)
    if len(changes) > MOST and started > 1:
        assert f"{started} jobs started" in lines


# -- populations -----------------------------------------------------------------------------------


class Shown:
    """A workspace whose rows the test decides."""

    def __init__(self, row: PopulationRow) -> None:
        self.row = row

    def poll(self) -> bool:
        return True

    def rows(self, now: float, *, live: bool) -> tuple[PopulationRow, ...]:
        return (self.row,)


def words(shown: Any) -> PopulationWords:
    found = PopulationWords(RunState(spec(1)), RunDir(Path("/r")))
    found._populations = shown
    return found


def news(found: PopulationWords) -> Sequence[str]:
    return found.news(0.0, live=True, last=True)


def test_copies_a_new_best_and_alarms_are_told_once() -> None:
    full, dead = simulated(), with_a_dead_member()
    shown = Shown(replace(full, events=full.events[:-2], best=None, alarms=()))
    found = words(shown)
    found.read(0.0, live=True)
    assert news(found) == []
    shown.row = replace(full, alarms=dead.alarms)
    lines = news(found)
    copies = [line for line in lines if ": generation " in line]
    assert len(copies) == 2
    assert all(line.startswith(f"{full.id}: generation ") for line in copies)
    assert full.best is None or any(line.startswith(f"best of {full.id}: ") for line in lines)
    alarm = dead.alarms[0]
    assert f"{full.id}: {alarm.level}: {alarm.message}" in lines
    later = replace(alarm, message=f"{alarm.message}, still")
    shown.row = replace(full, alarms=(later, *dead.alarms[1:]))
    assert news(found) == []
    shown.row = replace(full, alarms=())
    assert f"{full.id}: no longer: {later.message}" in news(found)


def test_many_decisions_are_counted() -> None:
    row = simulated()
    assert len(row.events) > plain_populations.MOST
    (line,) = decided(row, row.events)
    assert f"members decided {len(row.events)} times" in line


# -- the command -----------------------------------------------------------------------------------


def command(*argv: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "pbt_tui.cli.tui", "--plain", *argv],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def test_it_follows_until_the_run_is_closed(story: Story) -> None:
    lock.acquire(story.rundir.lock)
    try:
        program = command(str(story.rundir.path), "--read_only")
        assert program.stdout is not None
        head = [program.stdout.readline() for _ in range(4)]
        assert head[-1].startswith("following it")
        story.start("00_ant_pbt").flush()
        assert program.stdout.readline().startswith("00_ant_pbt started")  # not held back
        for index in range(1, 60):
            story.write(ev.JobSkipped, job=f"{index:02}_ant_pbt", why=HOSTILE)
        story.fail("00_ant_pbt", detail=HOSTILE).write(ev.RunClosed, verdict="failures").flush()
        out, err = program.communicate(timeout=PATIENCE)
    finally:
        lock.release(story.rundir.lock)
    assert (program.returncode, err) == (4, "")
    assert all(line.isprintable() for line in out.splitlines())
    assert out.count("59 jobs like 01_ant_pbt skipped: lr \\x1b[2J") == 1
    assert out.count("failed: ") >= 2


def test_ctrl_c_ends_it_and_not_the_run(story: Story) -> None:
    program = command(str(story.rundir.path))
    assert program.stdout is not None
    until(lambda: program.stdout and "following" in program.stdout.readline())
    program.send_signal(signal.SIGINT)
    assert program.wait(PATIENCE) == 130
    assert program.stdout.read() == ""
    assert program.stderr is not None
    assert program.stderr.read() == ""


def test_a_finished_run_is_summed_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    story = typical(tmp_path / "_pbt", closed=True)
    assert tui.main(["--plain", "--ascii", str(story.rundir.path)]) == 4
    out = capsys.readouterr().out
    assert out.isascii()
    assert "status: closed: failures" in out
    assert out.count("failed: ") >= 2
    assert "\nrun `" in out


@pytest.mark.parametrize("option", ["--once", "--export=-", "--web"])
def test_other_modes_are_refused(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert error_boundary.outcome(tui.main, ["--plain", option]) == 2
    assert "exclude each other" in capsys.readouterr().err
