"""The pages of a run as it was at an earlier time, and the keys that go there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace
from textual.pilot import Pilot

from pbt_tui.journal import replay
from pbt_tui.journal.file import Tail
from pbt_tui.observe.progress import Finished, Progress, Series, series_file
from pbt_tui.observe.snapshot_types import PopulationRow
from pbt_tui.tui import actions
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.screens.log import LogScreen
from pbt_tui.tui.time_travel import traveller
from pbt_tui.tui.time_travel.traveller import Traveller
from tests.tui import simulated_populations as populations
from tests.tui.conftest import SameScreen, Shown
from tests.tui.journals import START, Story, typical
from tests.tui.shown import begin_again, text_of

RUN = Path("train_dir/ant_pbt/_pbt")
SIZES = [(80, 24), (120, 40), (200, 50)]


def journey(app: Monitor) -> Traveller:
    assert app.journey is not None
    return app.journey


def moment(app: Monitor) -> float:
    return journey(app).past.moment


def at(text: str) -> Callable[[Monitor], bool]:
    return lambda app: f"⏪ {text} of" in text_of(app)


EFFECTS: dict[str, tuple[list[str], Callable[[Monitor], bool]]] = {
    "step_back": ([], at("09:31:10")),
    "step_forth": (["<", "<"], at("09:31:10")),
    "arrow_back": ([], at("09:31:10")),
    "arrow_forth": (["<", "<"], at("09:31:10")),
    "play": ([], lambda app: journey(app).is_playing),
    "faster": ([], lambda app: traveller.SPEEDS[journey(app).speed] == 300),
    "slower": ([], lambda app: traveller.SPEEDS[journey(app).speed] == 10),
    "failure_back": ([], at("09:23:50")),
    "failure_forth": (["(", "(", "("], at("09:23:49")),
    "leap_back": ([], at("09:21:40")),
    "leap_forth": (["{", "{"], at("09:21:40")),
    "present": (["<"], lambda app: app.journey is None),
}
"""Action -> keys pressed before, and what is true after each of its own keys."""


def test_no_key_of_time_is_left_out() -> None:
    assert set(EFFECTS) == {action.id for action in actions.ACTIONS if action.travels}


async def test_each_key_of_time(shown: Shown) -> None:
    typical(RUN, closed=True)
    async with shown(RUN, holder=None) as (app, pilot):
        for name, (before, holds) in EFFECTS.items():
            for key in actions.by_id(name).keys.split(","):
                await begin_again(app)
                await pilot.press("t", *before, key)
                await pilot.pause()
                assert holds(app), (name, key)


async def test_steps_on_every_page(shown: Shown) -> None:
    typical(RUN, closed=True)
    async with shown(RUN, holder=None) as (app, pilot):
        for opened in ("", "f", "p", "enter", "l"):
            await begin_again(app)
            await pilot.press(*([opened] if opened else []), "t", "<")
            await pilot.pause()
            assert at("09:31:10")(app), opened
            before = moment(app)
            await pilot.press("left")
            await pilot.pause()
            alone = app.page is not None and app.page.PAGE in ("population", "log")
            assert (moment(app) == before) == alone, opened
            await pilot.press("t")
            await pilot.pause()
            assert app.journey is None, opened
            assert "⏪" not in text_of(app), opened


async def test_esc_on_the_main_page_returns_last(shown: Shown) -> None:
    typical(RUN, closed=True)
    async with shown(RUN, holder=None) as (app, pilot):
        await pilot.press("t", "<", "z", "escape")
        assert app.journey is not None
        await pilot.press("escape")
        assert app.journey is None


async def test_the_newest_generation_comes_before_now(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    typical(RUN)
    async with shown(RUN) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = (populations.simulated(),)
        await pilot.press("p", "left", "left", "t", "0")
        assert app.journey is not None
        await pilot.press("0")
        assert app.journey is None


async def test_without_a_travel_the_keys_are_what_they_were(shown: Shown) -> None:
    typical(RUN)
    async with shown(RUN) as (app, pilot):
        await pilot.press("space", "<", "{", "(", "left", "+", "0")
        await pilot.pause()
        assert len(app.model.marks) == 1
        assert app.journey is None


async def test_space_marks_again_after_the_return(shown: Shown) -> None:
    typical(RUN, closed=True)
    async with shown(RUN, holder=None) as (app, pilot):
        await pilot.press("t", "space", "space", "t", "space")
        assert len(app.model.marks) == 1


async def test_nothing_can_be_asked_of_the_past(shown: Shown) -> None:
    story = typical(RUN)
    async with shown(RUN) as (app, pilot):
        for key in ("x", "K", "r", "R", "H", "U", "D", "E"):
            await begin_again(app)
            await pilot.press("t", "<", key)
            await pilot.pause()
            assert "this is the run as it was; t returns to now" in text_of(app), key
            assert len(app.screen_stack) == 2, key
            await pilot.press("y")
            assert not list(story.rundir.requests.iterdir()), key


async def test_marks_stay(shown: Shown) -> None:
    typical(RUN, closed=True)
    async with shown(RUN, holder=None) as (app, pilot):
        await pilot.press("a")
        before = set(app.model.marks)
        await pilot.press("t", "<", "<", "t")
        assert app.model.marks == before != set()


async def test_playing_goes_on_to_the_end_and_stops(
    shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    typical(RUN, closed=True)
    clock = [100.0]
    monkeypatch.setattr(traveller, "monotonic", lambda: clock[0])
    async with shown(RUN, holder=None) as (app, _):
        app.travel("09:24:00")
        found = journey(app)
        found.play()
        clock[0] += 2.0
        found._play_on()
        assert moment(app) == START + 1840.0 + 120.0
        found.change_speed(1)
        clock[0] += 1.0
        found._play_on()
        assert moment(app) == START + 1840.0 + 120.0 + 300.0
        clock[0] += 60.0
        found._play_on()
        assert moment(app) == found.past.end
        assert not found.is_playing


async def test_steps_walk_over_everything_that_is_seen(shown: Shown) -> None:
    """Every step shows the fold of the events up to its time."""
    story = typical(RUN, closed=True)
    events = Tail(story.rundir.journal).read_all()
    async with shown(RUN, holder=None) as (app, _):
        app.travel()
        times = [moment(app)]
        while True:
            journey(app).step(False)
            if moment(app) == times[-1]:
                break
            times.append(moment(app))
            found = replay(story.plan, [e for e in events if e.at <= times[-1]])
            assert app.model.state.meaning() == found.meaning()
        assert "this is the first event" in text_of(app)
    assert times == sorted({event.at for event in events}, reverse=True)


# -- stored screens --------------------------------------------------------------------------------


async def each_size(name: str, app: Monitor, pilot: Pilot[str], same_screen: SameScreen) -> None:
    for size in SIZES:
        await pilot.resize_terminal(*size)
        await pilot.pause()
        same_screen(f"travel-{name}-{size[0]}x{size[1]}", app)


def tell_progress(story: Story) -> None:
    """What the job 07 and one that runs to the end had reached, a point each five minutes."""
    for name, end in (("02_ant_pbt", 1810.0), ("07_ant_pbt", 1837.0)):
        at = tuple(START + 300.0 * k for k in range(7))
        share = tuple(k / 8 for k in range(7))
        step = tuple(1_000_000 * k for k in range(7))
        series = Series(at, step, tuple(3.5 * k for k in range(7)), share)
        last = Progress(step=7_000_000, total=8_000_000, share=0.875, objective=25.0, fps=9000.0)
        ended = Finished(name, 1, START + end, last, series)
        assert series_file.append(story.rundir.series, [ended]) is None


async def test_jobs_as_they_were(shown: Shown, same_screen: SameScreen) -> None:
    tell_progress(typical(RUN, closed=True))
    async with shown(RUN, SIZES[0], holder=None) as (app, pilot):
        app.travel("09:21")
        await pilot.press("j")
        await each_size("jobs", app, pilot, same_screen)


async def test_failures_as_they_were(shown: Shown, same_screen: SameScreen) -> None:
    typical(RUN, closed=True)
    async with shown(RUN, SIZES[0], holder=None) as (app, pilot):
        app.travel("09:23:46")
        await pilot.press("f")
        await each_size("failures", app, pilot, same_screen)


async def test_a_job_as_it_was(shown: Shown, same_screen: SameScreen) -> None:
    typical(RUN, closed=True).log("02_ant_pbt", "09:00:01 begin\n09:20:59 step\n09:21:30 later\n")
    async with shown(RUN, SIZES[0], holder=None) as (app, pilot):
        app.travel("09:21")
        await pilot.press("enter")
        await each_size("job", app, pilot, same_screen)


async def test_a_population_as_it_was(
    shown: Shown, same_screen: SameScreen, monkeypatch: pytest.MonkeyPatch
) -> None:
    typical(RUN, closed=True)
    async with shown(RUN, SIZES[0], holder=None) as (app, pilot):
        monkeypatch.setattr(app, "read_populations", lambda then: None)
        app.populations = (quick(populations.simulated()),)
        app.travel("09:12")
        await pilot.press("p", "j")
        await each_size("population", app, pilot, same_screen)


def quick(row: PopulationRow) -> PopulationRow:
    """A population that trained as long as the run lasted."""
    times = [g.at for member in row.members for g in member.generations]
    first, pace = min(times), 2000.0 / (max(times) - min(times))
    members = [
        replace(
            member,
            generations=tuple(
                replace(g, at=START + (g.at - first) * pace) for g in member.generations
            ),
        )
        for member in row.members
    ]
    return replace(row, members=tuple(members))


LOG = "".join(f"09:{minute:02d}:00 step {minute}\n" for minute in range(60))


async def test_a_log_as_it_was(shown: Shown, same_screen: SameScreen) -> None:
    typical(RUN, closed=True).log("02_ant_pbt", LOG)
    async with shown(RUN, SIZES[0], holder=None) as (app, pilot):
        app.travel("09:21")
        await pilot.press("l")
        await pilot.pause()
        assert isinstance(app.screen, LogScreen)
        shown_ = text_of(app)
        assert "09:21:00 step 21" in shown_
        assert "step 22" not in shown_
        await each_size("log", app, pilot, same_screen)
        await pilot.press("slash", *"step 40", "enter")
        await pilot.pause()
        assert "09:40" not in text_of(app)  # nor does a search find it
        await pilot.press("t")
        await pilot.pause()
        assert app.screen.view.file.size == len(LOG)


async def test_a_log_without_times_is_shown_as_it_is(shown: Shown) -> None:
    typical(RUN, closed=True).log("02_ant_pbt", "one\ntwo\n")
    async with shown(RUN, holder=None) as (app, pilot):
        app.travel("09:21")
        await pilot.press("l")
        await pilot.pause()
        assert "no times in it: as it is now" in text_of(app)
        assert "two" in text_of(app)


async def test_the_log_of_an_attempt_that_had_not_begun(shown: Shown) -> None:
    typical(RUN, closed=True).log("08_ant_pbt", "one\n")
    async with shown(RUN, holder=None) as (app, pilot):
        app.open_log(app.model.state.by_id["08_ant_pbt"])
        await pilot.pause()
        app.travel("09:00")
        await pilot.pause()
        assert "this attempt had not begun" in text_of(app)
        assert "one" not in text_of(app)
