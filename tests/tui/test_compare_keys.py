"""The keys of the comparison, how it is opened, and how it follows a run."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from textual.geometry import Region
from textual.pilot import Pilot

from pbt_tui.observe import progress
from pbt_tui.tui import actions, comparing
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.render.comparison import Comparison, ComparisonChoices
from pbt_tui.tui.render.comparison_series import Contender, Track
from pbt_tui.tui.screens.compare import CompareScreen
from pbt_tui.tui.widgets.key_bar import KeyBar
from pbt_tui.tui.widgets.lines import Lines
from tests.tui import journals
from tests.tui import simulated_populations as populations
from tests.tui.conftest import Shown
from tests.tui.journals import Story, spec
from tests.tui.shown import text_of
from tests.tui.strange_series import strange
from tests.tui.sweeps import sweep

RUN = Path("train_dir/run/_pbt")
FIVE = ["space", "space", "space", "space", "space"]
Check = Callable[[Monitor], bool]


async def opened(app: Monitor, pilot: Pilot[str], *keys: str) -> str:
    while app.model.poll_progress(app.now()):
        pass
    app.take(FollowerUpdate())
    await pilot.pause()
    return await pressed(app, pilot, *keys)


async def pressed(app: Monitor, pilot: Pilot[str], *keys: str) -> str:
    await pilot.press(*keys)
    await pilot.pause()
    return text_of(app)


def page(app: Monitor) -> CompareScreen:
    assert isinstance(app.screen, CompareScreen), type(app.screen)
    return app.screen


def names(app: Monitor) -> list[str]:
    found = page(app).found
    return [] if found is None else [one.name for one in found.rows]


def says(text: str) -> Check:
    return lambda app: text in text_of(app)


def on(name: str) -> Check:
    return lambda app: app.page is not None and name == app.page.PAGE


def row(at: int) -> Check:
    return lambda app: isinstance(app.screen, CompareScreen) and app.screen.rows.cursor == at


EFFECTS: dict[str, tuple[list[str], Check]] = {
    "down": ([], row(1)),
    "up": (["j", "j"], row(1)),
    "page_down": ([], row(4)),
    "page_up": (["G"], row(0)),
    "first": (["j", "j"], row(0)),
    "last": ([], row(4)),
    "open": ([], on("job")),
    "log": ([], on("log")),
    "page_log": ([], on("log")),
    "page_jobs": ([], on("jobs")),
    "page_failures": ([], on("failures")),
    "page_fleet": ([], says("there is no list: pbt-tui was given one run")),
    "page_timeline": ([], on("timeline")),
    "page_population": ([], on("population")),
    "next": ([], row(1)),
    "previous": ([], row(4)),
    "scale": ([], says("y log")),
    "x_axis": ([], says("objective by time since its start")),
    "measure": ([], says("progress by frames")),
    "threshold": ([], says("95 % of the way")),
    "order": ([], says("sort by")),
    "reverse_order": ([], lambda app: names(app)[0] == "15_lr0.0001"),
    "left": (["right"], lambda app: page(app).table.first == 0),  # type: ignore[union-attr]
    "right": ([], lambda app: page(app).table.first == 1),  # type: ignore[union-attr]
    "retry": ([], says("nothing to retry: 11_lr0.001 is running")),
    "from_scratch": ([], says("nothing to retry: 11_lr0.001 is running")),
    "cancel": ([], says("cancel 11_lr0.001")),
    "kill": ([], says("kill 11_lr0.001")),
    "hold": ([], says("hold run ant_sweep")),
    "release": ([], says("the run is not held")),
    "drain": ([], says("drain")),
    "executor": ([], says("executor")),
    "copy": ([], says("copied: ")),
    "pause": ([], says("the screen is paused")),
    "command": ([], lambda app: type(app.screen).__name__ == "PromptDialog"),
    "palette": ([], lambda app: type(app.screen).__name__ == "CommandPalette"),
    "help": ([], says("keys of a comparison")),
    "back": ([], on("jobs")),
    "interrupt": ([], says("Ctrl-C stops nothing here")),
    "quit": ([], on("jobs")),
}
"""Action -> keys pressed before, and what is true after it."""


def test_no_key_is_left_out() -> None:
    assert set(EFFECTS) == {action.id for action in actions.on("compare")}


async def test_each_key(shown: Shown) -> None:
    """In one application, because it is the start of one that takes its time."""
    sweep(RUN)
    async with shown(RUN, (112, 40), after=3000.0) as (app, pilot):
        await opened(app, pilot, *FIVE)
        stack = list(app.screen_stack)
        for name, (before, holds) in EFFECTS.items():
            if isinstance(app.screen, CompareScreen):  # as it was opened
                page(app)._chosen, page(app).choices = None, ComparisonChoices()
                page(app).draw(None)
                await pressed(app, pilot, *before)
            else:
                await pressed(app, pilot, "v", *before)
            assert name in ("drain", "executor") or not holds(app), f"{name}: it was so before"
            await pressed(app, pilot, actions.by_id(name).keys.split(",")[0])
            assert holds(app), (name, text_of(app))
            while not isinstance(app.screen, CompareScreen) and app.screen_stack != stack:
                await app.pop_screen()
            if name == "order":
                await pressed(app, pilot, "escape")  # answers the question
            app.paused = False
            app.screen.query_one(KeyBar).say("", "", 0.0, lasts=0.0)


# -- how it is opened ------------------------------------------------------------------------------


async def test_marked_jobs(shown: Shown) -> None:
    sweep(RUN)
    async with shown(RUN, (120, 40), after=3000.0) as (app, pilot):
        text = await opened(app, pilot, *FIVE, "v")
        assert "5 jobs compared  3 differ: lr, seed, num_envs" in text
        assert "same: experiment ant" in text
        assert names(app) == [
            "11_lr0.001", "12_lr0.0001", "13_lr0.0003", "14_lr0.001", "15_lr0.0001"]  # fmt: skip
        await pressed(app, pilot, "escape")
        assert len(app.model.marks) == 5, "the marks stay"


async def test_a_group_and_a_group_of_failures(shown: Shown) -> None:
    sweep(RUN)
    async with shown(RUN, (120, 40), after=3000.0) as (app, pilot):
        assert "12 jobs compared" in await opened(app, pilot, *"jjjjjjjjj", "v")
        assert "no objective is known of these yet" in text_of(app)
        assert "5 jobs compared" in await pressed(app, pilot, "escape", "f", "v")


async def test_one_job_with_its_nearest_and_the_best(shown: Shown) -> None:
    sweep(RUN)
    async with shown(RUN, (120, 40), after=3000.0) as (app, pilot):
        text = await opened(app, pilot, "j", "j", "v")
        assert "most similar to 13_lr0.0003: 04_lr0.0003  best: 11_lr0.001" in text
        assert names(app) == ["11_lr0.001", "13_lr0.0003", "04_lr0.0003"]
        assert page(app).selected()[0].spec.id == "13_lr0.0003"
        await pressed(app, pilot, "enter", "v")
        assert names(app) == ["11_lr0.001", "13_lr0.0003", "04_lr0.0003"], "also from its page"


async def test_a_run_of_one_job_has_nothing_to_compare(shown: Shown) -> None:
    Story(RUN, spec(1)).opened().executor().start("00_ant_pbt", 0).flush()
    async with shown(RUN) as (app, pilot):
        text = await pressed(app, pilot, "v")
        assert "nothing to compare 00_ant_pbt with: the run has one job" in text
        assert not isinstance(app.screen, CompareScreen)


async def test_of_too_many_the_best_are_compared(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "MOST", 4)
    sweep(RUN)
    async with shown(RUN, (120, 40), after=3000.0) as (app, pilot):
        text = await opened(app, pilot, "a", "v")
        assert "the best 4 of 30 jobs are compared" in text
        assert names(app) == ["11_lr0.001", "12_lr0.0001", "00_lr0.0001", "13_lr0.0003"]


async def test_members(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    journals.typical(RUN)
    async with shown(RUN, (120, 40)) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = (replace(populations.simulated(), id="ant_pbt_0"),)
        text = await pressed(app, pilot, "p", "j", "v")
        assert "8 members compared  1 parameter differs: lr" in text
        assert "objective by generation" in text
        assert row(1)(app), "the member under the cursor"
        assert "objective by frames" in await pressed(app, pilot, "a")
        assert "objective by time" in await pressed(app, pilot, "a")
        chosen = page(app).selected()[0].spec
        await pressed(app, pilot, "enter")
        assert on("job")(app)
        assert app.screen.job == chosen.id  # type: ignore[attr-defined]
        assert chosen.population == "ant_pbt_0"


async def test_a_member_without_a_job_cannot_be_opened(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    journals.typical(RUN)
    async with shown(RUN, (120, 40)) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = (populations.simulated(),)
        text = await pressed(app, pilot, "p", "v", "enter")
        assert "a member of a plain workspace has no job to open" in text


# -- looking ---------------------------------------------------------------------------------------


async def test_sorting_by_letters_digits_and_heads(shown: Shown) -> None:
    sweep(RUN)
    async with shown(RUN, (120, 40), after=3000.0) as (app, pilot):
        await opened(app, pilot, *FIVE, "v", "o", "1")
        assert [name[3:] for name in names(app)] == [
            "lr0.0001", "lr0.0001", "lr0.0003", "lr0.001", "lr0.001"]  # fmt: skip
        await pressed(app, pilot, "o", "l")
        assert names(app)[0] == "11_lr0.001"
        await pressed(app, pilot, "o", "n", "O")
        assert names(app)[0] == "15_lr0.0001"
        table = page(app).table
        assert table is not None
        at = table.head()[0][0] + table.head()[1][0] + table.head()[2][0]
        await pilot.click("#head", offset=(len(at) - 1, 0))
        assert page(app).choices.sort == "o"
        assert names(app)[0] == "11_lr0.001"
        await pilot.click("#head", offset=(len(at) - 1, 0))
        assert names(app)[0] == "15_lr0.0001"


async def test_the_cursor_stays_on_its_job(shown: Shown) -> None:
    sweep(RUN)
    async with shown(RUN, (120, 40), after=3000.0) as (app, pilot):
        await opened(app, pilot, *FIVE, "v", "j", "j")
        for keys in (["O"], ["o", "1"], ["m"], ["a"]):
            await pressed(app, pilot, *keys)
            assert page(app).selected()[0].spec.id == "13_lr0.0003"


async def test_every_scale_measure_and_threshold(shown: Shown) -> None:
    strange(RUN)
    async with shown(RUN, (160, 40)) as (app, pilot):
        text = await opened(app, pilot, "a", "v")
        assert "objective by time since its start" in text, "not all count steps alike"
        assert "y clipped" in text
        assert "y linear" in await pressed(app, pilot, "s")
        assert "y log" in await pressed(app, pilot, "s")
        assert "objective by frames and epochs" in await pressed(app, pilot, "a")
        assert "1 without steps" in text_of(app)
        assert "× 3 no number" in text_of(app)
        assert "progress by" in await pressed(app, pilot, "m")
        assert "rate by" in await pressed(app, pilot, "m")
        found = [await pressed(app, pilot, "t") for _ in range(5)]
        assert [
            s for s, text in zip((95, 99, 50, 75, 90), found, strict=True) if f"TO {s}%" in text
        ]
        assert "TO 90%" in found[-1]


async def test_the_copy_is_a_table(shown: Shown, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[str] = []
    strange(RUN)
    async with shown(RUN, (120, 40)) as (app, pilot):
        monkeypatch.setattr(app, "copy", copied.append)
        await opened(app, pilot, "a", "v", "y")
        lines = [line.split("\t") for line in copied[0].split("\n")]
        assert {len(line) for line in lines[:-1]} == {len(lines[0])}
        assert lines[0][:6] == ["name", "state", "lr", "net.width", "net.act", "seed"]
        assert lines[-1] == ["same", "experiment=odd"]
        of = {line[0]: line for line in lines}
        assert of["far_away"][6] == "/data/sets/a/" + 60 * "x"
        assert of["steady"][6] == ""


# -- following -------------------------------------------------------------------------------------


async def test_new_values_are_drawn_and_nothing_else(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[Region, ...]] = []
    story = strange(RUN)
    async with shown(RUN, (160, 40)) as (app, pilot):
        await opened(app, pilot, "a", "v")
        before = text_of(app)
        made = {one.name: one for one in page(app).found.contenders}  # type: ignore[union-attr]
        refresh = Lines.refresh

        def noted(self: Lines, *regions: Region, **more: Any) -> Lines:
            drawn.append(regions)
            return refresh(self, *regions, **more)

        monkeypatch.setattr(Lines, "refresh", noted)
        for _ in range(3):
            page(app).tick(app.now())
        assert drawn == []
        found = progress.read(story.rundir.progress)
        assert found is not None
        one = found.series["steady"]
        newer = replace(
            one, at=(*one.at, one.at[-1] + 60), step=(*one.step, 40_000_000),
            objective=(*one.objective, 99.5), share=(*one.share, 0.9),
        )  # fmt: skip
        jobs = {**found.jobs, "steady": replace(found.jobs["steady"], objective=99.5)}
        series = {**found.series, "steady": newer}
        newest = progress.Progresses(found.at + 60, jobs, series)
        story.rundir.progress.write_bytes(progress.encode(newest))
        app.model.poll_progress(app.now())
        page(app).tick(app.now())
        await pilot.pause()
        assert drawn != []
        assert "99.5" in text_of(app)
        assert "99.5" not in before
        after = {one.name: one for one in page(app).found.contenders}  # type: ignore[union-attr]
        assert {n for n in made if made[n] is not after[n]} == {"steady"}, "one is made anew"


async def test_events_are_drawn_once_a_second(shown: Shown) -> None:
    story = sweep(RUN)
    async with shown(RUN, (120, 40), after=3000.0) as (app, pilot):
        await opened(app, pilot, *FIVE, "v")
        story.fail("15_lr0.0001", cause="traceback", detail="ValueError: x").flush()
        app.follow()
        await pilot.pause()
        page(app).tick(app.now())
        await pilot.pause()
        (line,) = [text for text in text_of(app).splitlines() if "━━ 15_lr0.0001  " in text][-1:]
        assert "✗ failed" in line


async def test_jobs_that_are_gone(shown: Shown) -> None:
    sweep(RUN)
    async with shown(RUN, (120, 40), after=3000.0) as (app, pilot):
        await opened(app, pilot, *FIVE, "v")
        page(app).compared.jobs = ("11_lr0.001", "of_another_run")
        page(app).draw(None)
        await pilot.pause()
        assert names(app) == ["11_lr0.001"]
        page(app).compared.jobs = ("of_another_run",)
        page(app).draw(None)
        text = await pressed(
            app, pilot, "j", "n", "s", "a", "m", "t", "o", "O", "right", "left", "y"
        )
        assert "none of these jobs is known any more" in text


def test_the_threshold_lies_between_the_first_values_and_the_best() -> None:
    def one(number: int, values: tuple[float, ...], *, loss: bool = False) -> Contender:
        track = Track(tuple(map(float, range(len(values)))), (None,) * len(values), values)
        return Contender(number, f"j{number}", {}, ("x", ""), track, is_loss=loss)

    rewards = [one(0, (0.0, 5.0, 10.0)), one(1, (0.0, 4.0, math.nan, 8.0))]
    found = Comparison(rewards, ComparisonChoices(share=0.5), 0.0)
    assert found.threshold is not None
    assert found.threshold.value == 5.0
    assert [found.reached(each) for each in rewards] == [1.0, 3.0]
    losses = [one(0, (4.0, 2.0, 1.0), loss=True), one(1, (4.0, 3.0), loss=True)]
    found = Comparison(losses, ComparisonChoices(share=0.5), 0.0)
    assert found.threshold is not None
    assert found.threshold.value == 2.5
    assert [found.reached(each) for each in losses] == [1.0, None]
    assert [each.name for each in found.rows] == ["j0", "j1"]
