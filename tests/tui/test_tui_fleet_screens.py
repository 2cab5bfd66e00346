"""The list of several runs at four sizes, compared as plain text with what is stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.tui.fleet.run_search import FoundRun
from pbt_tui.tui.fleet.runs_reader import RunsReader
from pbt_tui.tui.preferences import Preferences
from tests.tui import fleets
from tests.tui.conftest import SameScreen
from tests.tui.journals import typical

SIZES = [(60, 15), (80, 24), (120, 40), (200, 50)]
KEYS = {
    "main": [],
    "problems": ["z"],
    "older": ["o"],
    "sorted": ["s", "b"],
    "filter": ["slash", *"state:closed"],
    "none": ["slash", *"failed>900", "enter"],
    "help": ["question_mark"],
}


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
@pytest.mark.parametrize("name", KEYS)
async def test_the_list(name: str, size: tuple[int, int], same_screen: SameScreen) -> None:
    if size[0] == 60 and name != "main":
        pytest.skip("the smallest size tells of the columns alone")
    fleets.fleet()
    async with fleets.listed(size=size) as (app, pilot):
        await pilot.press(*KEYS[name])
        await pilot.pause()
        same_screen(f"fleet-{name}-{size[0]}x{size[1]}", app)


@pytest.mark.parametrize("size", SIZES[1:3], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_the_first_page(size: tuple[int, int], same_screen: SameScreen) -> None:
    """Before anything is read: the names."""
    fleets.fleet()
    found = [FoundRun(fleets.ROOT / n / "_pbt", False) for n in ("ant_sweep", "cube_pbt")]
    async with fleets.listed(size=size, runs=lambda: RunsReader(fleets.ROOT, found=found)) as (
        app,
        _,
    ):
        same_screen(f"fleet-first-{size[0]}x{size[1]}", app)


@pytest.mark.parametrize("size", SIZES[1:3], ids=lambda s: f"{s[0]}x{s[1]}")
async def test_a_run_of_the_list(size: tuple[int, int], same_screen: SameScreen) -> None:
    """Its page tells the way back."""
    fleets.fleet()
    async with fleets.listed(size=size) as (app, pilot):
        await pilot.press("slash", *"pendulum", "enter", "enter")
        app.follower.read_all()
        await pilot.pause()
        app.take(app.follower.poll())
        app.page.changed(None)  # type: ignore[union-attr]
        await pilot.pause()
        same_screen(f"fleet-run-{size[0]}x{size[1]}", app)


async def test_in_ascii(same_screen: SameScreen) -> None:
    fleets.fleet()
    async with fleets.listed(size=(120, 40), preferences=Preferences(ascii=True)) as (app, _):
        same_screen("fleet-ascii-120x40", app)


async def test_no_problems(same_screen: SameScreen) -> None:
    typical(Path("train_dir/a/_pbt"), closed=True)
    fleets.closed(Path("train_dir/b/_pbt"), "succeeded")
    async with fleets.listed(runs=_tomorrow) as (app, pilot):
        await pilot.press("z")
        await pilot.pause()
        same_screen("fleet-no-problems-120x40", app)


def _tomorrow() -> RunsReader:
    """A failure of yesterday is no news."""
    runs = RunsReader(fleets.ROOT, clock=lambda: fleets.NOW + 90_000)
    runs.read_all()
    return runs
