"""The axis, zoom and pan of the time line, and its cells."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.observe.run_spans import RunSpan
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.render import time_axis, timeline, timeline_words
from pbt_tui.tui.text import length, plain
from pbt_tui.tui.time_view import TimeView
from pbt_tui.tui.timeline_rows import TimelineRows
from tests.tui import journals
from tests.tui.timelines import EVENING, hour, lanes, night

MIDNIGHT = hour("00:00")


def rows_of(told: journals.Story) -> TimelineRows:
    follower = JournalFollower(told.rundir, who=lambda rundir: 4182)
    follower.read_all()
    rows = TimelineRows(follower)
    rows.update(None, by_node=False, clock=told.at)
    return rows


# -- the axis --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "seconds", "words"),
    [
        (
            EVENING,
            5 * 3600,
            "        │22:00          │23:00          │Thu 09 Oct     │01:00          │02:00",
        ),
        (
            EVENING,
            60,
            "│21:30:00    │21:30:10    │21:30:20     │21:30:30    │21:30:40    │21:30:50",
        ),
        (EVENING, 30 * 86400, "                │Wed 15 Oct       │Wed 22 Oct        │Wed 29 Oct"),
        (
            EVENING,
            3e8,
            " " * 16 + "│2027-10-08      │2029-10-07      │2031-10-07      │2033-10-06",
        ),
    ],
)
def test_ticks_are_round_times_and_days(left: float, seconds: float, words: str) -> None:
    text = plain(time_axis.axis(left, seconds / 80, 80))
    assert text == words


@given(left=st.floats(-1e12, 1e12), cell=st.floats(1e-3, 1e8), columns=st.integers(1, 200))
def test_an_axis_has_its_width(left: float, cell: float, columns: int) -> None:
    line = time_axis.axis(left, cell, columns)
    assert length(line) == columns
    assert all(0 <= column < columns for column in time_axis.midnights(left, cell, columns))


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_ticks_stay_on_local_midnight_when_the_clock_changes() -> None:
    begin = time.mktime((2025, 10, 25, 12, 0, 0, 0, 0, -1))
    found = [
        time.strftime("%d %H:%M", time.localtime(moment))
        for moment, midnight in time_axis.ticks(begin, begin + 3 * 86400, 6 * 3600)
        if midnight
    ]
    assert found == ["26 00:00", "27 00:00", "28 00:00"]


# -- zoom and pan ----------------------------------------------------------------------------------

moves = st.lists(
    st.one_of(
        st.tuples(st.just("zoom"), st.floats(0.1, 10), st.floats(0, 1)),
        st.tuples(st.just("pan"), st.floats(-500, 500), st.just(0.0)),
        st.tuples(st.just("show"), st.floats(0, 1), st.just(0.0)),
        st.tuples(st.just("grow"), st.floats(0, 1e6), st.just(0.0)),
    ),
    max_size=20,
)


@given(life=st.floats(0, 1e7), columns=st.integers(1, 200), steps=moves)
def test_a_view_stays_in_the_life_of_the_run(
    life: float, columns: int, steps: list[tuple[str, float, float]]
) -> None:
    view = TimeView()
    view.resize(columns)
    view.live(EVENING, EVENING + life)
    for what, value, share in steps:
        match what:
            case "zoom":
                around = view.left + share * (view.right - view.left)
                before = view.column(around)
                view.zoom(value, around)
                if view.begin < view.left and view.right < view.end:
                    assert abs(view.column(around) - before) <= 1
            case "pan":
                view.pan(value)
            case "show":
                moment = view.begin + value * (view.end - view.begin)
                view.show(moment)
                assert -1 <= view.column(moment) <= view.columns
            case "grow":
                view.live(EVENING, view.end + value)
        size = view.right - view.left
        assert size > 0
        assert view.begin <= view.left + size * 1e-6
        assert (
            view.right <= view.end + (view.end - view.begin) * 0.03 + size * 1e-6 or view.is_fitted
        )
        assert view.column(view.times(columns // 2)[0] + view.cell / 2) == columns // 2


def test_a_fitted_view_stays_while_there_is_room() -> None:
    view = TimeView()
    view.resize(100)
    view.live(0.0, 1000.0)
    before = view.key
    view.live(0.0, 1010.0)
    assert view.key == before, "nothing is drawn again"
    view.live(0.0, 1021.0)
    assert view.key != before


# -- cells -----------------------------------------------------------------------------------------


def shown(rows: TimelineRows, index: int, view: TimeView) -> str:
    row = rows.row(index)
    assert row.lane is not None
    ground = timeline.ground(view, rows.spans, row.gpu)
    cells = timeline.attempts_row(row.lane, view, ground, rows.state)
    assert len(cells) == view.columns
    assert all(len(text) == 1 for text, _ in cells)
    return "".join(text for text, _ in cells)


def fitted(rows: TimelineRows, columns: int) -> TimeView:
    view = TimeView()
    view.resize(columns)
    view.live(rows.begin, rows.end)
    return view


def test_a_failure_is_seen_at_every_zoom(tmp_path: Path) -> None:
    rows = rows_of(night(tmp_path / "_pbt"))
    for columns in (*range(3, 160), 1000):
        view = fitted(rows, columns)
        assert "✗" in shown(rows, 1, view)
        assert "✗" in shown(rows, 3, view)
        assert "✗" not in shown(rows, 2, view)


def test_what_kept_a_gpu_idle_has_a_glyph_of_its_own(tmp_path: Path) -> None:
    rows = rows_of(night(tmp_path / "_pbt"))
    view = fitted(rows, 200)
    assert "░" in shown(rows, 1, view)
    assert "┃" in shown(rows, 2, view)
    assert "▒" in shown(rows, 3, view)
    assert "▒" not in shown(rows, 1, view)
    assert "2━ 02_ant" in shown(rows, 1, view), "a retry has its number"


def test_many_attempts_in_a_cell_are_a_share(tmp_path: Path) -> None:
    rows = rows_of(journals.large(tmp_path / "_pbt", 2000))
    view = fitted(rows, 12)
    for index in range(1, len(rows)):
        assert set(shown(rows, index, view)) <= set("✗✓▁▂▃▄▅▆▇━· ")


def test_short_gaps_of_executors_are_kept_in_their_row() -> None:
    view = TimeView()
    view.resize(50)
    view.live(0.0, 1000.0)
    cells = timeline.executor_row(view, [RunSpan("no_executor", 500.0, 500.5)])
    assert [i for i, (text, _) in enumerate(cells) if text == "░"] == [view.column(500.0)]


def test_the_longest_idle_time_and_the_next_failure(tmp_path: Path) -> None:
    rows = rows_of(night(tmp_path / "_pbt"))
    assert rows.longest_idle() == (3, (hour("02:15") + hour("07:13")) / 2)
    first = rows.failure(0.0, later=True)
    assert first is not None
    assert first[0] == hour("00:50")
    second = rows.failure(first[0], later=True)
    assert second is not None
    assert rows.row_of(second[1], second[2], second[0]) == 1
    assert rows.failure(second[0], later=True) is None
    assert rows.failure(second[0], later=False) == first
    assert rows.failure(first[0], later=False) is None


def test_rows_of_jobs_follow_the_order_of_the_table(tmp_path: Path) -> None:
    rows = rows_of(lanes(tmp_path / "_pbt"))
    rows.of_jobs = True
    rows.order([3, 1])
    assert [rows.row(i).label for i in range(len(rows))] == ["executor", "03_cpu", "01_cpu"]
    assert rows.row_of(1, 2, 0.0) == 2
    assert rows.row_of(0, 1, 0.0) is None


@given(width=st.integers(10, 120), words=st.lists(st.text(max_size=90), max_size=5))
def test_long_sentences_go_on_in_the_next_line(width: int, words: list[str]) -> None:
    lines = timeline_words.folded([tuple((word, "") for word in words)], width, 3)
    assert len(lines) <= 3
