"""Screens as plain text, compared with what is stored under `screens/`.

`UPDATE_SCREENS=1` rewrites them; read the difference before you commit it.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from unittest.mock import Mock

import pytest
from textual.pilot import Pilot

from pbt_tui.journal.run_dir import RunDir
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.preferences import Preferences
from tests.tui.parsed_once import rules
from tests.tui.settled import settle
from tests.tui.shown import text_of

STORED = Path(__file__).parent / "screens"
_COLLECTED_EVERY = 25
_tests = [0]
SameScreen = Callable[[str, Monitor], None]


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.fixture(autouse=True)
def here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """Paths on screen are relative, so that their length is the same everywhere."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(autouse=True)
def seldom_collected(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Collects garbage once in many tests: half the time of a test would pass with that.

    The application wants it otherwise; this process is not its own.
    """
    monkeypatch.setattr("pbt_tui.tui.app.gc", Mock(spec=gc))
    gc.disable()
    yield
    gc.enable()
    _tests[0] += 1
    if _tests[0] % _COLLECTED_EVERY == 0:
        gc.collect()


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pilot waits for the application instead of for the processor; no style is parsed twice."""
    monkeypatch.setattr("textual.css.stylesheet.Stylesheet._parse_rules", rules)
    monkeypatch.setattr("textual.app.wait_for_idle", settle)
    monkeypatch.setattr("textual.pilot.wait_for_idle", settle)


@pytest.fixture
def same_screen() -> SameScreen:
    def compare(name: str, app: Monitor) -> None:
        found = text_of(app)
        path = STORED / f"{name}.txt"
        if os.environ.get("UPDATE_SCREENS"):
            path.parent.mkdir(exist_ok=True)
            path.write_text(found, encoding="utf-8")
        assert path.is_file(), f"no stored screen {name}: run with UPDATE_SCREENS=1"
        assert found == path.read_text(encoding="utf-8"), f"{name} looks different"

    return compare


Shown = Callable[..., AbstractAsyncContextManager[tuple[Monitor, Pilot[str]]]]


@pytest.fixture
def shown() -> Shown:
    """Runs the application on a run directory, with the whole journal read and a fixed clock.

    `holder`: the pid of a pretended executor. No timer follows the journal.
    """

    @asynccontextmanager
    async def show(
        path: Path,
        size: tuple[int, int] = (80, 24),
        *,
        holder: int | None = 4182,
        after: float = 75.0,
        theme: str = "dark",
        ascii_only: bool = False,
        preferences: Preferences | None = None,
        **more: object,
    ) -> AsyncIterator[tuple[Monitor, Pilot[str]]]:
        feed = JournalFollower(RunDir(path), who=lambda rundir: holder)
        feed.read_all()
        moment = feed.state.at + after
        wanted = preferences or Preferences(theme=theme, ascii=ascii_only)
        app = Monitor(feed, preferences=wanted, now=lambda: moment, timer=False, **more)  # type: ignore[arg-type]
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            yield app, pilot

    return show
