"""Groups of equal jobs: one row that opens, with marks, filters, orders and requests."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.journal.file import Tail
from pbt_tui.journal.fold import apply
from pbt_tui.journal.state import RunState
from pbt_tui.spec import decode
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.folding import FEWEST, FoldedRows, fold_key
from pbt_tui.tui.screens.job import JobScreen
from pbt_tui.tui.screens.jobs import JobsScreen
from pbt_tui.tui.sort_orders import orders
from pbt_tui.tui.table_order import TableOrder
from tests.tui.conftest import Shown
from tests.tui.journals import START, Story, spec
from tests.tui.shown import text_of
from tests.tui.sweeps import sweep
from tests.tui.test_tui_model import events_of


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return sweep(tmp_path / "_pbt").rundir.path


def table(app: Monitor) -> JobsScreen:
    assert isinstance(app.screen, JobsScreen)
    return app.screen


def to_fold(app: Monitor, state: str) -> int:
    """Moves the cursor to the group of jobs in a state; returns how many they are."""
    screen, folded = table(app), app.model.folded
    fold = next(f for f in folded.folds if f.state == state)
    row = folded.row_of_fold(fold.key)
    assert row is not None
    screen.table.move(row)
    return len(fold.jobs)


async def test_equal_jobs_have_one_row_that_opens_and_closes(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 50)) as (app, pilot):
        app.model.poll_progress(app.now())
        table(app).changed(None)
        await pilot.pause()
        text = text_of(app)
        assert "▸ 5 jobs     ✗ failed     CUDA out of memory" in text
        assert "▸ 12 jobs    ◌ waiting    first starts in ~3m (max_parallel 7)" in text
        assert "18_lr0.0001" not in text, "its row is folded"
        assert "10_lr0.0003" in text, "one failure is no group"
        assert to_fold(app, "waiting") == 12
        await pilot.press("enter")
        await pilot.pause()
        assert "▾ 12 jobs" in text_of(app)
        assert "18_lr0.0001" in text_of(app)
        await pilot.press("j", "enter")
        await pilot.pause()
        assert isinstance(app.screen, JobScreen)
        assert app.screen.job == "18_lr0.0001"
        await pilot.press("escape", "k", "enter")
        await pilot.pause()
        assert "▸ 12 jobs" in text_of(app)
        assert table(app).table.fold is not None, "the cursor stays on the group"


async def test_all_groups_open_and_close_with_one_key(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 50)) as (app, pilot):
        await pilot.press("o")
        await pilot.pause()
        assert all(fold.is_open for fold in app.model.folded.folds)
        assert len(app.model.folded.rows) == 30 + 2
        await pilot.press("o")
        await pilot.pause()
        assert not any(fold.is_open for fold in app.model.folded.folds)
    async with shown(run, (80, 24)) as (app, pilot):
        await pilot.press("slash", "l", "r", "enter", "o")
        await pilot.pause()
        assert "no groups here" in text_of(app)


async def test_a_filter_opens_groups_and_problems_keep_them(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 50)) as (app, pilot):
        await pilot.press("slash", *"state:wait", "enter")
        await pilot.pause()
        assert app.model.folded.folds == []
        assert list(app.model.folded.rows) == list(range(18, 30))
        await pilot.press("escape", "z")
        await pilot.pause()
        assert [len(f.jobs) for f in app.model.folded.folds] == [5]
        assert len(app.model.folded.rows) == 2


async def test_a_mark_on_a_group_marks_its_jobs(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 50)) as (app, pilot):
        to_fold(app, "failed")
        await pilot.press("space")
        await pilot.pause()
        assert app.model.marks == {5, 6, 7, 8, 9}
        assert "5 marked" in text_of(app)
        assert "*▸ 5 jobs" in text_of(app)
        await pilot.press("k", "enter", "j", "space")  # one of them alone
        assert app.model.marks == {6, 7, 8, 9}
        to_fold(app, "failed")
        await pilot.press("space")
        assert app.model.marks == {5, 6, 7, 8, 9}, "what is missing is marked, too"
        to_fold(app, "failed")
        await pilot.press("space")
        assert app.model.marks == set()


async def test_a_request_on_a_group_names_its_jobs(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 50)) as (app, pilot):
        to_fold(app, "failed")
        await pilot.press("r")
        await pilot.pause()
        assert "retry 5 jobs" in text_of(app)
        assert "05_lr0.001" in text_of(app)
        await pilot.press("escape")
        to_fold(app, "waiting")
        await pilot.press("x")
        await pilot.pause()
        assert "cancel 12 jobs" in text_of(app)


async def test_a_request_leaves_out_who_has_left_the_group(run: Path, shown: Shown) -> None:
    """The rows of a large run are older than its state."""
    async with shown(run, (120, 50)) as (app, _pilot):
        to_fold(app, "waiting")
        job = app.model.state.jobs[18]
        job.phase = "cancelled"
        chosen = [one.index for one in table(app).selected()]
        job.phase = "waiting"
        assert chosen == list(range(19, 30))


async def test_a_group_has_no_log(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 50)) as (app, pilot):
        to_fold(app, "waiting")
        await pilot.press("l")
        await pilot.pause()
        assert "a group has no log: Enter opens it" in text_of(app)


async def test_the_cursor_follows_its_job_into_a_group(tmp_path: Path, shown: Shown) -> None:
    story = Story(tmp_path / "_pbt", spec(12)).opened().executor()
    for i in range(5):
        story.start(f"{i:02d}_ant_pbt", 0)
    for i in range(4):
        story.fail(f"{i:02d}_ant_pbt")
    story.flush()
    async with shown(story.rundir.path, (120, 30)) as (app, pilot):
        await pilot.press("j", "k")
        job = table(app).current()
        assert job is not None
        assert job.spec.id == "04_ant_pbt"
        story.fail("04_ant_pbt").flush()
        app.take(app.follower.poll())
        await pilot.pause()
        fold = table(app).table.fold
        assert fold is not None
        assert fold.state == "failed"
        assert 4 in fold.jobs


def test_waiting_jobs_are_equal_where_the_scheduler_treats_them_alike(tmp_path: Path) -> None:
    story = Story(tmp_path / "_pbt", spec(12, population=4)).opened().executor()
    story.start("00_ant_pbt", 0).start("01_ant_pbt", 1)
    story.fail("01_ant_pbt").flush()
    state = RunState(decode(story.rundir.spec.read_bytes()))
    for event in Tail(story.rundir.journal).read_all():
        apply(state, event)
    keys = [fold_key(job) for job in state.jobs]
    assert keys[0] is None, "it runs"
    assert keys[2] == keys[3] != keys[4], "their population has begun: they go first"
    assert len({keys[i] for i in range(4, 12)}) == 1
    assert state.at > START


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    sort=st.sampled_from(sorted(orders(["lr"]))),
    reverse=st.booleans(),
    query=st.sampled_from(["", "", "state:wait"]),
)
def test_each_job_is_in_one_row_or_in_one_group(
    tmp_path_factory: pytest.TempPathFactory, *, seed: int, sort: str, reverse: bool, query: str
) -> None:
    story = events_of(random.Random(seed), tmp_path_factory.mktemp("rows") / "_pbt", 16)
    state = RunState(decode(story.rundir.spec.read_bytes()))
    order = TableOrder(state, parameters=["lr"])
    folded = FoldedRows(order)
    order.filter(query)
    order.sort_by(sort, reverse)
    for event in Tail(story.rundir.journal).read_all():
        apply(state, event)
        job = getattr(event, "job", None)
        changed = [state.by_id[job].index] if job else []
        order.update(changed)
        if job is None:
            folded.renew()
        folded.update(changed)
        fresh = FoldedRows(order)
        assert list(folded.rows) == list(fresh.rows)
        assert folded.folds == fresh.folds
        shown = [row for row in folded.rows if row >= 0]
        held = [index for fold in folded.folds for index in fold.jobs]
        assert sorted(shown + held) == sorted(order.order)
        for fold in folded.folds:
            assert len(fold.jobs) >= FEWEST
            assert folded.live_jobs(fold) == [state.jobs[i] for i in fold.jobs]
            assert all(folded.row_of(i) == folded.row_of_fold(fold.key) for i in fold.jobs)
        assert all(folded.row_of(row) == place for place, row in enumerate(folded.rows) if row >= 0)
        assert not (query and folded.folds)
