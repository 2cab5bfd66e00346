"""Keys that send no requests: filter, sort, marks, pages, quit."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.tui.app import Monitor
from pbt_tui.tui.screens.job import JobScreen
from pbt_tui.tui.screens.jobs import JobsScreen
from tests.tui.conftest import Shown
from tests.tui.journals import typical
from tests.tui.shown import text_of


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return typical(tmp_path / "_pbt").rundir.path


def shown_jobs(app: Monitor) -> list[str]:
    return [app.model.state.jobs[i].spec.id for i in app.model.rows.order]


async def test_the_filter_is_live_and_escape_ends_it(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("slash", *"state:fail !cause:cuda")
        await pilot.pause()
        assert shown_jobs(app) == ["06_ant_pbt"]
        await pilot.press("enter")
        await pilot.pause()
        assert "1 of 24 jobs" in text_of(app)
        await pilot.press("escape")
        await pilot.pause()
        assert len(shown_jobs(app)) == 24
        await pilot.press("slash", *"x", "escape", "q")
        assert app.return_value is not None


async def test_letters_in_the_filter_are_letters(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("slash", *"qxK:z")
        await pilot.pause()
        assert app.model.rows.text == "qxK:z"
        assert isinstance(app.screen, JobsScreen)


async def test_the_last_filter_off_and_on(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("slash", *"lr:0.0006", "enter")
        few = shown_jobs(app)
        assert 0 < len(few) < 24
        await pilot.press("backslash")
        assert len(shown_jobs(app)) == 24
        await pilot.press("backslash")
        assert shown_jobs(app) == few


def current(app: Monitor) -> str:
    """The job under the cursor."""
    assert isinstance(app.screen, JobsScreen)
    job = app.screen.current()
    assert job is not None
    return job.spec.id


async def test_sorting_and_the_cursor_stays_on_its_job(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("down", "down")
        job = current(app)
        await pilot.press("s")
        await pilot.pause()
        assert "sort by" in text_of(app)
        await pilot.press("p")
        await pilot.pause()
        assert shown_jobs(app)[0] == "00_ant_pbt"
        assert current(app) == job
        await pilot.press("S")
        await pilot.pause()
        assert shown_jobs(app)[0] == "23_ant_pbt"
        assert current(app) == job


async def test_an_unknown_sort_letter_does_nothing(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        before = shown_jobs(app)
        await pilot.press("s", "x")
        await pilot.pause()
        assert shown_jobs(app) == before
        assert isinstance(app.screen, JobsScreen), "the letter was no cancel"


async def test_problems_only(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("z")
        assert len(shown_jobs(app)) == 6
        await pilot.press("escape")
        assert len(shown_jobs(app)) == 24


async def test_walking_through_pages(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        for keys, page in (
            ("f", "failures"),
            ("p", "population"),
            ("2", "failures"),
            ("1", "jobs"),
            ("l", "log"),
            ("q", "jobs"),
            ("?", "help"),
        ):
            await pilot.press("question_mark" if keys == "?" else keys)
            await pilot.pause()
            assert app.page is not None
            assert page == app.page.PAGE
        await pilot.press("escape", "enter")
        await pilot.pause()
        assert isinstance(app.screen, JobScreen)
        first = app.screen.job
        await pilot.press("n")
        assert app.screen.job != first
        await pilot.press("N")
        assert app.screen.job == first


async def test_leaving_says_that_the_run_goes_on(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("f", "q", "q")
    assert app.return_value == f"the run goes on; come back with `pbt-tui {run}`"
    async with shown(run, holder=None) as (app, pilot):
        await pilot.press("q")
    assert str(app.return_value).startswith("the run stays as it is")


async def test_the_palette_offers_the_actions_of_the_page(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("ctrl+p", *"hold")
        await pilot.pause()
        await pilot.press("enter")
        await pilot.pause()
        assert "hold run ant_pbt" in text_of(app)


async def test_pause_keeps_the_screen_still(run: Path, shown: Shown) -> None:
    async with shown(run) as (app, pilot):
        await pilot.press("i")
        seq = app.follower.state.seq
        with app.follower.rundir.journal.open("ab") as file:
            file.write(
                b'{"event":"request_refused","seq":%d,"at":2e9,"id":"1-1","why":"x"}\n' % (seq + 1)
            )
        app.follow()
        assert app.follower.state.seq == seq
        await pilot.press("i")
        app.follow()
        assert app.follower.state.seq == seq + 1


@pytest.mark.parametrize("theme", ["light", "ansi-dark"])
async def test_themes_and_ascii(theme: str, run: Path, shown: Shown) -> None:
    async with shown(run, theme=theme, ascii_only=True) as (app, pilot):
        await pilot.press("x")
        await pilot.pause()
        assert text_of(app).isascii()


async def test_any_size_and_a_storm_of_sizes(run: Path, shown: Shown) -> None:
    async with shown(run, (20, 5)) as (app, pilot):
        for keys in ((), ("f",), ("enter",), ("p",), ("1", "l"), ("question_mark",), ("1", "x")):
            await pilot.press(*keys)
            for size in ((20, 5), (40, 10), (250, 60), (1, 1), (80, 24), (20, 5)):
                await pilot.resize_terminal(*size)
            await pilot.pause()
            assert text_of(app).count("\n") == 5
