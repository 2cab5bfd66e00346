"""Keeps what the log of a member says of its newest rounds, in few bytes each.

A round of a large population compares many objectives, and a training has many rounds: kept are the
member's own objective and what it was compared with.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from itertools import chain
from typing import TypeVar

import msgspec

from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.rounds import MemberLogState, Round
from pbt_tui.observe.snapshot_types import RoundRow

_T = TypeVar("_T", tuple[int, ...], str)
KEPT = 200
"""Rounds of a member that are kept."""


class RoundRows:
    """The rounds in one log."""

    def __init__(self) -> None:
        self._past: dict[int, deque[tuple[float | None, RoundRow]]] = {}
        self._members: dict[tuple[int, ...], tuple[int, ...]] = {}
        self._texts: dict[str, str] = {}
        """One object for equal members and sentences: they come again and again."""

    def end(self, member: int, state: MemberLogState) -> None:
        """Keeps the last round of a member, before another one begins.

        Args:
            member: index of the member.
            state: the state in its log.
        """
        found = self._row(member, state)
        if found is not None:
            self._past.setdefault(member, deque(maxlen=KEPT)).append(found)

    def rows(self, states: Mapping[int, MemberLogState]) -> Iterable[tuple[float | None, RoundRow]]:
        """The rounds, by member and in order, each with the time of its lines; None: unknown.

        Args:
            states: the states in the log, which have the last round of each member.
        """
        for member, state in states.items():
            yield from self._past.get(member, ())
            found = self._row(member, state)
            if found is not None:
                yield found

    def _row(self, member: int, state: MemberLogState) -> tuple[float | None, RoundRow] | None:
        found = state.round
        if found is None or not _says(found, state):
            return None
        row = RoundRow(
            member=member,
            generation=found.generation,
            objective=found.objectives.get(member),
            mean=found.mean,
            lower=found.lower,
            upper=found.upper,
            best=_one(self._members, found.best),
            worst=_one(self._members, found.worst),
            difference=found.difference,
            needed=found.needed,
            waits=None if state.waits is None else _one(self._texts, state.waits),
        )
        return found.at, row


def _one(known: dict[_T, _T], value: _T) -> _T:
    """The object that is kept of equal ones."""
    if len(known) > 4 * KEPT:
        known.clear()
    return known.setdefault(value, value)


def _says(found: Round, state: MemberLogState) -> bool:
    """Whether the log tells anything of the round but its number."""
    return bool(
        found.best
        or found.worst
        or found.mean is not None
        or found.difference is not None
        or state.waits is not None
    )


def rounds(
    logs: Iterable[tuple[RoundRows, Mapping[int, MemberLogState]]],
    steps: Mapping[int, MemberSteps],
) -> tuple[RoundRow, ...]:
    """The newest rounds of all members, by member, oldest first.

    Args:
        logs: the rounds and the states of each log, oldest first.
        steps: the generations by member: they tell the generation of a round that has only a time.
    """
    found: dict[int, deque[RoundRow]] = {}
    for at, row in chain.from_iterable(kept.rows(states) for kept, states in logs):
        is_placed = row.generation is not None
        placed = row if is_placed else _placed(row, at, steps.get(row.member))
        found.setdefault(row.member, deque(maxlen=KEPT)).append(placed)
    return tuple(row for member in sorted(found) for row in found[member])


def _placed(row: RoundRow, at: float | None, known: MemberSteps | None) -> RoundRow:
    """The round with the newest generation of its member at that time."""
    count = 0 if at is None or known is None else known.before(at)
    if known is None or not count:
        return row
    return msgspec.structs.replace(row, generation=known.steps[count - 1].generation)
