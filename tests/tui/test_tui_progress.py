"""The job table of runs whose trainings tell how far they are: bars, curves and orders."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe.progress import (
    Finished,
    Number,
    Progress,
    Progresses,
    Remaining,
    Series,
    encode,
    series_file,
)
from pbt_tui.tui import text
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.columns import varied
from pbt_tui.tui.render.sparkline import last_hour
from pbt_tui.tui.screens.jobs import JobsScreen
from tests.tui.conftest import SameScreen, Shown
from tests.tui.journals import START, spec, typical
from tests.tui.shown import text_of


def _series(best: float, begin: float) -> Series:
    count = 24
    return Series(
        tuple(begin + 150.0 * i for i in range(count)),
        tuple(range(count)),
        tuple(best * (1 - math.exp(-i / 6)) for i in range(count)),
        tuple(i / 40 for i in range(count)),
        (12,) if best > 20 else (),
    )


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """Eight jobs run, three have ended."""
    rundir = typical(tmp_path / "_pbt").rundir
    running = [f"{i:02d}_ant_pbt" for i in range(8, 16)]
    jobs = {
        name: Progress(
            step=1_000_000 * (i + 1),
            total=10_000_000,
            share=(i + 1) / 10,
            fps=45_000.0 - 900 * i,
            eta=Remaining(3600.0 + 60 * i, 3000.0, 4000.0),
            objective="nan" if i == 2 else 3.5 * (i + 1),
            generation=i,
            line=f"epoch {i} of many",
        )
        for i, name in enumerate(running)
    }
    series = {name: _series(3.5 * (i + 1), START + 900) for i, name in enumerate(running)}
    rundir.progress.write_bytes(encode(Progresses(START, jobs, series)))
    ended = [
        Finished(
            f"0{i}_ant_pbt",
            1,
            START + 600,
            Progress(step=10_000_000, total=10_000_000, share=1.0, objective=9.25 + i),
            _series(9.25 + i, START),
        )
        for i in range(3)
    ]
    assert series_file.append(rundir.series, ended) is None
    return rundir.path


async def test_the_last_values_of_an_executor_that_has_ended_are_shown(
    run: Path, shown: Shown
) -> None:
    """Its last sample comes after its last event: nothing else would draw the table again."""
    async with shown(run, (120, 36), holder=None) as (app, pilot):
        app.follow()
        await pilot.pause()
        assert "77.25" not in text_of(app)
        name = "08_ant_pbt"
        late = Progresses(START + 1, {name: Progress(share=1.0, objective=77.25)}, {})
        RunDir(run).progress.write_bytes(encode(late))
        app._second = 0.0
        app.follow()
        await pilot.pause()
        assert "77.25" in text_of(app)


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (200, 50)], ids="{0[0]}x{0[1]}".format)
async def test_screen(
    run: Path, shown: Shown, same_screen: SameScreen, size: tuple[int, int]
) -> None:
    async with shown(run, size) as (app, pilot):
        app.model.poll_progress(app.now())
        app.screen.refresh()
        assert isinstance(app.screen, JobsScreen)
        app.screen.changed(None)
        await pilot.pause()
        same_screen(f"progress-{size[0]}x{size[1]}", app)


def _first(app: Monitor) -> list[str]:
    return [app.model.state.jobs[i].spec.id for i in app.model.rows.order[:3]]


async def test_which_setting_wins_takes_two_keys(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 36)) as (app, pilot):
        app.model.poll_progress(app.now())
        await pilot.press("s", "o")
        await pilot.pause()
        assert _first(app) == ["15_ant_pbt", "14_ant_pbt", "13_ant_pbt"]
        assert "sort: objective" in text_of(app)
        assert app.model.rows.order[-1] not in (8, 9, 11)  # those without a number are last
        await pilot.press("s", "g")
        await pilot.pause()
        assert _first(app) == ["00_ant_pbt", "01_ant_pbt", "02_ant_pbt"]


async def test_rows_move_when_an_objective_rises(run: Path, shown: Shown) -> None:
    async with shown(run, (120, 36)) as (app, pilot):
        app.model.poll_progress(app.now())
        await pilot.press("s", "o")
        found = Progresses(START + 5, {"08_ant_pbt": Progress(objective=99.0, share=0.5)})
        RunDir(run).progress.write_bytes(encode(found))
        assert app.model.poll_progress(app.now())
        assert _first(app)[0] == "08_ant_pbt"


async def test_in_ascii_all_of_it_is_ascii(run: Path, shown: Shown) -> None:
    async with shown(run, (200, 50), ascii_only=True) as (app, pilot):
        app.model.poll_progress(app.now())
        assert isinstance(app.screen, JobsScreen)
        app.screen.changed(None)
        await pilot.pause()
        assert text_of(app).isascii()


def test_a_number_that_counts_the_jobs_is_no_parameter() -> None:
    assert list(varied(spec(24).jobs)) == ["lr"]
    assert varied(()) == varied(spec(1).jobs) == {}


_NAMED: tuple[Number, ...] = ("nan", "inf", "-inf")
_VALUES: st.SearchStrategy[Number | None] = st.none() | st.floats() | st.sampled_from(_NAMED)


@given(
    st.lists(st.tuples(st.floats(0, 2e9), _VALUES), max_size=64),
    st.sets(st.integers(1, 63)),
    st.floats(0, 2e9),
    st.integers(0, 40),
)
def test_any_series_is_drawn_in_its_width(
    points: list[tuple[float, Number | None]], breaks: set[int], now: float, width: int
) -> None:
    points.sort(key=lambda p: p[0])
    count = len(points)
    series = Series(
        tuple(at for at, _ in points),
        (None,) * count,
        tuple(value for _, value in points),
        (None,) * count,
        tuple(sorted(k for k in breaks if k < count)),
    )
    drawn = last_hour(series, now, width)
    assert text.cells(drawn) in (0, width)
    assert set(drawn) <= set(" ▁▂▃▄▅▆▇█")


async def test_the_first_numbers_bring_columns_and_their_heads(
    tmp_path: Path, shown: Shown
) -> None:
    """Without an objective, its columns stay away."""
    rundir = typical(tmp_path / "_pbt").rundir
    async with shown(rundir.path, (200, 50)) as (app, pilot):
        assert isinstance(app.screen, JobsScreen)
        assert "PROGRESS" not in text_of(app)
        steps = Progress(step=50, total=100, share=0.5, unit="steps")
        rundir.progress.write_bytes(encode(Progresses(START, {"08_ant_pbt": steps})))
        app.model.poll_progress(app.now())
        app.screen.tick(app.now())
        await pilot.pause()
        assert "PROGRESS" in text_of(app)
        assert "━━━━━━━━────────" in text_of(app)
        assert "OBJECTIVE" not in text_of(app)
        assert "50 steps" in text_of(app)
        told = Progress(step=60, total=100, share=0.6, unit="steps", objective=2.5)
        rundir.progress.write_bytes(encode(Progresses(START + 2, {"08_ant_pbt": told})))
        app.model.poll_progress(app.now())
        app.screen.tick(app.now())
        await pilot.pause()
        assert "OBJECTIVE  LAST HOUR" in text_of(app)
