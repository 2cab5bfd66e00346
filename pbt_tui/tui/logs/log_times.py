"""Finds the line of a log that was written at a time of day, by the times in its lines."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import NamedTuple

from pbt_tui.tui.logs.log_file import CHUNK, LogFile

_DAY = 86400
_TIME = re.compile(
    rb"(?<![\d:.])(?:(\d{4})[-/](\d\d)[-/](\d\d)[ T])?"
    rb"([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)(?![\d:<])"
)
_WANTED = re.compile(r"(?:(\d{4})-(\d\d)-(\d\d)[ T])?([01]?\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
_FRONT = 120
"""Bytes at the start of a line in which its time stands."""
_SAMPLES = 4096
_SAMPLE = 8192


class Moment(NamedTuple):
    """A time of day in seconds, and the number of its day; None: any day."""

    day: int | None
    seconds: int


def parse(text: str) -> Moment | None:
    """A time that somebody typed, as `22:41`, `22:41:07` or `2026-05-01 22:41`; else None."""
    match = _WANTED.fullmatch(text.strip())
    return _moment([group or "" for group in match.groups()]) if match else None


def _moment(parts: list[str]) -> Moment | None:
    year, month, of_month, hour, minute, second = parts
    day = None
    if year:
        try:
            day = date(int(year), int(month), int(of_month)).toordinal()
        except ValueError:
            return None
    return Moment(day, int(hour) * 3600 + int(minute) * 60 + int(second or 0))


def _times(data: bytes) -> Iterator[tuple[int, Moment]]:
    """Position of each line that tells a time, and that time."""
    at = 0
    while at < len(data):
        match = _TIME.search(data, at, min(len(data), at + _FRONT))
        end = data.find(b"\n", at)
        end = len(data) if end < 0 else end
        if match and match.end() <= end:
            told = _moment([(group or b"").decode() for group in match.groups()])
            if told is not None:
                yield at, told
        at = end + 1


def find(file: LogFile, wanted: Moment) -> tuple[int | None, str]:
    """The first line at or after a time of day.

    Where the log has several days and the time has none, it is that of the latest day.

    Returns:
        The start of the line, None if the log has no such line; and what to tell people.
    """
    samples = _samples(file)
    if not samples:
        return None, "no line of this log tells a time of day"
    first, last = samples[0][1], samples[-1][1]
    target = wanted.seconds + _DAY * (wanted.day or 0)
    if wanted.day is None:
        target += (last // _DAY) * _DAY
        if target - last > first - (target - _DAY):  # the day before is nearer to this log
            target -= _DAY
    elif first < _DAY * 1000:  # the lines of the log tell no dates
        return None, "the lines of this log tell no dates: give a time of day alone"
    found, before = _first_from(file, samples, target)
    if found is not None:
        return found, ""
    of_day = before % _DAY
    end = f"{of_day // 3600:02d}:{of_day // 60 % 60:02d}:{of_day % 60:02d}"
    return None, f"the last time in this log is {end}"


def end_at(file: LogFile, moment: float, began: float) -> int | None:
    """Where the lines end that had been written at a time; None: the lines tell no times.

    Args:
        file: The log.
        moment: The time, in Unix seconds.
        began: When its attempt began, which gives a day to lines without a date.
    """
    samples = _samples(file)
    if not samples:
        return None
    then = datetime.fromtimestamp(moment, tz=UTC).astimezone()
    day = then.toordinal()
    if samples[0][1] < _DAY * 1000:  # the lines of the log tell no dates
        day -= datetime.fromtimestamp(began, tz=UTC).astimezone().toordinal()
    seconds = (then.hour * 60 + then.minute) * 60 + then.second
    found, _ = _first_from(file, samples, day * _DAY + seconds + 1)
    return file.size if found is None else found


def _first_from(
    file: LogFile, samples: list[tuple[int, int]], target: int
) -> tuple[int | None, int]:
    """The first line at a time or after it, and the time of the last line before it."""
    index = max(0, bisect_right([moment for _, moment in samples], target - 1) - 1)
    day = samples[index][1] // _DAY
    before = samples[index][1]
    at = samples[index][0]
    while at < file.size:
        data = file.read(at, CHUNK)
        cut = data.rfind(b"\n") + 1 or len(data)
        if not data:
            break
        for place, told in _times(data[:cut]):
            day, now = _unrolled(told, day, before)
            if now >= target:
                return at + place, before
            before = now
        at += cut
    return None, before


def _unrolled(told: Moment, day: int, before: int) -> tuple[int, int]:
    """The day of a told time, and the time in seconds from day 0; times of day only go on."""
    if told.day is not None:
        return told.day, told.day * _DAY + told.seconds
    now = day * _DAY + told.seconds
    if before - now > _DAY // 2:
        day += 1
        now += _DAY
    return day, now


def _samples(file: LogFile) -> list[tuple[int, int]]:
    """Line starts with their times, spread over the log, both in order."""
    step = max(CHUNK, file.size // _SAMPLES)
    found: list[tuple[int, int]] = []
    day, before = 0, 0
    places = [*range(0, file.size, step), max(0, file.size - _SAMPLE)]
    for place in places:
        data = file.read(place, _SAMPLE)
        skip = data.find(b"\n") + 1 if place else 0
        told = list(_times(data[skip:]))
        last = place == places[-1]
        for at, moment in told[:1] if not last else (*told[:1], *told[-1:]):
            day, now = _unrolled(moment, day, before)
            if now >= before and (not found or place + skip + at > found[-1][0]):
                found.append((place + skip + at, now))
            before = max(before, now)
    return found
