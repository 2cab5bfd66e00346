"""The lineage of a population, kept up to date: an update costs what is new.

The result depends on what is known, never on the order in which it became known. Each gap between
two generations of a member is judged by `placed_events`; an update judges the gaps again that new
generations, decisions or starts touch. Pure.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from math import inf

from pbt_tui.observe.donors import Donors
from pbt_tui.observe.event_order import EventOrder, PlacedEvent
from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.member_record import MemberRecord, Place, Said
from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.placed_events import is_silent, of_gap, without_generation
from pbt_tui.observe.snapshot_types import EventRow
from pbt_tui.observe.workspaces import Generation, Start
from pbt_tui.populations import Style


class PopulationLineage:
    """The generations of all members, and the events between them.

    Args:
        trainer: style of the population.
    """

    def __init__(self, trainer: Style) -> None:
        self.trainer = trainer
        self.steps: dict[int, MemberSteps] = {}
        """The generations by member."""
        self._members: dict[int, MemberRecord] = {}
        self._order = EventOrder()
        self._newest = -inf
        """When the newest generation of all was written."""
        self._late = inf
        """When the first of those was written that this update adds or removes late."""
        self._shared: list[MemberLog] = []
        """Logs of jobs that train all members."""
        self._touched: set[int] = set()
        self._until: dict[int, float] = {}
        """The end of each log's attempt when it was read last, by the log's identity."""
        self.fresh: list[LineageEvent] = []
        """New and changed events of the last update."""

    @property
    def events(self) -> list[LineageEvent]:
        """All events, in the order of the decisions."""
        return self._order.events()

    def rows(self) -> tuple[EventRow, ...]:
        """All events for the snapshot, in the order of the decisions."""
        return self._order.rows()

    def decided(self, generation: Generation) -> list[LineageEvent]:
        """The events between a generation and the next one of its member, in order.

        Args:
            generation: one of the known generations.
        """
        member = self._members[generation.member]
        return [placed.event for placed in member.placed.get(generation.key, ())]

    def relaunched(self) -> list[int]:
        """Members that began again from scratch, in order."""
        return self._order.relaunched()

    def restarting(self) -> set[int]:
        """Members that decided at their newest generation, and may be starting again."""
        if not self.trainer.members_are_jobs:  # nothing starts again
            return set()
        return {
            index
            for index, member in self._members.items()
            if member.steps.steps and member.placed.get(member.steps.steps[-1].key)
        }

    def update(
        self,
        generations: Iterable[Generation] = (),
        starts: Sequence[Start] = (),
        logs: Iterable[MemberLog] = (),
        kept: Iterable[LineageEvent] = (),
        attempts: Iterable[tuple[int, float]] = (),
    ) -> bool:
        """Adds what is new; returns whether the events have changed.

        Args:
            generations: new generations; one with the key of a known one replaces it.
            starts: new starts.
            logs: logs that were read on, or whose attempt has ended.
            kept: events from the history.
            attempts: (member, Unix seconds) of new attempts after a member's first.
        """
        self.fresh = []
        newest = self._newest
        for generation in generations:
            self._add(generation)
            newest = max(newest, generation.at)
        self._newest = newest
        for start in starts:
            self._start(start.member, start.at).starts.append(start)
            self._members[start.member].starts.sort(key=lambda s: s.at)
        for member, at in attempts:
            self._start(member, at).attempts.append(at)
        for log in logs:
            self._hear(log)
        for event in kept:
            self._keep(event)
        return self._judge()

    # -- what is new -------------------------------------------------------------------------------

    def _of(self, index: int) -> MemberRecord:
        member = self._members.get(index)
        if member is None:
            member = self._members[index] = MemberRecord()
            last = next(reversed(self.steps), -1)
            self.steps[index] = member.steps
            if index < last:
                self.steps = dict(sorted(self.steps.items()))
        return member

    def _mark(self, index: int, member: MemberRecord, place: Place) -> None:
        member.dirty.add(place)
        self._touched.add(index)

    def _add(self, generation: Generation) -> None:
        index, key = generation.member, generation.key
        member = self._of(index)
        shown = member.steps.least_rise
        if (old := member.by_key.get(key)) is not None:
            self._remove(index, member, old)
        place = member.steps.add(generation)
        member.by_key[key] = generation
        before = member.steps.steps[place - 1].key if place else None
        member.dirty |= {before, key}
        self._touched.add(index)
        versions = member.steps.versions(generation.generation)
        if len(versions) > 1:  # which attempt speaks of which is told by time
            member.dirty.update(version.key for version in versions)
        if member.said:
            late = place < len(member.steps.steps) - 1
            if late or old is not None:
                moved = list(member.said.values())
            else:
                moved = [*member.by_number[generation.generation], *member.at_place[before]]
            for said in moved:
                self._place(index, member, said)
        if member.kept_waiting:
            waiting = (generation.experiment_name, generation.generation, generation.frame)
            if event := member.kept_waiting.pop(waiting, None):
                member.kept[key] += event
        jump = self.trainer.copy_raises_step
        if place == 0 or (jump is not None and member.steps.least_rise < jump <= shown):
            self._mark_from(index, member, 0)
        self._becomes_known(generation.at)

    def _remove(self, index: int, member: MemberRecord, old: Generation) -> None:
        place = member.steps.remove(old)
        del member.by_key[old.key]
        for placed in member.placed.pop(old.key, ()):
            self._order.take(placed)
        before = member.steps.steps[place - 1].key if place else None
        self._mark(index, member, before)
        if place == 0:
            self._mark_from(index, member, 0)
        if kept := member.kept.pop(old.key, None):
            waiting = (old.experiment_name, old.generation, old.frame)
            member.kept_waiting[waiting] += kept
        self._becomes_known(old.at)

    def _becomes_known(self, at: float) -> None:
        """Notes a generation that members may have read at gaps that earlier updates judged."""
        if at <= self._newest or self.trainer.copy_raises_step is not None:
            self._late = min(self._late, at)

    def _mark_late(self) -> None:
        """Marks what may have been copied from a generation that becomes known late."""
        for index, member in self._members.items():
            steps = member.steps.steps
            if not steps:
                continue
            if steps[-1].at >= self._late:
                self._mark_from(index, member, bisect_left(steps, self._late, key=lambda g: g.at))
            elif member.at_place.get(steps[-1].key):
                self._mark(index, member, steps[-1].key)
        self._late = inf

    def _mark_from(self, index: int, member: MemberRecord, place: int) -> None:
        for generation in member.steps.steps[max(0, place - 1) :]:
            self._mark(index, member, generation.key)

    def _start(self, index: int, at: float) -> MemberRecord:
        """Marks the gap in which a start lies."""
        member = self._of(index)
        count = member.steps.before(at)
        self._mark(index, member, member.steps.steps[count - 1].key if count else None)
        return member

    def _hear(self, log: MemberLog) -> None:
        decisions, heard = log.take()
        if self.trainer.log_in_workspace is not None and log not in self._shared:
            self._shared.append(log)
            for index, member in self._members.items():
                self._mark_from(index, member, 0)
        for decision in decisions:
            index = decision.event.member
            member = self._of(index)
            said = member.said.get(id(decision))
            if said is None:
                said = member.said[id(decision)] = Said(log, decision)
                member.by_number[decision.generation].append(said)
                member.at_place[None].append(said)
            self._place(index, member, said)
            self._mark(index, member, said.place)
        for index, number in heard:
            member = self._of(index)
            if log not in member.logs:
                member.logs.append(log)
            for generation in member.steps.versions(number):
                self._mark(index, member, generation.key)
        if log.until != self._until.get(id(log), inf):
            self._until[id(log)] = log.until
            self._ended(log)

    def _ended(self, log: MemberLog) -> None:
        """Judges again what depends on the end of a log's attempt."""
        for index in {d.event.member for d in log.said}:
            member = self._of(index)
            for said in [s for s in member.said.values() if s.log is log]:
                self._place(index, member, said)
                self._mark(index, member, said.place)
        for index, number in log.heard:
            member = self._of(index)
            for generation in member.steps.versions(number):
                self._mark(index, member, generation.key)

    def _keep(self, event: LineageEvent) -> None:
        member = self._of(event.member)
        waiting = (event.experiment_name, event.generation, event.frame)
        for generation in member.steps.versions(event.generation or 0):
            if waiting == (generation.experiment_name, generation.generation, generation.frame):
                known = member.kept[generation.key]
                known[:] = [e for e in known if (e.kind, e.donor) != (event.kind, event.donor)]
                known.append(event)
                self._mark(event.member, member, generation.key)
                return
        member.kept_waiting[waiting].append(event)

    # -- where decisions belong --------------------------------------------------------------------

    def _place(self, index: int, member: MemberRecord, said: Said) -> None:
        place = member.find(said)
        if place != said.place:
            member.at_place[said.place].remove(said)
            member.at_place[place].append(said)
            self._mark(index, member, said.place)
            said.place = place
            self._mark(index, member, place)
            if place is not None:
                for version in member.steps.versions(member.by_key[place].generation):
                    self._mark(index, member, version.key)

    # -- judging the gaps --------------------------------------------------------------------------

    def _judge(self) -> bool:
        """Judges all gaps that were marked; returns whether the events have changed."""
        if self._late < inf:
            self._mark_late()
        donors = Donors(self.steps, self.trainer)
        shared = self._shared if self.trainer.log_in_workspace is not None else None
        gaps: list[tuple[int, float, int, int]] = []
        changed = False
        for index in self._touched:
            member = self._members[index]
            for position, before in member.marked():
                if member.placed.get(before.key) or not is_silent(self.trainer, member, position):
                    gaps.append((before.generation, before.at, index, position))
            if None in member.dirty or member.at_place.get(None):
                changed |= self._replace(member, None, without_generation(donors, member))
            member.dirty.clear()
        self._touched.clear()
        gaps.sort()  # by number: those that share an index of `Donors` follow each other
        for _, _, index, position in gaps:
            member = self._members[index]
            found = of_gap(donors, member, position, shared)
            changed |= self._replace(member, member.steps.steps[position].key, found)
        return changed

    def _replace(self, member: MemberRecord, place: Place, new: list[PlacedEvent]) -> bool:
        """Gives a gap other events; returns whether they differ."""
        old = member.placed.get(place, [])
        if old == new:
            return False
        for placed in old:
            self._order.take(placed)
        for placed in new:
            self._order.put(placed)
        self.fresh += [placed.event for placed in new]
        member.placed[place] = new
        return True
