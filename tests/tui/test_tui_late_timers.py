"""Work in slices goes on where the machine is too busy to call a timer in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from textual import _time
from textual.pilot import Pilot

from pbt_tui.journal.run_dir import RunDir
from pbt_tui.tui import journal_follower
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.screens.log import LogScreen
from pbt_tui.tui.widgets import log_view
from tests.tui.conftest import Shown
from tests.tui.journals import typical
from tests.tui.log_page import opened
from tests.tui.shown import text_of


@pytest.fixture
def interrupted(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Each fifth look of a timer at the clock comes 5 ms late."""
    calls, late = 0, 0.0
    clock: Callable[[], float] = _time.get_time

    def get_time() -> float:
        nonlocal calls, late
        calls += 1
        late += 0.005 * (calls % 5 == 0)
        return clock() + late

    monkeypatch.setattr(_time, "get_time", get_time)
    yield
    monkeypatch.undo()


async def until(pilot: Pilot[str], done: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not done():
        assert time.monotonic() < end, "the work has stopped"
        await pilot.pause(0.05)


@pytest.mark.usefixtures("interrupted")
async def test_a_log_is_searched_and_counted_to_its_end(
    tmp_path: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_view, "_SLICE", 0.0005)
    story = typical(tmp_path / "_pbt")
    story.log(
        "08_ant_pbt", "error: a line of many words, and nothing to be found in it\n" * 150_000
    )
    async with shown(story.rundir.path) as (app, pilot):
        page = await opened(app, pilot)
        assert isinstance(page, LogScreen)
        log = page.view.open_log
        await until(pilot, lambda: log.errors.complete)
        await pilot.press("slash", *"nowhere", "enter")
        await until(pilot, lambda: not log.searching)
        assert "no more matches" in text_of(app)


@pytest.mark.usefixtures("interrupted")
async def test_a_journal_is_loaded_to_its_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_follower, "_SLICE", 1)
    story = typical(tmp_path / "_pbt")
    feed = JournalFollower(RunDir(story.rundir.path), who=lambda rundir: None)
    poll = feed.poll
    monkeypatch.setattr(feed, "poll", lambda budget=0.0: poll(budget=0.0))
    app = Monitor(feed)
    async with app.run_test() as pilot:
        await until(pilot, feed.at_end)
        await until(pilot, lambda: "08_ant_pbt" in text_of(app))
