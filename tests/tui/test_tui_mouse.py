"""Clicks on heads, keys, tabs, rows and groups, and the orders of all columns."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from pbt_tui.tui.app import Monitor
from pbt_tui.tui.screens.job import JobScreen
from pbt_tui.tui.screens.jobs import JobsScreen
from tests.tui.conftest import Shown
from tests.tui.shown import text_of
from tests.tui.sweeps import sweep

SIZE = (200, 50)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    return sweep(tmp_path / "_pbt").rundir.path


async def click(app: Monitor, pilot: Pilot[str], text: str, after: str = "") -> None:
    """Clicks the first cell of a text; `after`: on the first line that holds this one, too."""
    for y, line in enumerate(text_of(app).splitlines()):
        if text in line and after in line:
            await pilot.click(offset=(line.index(text), y))
            await pilot.pause()
            return
    raise AssertionError(f"{text!r} is not on the screen:\n{text_of(app)}")


async def drawn(app: Monitor, pilot: Pilot[str]) -> JobsScreen:
    """The main screen, once the progress has been read."""
    assert isinstance(app.screen, JobsScreen)
    while app.model.poll_progress(app.now()):
        pass
    app.screen.changed(None)
    await pilot.pause()
    return app.screen


def first(app: Monitor, count: int = 3) -> list[str]:
    return [app.model.state.jobs[i].spec.id[:2] for i in app.model.rows.order[:count]]


@pytest.mark.parametrize(
    ("head", "order", "jobs"),
    [
        ("JOB", "job", ["00", "01", "02"]),
        ("lr", "lr", ["00", "03", "06"]),
        ("seed", "seed", ["00", "01", "02"]),
        ("num_envs", "num_envs", ["01", "02", "03"]),
        ("PROGRESS", "progress", ["00", "01", "02"]),
        ("ETA  OBJ", "ETA", ["11", "12", "13"]),
        ("OBJECTIVE", "objective", ["11", "12", "00"]),
        ("LAST HOUR", "change per hour", ["12", "13", "14"]),
        ("Δ/h", "change per hour", ["12", "13", "14"]),
        ("FPS", "fps", ["17", "16", "15"]),
        ("TRY", "attempts", ["00", "01", "02"]),
        ("GPU", "GPU", ["11", "12", "13"]),
        ("TIME", "duration", ["11", "12", "13"]),
    ],
)
async def test_a_click_on_a_head_sorts_and_another_one_reverses(
    head: str, order: str, jobs: list[str], run: Path, shown: Shown
) -> None:
    async with shown(run, SIZE, after=3000) as (app, pilot):
        await drawn(app, pilot)
        await click(app, pilot, head, after="JOB")
        assert app.model.rows.sorted_by.name == order
        assert f"sort: {order}\n" in text_of(app)
        assert first(app) == jobs
        await click(app, pilot, head, after="JOB")
        assert f"sort: {order} ↑" in text_of(app)
        known = [i for i in app.model.rows.order if app.model.state.jobs[i].attempts]
        assert first(app) != jobs or len(known) < 3
        await click(app, pilot, head, after="JOB")
        assert first(app) == jobs


async def test_jobs_without_a_value_are_last_in_both_directions(run: Path, shown: Shown) -> None:
    async with shown(run, SIZE, after=3000) as (app, pilot):
        await drawn(app, pilot)
        await pilot.press("s", "o")
        await pilot.pause()
        assert first(app, 11)[-1] == "17"
        waiting = [app.model.state.jobs[i].phase for i in app.model.rows.order[11:]]
        assert set(waiting) <= {"waiting", "failed", "running"}  # one is not a number
        await pilot.press("S")
        await pilot.pause()
        assert first(app)[0] == "17"
        assert [app.model.state.jobs[i].phase for i in app.model.rows.order[11:]] == waiting


async def test_each_order_has_a_letter_and_the_question_fits(run: Path, shown: Shown) -> None:
    for size in ((60, 15), (80, 24), SIZE):
        async with shown(run, size, after=3000) as (app, pilot):
            await drawn(app, pilot)
            await pilot.press("s")
            await pilot.pause()
            offered = app.model.rows.offered(app.model.useless_columns)
            assert "1" in offered, "the first parameter"
            text = text_of(app)
            for letter, order in offered.items():
                assert f"{letter} {order.name}" in text, size
            assert "  n node  " not in text.replace("on node", ""), "there are no nodes here"
            await pilot.press("1")
            await pilot.pause()
            assert app.model.rows.sorted_by.name == "lr"
            assert "? help" in text_of(app)


async def test_the_answers_to_the_question_can_be_clicked(run: Path, shown: Shown) -> None:
    async with shown(run, (80, 24), after=3000) as (app, pilot):
        await drawn(app, pilot)
        await pilot.press("s")
        await pilot.pause()
        await click(app, pilot, "o objective")
        assert app.model.rows.sort == "o"
        await pilot.press("s")
        await pilot.pause()
        await click(app, pilot, "sort by")
        assert app.model.rows.sort == "o"
        assert "sort by" not in text_of(app)


async def test_keys_of_the_bar_can_be_clicked(run: Path, shown: Shown) -> None:
    async with shown(run, SIZE, after=3000) as (app, pilot):
        screen = await drawn(app, pilot)
        await click(app, pilot, "s sort")
        assert "sort by" in text_of(app)
        await pilot.press("escape")
        await click(app, pilot, "mark", after="? help")
        assert app.model.marks == {11}
        await click(app, pilot, "d detail")
        assert screen.pane.has_class("-off")
        await click(app, pilot, "? help")
        assert app.page is not None
        assert app.page.PAGE == "help"
        await click(app, pilot, "q quit")
        assert app.page.PAGE == "jobs"


async def test_the_names_of_the_pages_can_be_clicked(run: Path, shown: Shown) -> None:
    async with shown(run, SIZE, after=3000) as (app, pilot):
        await drawn(app, pilot)
        for name, page in (
            ("2 failures", "failures"),
            ("3 population", "population"),
            ("1 jobs", "jobs"),
            ("4 log", "log"),
        ):
            await click(app, pilot, name, after="1 jobs")
            assert app.page is not None
            assert page == app.page.PAGE


async def test_a_click_moves_and_a_second_one_opens(run: Path, shown: Shown) -> None:
    async with shown(run, SIZE, after=3000) as (app, pilot):
        screen = await drawn(app, pilot)
        await click(app, pilot, "13_lr0.0003", after="running")
        assert screen.table.chosen == 13
        await click(app, pilot, "▸ 12 jobs")
        assert screen.table.fold is not None
        await click(app, pilot, "▸ 12 jobs")
        assert "▾ 12 jobs" in text_of(app)
        await click(app, pilot, "00_lr0.0001", after="succeeded")
        await click(app, pilot, "00_lr0.0001", after="succeeded")
        assert isinstance(app.screen, JobScreen)
