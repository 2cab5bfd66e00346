"""The main screen of a sweep: stored at three sizes, the strip of GPUs, and the pane below."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.pilot import Pilot

from pbt_tui.observe.process_use import ProcessUse, boot_id
from pbt_tui.observe.progress import Number, Series
from pbt_tui.observe.snapshot_types import GpuRow
from pbt_tui.tui import text
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.render import job_pane, strips
from pbt_tui.tui.render.job_curve import job_curve
from pbt_tui.tui.screens.jobs import JobsScreen
from tests.tui.conftest import SameScreen, Shown
from tests.tui.journals import Story, spec
from tests.tui.shown import text_of
from tests.tui.sweeps import sweep

RUN = Path("train_dir/ant_sweep/_pbt")
SIZES = ((80, 24), (120, 40), (200, 50))


async def drawn(app: Monitor, pilot: Pilot[str]) -> JobsScreen:
    """The main screen, once the progress has been read."""
    assert isinstance(app.screen, JobsScreen)
    while app.model.poll_progress(app.now()):
        pass
    app.screen.changed(None)
    await pilot.pause()
    return app.screen


@pytest.mark.parametrize("size", SIZES, ids=lambda s: f"{s[0]}x{s[1]}")
async def test_screen(size: tuple[int, int], shown: Shown, same_screen: SameScreen) -> None:
    sweep(RUN)
    async with shown(RUN, size, after=3000.0) as (app, pilot):
        await drawn(app, pilot)
        same_screen(f"sweep-{size[0]}x{size[1]}", app)


@pytest.mark.parametrize("ascii_only", [False, True])
async def test_groups_and_orders(ascii_only: bool, shown: Shown, same_screen: SameScreen) -> None:
    sweep(RUN)
    async with shown(RUN, (200, 50), after=3000.0, ascii_only=ascii_only) as (app, pilot):
        await drawn(app, pilot)
        await pilot.press("s", "o", "z", "g")
        await pilot.pause()
        same_screen("sweep-failed-ascii" if ascii_only else "sweep-failed", app)
        assert text_of(app).isascii() == ascii_only


async def test_a_quarter_of_a_large_screen_is_unused_at_most(shown: Shown) -> None:
    """Cells right of the last letter of a row, with 30 jobs."""
    sweep(RUN)
    async with shown(RUN, (200, 50), after=3000.0) as (app, pilot):
        await drawn(app, pilot)
        lines = text_of(app).splitlines()
        assert sum(200 - len(line.rstrip()) for line in lines) <= 0.25 * 200 * 50


# -- the pane --------------------------------------------------------------------------------------


async def test_the_pane_follows_the_cursor_and_closes(shown: Shown) -> None:
    sweep(RUN)
    async with shown(RUN, (200, 50), after=3000.0) as (app, pilot):
        screen = await drawn(app, pilot)
        assert "─ 11_lr0.001  ● running" in text_of(app)
        await pilot.press("j")
        await pilot.pause()
        told = text_of(app)
        assert "─ 12_lr0.0001  ● running" in told
        assert "params   lr 0.0001  seed 2  num_envs 8192" in told
        assert "12:39:40 saved nn/ep_399" in told, "the end of its log"
        await pilot.press("d")
        await pilot.pause()
        assert screen.pane.has_class("-off")
        assert "─ 12_lr0.0001" not in text_of(app)
        await pilot.press("d")
        await pilot.pause()
        assert "─ 12_lr0.0001" in text_of(app)


async def test_the_pane_of_groups_and_of_ended_jobs(shown: Shown) -> None:
    sweep(RUN)
    async with shown(RUN, (200, 50), after=3000.0) as (app, pilot):
        await drawn(app, pilot)
        await pilot.press(*"jjjjjjj")
        await pilot.pause()
        told = text_of(app)
        assert "─ 5 jobs  ✗ failed" in told
        assert "05_lr0.001, 06_lr0.0001, 07_lr0.0003" in told
        assert "▸ torch.OutOfMemoryError: CUDA out of memory" in told, "the log of the first one"
        await pilot.press("j")
        await pilot.pause()
        assert "─ 10_lr0.0003  ✗ failed" in text_of(app)
        assert " ended    failed: ValueError: lr must be positive (exit 1)" in text_of(app)
        await pilot.press("j")
        await pilot.pause()
        told = text_of(app)
        assert "─ 12 jobs  ◌ waiting" in told
        assert "lr       0.0001 ×4  0.0003 ×4  0.001 ×4" in told
        await pilot.press("G")
        await pilot.pause()
        assert "─ 04_lr0.0003  ✓ succeeded" in text_of(app)
        assert "2G frames" in text_of(app), "its curve stays"


async def test_a_small_screen_opens_the_pane_on_demand(shown: Shown) -> None:
    sweep(RUN)
    async with shown(RUN, (80, 24), after=3000.0) as (app, pilot):
        screen = await drawn(app, pilot)
        assert screen.pane.has_class("-off")
        await pilot.press("d")
        await pilot.pause()
        assert "─ 11_lr0.001" in text_of(app)
    async with shown(RUN, (60, 15), after=3000.0) as (app, pilot):
        screen = await drawn(app, pilot)
        await pilot.press("d")
        await pilot.pause()
        assert screen.pane.has_class("-off")
        assert "too few lines here" in text_of(app)


async def test_the_pane_tells_what_a_job_of_this_machine_uses(shown: Shown) -> None:
    """This process plays the job."""
    story = Story(RUN, spec(3)).opened()
    story.executor()
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    story.start("00_ant_pbt", 0)
    lines = [
        line.replace(b'"boot_id":"b"', f'"boot_id":"{boot_id()}"'.encode()) for line in story.lines
    ]
    handle = f'"handle":"{os.getpid()}.{fields[19]}"'.encode()
    lines[-1] = lines[-1].replace(f'"handle":"{1000 + story.seq - 1}.77"'.encode(), handle)
    assert handle in lines[-1]
    story.lines = lines
    story.flush()
    async with shown(RUN, (200, 50)) as (app, pilot):
        await drawn(app, pilot)
        assert " use      " in text_of(app)
        assert "B resident" in text_of(app)


def test_use_is_told_in_one_line() -> None:
    assert job_pane.use_text(ProcessUse(3.14, 12_300_000_000, 4)) == (
        "3.1 cores  12.3 GB resident  4 processes"
    )
    assert job_pane.use_text(ProcessUse(None, 5 * 10**8, 1)) == "500.0 MB resident  1 process"


@given(st.integers(0, 80), st.integers(0, 100_000), st.integers(0, 60))
def test_the_pane_never_takes_the_table_all_its_room(room: int, rows: int, now: int) -> None:
    if room >= job_pane.LEAST + 4:
        height = job_pane.pane_height(room, rows, now)
        assert job_pane.LEAST <= height <= room - 4
        again = job_pane.pane_height(room, rows, height)
        assert again == height, "it does not change by itself"


_NAMED: tuple[Number, ...] = ("nan", "inf", "-inf")
_VALUES: st.SearchStrategy[Number | None] = st.none() | st.floats() | st.sampled_from(_NAMED)


@given(
    st.lists(
        st.tuples(st.floats(0, 2e9), st.none() | st.integers(-5, 2**53), _VALUES), max_size=40
    ),
    st.sets(st.integers(1, 39)),
    st.integers(0, 120),
    st.integers(0, 30),
    st.booleans(),
)
def test_any_series_is_drawn_in_its_place(
    points: list[tuple[float, int | None, Number | None]],
    breaks: set[int],
    width: int,
    height: int,
    ascii_only: bool,
) -> None:
    points.sort(key=lambda p: p[0])
    count = len(points)
    series = Series(
        tuple(at for at, _, _ in points),
        tuple(step for _, step, _ in points),
        tuple(value for _, _, value in points),
        (None,) * count,
        tuple(sorted(k for k in breaks if k < count)),
    )
    lines = job_curve(series, width, height, ascii_only=ascii_only)
    assert len(lines) in (0, height)
    assert all(text.length(line) == width for line in lines)


def dots(lines: list[text.Line]) -> int:
    return sum(
        bin(ord(c) - 0x2800).count("1")
        for line in lines
        for c in text.plain(line)
        if "\u2800" < c <= "\u28ff"
    )


def test_a_gap_and_a_new_attempt_interrupt_the_curve() -> None:
    rises = tuple(float(k) for k in range(20))
    steps = tuple(range(20))
    whole = Series(rises, steps, rises, (None,) * 20)
    broken = Series(rises, steps, rises, (None,) * 20, (10,))
    told: tuple[Number | None, ...] = (*rises[:10], "nan", *rises[11:])
    gap = Series(rises, steps, told, (None,) * 20)
    again = Series(rises, (*range(10), *range(10)), rises, (None,) * 20)
    counts = [dots(job_curve(one, 80, 12)) for one in (whole, broken, gap)]
    assert counts[0] > counts[1] > 0
    assert counts[0] > counts[2] > 0
    assert job_curve(again, 80, 12), "a step that falls begins another line"


def test_a_curve_whose_steps_begin_again_is_two_lines() -> None:
    """One line through both would fill the space between them."""
    steps, values = (*range(20), *range(20)), (*map(float, range(20)), *(20.0,) * 20)
    at = tuple(map(float, range(40)))
    falls = job_curve(Series(at, steps, values), 60, 9)
    broken = job_curve(Series(at, steps, values, breaks=(20,)), 60, 9)
    assert 0 < dots(falls) == dots(broken) < 250


# -- the strip of GPUs -----------------------------------------------------------------------------


def gpu(index: int, **more: object) -> GpuRow:
    fields = {
        "index": index, "uuid": f"GPU-{index}", "name": "H100", "memory": 80 * 10**9,
        "memory_used": 40 * 10**9, "utilisation": 97, "drained": False, "drained_why": None,
        "others": None, "jobs": (f"{index:02d}_ant",), "temperature": 71,
        "history": tuple(range(0, 100, 10)),
    }  # fmt: skip
    return GpuRow(**{**fields, **more})  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [120, 160, 200, 250])
def test_eight_gpus_fit_in_four_lines(width: int) -> None:
    lines = strips.gpus([gpu(i) for i in range(8)], width, 1)
    assert len(lines) <= 4
    assert all(text.length(line) <= width for line in lines)
    shown = "\n".join(map(text.plain, lines))
    assert all(f"GPU {i} " in shown and f"{i:02d}_ant" in shown for i in range(8))
    assert "40/80 GB  71°" in shown
    assert "▅▅▆▇  97 %" in shown, "the use of the last minutes"


def test_a_gpu_that_somebody_else_uses_tells_who() -> None:
    taken = gpu(0, jobs=(), utilisation=78, others="pid 4117 (`python3`) holds 61.8 GB")
    rows = [taken, gpu(1, others="pid 8 holds 1.0 GB"), gpu(2, drained=True, jobs=())]
    for width in (80, 120, 200):
        lines = strips.gpus(rows, width, 1)
        shown = "\n".join(map(text.plain, lines))
        assert "taken: pid 4117 (`python3`) holds 61.8 GB" in shown, width
        assert "01_ant; also pid 8 holds 1.0 GB" in shown, width
        spans = [span for line in lines for span in line]
        assert ("taken: pid 4117 (`python3`) holds 61.8 GB", "warn") in spans


def test_a_hot_gpu_is_marked_not_by_colour_alone() -> None:
    hot, cool = strips.gpu_numbers(gpu(0, temperature=88)), strips.gpu_numbers(gpu(0))
    assert any("88°!" in told and style == "warn" for told, style in hot)
    assert not any(style == "warn" for _, style in cool)
    assert strips.gpu_numbers(gpu(0, memory=None, utilisation=None, temperature=None)) == []


@given(st.lists(st.none() | st.integers(-5, 2**40), max_size=40), st.integers(1, 12))
def test_any_use_is_drawn_in_its_width(history: list[int | None], width: int) -> None:
    assert text.cells(strips.use_history(tuple(history), width)) == width
