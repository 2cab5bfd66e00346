"""The events of a population in the order of the decisions, with their rows for the snapshot.

Pure. An event is put in or taken out at a cost that hardly grows with their number.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import NamedTuple

from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.snapshot_types import EventRow


class PlacedEvent(NamedTuple):
    """An event with its place among all."""

    at: float
    """When the member decided, in Unix seconds."""
    member: int
    order: tuple[bool, int, str, int, bool, int]
    """Among events of one time and member: whether it is a decision at a generation, the number,
    name and step of that, whether it is unknown, and a count."""
    event: LineageEvent
    """The event."""


class EventOrder:
    """All events of a population."""

    def __init__(self) -> None:
        self._placed: list[PlacedEvent] = []
        self._rows: list[EventRow] = []
        self._relaunches: dict[int, int] = {}
        """Number of relaunches by member, without zeros."""

    def events(self) -> list[LineageEvent]:
        """All events in order."""
        return [placed.event for placed in self._placed]

    def rows(self) -> tuple[EventRow, ...]:
        """The same for the snapshot."""
        return tuple(self._rows)

    def relaunched(self) -> list[int]:
        """Members that began again from scratch, in order."""
        return sorted(self._relaunches)

    def put(self, placed: PlacedEvent) -> None:
        """Puts an event where it belongs."""
        where = len(self._placed)
        if where and placed[:3] < self._placed[-1][:3]:
            where = bisect_right(self._placed, placed[:3], key=lambda p: p[:3])
        self._placed.insert(where, placed)
        self._rows.insert(where, _row(placed.event))
        self._count(placed, 1)

    def take(self, placed: PlacedEvent) -> None:
        """Takes out an event that was put in."""
        where = bisect_left(self._placed, placed[:3], key=lambda p: p[:3])
        while self._placed[where] is not placed:
            where += 1
        del self._placed[where]
        del self._rows[where]
        self._count(placed, -1)

    def _count(self, placed: PlacedEvent, change: int) -> None:
        if placed.event.kind == "relaunch":
            count = self._relaunches.pop(placed.member, 0) + change
            if count:
                self._relaunches[placed.member] = count


def _row(event: LineageEvent) -> EventRow:
    return EventRow(
        kind=event.kind,
        member=event.member,
        donor=event.donor,
        generation=event.generation,
        source=event.source,
        confidence=event.confidence,
        donor_generation=event.donor_generation,
        applied=event.applied,
    )
