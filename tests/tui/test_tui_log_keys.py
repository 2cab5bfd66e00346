"""The keys of the log page: matches, kept lines, folds, times, copies and curves."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from pbt_tui.tui.app import Monitor
from pbt_tui.tui.screens.log import LogScreen
from tests.tui.conftest import Shown
from tests.tui.journals import typical
from tests.tui.log_page import opened
from tests.tui.shown import text_of

FAILED = "03_ant_pbt"


def a_long_log() -> str:
    """Lines with times, numbers, two tracebacks, and one long line."""
    lines = []
    for i in range(900):
        lines.append(f"[{(20 + i // 60) % 24:02d}:{i % 60:02d}:00] epoch {i} reward: {i * 0.5:.1f}")
        if i in (300, 600):
            lines += [
                "Traceback (most recent call last):",
                '  File "a.py"',
                f"KeyError: {i}",
            ]
    return "\n".join([*lines, "wide " * 100, ""])


@pytest.fixture
def long_log(tmp_path: Path) -> Path:
    story = typical(tmp_path / "_pbt")
    story.log(FAILED, a_long_log()).flush()
    story.rundir.log(FAILED, 1).write_text(a_long_log())
    return story.rundir.path


async def log_of(app: Monitor, pilot: Pilot[str]) -> LogScreen:
    await pilot.press("slash", *FAILED, "enter")
    page = await opened(app, pilot)
    await pilot.pause()
    return page


async def test_matches_are_counted_and_stand_out(long_log: Path, shown: Shown) -> None:
    async with shown(long_log, (120, 30)) as (app, pilot):
        await log_of(app, pilot)
        await pilot.press("g", "slash", *"epoch .*00 ", "enter")
        await pilot.pause()
        assert "match 1 of 8" in text_of(app)
        assert "▸ [21:40:00] epoch 100 " in text_of(app)
        await pilot.press("n", "n")
        await pilot.pause()
        assert "match 3 of 8" in text_of(app)
        await pilot.press("N")
        await pilot.pause()
        assert "match 2 of 8" in text_of(app)
        await pilot.press("slash", *"nowhere", "enter")
        await pilot.pause()
        assert "no matches" in text_of(app)


async def test_a_margin_shows_the_errors_of_the_whole_log(long_log: Path, shown: Shown) -> None:
    async with shown(long_log, (120, 30)) as (app, pilot):
        page = await log_of(app, pilot)
        assert "4 error lines" in text_of(app)
        margin = [page.view.render_line(y).text[-1] for y in range(page.view.size.height)]
        where = {row * 3 // len(margin) for row, glyph in enumerate(margin) if glyph == "█"}
        assert where in ({0, 1}, {1}, {1, 2}), "a third, and two thirds"
        assert margin[-1] == "│", "the visible part"


async def test_only_the_lines_that_match_are_kept(long_log: Path, shown: Shown) -> None:
    async with shown(long_log, (120, 30)) as (app, pilot):
        await log_of(app, pilot)
        await pilot.press("ampersand", *"keyerror", "enter")
        await pilot.pause()
        assert "2 lines kept" in text_of(app)
        assert "KeyError: 300" in text_of(app)
        assert "epoch" not in text_of(app)
        await pilot.press("ampersand")
        await pilot.pause()
        assert "epoch 899" in text_of(app)
        await pilot.press("ampersand", *"epoch", "enter", "k", "k", "escape")
        await pilot.pause()
        assert "▸ [10:57:00] epoch 897" in text_of(app), "the cursor stays on its line"


async def test_long_lines_are_wrapped(long_log: Path, shown: Shown) -> None:
    async with shown(long_log, (120, 30)) as (app, pilot):
        await log_of(app, pilot)
        assert sum("wide" in line for line in text_of(app).splitlines()) == 1
        await pilot.press("w")
        await pilot.pause()
        assert "wrapped" in text_of(app)
        assert sum("wide" in line for line in text_of(app).splitlines()) > 2
        assert "epoch 899" in text_of(app)
        await pilot.press("k", "k")
        await pilot.pause()
        assert "▸ [10:58:00] epoch 898" in text_of(app)
        await pilot.press("w")
        assert "wrapped" not in text_of(app)


async def test_tracebacks_are_folded_and_opened(long_log: Path, shown: Shown) -> None:
    async with shown(long_log, (120, 30)) as (app, pilot):
        await log_of(app, pilot)
        await pilot.press("g", "e")
        await pilot.pause()
        await pilot.press("enter")
        assert "no traceback is folded" in text_of(app)
        await pilot.press("z")
        await pilot.pause()
        assert "▸ KeyError: 300 · traceback of 3 lines" in text_of(app)
        await pilot.press("y")
        assert app.clipboard.splitlines()[1:] == ['  File "a.py"', "KeyError: 300"]
        await pilot.press("enter")
        await pilot.pause()
        assert 'File "a.py"' in text_of(app)
        await pilot.press("enter")
        await pilot.pause()
        assert 'File "a.py"' not in text_of(app)


async def test_a_time_and_a_line_number_are_gone_to(long_log: Path, shown: Shown) -> None:
    async with shown(long_log, (120, 30)) as (app, pilot):
        await log_of(app, pilot)
        await pilot.press("colon", *"21:07", "enter")
        await pilot.pause()
        assert "▸ [21:07:00] epoch 67 " in text_of(app)
        await pilot.press("colon", *"11", "enter")
        await pilot.pause()
        assert "▸ [20:10:00] epoch 10 " in text_of(app)
        await pilot.press("colon", *"soon", "enter")
        await pilot.pause()
        assert "no action `soon`" in text_of(app)
        await pilot.press("colon", *"wrap", "enter")
        await pilot.pause()
        assert "wrapped" in text_of(app)
        await pilot.press("colon", *"99999", "enter")
        await pilot.pause()
        assert "no such line" in text_of(app)


async def test_the_line_and_the_path_are_copied(long_log: Path, shown: Shown) -> None:
    async with shown(long_log, (120, 30)) as (app, pilot):
        page = await log_of(app, pilot)
        await pilot.press("g", "j", "y")
        assert app.clipboard == "[20:01:00] epoch 1 reward: 0.5"
        await pilot.press("Y")
        assert app.clipboard == str(page.view.file.path)


async def test_a_number_of_the_line_is_drawn(long_log: Path, shown: Shown) -> None:
    async with shown(long_log, (120, 30)) as (app, pilot):
        await log_of(app, pilot)
        await pilot.press("g", "c", "c", "c", "c", "c")
        await pilot.pause()
        assert "reward  449.5" in text_of(app)
        assert "900 lines" in text_of(app)
        assert "└1" in text_of(app), "both axes"
        await pilot.press("escape")
        await pilot.pause()
        assert "900 lines" not in text_of(app)
        assert isinstance(app.screen, LogScreen)
        await pilot.press("G", "c")
        await pilot.pause()
        assert "no number in this line" in text_of(app)
