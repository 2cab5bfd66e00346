"""Each key of the time line, from the question of the morning to the answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot

from pbt_tui.journal import events as ev
from pbt_tui.tui import actions
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.screens import timeline
from pbt_tui.tui.screens.timeline import TimelineScreen
from tests.tui.conftest import Shown
from tests.tui.journals import large
from tests.tui.shown import begin_again, text_of
from tests.tui.timelines import Night, hour, night

Check = Callable[[Monitor], bool]


@pytest.fixture
def told(tmp_path: Path) -> Night:
    return night(tmp_path / "_pbt")


def screen_of(app: Monitor) -> TimelineScreen:
    assert isinstance(app.screen, TimelineScreen)
    return app.screen


async def answered(app: Monitor, pilot: Pilot[str]) -> str:
    """The screen once the reason is found: a pause waits for the thread that looks for it."""
    await pilot.pause()
    assert ": …" not in text_of(app)
    return text_of(app)


async def test_two_keys_say_why_a_gpu_was_idle_at_night(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path, (200, 24), after=1800.0) as (app, pilot):
        await pilot.press("w")
        text = await answered(app, pilot)
        assert "GPU 2  idle 02:15:00 to 07:13:00 (4h58)" in text
        assert "why at 04:44:00: drained: ECC errors; and no executor ran from 02:58:00" in text
        await pilot.press("k")
        await pilot.press("k")
        assert "no executor ran from 02:58:00 to 07:12:00" in await answered(app, pilot)


async def test_each_idle_time_of_a_gpu(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path, (120, 24), after=1800.0) as (app, pilot):
        await pilot.press("w", "k", "left_square_bracket")
        await pilot.press("left_square_bracket")
        assert "held by ada since" in await answered(app, pilot)
        assert "no idle time as wide as a cell before this" in text_of(app)
        await pilot.press("right_square_bracket")
        text = await answered(app, pilot)
        assert "GPU 1  idle 07:20:00 to 08:20:00 (1h00)" in text
        assert "`07_ant` needs 2 GPUs, only 1 free" in text
        await pilot.press("right_square_bracket")
        await pilot.pause()
        assert "no idle time as wide as a cell after this" in text_of(app)


async def test_from_failure_to_failure_and_to_the_job(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path, (120, 24), after=1800.0) as (app, pilot):
        await pilot.press("w", "0", *["less_than_sign"] * 3, "n")
        await pilot.pause()
        assert "02_ant  attempt 1 of 2 · GPU 2 · " in text_of(app)
        assert "failed: exit 1: KeyError: 'lr'" in text_of(app)
        await pilot.press("n")
        await pilot.pause()
        assert "attempt 2 of 2" in text_of(app)
        await pilot.press("n")
        await pilot.pause()
        assert "no failure after this" in text_of(app)
        await pilot.press("N", "enter")
        await pilot.pause()
        assert app.page is not None
        assert app.page.PAGE == "job"


def page(name: str) -> Check:
    return lambda app: app.page is not None and name == app.page.PAGE


def says(text: str) -> Check:
    return lambda app: text in text_of(app)


def row(at: int) -> Check:
    return lambda app: screen_of(app).lines.cursor == at


def moment(check: Callable[[float], bool]) -> Check:
    def holds(app: Monitor) -> bool:
        at = screen_of(app).moment
        return at is not None and check(at)

    return holds


def cell(check: Callable[[float], bool]) -> Check:
    return lambda app: check(screen_of(app).view.cell / whole(app))


def whole(app: Monitor) -> float:
    view = screen_of(app).view
    return (view.end - view.begin) * 1.02 / view.columns


HERE = (hour("02:15") + hour("07:13")) / 2
"""Where the cursor begins."""
EFFECTS: dict[str, tuple[list[str], Check]] = {
    "down": (["k"], row(3)),
    "up": ([], row(2)),
    "page_down": (["k"], row(3)),
    "page_up": ([], row(0)),
    "first": ([], row(0)),
    "last": (["k"], row(3)),
    "open": (["N"], page("job")),
    "log": (["N"], page("log")),
    "page_jobs": ([], page("jobs")),
    "page_failures": ([], page("failures")),
    "page_fleet": ([], says("there is no list: pbt-tui was given one run")),
    "page_population": ([], page("population")),
    "time_back": ([], moment(lambda at: HERE - 600 < at < HERE)),
    "time_forth": ([], moment(lambda at: HERE < at < HERE + 600)),
    "screen_back": ([], moment(lambda at: at < HERE - 4 * 3600)),
    "screen_forth": ([], moment(lambda at: at > HERE + 4 * 3600)),
    "zoom_in": ([], cell(lambda share: 0.49 < share < 0.51)),
    "zoom_out": (["plus", "plus"], cell(lambda share: 0.49 < share < 0.51)),
    "fit_all": (["plus", "plus"], cell(lambda share: 0.99 < share < 1.01)),
    "next_idle": ([], moment(lambda at: at > hour("10:00"))),
    "previous_idle": (["right_square_bracket"], moment(lambda at: at == HERE)),
    "next": (["less_than_sign", "less_than_sign", "g"], says("attempt 1 of 2")),
    "previous": ([], says("attempt 2 of 2")),
    "turn": ([], says("per job")),
    "hold": ([], says("hold run ant_night")),
    "release": ([], says("the run is not held")),
    "drain": ([], says("drain")),
    "executor": ([], says("executor is running")),
    "copy": ([], says("copied: GPU 2")),
    "pause": ([], says("the screen is paused")),
    "command": ([], lambda app: type(app.screen).__name__ == "PromptDialog"),
    "palette": ([], lambda app: type(app.screen).__name__ == "CommandPalette"),
    "help": ([], page("help")),
    "back": ([], page("jobs")),
    "interrupt": ([], says("Ctrl-C stops nothing here")),
    "quit": ([], page("jobs")),
}
"""Action -> keys pressed before, and what is true after each of its own keys."""


def test_no_key_is_left_out() -> None:
    assert set(EFFECTS) == {action.id for action in actions.on("timeline")}


async def test_each_key(told: Night, shown: Shown) -> None:
    """In one application, because it is the start of one that takes its time."""
    async with shown(told.rundir.path, (120, 24), after=1800.0) as (app, pilot):
        for name, (before, holds) in EFFECTS.items():
            for key in actions.by_id(name).keys.split(","):
                await begin_again(app)
                await pilot.press("w", *before)
                await pilot.pause()
                assert name in ("drain", "executor") or not holds(app), f"{name}: it was so before"
                await pilot.press(key)
                await pilot.pause()
                assert holds(app), (name, key, text_of(app))


async def test_every_page_but_the_log_opens_it(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path) as (app, pilot):
        for opened in ("f", "p", "enter", "question_mark", ""):
            for key in ("w", "5"):
                await begin_again(app)
                await pilot.press(*([opened] if opened else []), key)
                await pilot.pause()
                assert page("timeline")(app), (opened, key)


async def test_w_turns_it_and_a_job_keeps_the_cursor(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path, (120, 24), after=1800.0) as (app, pilot):
        await pilot.press("w", "N", "w")
        text = await answered(app, pilot)
        assert "▌02_ant" in text
        assert "02_ant  attempt 2 of 2" in text
        await pilot.press("k")
        assert "07_ant  waited 2025-10-08 21:30:00 to 08:20:00" in await answered(app, pilot)
        await pilot.press("t")
        await pilot.pause()
        assert "per slot" in text_of(app)


async def test_a_click_moves_the_cursor(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path, (120, 24), after=1800.0) as (app, pilot):
        await pilot.press("w")
        await pilot.pause()
        await pilot.click("#rows", offset=(20, 1))
        await pilot.pause()
        assert row(1)(app)
        assert "00_ant  attempt 1" in text_of(app)


async def test_it_follows_the_run_and_draws_nothing_twice(
    told: Night, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with shown(told.rundir.path, (120, 24), after=1800.0) as (app, pilot):
        await pilot.press("w")
        await answered(app, pilot)
        screen = screen_of(app)
        painted = screen.lines._painted
        before = dict(painted)
        refreshed: list[object] = []
        refresh = screen.lines.refresh

        def noted(*regions: Any, **more: Any) -> object:
            refreshed.append(regions)
            return refresh(*regions, **more)

        monkeypatch.setattr(screen.lines, "refresh", noted)
        for _ in range(3):
            screen.tick(app.now())
        assert not refreshed
        assert screen.lines._painted == before
        told.at = hour("10:30")
        told.end("07_ant", "failed", exit_code=1, cause="exit").flush()
        app.follow()
        await pilot.pause()
        assert refreshed
        assert text_of(app).count("✗") == 5


async def test_a_new_journal_begins_anew(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path, (120, 24), after=1800.0) as (app, pilot):
        await pilot.press("w")
        await pilot.pause()
        fresh = Night(told.rundir.path.parent / "other", told.plan, at=hour("11:00"), gpus=1)
        fresh.opened().executor()
        fresh.begin("00_ant", 0)
        fresh.flush()
        fresh.rundir.journal.rename(told.rundir.journal)
        app.follow()
        app.follow()
        await pilot.pause()
        assert "GPU 1" not in text_of(app)
        assert "00_ant" in text_of(app)


async def test_a_thread_makes_the_rows_of_a_large_run(
    tmp_path: Path, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timeline, "_MANY", 100)
    path = large(tmp_path / "_pbt", 400).rundir.path
    async with shown(path, (120, 40)) as (app, pilot):
        await pilot.press("w")
        await pilot.pause()
        assert "GPU 0 ·1" in text_of(app)


async def test_a_journal_that_cannot_be_read_is_told(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path, (120, 24), after=1800.0) as (app, pilot):
        told.rundir.journal.write_bytes(b"} no event\n")
        await pilot.press("w")
        assert "unknown: `" in await answered(app, pilot)


async def test_a_journal_that_is_gone_or_shorter_gives_no_answer(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path, (200, 24), after=1800.0) as (app, pilot):
        lines = told.rundir.journal.read_bytes().splitlines(keepends=True)
        await pilot.press("w")
        assert "why at 04:44:00: drained" in await answered(app, pilot)
        told.rundir.journal.write_bytes(b"".join(lines[:4]))
        await pilot.press("left")
        assert "unknown: `" in await answered(app, pilot)
        told.rundir.journal.unlink()
        await pilot.press("left")
        assert "unknown: `" in await answered(app, pilot)


async def test_a_run_that_has_not_begun(tmp_path: Path, shown: Shown) -> None:
    told = Night(tmp_path / "_pbt", night(tmp_path / "other").plan, at=hour("11:00"), gpus=1)
    told.opened().flush()
    async with shown(told.rundir.path, (120, 24), holder=None) as (app, pilot):
        await pilot.press("w")
        for key in ("n", "N", "right_square_bracket", "enter", "t", "j", "y", "plus", "0", "t"):
            await pilot.press(key)
            await answered(app, pilot)
        assert "none had been started yet" in text_of(app)


async def test_any_size(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path, (20, 5)) as (app, pilot):
        await pilot.press("w")
        for size in ((20, 5), (40, 10), (250, 60), (1, 1), (80, 24), (20, 5)):
            await pilot.resize_terminal(*size)
            await pilot.press("t", "j", "plus", "right", "minus")
        await pilot.pause()
        assert text_of(app).count("\n") == 5


async def test_restarts_of_a_cluster_are_landmarks(told: Night, shown: Shown) -> None:
    async with shown(told.rundir.path) as (app, _pilot):
        seq, at = app.follower.state.seq, app.follower.state.at
        again = ev.AttemptStarted(
            seq=seq + 1, at=at, job="07_ant", attempt=1, handle="9", node="n2", restart=1
        )
        with told.rundir.journal.open("ab") as file:
            file.write(msgspec.json.encode(again) + b"\n")
        app.follow()
        assert app.follower.error is None
