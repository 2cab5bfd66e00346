"""Keeps the newest generation of each member and the best of each population, by hard links.

Trainers remove old generations, and after an exploit also those that were written last. The links
are in `_pbt/kept/`; `observe.continuing.kept` makes them, and members are continued from them.
Called by the sampler, in its thread, because a workspace may be on a disk that hangs.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from pbt_tui.journal import RunState
from pbt_tui.journal.events import Source, Stamp
from pbt_tui.observe.best import BestGeneration
from pbt_tui.observe.continuing import kept
from pbt_tui.observe.continuing.candidate import Candidate, Place, Read, loaded
from pbt_tui.observe.snapshot_types import Best
from pbt_tui.observe.workspaces import Generation, Reader
from pbt_tui.populations import STYLES
from pbt_tui.spec import Population

_ALL = 4096
"""Most generations that are read to find the best one, which is seldom the newest."""
_LAST = 200
"""Generations of each member in the history that may still be in its folder; trainers keep 50."""


class Pins:
    """The generations of one population that are kept; its style must have a recipe.

    Args:
        state: The state of the run; it is only read.
        population: The population.
        folder: The folder `kept` of the run directory.
        reader: The reader of the workspace, which the caller polls.
        known: What the history has of the population.
    """

    def __init__(
        self,
        state: RunState,
        population: Population,
        folder: Path,
        reader: Reader,
        known: Sequence[Generation],
    ) -> None:
        self._state = state
        self._population = population
        self._folder = folder
        self._reader = reader
        self._style = STYLES.get(population.style)
        self._read: Read = loaded(self._style, self._style.saved)
        self._ranking = BestGeneration(reader)
        self._newest: dict[int, Stamp] = {}
        """Member → what is kept as its newest."""
        self._best: tuple[float, Stamp] | None = None
        """Objective and stamp of what is kept as the best."""
        self._problems: list[str] = []
        self._unread = _last(known)
        self._take_over(known)

    def update(self, new: Sequence[Generation]) -> list[str]:
        """Keeps what is newest and best now, and releases what was.

        Args:
            new: What the reader returned since the last call, in write order.

        Returns:
            Why something could not be kept, other than that its trainer has removed it.
        """
        new, self._unread = [*self._unread, *new], []
        if not new:
            return []
        self._problems = []
        self._ranking.add(new)
        seen: list[Candidate] = []
        members = sorted({g.member for g in new}) if self._style.members_are_jobs else [0]
        for member in members:
            seen += self._look(member, 1)
        for found in seen:
            if self._keep(found.source):
                self._newest[found.source.member] = found.stamp
        self._keep_best(self._ranking.best(), seen)
        needed = {*self._newest.values(), *self._used()}
        if self._best is not None:
            needed.add(self._best[1])
        kept.release_others(self._folder, self._population.id, needed)
        return self._problems

    def _take_over(self, known: Sequence[Generation]) -> None:
        """What an earlier executor has kept: its files may be gone from the workspace."""
        pins = kept.pins_of(self._folder, self._population.id)
        if not pins:
            return
        written = {
            (g.member, g.generation if g.step is None else g.step, round(g.at, 2)): g for g in known
        }
        for pin in pins:
            old = self._newest.get(pin.member)
            if old is None or old.written < pin.stamp.written:
                self._newest[pin.member] = pin.stamp
            file = pin.stamp.metadata or pin.stamp.weights
            at = 0.0 if file is None else file.mtime_ns / 1e9
            found = written.get((pin.member, pin.generation, round(at, 2)))
            objective = found.objective if found is not None else None
            if objective is not None and (self._best is None or objective > self._best[0]):
                self._best = objective, pin.stamp

    def _look(self, member: int, most: int) -> Sequence[Candidate]:
        """Whole generations of a member, of those that were written last; of all policies, where
        one job trains them."""
        index = member if self._style.members_are_jobs else 0
        job = self._state.by_id.get(self._population.members[index])
        argv = job.spec.argv if job is not None else ()
        place = Place.of(self._reader.path, member, self._style, argv)
        return [c for c in self._read(place, most).usable if not c.is_torn]

    def _keep(self, source: Source) -> bool:
        why = kept.pin(self._folder, self._population.id, source)
        if why is not None and why != kept.CHANGED and why not in self._problems:
            self._problems.append(why)
        return why is None

    def _keep_best(self, best: Best | None, seen: Sequence[Candidate]) -> None:
        there = {pin.stamp for pin in kept.pins_of(self._folder, self._population.id)}
        if self._best is not None and self._best[1] not in there:
            self._best = None  # it was written again, or its member has begun from scratch
        if best is None or best.checkpoint is None:
            return
        if self._best is not None and self._best[0] >= best.objective:
            return
        for candidates in (seen, self._look(best.member, _ALL)):
            for found in candidates:
                source = found.source
                is_it = (source.member, source.checkpoint) == (best.member, best.checkpoint)
                if is_it and source.frame == best.frame:
                    if self._keep(source):
                        self._best = best.objective, found.stamp
                    return

    def _used(self) -> Collection[Stamp]:
        """What attempts go on from: they may not have loaded it yet."""
        jobs = [self._state.by_id[name] for name in self._population.members]
        answers = [job.continuation for job in jobs]
        sources = [job.attempts[-1].source for job in jobs if job.attempts]
        sources += [answer.source for answer in answers if answer is not None]
        return {s.stamp for s in sources if s is not None and s.stamp is not None}


def _last(known: Sequence[Generation]) -> list[Generation]:
    by_member: dict[int, list[Generation]] = {}
    for generation in known:
        by_member.setdefault(generation.member, []).append(generation)
    return [g for steps in by_member.values() for g in steps[-_LAST:]]
