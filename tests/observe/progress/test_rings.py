"""Rings: few points, in order, the newest kept, and no break lost."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.observe.progress import Progress, Series
from pbt_tui.observe.progress.progress_types import told
from pbt_tui.observe.progress.rings import Ring

NUMBERS = st.none() | st.floats(width=32)
STEPS = st.none() | st.integers(0, 10**18)
ADDED = st.tuples(st.floats(0, 1e4), STEPS, NUMBERS, st.none() | st.floats(0, 1), st.booleans())


def filled(added: list[tuple[float, int | None, float | None, float | None, bool]]) -> Ring:
    ring, now = Ring(), 1e9
    for seconds, step, objective, share, anew in added:
        now += seconds
        if anew:
            ring.interrupt()
        ring.add(now, Progress(step=step, objective=told(objective), share=share))
    return ring


@settings(max_examples=200, deadline=None)
@given(st.lists(ADDED, max_size=300))
def test_a_ring_keeps_what_it_says(
    added: list[tuple[float, int | None, float | None, float | None, bool]],
) -> None:
    series = filled(added).series()
    lengths = {len(series.at), len(series.step), len(series.objective), len(series.share)}
    assert len(lengths) == 1
    assert len(series.at) <= 64
    assert list(series.at) == sorted(series.at)
    assert all(0 < k < len(series.at) for k in series.breaks)
    told_any = [a[1:4] for a in added if any(value is not None for value in a[1:4])]
    if told_any:
        assert series.step[-1] == told_any[-1][0], "the newest point is always there"
    for k, (before, after) in enumerate(zip(series.step, series.step[1:], strict=False), 1):
        if before is not None and after is not None and after < before:
            assert k in series.breaks, "no line is drawn back"


@settings(max_examples=100, deadline=None)
@given(st.lists(ADDED, max_size=200), st.integers(4, 64))
def test_a_series_is_read_back_and_shortened(
    added: list[tuple[float, int | None, float | None, float | None, bool]], most: int
) -> None:
    ring = filled(added)
    series = ring.series()
    assert Ring(series).series() == series
    shorter = ring.series(most)
    assert len(shorter.at) <= most
    assert ring.series() == series
    if series.at:
        assert (shorter.at[0], shorter.at[-1]) == (series.at[0], series.at[-1])
        assert bool(shorter.breaks) == bool(series.breaks) or len(shorter.at) == 1
    ring.limit(most)
    assert len(ring) <= most


def test_points_are_evenly_spaced() -> None:
    ring = Ring()
    for second in range(10_000):
        ring.add(float(second), Progress(step=second))
    series = ring.series()
    distances = [b - a for a, b in zip(series.at, series.at[1:], strict=False)]
    assert 24 <= len(series.at) <= 64
    assert max(distances[:-1]) <= 2 * min(distances[:-1])
    assert series.at[-1] == 9999.0
    assert series.breaks == ()


def test_breaks_are_marked() -> None:
    ring = Ring()
    for k in range(5):
        ring.add(10.0 * k, Progress(step=k))
    ring.add(5000.0, Progress(step=5))
    ring.add(5010.0, Progress(step=2))
    ring.interrupt()
    ring.add(5020.0, Progress(step=3))
    series = ring.series()
    assert series.breaks == (5, 6, 7), "a gap, a fall of the step, and a new attempt"


def test_numbers_are_kept_as_told() -> None:
    ring = Ring()
    for k, value in enumerate((math.nan, math.inf, -math.inf, 1.23456789)):
        ring.add(float(k), Progress(objective=told(value)))
    assert ring.series().objective == ("nan", "inf", "-inf", 1.23457)


def test_a_clock_that_is_set_back_turns_nothing_round() -> None:
    ring = Ring()
    for at in (100.0, 50.0, 120.0):
        ring.add(at, Progress(step=int(at)))
    assert ring.series().at == (100.0, 100.0, 120.0)


def test_nothing_is_added_where_nothing_is_known() -> None:
    ring = Ring()
    assert not ring.add(1.0, Progress(line="words", fps=3.0))
    assert ring.series() == Series()
