"""What is known of one member: its generations, and what speaks of the gaps between them.

Pure. A log says at which generation a member decided by number, frame and name; the attempt tells
generations apart that have all three in common.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from msgspec import Struct

from pbt_tui.observe.event_order import PlacedEvent
from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.member_logs import Decision, MemberLog
from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.workspaces import Generation, Start
from pbt_tui.observe.workspaces.generation import Key

_SLACK = 2.0
"""Seconds by which the clocks of the executor and of a file server may differ."""
_MANY = 8
"""Generations that are passed in the time in which one is searched for."""

Place = Key | None
"""A gap, by its earlier generation; None: all that no generation is known for."""


class Said(Struct, eq=False):
    """A decision of a log, and the gap that it belongs to."""

    log: MemberLog
    """The log."""
    decision: Decision
    """The decision, which later lines of the log may change."""
    place: Place = None
    """The gap."""

    @property
    def order(self) -> tuple[float, float, int]:
        """Sorts decisions of a member as they were made."""
        return (self.decision.at or 0.0, self.log.since, self.decision.position)


class MemberRecord:
    """What is known of one member, by the gaps between its generations."""

    def __init__(self) -> None:
        self.steps = MemberSteps()
        self.by_key: dict[Key, Generation] = {}
        self.starts: list[Start] = []
        self.attempts: list[float] = []
        """Starts of attempts after the first, in Unix seconds."""
        self.logs: list[MemberLog] = []
        self.said: dict[int, Said] = {}
        """By the identity of the decision."""
        self.by_number: dict[int | None, list[Said]] = defaultdict(list)
        """By the number of the generation at the decision; None: the log has times instead."""
        self.at_place: dict[Place, list[Said]] = defaultdict(list)
        self.kept: dict[Place, list[LineageEvent]] = defaultdict(list)
        self.kept_waiting: dict[tuple[str | None, int | None, int | None], list[LineageEvent]]
        self.kept_waiting = defaultdict(list)
        self.placed: dict[Place, list[PlacedEvent]] = {}
        self.dirty: set[Place] = set()

    def marked(self) -> Iterator[tuple[int, Generation]]:
        """The generations at the marked gaps, with their positions."""
        if len(self.dirty) * _MANY > len(self.steps.steps):
            for position, generation in enumerate(self.steps.steps):
                if generation.key in self.dirty:
                    yield position, generation
            return
        for place in self.dirty:
            if place is not None and (found := self.by_key.get(place)) is not None:
                yield self.steps.position(found), found

    def find(self, said: Said) -> Place:
        """The gap that a decision belongs to, by what the log says of the generation at it.

        Args:
            said: a decision of this member.
        """
        decision, log = said.decision, said.log
        if decision.at is not None:
            count = self.steps.before(decision.at)
            return self.steps.steps[count - 1].key if count else None
        if decision.generation is None:
            return None
        found = [
            g
            for g in self.steps.versions(decision.generation)
            if (decision.frame is None or g.frame in (None, decision.frame))
            and (decision.name is None or g.experiment_name == decision.name)
        ]
        if len(found) > 1:
            found = [g for g in found if log.since - _SLACK <= g.at <= log.until + _SLACK]
        return found[decision.occurrence].key if decision.occurrence < len(found) else None

    def heard(self, generation: Generation, shared: Sequence[MemberLog] | None) -> bool:
        """Whether a log has every decision at a generation.

        Args:
            generation: one of this member.
            shared: logs that all members share; None: each attempt has a log.
        """
        if shared is not None:
            return any(
                log.first is not None and (not log.cut or log.first <= generation.at)
                for log in shared
            )
        key = (generation.member, generation.generation)
        logs = [log for log in self.logs if key in log.heard]
        if len(self.steps.versions(generation.generation)) == 1:
            return bool(logs)
        return any(log.since - _SLACK <= generation.at <= log.until + _SLACK for log in logs)
