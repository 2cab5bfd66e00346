"""The times that people type."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.errors import UsageError
from pbt_tui.tui.time_travel.moments import RunMoment, check, moment_of

FIRST = datetime(2026, 11, 28, 20, 0, tzinfo=UTC).timestamp()
LAST = datetime(2026, 11, 30, 9, 30, tzinfo=UTC).timestamp()
LINES = 500


def found(text: str) -> RunMoment:
    check(text)
    return moment_of(text, FIRST, LAST, LINES)


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("22:34", "2026-11-29T22:34:00"),
        ("22:34:30", "2026-11-29T22:34:30"),
        (" 22:34:30.25 ", "2026-11-29T22:34:30.25"),
        ("9:30", "2026-11-30T09:30:00"),
        ("2026-11-28 22:34", "2026-11-28T22:34:00"),
        ("2026-11-29", "2026-11-29T00:00:00"),
        ("2026-11-29T22:34:30", "2026-11-29T22:34:30"),
        ("2026-11-29T22:34:30Z", "2026-11-29T22:34:30"),
        ("2026-11-30T00:04:30+01:30", "2026-11-29T22:34:30"),
        ("-2h", "2026-11-30T07:30:00"),
        ("-90m", "2026-11-30T08:00:00"),
        ("-1d2h3m4s", "2026-11-29T07:26:56"),
        (str(int(FIRST) + 60), "2026-11-28T20:01:00"),
    ],
)
def test_forms(text: str, at: str) -> None:
    assert found(text) == RunMoment(datetime.fromisoformat(at).replace(tzinfo=UTC).timestamp())


@pytest.mark.parametrize(
    "text",
    ["", "-", "foo", "25:00", "12:61", "-5", "-2x", "22", "seq:", "seq:-1", "seq:x", "1.5",
     "2026-13-01", "2026-11-29 25:00", "2026-11-29T", "0000-01-01", "9999-12-31T23:59Z garbage",
     "\x1b[2J", "1" * 50, "-" + "9" * 50 + "d", "22:34\n22:35"],
)  # fmt: skip
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no time of a run") as caught:
        check(text)
    assert "\x1b" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "at", "note"),
    [
        ("2026-11-01", FIRST, "is before the run began"),
        ("-9d", FIRST, "is before the run began"),
        ("0001-01-01T00:00:00Z", FIRST, "is before the run began"),
        ("2027-01-01 10:00", LAST, "is after all that is recorded"),
        ("99999999999", LAST, "is after all that is recorded"),
    ],
)
def test_what_is_outside_of_the_run_is_its_end(text: str, at: float, note: str) -> None:
    moment = found(text)
    assert moment.time == at
    assert note in (moment.note or "")


def test_a_time_of_day_outside_of_a_short_run_is_its_nearer_end() -> None:
    first, last = LAST - 3600.0, LAST
    assert moment_of("10:00", first, last, 1).time == last
    assert moment_of("08:00", first, last, 1).time == first


def test_lines() -> None:
    assert found("seq:7").line == 7
    assert found("seq:0").line == 1
    assert found("seq:501").line == 500
    assert "500 lines" in (found("seq:501").note or "")


@given(st.text(max_size=30))
def test_any_text_is_a_moment_of_the_run_or_refused(text: str) -> None:
    try:
        moment = found(text)
    except UsageError:
        return
    assert FIRST <= moment.time <= LAST


@given(st.floats(FIRST, LAST))
def test_what_is_shown_can_be_typed(moment: float) -> None:
    shown = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(moment))
    assert 0 <= moment - moment_of(shown, FIRST - 1, LAST, 1).time < 1.0


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_a_time_that_was_twice_needs_its_zone() -> None:
    first = datetime(2026, 10, 24, 20, 0, tzinfo=UTC).timestamp()
    last = first + 86400.0
    for text in ("02:30", "2026-10-25 02:30"):
        with pytest.raises(UsageError, match="was twice: the clocks went back") as caught:
            moment_of(text, first, last, 1)
        told = (caught.value.hint or "").split("`")[1::2]
        assert [moment_of(one, first, last, 1).time for one in told] == [
            first + 4.5 * 3600,
            first + 5.5 * 3600,
        ]
    with pytest.raises(UsageError, match="does not exist: the clocks went forward"):
        check("2026-03-29 02:30")
    check("02:30")  # on which day is not known yet
