"""What changes in the populations of a run, in sentences: copies, the best member, alarms."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from pbt_tui.cli.run_summary import best_text
from pbt_tui.errors import printable
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.observe.snapshot import Populations
from pbt_tui.observe.snapshot_types import Alarm, Best, EventRow, PopulationRow
from pbt_tui.tui.render.round_lines import event_text, why

MOST = 10
"""Most decisions of one turn that are told one by one."""
_PAUSE = 2.0
"""Seconds between two reads of the workspaces."""


class PopulationWords:
    """Reads the populations of a run, and tells what has changed since the last read.

    Args:
        state: The state of the run.
        rundir: Its directory.
    """

    def __init__(self, state: RunState, rundir: RunDir) -> None:
        self._populations = Populations(state, rundir) if state.spec.populations else None
        self._rows: tuple[PopulationRow, ...] = ()
        self._told: dict[str, set[object]] = {}
        """The decisions of each population that were told."""
        self._next = 0.0

    def read(self, now: float, *, live: bool) -> tuple[PopulationRow, ...]:
        """The populations as they are; what is in them counts as told.

        Args:
            now: Unix seconds.
            live: Whether an executor runs.
        """
        if self._populations is not None:
            self._populations.poll()
            self._rows = self._populations.rows(now, live=live)
            self._told = {row.id: set(map(_key, row.events)) for row in self._rows}
            self._next = time.monotonic() + _PAUSE
        return self._rows

    def alarms(self) -> list[str]:
        """The alarms of the last read."""
        return [_alarm(row, alarm) for row in self._rows for alarm in row.alarms]

    def news(self, now: float, *, live: bool, last: bool = False) -> list[str]:
        """What has changed since the last read; empty: nothing, or it was just now.

        Args:
            now: Unix seconds.
            live: Whether an executor runs.
            last: Whether this is the last read, whenever the one before was.
        """
        if self._populations is None or (time.monotonic() < self._next and not last):
            return []
        self._populations.poll()
        before, self._rows = self._rows, self._populations.rows(now, live=live)
        self._next = time.monotonic() + _PAUSE
        if before == self._rows:
            return []
        olds = {row.id: row for row in before}
        return [line for row in self._rows for line in self._changed(olds.get(row.id), row)]

    def _changed(self, old: PopulationRow | None, row: PopulationRow) -> Iterator[str]:
        told = self._told.setdefault(row.id, set())
        events = [event for event in row.events if _key(event) not in told]
        told.update(map(_key, events))
        yield from decided(row, events)
        if row.best is not None and _of(old.best if old else None) != _of(row.best):
            yield best_text(row.id, row.best)
        known = {_about(alarm): alarm for alarm in old.alarms} if old else {}
        now = {_about(alarm): alarm for alarm in row.alarms}
        yield from (_alarm(row, alarm) for key, alarm in now.items() if key not in known)
        yield from (
            f"{printable(row.id)}: no longer: {printable(alarm.message)}"
            for key, alarm in known.items()
            if key not in now
        )


def decided(row: PopulationRow, events: Sequence[EventRow]) -> list[str]:
    """What members decided, and why where a log tells it; of many decisions, how many.

    Args:
        row: The population.
        events: Decisions of its members.
    """
    name = printable(row.id)
    if len(events) > MOST:
        copied = sum(event.kind == "exploit" for event in events)
        return [f"{name}: members decided {len(events)} times, {copied} times to copy another"]
    lines = []
    for event in events:
        at = "" if event.generation is None else f"generation {event.generation}: "
        rounds = [
            found
            for found in row.rounds
            if (found.member, found.generation) == (event.member, event.generation)
        ]
        reason = why(event, rounds)
        because = f" ({reason})" if reason else ""
        lines.append(f"{name}: {at}{event_text(event)}{because}")
    return lines


def _key(event: EventRow) -> object:
    """What makes a decision another one. That it was not carried out is news."""
    return event.kind, event.member, event.generation, event.donor, event.applied is False


def _about(alarm: Alarm) -> object:
    """What makes an alarm another one; its message may count seconds."""
    return alarm.code, alarm.members


def _alarm(row: PopulationRow, alarm: Alarm) -> str:
    return f"{printable(row.id)}: {alarm.level}: {printable(alarm.message)}"


def _of(found: Best | None) -> object:
    return None if found is None else (found.member, found.generation, found.objective)
