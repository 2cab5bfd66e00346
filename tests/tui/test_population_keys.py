"""The keys of the population page: pictures, axes, the walk through generations."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.geometry import Region
from textual.pilot import Pilot

from pbt_tui.observe.snapshot_types import PopulationRow
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.screens import population
from pbt_tui.tui.screens.population import PopulationScreen
from pbt_tui.tui.widgets.lines import Lines
from tests.tui import journals
from tests.tui import simulated_populations as populations
from tests.tui.conftest import Shown
from tests.tui.shown import text_of

RUN = Path("train_dir/ant_pbt/_pbt")
Opened = Any
"""Opens the page: an asynchronous context manager of the application and its pilot."""


@pytest.fixture
def page(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """Opens the page on some populations; no thread reads a workspace."""

    @asynccontextmanager
    async def opened(rows: Sequence[PopulationRow], size: tuple[int, int] = (80, 24)) -> Any:
        journals.typical(RUN)
        async with shown(RUN, size) as (app, pilot):
            monkeypatch.setattr(app, "read_populations", lambda then: None)
            app.populations = tuple(rows)
            await pilot.press("p")
            await pilot.pause()
            yield app, pilot

    return opened


async def pressed(pilot: Pilot[str], app: Monitor, *keys: str) -> str:
    await pilot.press(*keys)
    await pilot.pause()
    return text_of(app)


def ranks(app: Monitor) -> list[int]:
    """The members in the order of the table."""
    assert isinstance(app.screen, PopulationScreen)
    return [member.index for member in app.screen.ranked]


async def test_h_turns_through_the_pictures(page: Opened) -> None:
    async with page([populations.simulated()]) as (app, pilot):
        assert "objective by generation" in text_of(app)
        for head in (" lineage ", " heat map ", " drift ", " what happened"):
            text = await pressed(pilot, app, "h")
            assert head in text
            assert "objective by generation" not in text
        assert "objective by generation" in await pressed(pilot, app, "h")


async def test_h_where_there_is_room_for_all(page: Opened) -> None:
    async with page([populations.simulated()], (200, 50)) as (app, pilot):
        text = text_of(app)
        for head in ("objective by generation", " lineage ", " drift ", "what happened"):
            assert head in text
        text = await pressed(pilot, app, "h")
        assert "objective by generation" in text
        assert " lineage " not in text


async def test_s_turns_the_y_axis(page: Opened) -> None:
    async with page([populations.strange()]) as (app, pilot):
        assert "y clipped: 16 values are outside" in text_of(app), "one member hides the others"
        assert "y linear" in await pressed(pilot, app, "s")
        assert "y symlog" in await pressed(pilot, app, "s")
        assert "y clipped" in await pressed(pilot, app, "s")


async def test_the_first_s_turns_from_what_is_shown(page: Opened) -> None:
    async with page([populations.simulated()]) as (app, pilot):
        assert "y linear" in text_of(app)
        assert "y log" in await pressed(pilot, app, "s")
        assert "y clipped" in await pressed(pilot, app, "s")
        assert "y linear" in await pressed(pilot, app, "s")


async def test_a_turns_the_x_axis(page: Opened) -> None:
    async with page([populations.simulated()]) as (app, pilot):
        text = await pressed(pilot, app, "a")
        assert "objective by frames" in text
        assert "200M" in text
        assert "objective by generation" in await pressed(pilot, app, "a")


async def test_left_and_right_walk_through_the_generations(page: Opened) -> None:
    async with page([populations.simulated()]) as (app, pilot):
        now, order = text_of(app), ranks(app)
        text = await pressed(pilot, app, "left")
        assert "as it was at generation 19" in text
        text = await pressed(pilot, app, *["left"] * 9)
        assert "as it was at generation 10" in text
        assert ranks(app) != order
        assert "STATE" not in text, "what a member was doing then is not known"
        assert "as it was at generation 11" in await pressed(pilot, app, "right")
        text = await pressed(pilot, app, *["left"] * 30)
        assert any(line.endswith("as it was at generation 1") for line in text.splitlines())
        await pressed(pilot, app, *["right"] * 19)
        assert text_of(app).splitlines()[1:4] == now.splitlines()[1:4]


@pytest.mark.parametrize("key", ["0", "escape"])
async def test_back_to_now(key: str, page: Opened) -> None:
    async with page([populations.simulated()]) as (app, pilot):
        await pressed(pilot, app, "left", "left", "left")
        text = await pressed(pilot, app, key)
        assert "as it was" not in text
        assert isinstance(app.screen, PopulationScreen)
        await pressed(pilot, app, "escape")
        assert not isinstance(app.screen, PopulationScreen)


async def test_the_cursor_stays_on_its_member(page: Opened) -> None:
    async with page([populations.simulated()]) as (app, pilot):
        await pressed(pilot, app, "j", "j")
        chosen = ranks(app)[app.screen.members.cursor]
        for key in ("left", "left", "left", "left", "right", "0"):
            await pressed(pilot, app, key)
            assert ranks(app)[app.screen.members.cursor] == chosen


async def test_the_member_under_the_cursor_is_marked(page: Opened) -> None:
    async with page([populations.simulated()]) as (app, pilot):
        before = text_of(app)
        member = ranks(app)[1]
        text = await pressed(pilot, app, "j")
        assert f"▌━━ {member}" in text
        assert f"▌━━ {member}" not in before


async def test_what_a_generation_decided_and_why(page: Opened) -> None:
    row = populations.simulated()
    async with page([row], (120, 40)) as (app, pilot):
        assert "among the worst: 4, the best was better by 1.175" in text_of(app)
        text = await pressed(pilot, app, "left", "h", "h", "h", "h", "h")
        assert "what generation 19 decided" in text
        assert "member 4 copied member 3 @19  among the worst: 4" in text
        assert "members 0, 1, 2, 5, 6, 7 went on: not among the worst: 4" in text
        assert "member 3 went on: among the best" in text


async def test_brackets_go_to_another_population_and_to_now(page: Opened) -> None:
    other = replace(populations.simulated(4, 6, exchange=False), id="walker")
    async with page([populations.simulated(), other]) as (app, pilot):
        await pressed(pilot, app, "left", "j", "j")
        text = await pressed(pilot, app, "right_square_bracket")
        assert "walker" in text
        assert "4 members · generation 6" in text
        text = await pressed(pilot, app, "left_square_bracket")
        assert "8 members · generation 20" in text


async def test_enter_opens_the_member_also_in_the_past(page: Opened) -> None:
    row = replace(populations.simulated(), id="ant_pbt_0")
    async with page([row]) as (app, pilot):
        await pressed(pilot, app, "j", "left", "left")
        member = ranks(app)[app.screen.members.cursor]
        await pressed(pilot, app, "enter")
        assert app.model.state.by_id[app.screen.job].spec.member == member


async def test_nothing_is_drawn_while_nothing_is_new(
    page: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[Region, ...]] = []
    async with page([populations.simulated()], (200, 50)) as (app, pilot):
        await pressed(pilot, app, "j")
        refresh = Lines.refresh

        def noted(self: Lines, *regions: Region, **more: Any) -> Lines:
            drawn.append(regions)
            return refresh(self, *regions, **more)

        monkeypatch.setattr(Lines, "refresh", noted)
        for _ in range(3):
            app.screen.tick(app.now())
            app.screen.draw(None)
        app.populations = (replace(app.populations[0]),)
        app.screen.draw(None)
        assert drawn == []


async def test_a_large_population_is_computed_in_another_thread(
    page: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = populations.simulated(6, 12)
    waiting: list[Any] = []
    async with page([], (120, 40)) as (app, pilot):
        monkeypatch.setattr(population, "_MANY", 10)
        monkeypatch.setattr(app, "in_background", waiting.append)
        app.populations = (row,)
        app.screen.draw(None)
        await pilot.pause()
        text = text_of(app)
        assert "computing the pictures" in text
        assert "generation 12" in text, "the table does not wait"
        app.screen.draw(None)
        (work,) = waiting
        work()()
        await pilot.pause()
        text = text_of(app)
        assert "objective by generation" in text
        assert "computing" not in text
        newer = replace(row, alarms=())
        app.populations = (newer,)
        app.screen.draw(None)
        await pilot.pause()
        assert "objective by generation" in text_of(app), "the pictures before stay"
        assert len(waiting) == 2
