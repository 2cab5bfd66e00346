"""Each key of the list of runs does what the help says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from pbt_tui.tui import actions
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.fleet.fleet_order import ORDERS
from pbt_tui.tui.screens.fleet import FleetScreen
from tests.tui import fleets
from tests.tui.shown import text_of

Check = Callable[[Monitor], bool]
ROWS = 11
NAMES = [
    "hopper", "ant_sweep", "walker", "maze_night", "cube_pbt", "half", "newer", "torn",
    "not_begun", "cartpole", "pendulum",
]  # fmt: skip


def screen(app: Monitor) -> FleetScreen:
    assert isinstance(app.screen, FleetScreen)
    return app.screen


def row(at: int) -> Check:
    return lambda app: screen(app).table.cursor == at


def names(app: Monitor) -> list[str]:
    return [row.name for row in screen(app).order.rows]


def page(name: str) -> Check:
    return lambda app: app.page is not None and name == app.page.PAGE


def says(text: str) -> Check:
    return lambda app: text in text_of(app)


EFFECTS: dict[str, tuple[list[str], Check]] = {
    "down": ([], row(1)),
    "up": (["j", "j"], row(1)),
    "page_down": ([], row(6)),
    "page_up": (["G"], row(ROWS - 7)),
    "first": (["j", "j"], row(0)),
    "last": ([], row(ROWS - 1)),
    "open_run": (["j"], lambda app: app.model.state.spec.run == "ant_sweep"),
    "filter_runs": ([], lambda app: app.screen.query_one("#filter").has_focus),
    "problem_runs": ([], lambda app: names(app) == NAMES[:8]),
    "older_runs": ([], lambda app: names(app) == [*NAMES, "walker.1"]),
    "sort_runs": ([], says("sort by  p problems  n name")),
    "reverse": (["s", "n"], lambda app: names(app)[:2] == ["walker", "pendulum"]),
    "copy_run": ([], says(f"train_dir/{NAMES[0]}/_pbt")),
    "pause": ([], says("the screen is paused")),
    "command": ([], lambda app: type(app.screen).__name__ == "PromptDialog"),
    "palette": ([], lambda app: type(app.screen).__name__ == "CommandPalette"),
    "help": ([], page("help")),
    "back": (["z"], lambda app: names(app) == NAMES),
    "interrupt": ([], says("Ctrl-C stops nothing here")),
    "quit": ([], lambda app: app.return_value is not None),
}
"""Action -> keys pressed before, and what is true after each of its own keys."""


def test_no_key_is_left_out() -> None:
    assert set(EFFECTS) == {action.id for action in actions.on("fleet")}


async def list_again(app: Monitor, pilot: Pilot[str]) -> None:
    """Shows the list as a new application would, in the same one."""
    while len(app.screen_stack) > 1:
        await app.pop_screen()
    app._fleet, app.paused = None, False
    app.open_fleet()
    await pilot.pause()


async def test_each_key() -> None:
    """In one application, because its start takes most of the time; `quit` is the last key."""
    fleets.fleet()
    async with fleets.listed(size=(120, 12)) as (app, pilot):
        for name, (before, holds) in EFFECTS.items():
            for key in actions.by_id(name).keys.split(","):
                await list_again(app, pilot)
                await pilot.press(*before)
                await pilot.pause()
                assert not holds(app), f"{name}: it was so before {key}"
                await pilot.press(key)
                await pilot.pause()
                assert holds(app), (name, key, text_of(app))


@pytest.mark.parametrize("before", [[], ["question_mark"]])
async def test_a_key_of_a_run_does_nothing_where_none_is_shown(before: list[str]) -> None:
    fleets.fleet()
    async with fleets.listed() as (app, pilot):
        await pilot.press(*before)
        was = text_of(app)
        for key in ("f", "p", "H", "E", "x", "1", "6", "l"):
            await pilot.press(key)
            await pilot.pause()
            assert text_of(app) == was, key


FIRST = {
    "p": "hopper", "n": "ant_sweep", "c": "ant_sweep", "t": "ant_sweep", "r": "maze_night",
    "f": "ant_sweep", "d": "walker", "e": "ant_sweep", "b": "ant_sweep", "h": "cartpole",
}  # fmt: skip


async def test_each_order() -> None:
    assert set(FIRST) == set(ORDERS)
    fleets.fleet()
    async with fleets.listed() as (app, pilot):
        for letter, first in FIRST.items():
            await pilot.press("s", letter)
            await pilot.pause()
            assert names(app)[0] == first, letter
            readable = [n for n in names(app) if n not in ("half", "newer", "torn")]
            assert letter == "p" or names(app)[: len(readable)] == readable, letter


FOUND: dict[str, list[str]] = {
    "maze": ["maze_night"],
    "state:live": ["ant_sweep", "cube_pbt"],
    "!state:closed problem:failures": ["ant_sweep", "maze_night", "cube_pbt"],
    "failed>4": ["ant_sweep"],
    "failed=0 state:closed": ["cartpole", "pendulum"],
    "best>=33": ["ant_sweep"],
    "host:node2": ["cartpole", "pendulum"],
    "damaged": ["torn"],
    "why:newer": ["newer"],
    "(((": [],
}


async def test_what_the_filter_finds() -> None:
    fleets.fleet()
    async with fleets.listed() as (app, pilot):
        for text, found in FOUND.items():
            screen(app).order.text = text
            screen(app).changed(None)
            await pilot.pause()
            assert names(app) == found, text
        await pilot.press("escape")
        assert names(app) == NAMES


SAID = {
    "fail>3": "no field `fail`: did you mean `failed`?",
    "hosts:a": "no field `hosts`: did you mean `host`?",
    "failed>x": "`>` needs a number: `x` is none",
}


async def test_what_the_filter_does_not_understand() -> None:
    fleets.fleet()
    async with fleets.listed() as (app, pilot):
        for text, said in SAID.items():
            await pilot.press("slash", *text, "enter")
            await pilot.pause()
            assert said in text_of(app)


async def test_a_run_and_back() -> None:
    """The cursor is where it was, also if the runs have moved meanwhile."""
    fleets.fleet()
    async with fleets.listed() as (app, pilot):
        await pilot.press("j", "j", "j", "j", "enter")
        await pilot.pause()
        assert app.model.state.spec.run == "ant_pbt"
        assert app.follower.rundir.path == Path("train_dir/cube_pbt/_pbt")
        await pilot.press("f")
        assert page("failures")(app)
        await pilot.press("escape")
        assert page("jobs")(app)
        await pilot.press("escape")
        await pilot.pause()
        assert names(app)[screen(app).table.cursor] == "cube_pbt"
        assert not app.shows_run
        assert not app.model.state.jobs, "what belongs to the run is let go"
        await pilot.press("s", "n")
        await pilot.pause()
        assert names(app)[screen(app).table.cursor] == "cube_pbt"
        await pilot.press("enter", "q")
        await pilot.pause()
        assert page("fleet")(app), "q goes back before it quits"
        await pilot.press("q")
        assert "pbt-tui train_dir" in (app.return_value or "")


async def test_back_from_any_page() -> None:
    fleets.fleet()
    async with fleets.listed() as (app, pilot):
        for keys in (["6"], ["f", "6"], ["enter", "l", "6"], ["x", "escape", "6"]):
            await list_again(app, pilot)
            await pilot.press("j", "enter")
            app.follower.read_all()
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
            assert page("fleet")(app), keys
            assert names(app)[screen(app).table.cursor] == "ant_sweep", keys


async def test_nothing_of_a_run_stays_for_the_next_one() -> None:
    fleets.fleet()
    async with fleets.listed() as (app, pilot):
        await pilot.press("j", "enter")
        app.follower.read_all()
        app.take(app.follower.poll())
        await pilot.press("a", "i")
        assert app.model.marks
        assert app.paused
        requests = app.requests
        await pilot.press("escape", "escape", "j", "enter")
        await pilot.pause()
        assert app.follower.rundir.path.parent.name == "walker"
        assert not app.model.marks
        assert not app.paused
        assert app.requests is not requests


async def test_a_run_that_cannot_be_read_is_a_message() -> None:
    fleets.fleet()
    async with fleets.listed() as (app, pilot):
        await pilot.press(*["j"] * 5, "enter")
        await pilot.pause()
        assert page("fleet")(app)
        assert "`spec.json` is missing" in text_of(app).splitlines()[-1]


async def test_without_a_list_the_key_says_so(tmp_path: Path) -> None:
    from pbt_tui.journal.run_dir import RunDir
    from pbt_tui.tui.journal_follower import JournalFollower

    fleets.fleet(tmp_path)
    app = Monitor(JournalFollower(RunDir(tmp_path / "walker" / "_pbt")), timer=False)
    async with app.run_test(size=(120, 30)) as pilot:
        await pilot.press("6")
        await pilot.pause()
        assert "there is no list: pbt-tui was given one run" in text_of(app)
        await pilot.press("escape")
        assert page("jobs")(app)
