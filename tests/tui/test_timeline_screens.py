"""The time line at three sizes: nights, nodes of a cluster, jobs on CPUs; and as ASCII."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.tui.render.timeline import LEGEND
from pbt_tui.tui.text import ascii_only
from tests.tui import journals, timelines
from tests.tui.conftest import SameScreen, Shown
from tests.tui.shown import text_of
from tests.tui.test_timeline_keys import answered

SIZES = [(80, 24), (120, 40), (200, 50)]
CASES: dict[str, tuple[Callable[[Path], Any], list[str], float]] = {
    "night": (timelines.night, ["w"], 1800.0),
    "failures": (timelines.night, ["w", "N"], 1800.0),
    "waits": (timelines.night, ["w", "t"], 1800.0),
    "cpu": (timelines.lanes, ["w"], 3.0),
    "slurm": (journals.arrays, ["w"], 75.0),
    "seconds": (timelines.night, ["w", "N", *["plus"] * 12], 1800.0),
}
RUN = Path("train_dir/ant/_pbt")


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("name", CASES)
async def test_timeline(
    name: str, size: tuple[int, int], shown: Shown, same_screen: SameScreen
) -> None:
    make, keys, after = CASES[name]
    make(RUN)
    async with shown(RUN, size, after=after) as (app, pilot):
        await pilot.press(*keys)
        await answered(app, pilot)
        same_screen(f"timeline-{name}-{size[0]}x{size[1]}", app)


async def test_no_executor_runs(shown: Shown, same_screen: SameScreen) -> None:
    timelines.night(RUN)
    async with shown(RUN, (120, 24), holder=None, after=3 * 3600.0) as (app, pilot):
        await pilot.press("w", "g", "G", "right_square_bracket")
        await answered(app, pilot)
        same_screen("timeline-no-executor-120x24", app)


def test_each_sign_of_the_legend_is_another_one() -> None:
    signs = [sign for sign, _, _ in LEGEND]
    assert len(set(map(ascii_only, signs))) == len(signs)


async def test_as_ascii(shown: Shown) -> None:
    timelines.night(RUN)
    async with shown(RUN, (120, 24), after=1800.0, ascii_only=True) as (app, pilot):
        await pilot.press("w")
        text = await answered(app, pilot)
        assert text.isascii()
        for glyph in ("= 03_ant =", "+2=", "=x", "HHHH= 04_ant", "......", "::::", "%"):
            assert glyph in text, text_of(app)
