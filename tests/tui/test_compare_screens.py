"""The comparison in each of its states at three sizes, as it was stored."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.tui.journal_follower import FollowerUpdate
from tests.tui import journals
from tests.tui import simulated_populations as populations
from tests.tui.conftest import SameScreen, Shown
from tests.tui.strange_series import strange
from tests.tui.sweeps import sweep

RUN = Path("train_dir/run/_pbt")
SIZES = [(80, 24), (120, 40), (200, 50)]
WALKS = {
    "jobs": (sweep, ["space", "space", "space", "space", "space", "v", "j"]),
    "many": (sweep, ["a", "v"]),
    "one": (sweep, ["v"]),
    "rate": (sweep, ["a", "v", "m", "m", "a", "s"]),
    "failures": (sweep, ["f", "v"]),
    "strange": (strange, ["a", "v"]),
    "strange-log-time": (strange, ["a", "v", "a", "s", "s", "j"]),
}


@pytest.mark.parametrize("name", WALKS)
async def test_state(name: str, shown: Shown, same_screen: SameScreen) -> None:
    write, keys = WALKS[name]
    write(RUN)
    async with shown(RUN, SIZES[0], after=3000.0) as (app, pilot):
        while app.model.poll_progress(app.now()):
            pass
        app.take(FollowerUpdate())
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            same_screen(f"compare-{name}-{size[0]}x{size[1]}", app)


@pytest.mark.parametrize("name", ["simulated", "strange", "many"])
async def test_members(
    name: str, shown: Shown, same_screen: SameScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = populations.simulated(64, 120) if name == "many" else getattr(populations, name)()
    journals.typical(RUN)
    async with shown(RUN, SIZES[0]) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = (row,)
        await pilot.press("p", "j", "v")
        await pilot.pause()
        for size in SIZES:
            await pilot.resize_terminal(*size)
            await pilot.pause()
            same_screen(f"compare-members-{name}-{size[0]}x{size[1]}", app)


async def test_in_ascii(shown: Shown, same_screen: SameScreen) -> None:
    strange(RUN)
    async with shown(RUN, (120, 40), ascii_only=True) as (app, pilot):
        app.model.poll_progress(app.now())
        await pilot.press("a", "v")
        await pilot.pause()
        same_screen("compare-ascii-120x40", app)
        stored = Path(__file__).parent / "screens/compare-ascii-120x40.txt"
        assert stored.read_text(encoding="utf-8").isascii()
