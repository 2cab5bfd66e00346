"""The time that is left: exact where a job runs evenly, a band where not, and never nonsense."""

from __future__ import annotations

import math

from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.observe.progress import Remaining, Series, remaining

SECONDS = st.floats(0, 1e6)


def series(points: list[tuple[float, float | None]], breaks: tuple[int, ...] = ()) -> Series:
    count = len(points)
    return Series(
        at=tuple(at for at, _ in points),
        step=(None,) * count,
        objective=(None,) * count,
        share=tuple(share for _, share in points),
        breaks=breaks,
    )


def is_sound(found: Remaining | None) -> bool:
    return found is None or (
        0 <= found.low <= found.seconds <= found.high and math.isfinite(found.high)
    )


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1e7), st.none() | st.floats(0, 1)), max_size=64),
    st.lists(st.integers(1, 63), max_size=3),
)
def test_any_series_gives_a_band_or_nothing(
    points: list[tuple[float, float | None]], breaks: list[int]
) -> None:
    ordered = sorted(points, key=lambda point: point[0])
    within = tuple(sorted({k for k in breaks if k < len(ordered)}))
    assert is_sound(remaining.of_job(series(ordered, within)))


@settings(max_examples=100, deadline=None)
@given(st.floats(0.1, 1e4), st.integers(3, 64), st.floats(1e-4, 0.015))
def test_an_even_job_has_one_answer(pace: float, count: int, part: float) -> None:
    """Whatever the pace, the time left is what is left times the pace, and the band is narrow."""
    found = remaining.of_job(series([(k * pace, k * part) for k in range(count)]))
    assert found is not None
    left = (1 - (count - 1) * part) * pace / part
    assert math.isclose(found.seconds, left, rel_tol=1e-3, abs_tol=0.2)
    assert math.isclose(found.low, left, rel_tol=1e-3, abs_tol=0.2)
    assert math.isclose(found.high, left, rel_tol=1e-3, abs_tol=0.2)


def test_an_uneven_job_has_a_band() -> None:
    points: list[tuple[float, float | None]] = [(0.0, 0.0)]
    for k in range(20):
        points.append((points[-1][0] + (5.0 if k % 2 else 15.0), (k + 1) * 0.02))
    found = remaining.of_job(series(points))
    assert found == Remaining(300.0, 150.0, 450.0)


def test_only_the_newest_stretch_counts() -> None:
    slow: list[tuple[float, float | None]] = [(100.0 * k, k * 0.1) for k in range(5)]
    fast: list[tuple[float, float | None]] = [(400.0 + k, k * 0.1) for k in range(1, 5)]
    found = remaining.of_job(series([*slow, *fast], breaks=(5,)))
    assert found is not None
    assert found.seconds == 6.0


def test_lines_without_progress_do_not_slow_a_job() -> None:
    """The share changes at every fourth point only."""
    points: list[tuple[float, float | None]] = [(float(k), (k // 4) * 0.1) for k in range(21)]
    assert remaining.of_job(series(points)) == Remaining(20.0, 20.0, 20.0)


def test_too_little_is_no_estimate() -> None:
    assert remaining.of_job(Series()) is None
    assert remaining.of_job(series([(0.0, 0.1), (1.0, 0.2)])) is None
    assert remaining.of_job(series([(0.0, 0.3)] * 9)) is None


REMAINING = st.none() | st.builds(
    lambda a, b, c: Remaining(*sorted((a, b, c))[1:2], *sorted((a, b, c))[::2]),
    SECONDS, SECONDS, SECONDS,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.tuples(REMAINING, SECONDS), max_size=20),
    st.integers(0, 100_000),
    st.lists(SECONDS, max_size=30),
    st.integers(1, 2000),
)
def test_any_run_gives_a_band_or_nothing(
    running: list[tuple[Remaining | None, float]],
    waiting: int,
    durations: list[float],
    parallel: int,
) -> None:
    left, spent = [a for a, _ in running], [b for _, b in running]
    found = remaining.of_run(left, spent, waiting, durations, parallel)
    assert is_sound(found)
    more = remaining.of_run(left, spent, waiting + 10, durations, parallel)
    if found and more:
        assert more.seconds >= found.seconds - 0.2, "more jobs do not need less time"
    if found:
        known = [one.seconds for one in left if one]
        assert found.seconds >= max(known, default=0.0) - 0.1


def test_a_run_of_equal_jobs() -> None:
    found = remaining.of_run([], [], 10, [60.0, 60.0], 4)
    assert found is not None
    assert round(found.seconds) == 180, "three rounds of at most four"


def test_jobs_start_where_others_end() -> None:
    ends = [Remaining(30.0, 30.0, 30.0), Remaining(90.0, 90.0, 90.0)]
    found = remaining.of_run(ends, [70.0, 10.0], 2, [100.0], 2)
    assert found is not None
    assert round(found.seconds) == 190, "one after the 30, one after the 90"


def test_a_run_that_has_ended_needs_nothing() -> None:
    assert remaining.of_run([], [], 0, [5.0], 2) == Remaining(0.0, 0.0, 0.0)
    assert remaining.of_run([None], [5.0], 3, [], 2) is None
