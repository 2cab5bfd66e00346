"""The time that a person typed: a time of day, a date, a span before the end, seconds, or a line.

Times without a zone are those of this machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from datetime import time as time_of_day
from typing import NamedTuple

from pbt_tui.errors import UsageError, printable
from pbt_tui.tui.text import at

FORMS = "22:34, 22:34:30, 2026-11-29 22:34, 2026-11-29T22:34:30Z, -2h, -1h30m, seq:1234"
"""Examples of what is understood."""
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(\.\d{1,6})?)?")
_SPAN = re.compile(r"-(?=\d)(?:(\d{1,5})d)?(?:(\d{1,6})h)?(?:(\d{1,7})m)?(?:(\d{1,9})s)?")
_LINE = re.compile(r"seq:(\d{1,15})")
_SECONDS = re.compile(r"\d{9,11}(\.\d{1,9})?")
_DATED = re.compile(r"\d{4}-\d\d-\d\d([ T].+)?")
_DAY = 86400.0
_MANY_DAYS = 400
"""Days before the end of a run in which a time of day is looked for."""


class RunMoment(NamedTuple):
    """A moment of a run."""

    time: float
    """The time, in Unix seconds."""
    line: int | None = None
    """The line of the journal that was asked for; None: a time was."""
    note: str | None = None
    """How it differs from what was asked for; None: it does not."""


def moment_of(text: str, first: float, last: float, lines: int) -> RunMoment:
    """The moment of a run that a text names, within the run.

    Args:
        text: What a person typed.
        first: When the run began, in Unix seconds.
        last: Its end, or now while it goes on.
        lines: Number of lines of its journal.

    Raises:
        UsageError: if the text names no time, or two.

    Example:
        >>> moment_of("-90m", 0.0, 7200.0, 5).time
        1800.0
        >>> moment_of("seq:3", 0.0, 7200.0, 5).line
        3
    """
    text = text.strip()
    if match := _LINE.fullmatch(text):
        return _of_line(int(match[1]), first, last, lines)
    wanted = _seconds(text, first, last)
    if wanted < first:
        why = f"`{printable(text)}` is before the run began: this is its first event, at"
        return RunMoment(first, note=f"{why} {at(first, last)}")
    if wanted > last:
        why = f"`{printable(text)}` is after all that is recorded: this is the run at"
        return RunMoment(last, note=f"{why} {at(last, last)}")
    return RunMoment(wanted)


def check(text: str) -> None:
    """Refuses a text that names no moment of any run. Raises `UsageError`."""
    text = text.strip()
    if not (_LINE.fullmatch(text) or _TIME.fullmatch(text)):
        _seconds(text, 0.0, 0.0)


def _of_line(line: int, first: float, last: float, lines: int) -> RunMoment:
    if line < 1:
        return RunMoment(first, 1, "the first line of the journal is `seq:1`")
    if line > lines:
        return RunMoment(last, lines, f"the journal has {lines} lines: this is the last one")
    return RunMoment(first, line)


def _seconds(text: str, first: float, last: float) -> float:
    """The time that a text names, in Unix seconds, be it in the run or not."""
    if match := _SPAN.fullmatch(text):
        days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
        return last - (((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    if _SECONDS.fullmatch(text):
        return float(text)
    if match := _TIME.fullmatch(text):
        return _of_day(text, match, first, last)
    if not _DATED.fullmatch(text):
        raise _not_a_time(text)
    try:
        named = datetime.fromisoformat(text)
        return named.timestamp() if named.tzinfo is not None else _local(named, text)
    except (ValueError, OverflowError, OSError) as e:
        raise _not_a_time(text) from e


def _of_day(text: str, match: re.Match[str], first: float, last: float) -> float:
    """The latest time of this name in the run; if there is none, the one that is nearest to it."""
    hour, minute, second = (int(group or 0) for group in match.groups()[:3])
    micros = round(float(match[4] or 0) * 10**6)
    wanted = time_of_day(hour, minute, second, min(micros, 999_999))
    after = last + _DAY
    for day in _days(first, last):
        found = _local(datetime.combine(day, wanted), text)
        if first <= found <= last:
            return found
        if found < first:
            return found if first - found < after - last else after
        after = found
    return after


def _days(first: float, last: float) -> Iterator[date]:
    """The days of a run, the last one first, and the one before it."""
    day, earliest = _here(last).date(), _here(first).date() - timedelta(days=1)
    for _ in range(_MANY_DAYS):
        yield day
        if day <= earliest:
            return
        day -= timedelta(days=1)


def _here(moment: float) -> datetime:
    """A time in the zone of this machine."""
    return datetime.fromtimestamp(moment, tz=UTC).astimezone()


def _local(named: datetime, text: str) -> float:
    """The Unix seconds of a time of this machine's zone."""
    once, again = named.replace(fold=0).timestamp(), named.replace(fold=1).timestamp()
    if once == again:
        return once
    exists = _here(once).replace(tzinfo=None) == named.replace(fold=0)
    what = f"`{printable(text)}`, {named:%Y-%m-%d},"
    if not exists:
        raise UsageError(f"{what} does not exist: the clocks went forward")
    zones = [_here(t).isoformat() for t in (once, again)]
    raise UsageError(
        f"{what} was twice: the clocks went back", hint=f"write `{zones[0]}` or `{zones[1]}`"
    )


def _not_a_time(text: str) -> UsageError:
    return UsageError(f"`{printable(text[:60])}` is no time of a run", hint=f"such as {FORMS}")
