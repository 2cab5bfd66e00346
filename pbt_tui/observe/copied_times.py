"""The times of generations, where a copy of a workspace has lost them.

`cp -r` and `tar -m` give each file the time of the copy, in the order of the entries of a folder.
Order by time would then show other newest generations, other ranks and other exchanges.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter

import msgspec

from pbt_tui.observe.workspaces import Generation
from pbt_tui.observe.workspaces.generation import Key

_EQUAL = 5
"""Microseconds by which two numbers for one time may differ: each was rounded."""
_SECOND = 10**6
"""Microseconds to which a copy cuts times at most, as archives do."""
_TICK = 1e-6
"""Seconds between two generations of a copy: enough to keep their order."""
_FASTEST = 0.005
"""Seconds: no trainer writes two generations of a member within them, and a copy does."""
_FEW = 8
"""Generations below which nothing is said about how fast they were written."""


def keeps_time(found: float, written: float) -> bool:
    """Whether a file has kept the time at which it was written, as far as a copy can keep it.

    Archives cut times to seconds, and some file systems to milliseconds. Only a time that looks cut
    may differ by that much: else a copy without times that is made right after the last generation
    was written would count as one with times.

    Args:
        found: When the file was changed, as it says itself, in Unix seconds.
        written: When it was written, as the history has it.

    Example:
        >>> keeps_time(1700000012.345678, 1700000012.345678), keeps_time(1700000012.0, 1700000012.9)
        (True, True)
        >>> keeps_time(1700000012.345678, 1700000012.9)
        False
    """
    micros, unit = round(found * _SECOND), 1
    while unit < _SECOND and micros % (unit * 10) == 0:
        unit *= 10
    return abs(micros - written * _SECOND) < max(unit, _EQUAL)


def true_times(polled: list[Generation], known: Mapping[Key, Generation]) -> list[Generation]:
    """Generations of a first poll, in write order; those of a copy with other times.

    The history wins, because it is copied along. Without one, the numbers and frames give the
    order, if the times cannot be those of the writes.

    Args:
        polled: what the workspace has.
        known: what the history has.
    """
    if known:
        both = [g for g in polled if g.key in known]
        if len(both) < 2 or any(keeps_time(g.at, known[g.key].at) for g in both):
            return polled
        return [
            msgspec.structs.replace(g, at=known[g.key].at) if g.key in known else g for g in polled
        ]
    if any(g.step is not None for g in polled) or not _of_a_copy(polled):
        return polled  # train steps of Sample-Factory also fall where weights are copied
    first = min(g.at for g in polled)
    frames = all(g.frame is not None for g in polled)
    ordered = sorted(
        polled, key=lambda g: ((g.frame or 0) if frames else g.generation, g.generation, g.member)
    )
    return [msgspec.structs.replace(g, at=first + i * _TICK) for i, g in enumerate(ordered)]


def _of_a_copy(polled: Sequence[Generation]) -> bool:
    """Whether no trainer can have written these files at these times."""
    found: set[Key] = set()
    members: dict[int, list[Generation]] = {}
    for g in sorted(polled, key=attrgetter("at")):
        if (key := g.key) not in found:  # a folder of the best holds copies of some
            found.add(key)
            members.setdefault(g.member, []).append(g)
    if any(not _may_be_written([g.generation for g in steps]) for steps in members.values()):
        return True
    longest = max(members.values(), key=len, default=[])
    span = longest[-1].at - longest[0].at if longest else 0.0
    return len(longest) >= _FEW and span < _FASTEST * len(longest)


def _may_be_written(numbers: Sequence[int]) -> bool:
    """Whether starts of a trainer leave files of these numbers in this order of time.

    A start counts up. One that begins anew writes over the files of those before it, so that all
    that is left of them has higher numbers.
    """
    least: int | None = None
    """The least number before the current start."""
    begin = last = -1
    for number in numbers:
        if number <= last:
            least = begin if least is None else min(least, begin)
            begin = number
        elif begin < 0:
            begin = number
        if least is not None and number >= least:
            return False
        last = number
    return True
