"""The population page in each state of a population at three sizes, as it was stored."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from pbt_tui.observe.snapshot_types import PopulationRow
from tests.tui import journals
from tests.tui import simulated_populations as populations
from tests.tui.conftest import SameScreen, Shown

RUN = Path("train_dir/ant_pbt/_pbt")
SIZES = [(80, 24), (120, 40), (200, 50)]
STATES: dict[str, Callable[[Path], PopulationRow]] = {
    "running": lambda _: populations.simulated(),
    "finished": lambda _: populations.finished(),
    "dead": lambda _: populations.with_a_dead_member(),
    "no-exchange": lambda _: populations.simulated(4, 6, exchange=False),
    "one-member": lambda _: populations.simulated(1, 30, exchange=False),
    "many": lambda _: populations.simulated(64, 120),
    "strange": lambda _: populations.strange(),
    "damaged": populations.damaged,
    "of-another": populations.of_another,
    "rl-games": lambda root: populations.trained("rl_games", root),
    "isaacgymenvs": lambda root: populations.trained("isaacgymenvs", root),
}
PICTURES = ["lineage", "heat-map", "drift", "rounds"]


@pytest.mark.parametrize("name", STATES)
async def test_state(
    name: str,
    shown: Shown,
    same_screen: SameScreen,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    row = STATES[name](tmp_path / "read")
    journals.typical(RUN)
    async with shown(RUN, SIZES[0]) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = (row,)
        await pilot.press("p", "j")
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            same_screen(f"population-{name}-{size[0]}x{size[1]}", app)


async def test_as_it_was(
    shown: Shown, same_screen: SameScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals.typical(RUN)
    async with shown(RUN, SIZES[0]) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = (populations.simulated(),)
        await pilot.press("p", "j", *["left"] * 8)
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            same_screen(f"population-past-{size[0]}x{size[1]}", app)


async def test_each_picture_alone(
    shown: Shown, same_screen: SameScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals.typical(RUN)
    async with shown(RUN) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = (populations.simulated(),)
        await pilot.press("p", "j")
        for picture in PICTURES:
            await pilot.press("h")
            await pilot.pause()
            same_screen(f"population-{picture}-80x24", app)


async def test_in_ascii(
    shown: Shown, same_screen: SameScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals.typical(RUN)
    async with shown(RUN, (120, 40), ascii_only=True) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = (populations.simulated(),)
        await pilot.press("p", "j")
        await pilot.pause()
        same_screen("population-ascii-120x40", app)
        stored = Path(__file__).parent / "screens/population-ascii-120x40.txt"
        assert stored.read_text(encoding="utf-8").isascii()
