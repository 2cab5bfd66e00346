"""Each key of the main screen does what the help says of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pbt_tui.tui import actions
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.screens.jobs import JobsScreen
from tests.tui.conftest import Shown
from tests.tui.shown import begin_again, text_of
from tests.tui.sweeps import sweep

Check = Callable[[Monitor], bool]


def row(at: int) -> Check:
    def check(app: Monitor) -> bool:
        assert isinstance(app.screen, JobsScreen)
        return app.screen.table.cursor == at

    return check


def page(name: str) -> Check:
    return lambda app: app.page is not None and name == app.page.PAGE


def says(text: str) -> Check:
    return lambda app: text in text_of(app)


LAST = 7 + 5 + 1 + 12 + 5 + 2 - 1
"""The last row once all groups are open."""
EFFECTS: dict[str, tuple[list[str], Check]] = {
    "down": ([], row(1)),
    "up": (["j", "j"], row(1)),
    "page_down": (["o"], lambda app: app.screen.query_one("#table").cursor > 5),  # type: ignore[attr-defined]
    "page_up": (["o", "G"], lambda app: app.screen.query_one("#table").cursor < LAST - 5),  # type: ignore[attr-defined]
    "first": (["j", "j"], row(0)),
    "last": (["o"], row(LAST)),
    "open": ([], page("job")),
    "log": ([], page("log")),
    "page_jobs": (["f"], page("jobs")),
    "page_failures": ([], page("failures")),
    "page_population": ([], page("population")),
    "page_log": ([], page("log")),
    "page_fleet": ([], says("there is no list: pbt-tui was given one run")),
    "page_timeline": ([], page("timeline")),
    "filter": ([], lambda app: app.screen.query_one("#filter").has_focus),
    "filter_off": (["slash", *"lr0.001", "enter"], lambda app: app.model.rows.is_whole),
    "problems": ([], says("problems only (z)")),
    "sort": ([], says("sort by")),
    "reverse": ([], says("sort: state ↑")),
    "fold_all": ([], says("▾ 12 jobs")),
    "detail": ([], lambda app: app.screen.query_one("#pane").has_class("-off")),
    "compare": ([], page("compare")),
    "mark": ([], lambda app: app.model.marks == {11}),
    "mark_all": ([], lambda app: len(app.model.marks) == 30),
    "unmark": (["a"], lambda app: not app.model.marks),
    "retry": (["G"], says("retry 04_lr0.0003")),
    "from_scratch": (["G"], says("retry 04_lr0.0003")),
    "cancel": ([], says("cancel 11_lr0.001")),
    "kill": ([], says("kill 11_lr0.001")),
    "hold": ([], says("hold run ant_sweep")),
    "release": ([], says("the run is not held")),
    "drain": ([], says("drain")),
    "executor": ([], says("executor")),
    "copy": ([], says("11_lr0.001")),
    "travel": ([], lambda app: app.journey is not None),
    "pause": ([], says("the screen is paused")),
    "command": ([], lambda app: type(app.screen).__name__ == "PromptDialog"),
    "palette": ([], lambda app: type(app.screen).__name__ == "CommandPalette"),
    "help": ([], page("help")),
    "back": (["z"], lambda app: not app.model.rows.problems_only),
    "interrupt": ([], says("Ctrl-C stops nothing here")),
    "quit": ([], lambda app: app.return_value is not None),
}
"""Action -> keys pressed before, and what is true after each of its own keys."""


def test_no_key_is_left_out() -> None:
    assert set(EFFECTS) == {action.id for action in actions.on("jobs") if not action.travels}


async def test_each_key(tmp_path: Path, shown: Shown) -> None:
    """In one application, because its start takes most of the time; `quit` is the last key."""
    path = sweep(tmp_path / "_pbt").rundir.path
    async with shown(path, (120, 40), after=3000.0) as (app, pilot):
        for name, (before, holds) in EFFECTS.items():
            for key in actions.by_id(name).keys.split(","):
                await begin_again(app)
                await pilot.press(*before)
                await pilot.pause()
                if name not in ("copy", "back", "unmark", "filter_off", "drain", "executor"):
                    assert not holds(app), f"{name}: it was so before"
                await pilot.press(key)
                await pilot.pause()
                assert holds(app), (name, key, text_of(app))
