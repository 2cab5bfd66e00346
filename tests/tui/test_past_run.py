"""What is known of a run at an earlier time, on screens, as text and as data."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest

from pbt_tui.cli.tui import main
from pbt_tui.errors import JournalDamaged, UsageError
from pbt_tui.journal import RunDir
from pbt_tui.journal import events as ev
from pbt_tui.observe.past_populations import row_at
from pbt_tui.observe.progress import Finished, Progress, Progresses, Series, encode, series_file
from pbt_tui.observe.snapshot_types import Snapshot
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.time_travel.past_run import PastRun
from tests.tui import simulated_populations as populations
from tests.tui.conftest import Shown
from tests.tui.journals import START, Story, spec, typical
from tests.tui.shown import text_of

RUN = Path("train_dir/ant_pbt/_pbt")


def past_of(rundir: RunDir, holder: int | None = None, now: float = START + 5000.0) -> PastRun:
    present = JournalFollower(rundir, who=lambda _: holder)
    present.read_all()
    past = PastRun(present, clock=lambda: now)
    past.read_all()
    return past


# -- as text and as data ---------------------------------------------------------------------------


def test_once(capsys: pytest.CaptureFixture[str]) -> None:
    typical(RUN, closed=True)
    assert main([str(RUN), "--once", "--at", "09:23:46"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("⏪ 09:23:46 of 09:31 · 2 failures from here\nant_pbt  ● live\n")
    assert "2× CUDA out of memory" in text
    assert main([str(RUN), "--once", "--at=seq:999"]) == 4
    told = capsys.readouterr()
    assert "closed: failures" in told.out
    assert "note: the journal has 74 lines: this is the last one" in told.err
    assert main([str(RUN), "--once", "--ascii", "--at", "-5s"]) == 0
    assert capsys.readouterr().out.isascii()


def test_once_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    typical(RUN, closed=True)
    assert main([str(RUN), "--once", "--json", "--at", "-17m"]) == 0
    then = msgspec.json.decode(capsys.readouterr().out, type=Snapshot)
    assert then.state == "live"
    assert (then.counts.running, then.counts.succeeded, then.counts.failed) == (6, 2, 0)
    assert {gpu.memory_used for gpu in then.gpus} == {None}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--at", "foo"], "`foo` is no time of a run"),
        (["--at", "-1h", "--export", "x.csv"], "`--at` has no effect on `--export`"),
        (["--at"], "expected one argument"),
    ],
)
def test_refused(arguments: list[str], message: str) -> None:
    typical(RUN)
    with pytest.raises(UsageError, match=message):
        main([str(RUN), "--once", *arguments])


def test_what_is_no_run_has_no_past(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/processes.json").write_bytes(msgspec.json.encode({"format": "x"}))
    populations.damaged(tmp_path / "w")
    for target in (tmp_path / "specs", next(p.parent for p in (tmp_path / "w").rglob("000"))):
        with pytest.raises(UsageError, match="--at"):
            main([str(target), "--once", "--at", "-1h"])


def test_a_damaged_journal_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    story = typical(RUN)
    with story.rundir.journal.open("ab") as file:
        file.write(b"{}\n")
    said = []
    for at in ([], ["--at", "-1h"]):
        with pytest.raises(JournalDamaged) as caught:
            main([str(RUN), "--once", *at])
        said.append(str(caught.value))
    assert said[0] == said[1]


# -- what is known then ----------------------------------------------------------------------------


def test_an_executor_ran_while_it_wrote() -> None:
    story = Story(RUN, spec(2)).opened().executor(pid=1).start("00_ant_pbt", 0, after=10.0)
    story.at += 100.0
    story.executor(pid=2).end("00_ant_pbt", after=10.0).flush()
    past = past_of(story.rundir)
    holders = {}
    for seconds in (0.0, 5.0, 10.0, 50.0, 110.0, 120.0):
        past.go(START + seconds)
        holders[seconds] = past.holder
    assert holders == {0.0: 1, 5.0: 1, 10.0: 1, 50.0: None, 110.0: 2, 120.0: 2}
    live = past_of(story.rundir, holder=2)
    live.go(START + 4000.0)
    assert live.holder == 2
    story.start("01_ant_pbt", 0).end("01_ant_pbt").write(ev.RunClosed, verdict="succeeded").flush()
    closed = past_of(story.rundir, holder=2)
    closed.go(START + 4000.0)
    assert closed.holder is None


def test_the_moment_stays_within_the_run() -> None:
    story = typical(RUN, closed=True)
    past = past_of(story.rundir)
    past.go(0.0)
    assert past.moment == START
    past.go(1e12)
    assert past.moment == past.present.state.at
    live = past_of(typical(Path("train_dir/live/_pbt")).rundir, holder=1)
    live.go(1e12)
    assert live.moment == START + 5000.0


def test_the_journal_grows() -> None:
    story = typical(RUN)
    past = past_of(story.rundir, holder=4182)
    past.go(START + 1800.0)
    past.poll()
    assert not past.poll(), "nothing is new"
    before, ahead = past.state, past.failures_ahead
    story.fail("08_ant_pbt").flush()
    assert past.poll().run
    assert past.failures_ahead == ahead + 1
    assert past.state is before
    past.go(1e12)
    assert past.state.by_id["08_ant_pbt"].phase == "failed"


def test_another_journal_takes_the_place() -> None:
    typical(RUN, closed=True)
    past = past_of(RunDir(RUN))
    past.go(START + 1800.0)
    RUN.rename("old")
    Story(RUN, spec(3)).opened().executor().start("00_ant_pbt", after=5.0).flush()
    for _ in range(4):
        past.poll()
    assert past.error is None
    assert len(past.state.jobs) == 3
    assert past.moment == START + 5.0


def test_damage_while_travelling() -> None:
    story = typical(RUN)
    past = past_of(story.rundir)
    past.go(START + 1800.0)
    with story.rundir.journal.open("ab") as file:
        file.write(b"{}\n")
    past.poll()
    assert "is damaged" in (past.trouble or "")
    past.go(START + 1000.0)
    assert past.state.at <= START + 1000.0


# -- progress --------------------------------------------------------------------------------------


def series(begin: float) -> Series:
    at = tuple(begin + 100.0 * k for k in range(9))
    return Series(at, tuple(range(9)), tuple(float(k) for k in range(9)),
                  tuple(k / 10 for k in range(9)), (4,))  # fmt: skip


def test_progress_is_that_of_the_last_point() -> None:
    story = Story(RUN, spec(3)).opened().executor()
    for name in ("00_ant_pbt", "01_ant_pbt"):
        story.start(name, 0)
    story.end("00_ant_pbt", after=900.0).flush()
    last = Progress(step=9, total=10, unit="frames", share=0.95, objective=9.5, fps=7.0)
    ended = Finished("00_ant_pbt", 1, START + 902.0, last, series(START))
    assert series_file.append(story.rundir.series, [ended]) is None
    known = Progresses(START + 960.0, {"01_ant_pbt": last}, {"01_ant_pbt": series(START + 50.0)})
    story.rundir.progress.write_bytes(encode(known))
    past = past_of(story.rundir, holder=4182, now=START + 1000.0)
    progress = past.open_progress()
    while progress.poll():
        pass

    def told(seconds: float) -> list[tuple[object, ...]]:
        past.go(START + seconds)
        found: list[tuple[object, ...]] = []
        for job in past.state.jobs:
            one, points = progress.of(job), progress.series(job)
            found.append((one and one.step, one and one.fps, points and len(points.at)))
        return found

    nothing = (None, None, None)
    assert told(0.5) == [nothing, nothing, nothing]
    assert told(320.0) == [(3, None, 4), (2, None, 3), nothing]
    assert told(880.0) == [(8, None, 9), (8, None, 9), nothing]
    assert told(903.0)[0] == (9, 7.0, 9)
    assert told(970.0)[1] == (9, 7.0, 9)
    told(320.0)
    assert progress.best() == ("00_ant_pbt", 3.0)
    first, second, _ = past.state.jobs
    cut = progress.series(first)
    assert cut is not None
    assert cut.breaks == ()
    running = progress.of(first)
    assert running is not None
    assert running.eta is not None
    assert running.total == 10
    left = progress.eta(past.state, past.moment)
    assert left is not None
    told(903.0)
    assert progress.best() == ("00_ant_pbt", 9.5)
    assert progress.reached(past.state.jobs[0]) is not None
    assert progress.of(second, live=False) is not None


# -- populations -----------------------------------------------------------------------------------


def test_a_population_has_what_was_written() -> None:
    row = populations.simulated()
    state = past_of(typical(RUN).rundir).state
    times = sorted({g.at for member in row.members for g in member.generations})
    for moment in (times[0] - 1, times[0], times[len(times) // 2], times[-1]):
        then = row_at(row, moment, state)
        for member, now in zip(then.members, row.members, strict=True):
            assert member.generations == tuple(g for g in now.generations if g.at <= moment)
            newest = member.generations[-1] if member.generations else None
            assert member.objective == (newest.objective if newest else None)
            assert (member.lag is None) == (newest is None)
        known = {(m.index, g.generation) for m in then.members for g in m.generations}
        assert all((event.member, event.generation) in known for event in then.events)
        assert then.alarms == ()
    assert row_at(row, times[-1], state).events == row.events
    assert row_at(row, times[0] - 1, state).best is None


# -- the beginning ---------------------------------------------------------------------------------


async def test_at_begins_in_the_past(shown: Shown) -> None:
    typical(RUN, closed=True)
    async with shown(RUN, holder=None, at="09:23:46") as (app, pilot):
        await pilot.pause()
        assert "⏪ 09:23:46 of 09:31 · 2 failures from here" in text_of(app)
    async with shown(RUN, holder=None, at="11:00") as (app, pilot):
        await pilot.pause()
        assert "is after all that is recorded" in text_of(app)


async def test_a_live_run_goes_on_meanwhile(shown: Shown) -> None:
    story = typical(RUN)
    async with shown(RUN) as (app, pilot):
        await pilot.press("t", "(")
        await pilot.pause()
        assert "no failure from here" in text_of(app)
        story.fail("08_ant_pbt").flush()
        app.follow()
        await pilot.pause()
        assert "1 failure from here" in text_of(app)
        await pilot.press("t")
        await pilot.pause()
        assert "5 failed" in text_of(app)


async def test_a_workspace_has_no_past(tmp_path: Path, shown: Shown) -> None:
    typical(RUN)
    async with shown(RUN) as (app, pilot):
        app.present.workspace = True
        await pilot.press("t")
        await pilot.pause()
        assert "a workspace has no journal" in text_of(app)
        app.present.workspace = False


def test_snapshots_are_the_same_at_the_end(capsys: pytest.CaptureFixture[str]) -> None:
    typical(RUN, closed=True)
    main([str(RUN), "--once", "--json"])
    now = json.loads(capsys.readouterr().out)
    main([str(RUN), "--once", "--json", "--at", "-0s"])
    assert json.loads(capsys.readouterr().out) == now
