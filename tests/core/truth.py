"""What members of populations truly wrote, and whether each start goes on from the right thing.

The checks know the content of the files, which no executor can read.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pbt_tui.journal import events as ev
from tests.core.workspaces import Metadata, Pair, SimWorkspace

if TYPE_CHECKING:
    from tests.core.trainers import Trainer
    from tests.core.world import Name

PATIENCE = 60.0
"""Seconds for which an executor waits for a workspace that is not there."""


@dataclass
class Line:
    """The life of a member since it last began from scratch."""

    written: set[int] = field(default_factory=set)
    """Numbers of the writes that were completed."""
    failures: Counter[int] = field(default_factory=Counter)
    """Write to attempts that went on from it, wrote nothing and failed by their own exit code."""

    @property
    def barred(self) -> set[int]:
        return {write for write, count in self.failures.items() if count >= 2}

    def best(self, workspace: SimWorkspace, member: int) -> tuple[int, Pair] | None:
        """The generation that was written last, of those on disk that it can go on from."""
        usable = [
            (number, pair)
            for number, pair in workspace.pairs(member)
            if pair.fits
            and pair.weights is not None
            and pair.weights.written in self.written - self.barred
        ]
        return max(usable, key=lambda found: _written(found[1]), default=None)


def _written(pair: Pair) -> int:
    return pair.weights.written if pair.weights is not None else 0


class Truth:
    """Follows every member, by job."""

    def __init__(self, broken: Callable[[str], None]) -> None:
        self.broken = broken
        self.lines: dict[str, Line] = {}
        self.lives: dict[Name, Trainer] = {}
        """The newest life of each attempt."""
        self.firsts: dict[Name, Trainer] = {}
        """The first life of each attempt."""
        self.owed: set[str] = set()
        """Jobs that a person wants to begin from scratch, and have not begun."""
        self.known_to_run: set[Name] = set()
        """Attempts of which the journal says that they have run."""
        self.scheduled: dict[Name, tuple[ev.AttemptScheduled, bool]] = {}
        """Each decision, and whether its job was owed a beginning from scratch then."""
        self.asked: dict[str, float] = {}
        """When what a job goes on from was last asked."""
        self.generations = 0
        self.continued = 0
        self.refused = 0

    # -- what happens ----------------------------------------------------------------------------

    def wrote(self, trainer: Trainer, metadata: Metadata) -> None:
        self.lines[trainer.proc.name[0]].written.add(metadata.written)
        trainer.wrote = True
        self.generations += 1

    def recorded(
        self,
        events: Sequence[ev.AnyEvent],
        find: Callable[[str], tuple[SimWorkspace, int] | None],
    ) -> None:
        """These events are on disk now."""
        for event in events:
            name = self._owes(event)
            if name is not None and name not in self.firsts:
                # A bad GPU ended it before its trainer began: its folder was moved aside before.
                self.lines[name[0]] = Line()
            match event:
                case ev.AttemptScheduled():
                    key = (event.job, event.attempt)
                    self.scheduled[key] = (event, event.job in self.owed)
                case ev.AttemptEnded():
                    self._ended(event)
                case ev.JobSkipped() if event.why.startswith("cannot be continued"):
                    self.refused += 1
                    self._skipped(event, find(event.job))
                case _:
                    pass

    def _owes(self, event: ev.AnyEvent) -> Name | None:
        """Follows what is owed.

        Until the journal says that an attempt from scratch runs, a person sees one that has yet to
        start, although its process may be there already. So this attempt is the answer to each
        request that was accepted before that event.

        Returns:
            The attempt from scratch of which this event is the first to say that it runs.
        """
        match event:
            case ev.RequestAccepted() if event.anew is True:
                self.owed |= set(event.jobs)
                return None
            case ev.AttemptStarted():
                pass
            case ev.AttemptEnded() if event.outcome != "refused" and (
                event.exit_code is not None or event.signal is not None or event.outcome == "lost"
            ):
                pass  # nobody may have recorded its start
            case _:
                return None
        name = (event.job, event.attempt)
        if name in self.known_to_run:
            return None  # it is requeued: what was asked since is owed
        self.known_to_run.add(name)
        if not self.scheduled[name][0].anew:
            return None
        self.owed.discard(event.job)
        return name

    def _ended(self, event: ev.AttemptEnded) -> None:
        life = self.lives.get((event.job, event.attempt))
        own = event.outcome == "failed" and event.signal is None and event.exit_code is not None
        if life is not None and life.began is not None and own and not life.wrote:
            self.lines[event.job].failures[life.began] += 1

    def _skipped(self, event: ev.JobSkipped, found: tuple[SimWorkspace, int] | None) -> None:
        if found is None:
            return
        workspace, member = found
        best = self.lines[event.job].best(workspace, member) if event.job in self.lines else None
        late = workspace.hidden_until > self.asked.get(event.job, 0.0) + PATIENCE
        if best is not None and not late:
            self.broken(f"{event.job} is refused, and could go on from {best[0]}: {event.why}")

    def copied(self, durable: Sequence[ev.AnyEvent]) -> None:
        """The run goes on in a copy: it owes what the copied journal owes."""
        self.owed.clear()
        self.known_to_run.clear()
        for event in durable:
            self._owes(event)

    def lost_times(self, jobs: Sequence[str]) -> None:
        """The workspace of these members was copied without the times of its files.

        Failures bar files, which only their times and sizes name: a copy of corrupt weights with a
        time of its own is another file. Nobody can know that two attempts have failed from it.
        """
        for job in jobs:
            if job in self.lines:
                self.lines[job].failures.clear()

    def moved_aside(self, job: str, attempt: int) -> None:
        """What the member left is out of its way, even if the attempt itself is then refused."""
        if not self.scheduled[job, attempt][1]:
            self.broken(f"{job}.{attempt} moves aside what it wrote, and nobody asked for it")
        self.lines[job] = Line()

    # -- starts ----------------------------------------------------------------------------------

    def starts(self, trainer: Trainer, *, again: bool) -> None:
        """A process begins; `again` after a requeue, inside its attempt."""
        job, attempt = trainer.proc.name
        line = self.lines.setdefault(job, Line())
        self.lives[trainer.proc.name] = trainer
        self.firsts.setdefault(trainer.proc.name, trainer)
        event, owed = self.scheduled[job, attempt]
        if event.anew and not again:
            if not owed:
                self.broken(f"{job}.{attempt} begins from scratch, and nobody asked for it")
            if trainer.member in trainer.workspace.folders:
                self.broken(f"{job}.{attempt} begins from scratch beside what it wrote before")
            self.lines[job] = line = Line()
            self.owed.discard(job)
        elif owed and not again:
            self.broken(f"{job}.{attempt} goes on, and was to begin from scratch")
        if trainer.source is None:
            if line.written:
                self.broken(f"{job}.{attempt} begins anew, and had written {len(line.written)}")
            return
        self.continued += 1
        self._goes_on(trainer, line, f"{job}.{attempt}")

    def _goes_on(self, trainer: Trainer, line: Line, name: str) -> None:
        workspace, member = trainer.workspace, trainer.member
        found = workspace.find(trainer.source or "")
        best = line.best(workspace, member)
        if found is None:
            self.broken(f"{name} goes on from `{trainer.source}`, which is not there")
            return
        whose, number, pair = found
        trainer.began = _written(pair)
        if whose != member:
            self.broken(f"{name} goes on from member {whose}")
        elif not pair.fits:
            self.broken(f"{name} goes on from generation {number}, which is not whole")
        elif pair.metadata is not None and pair.metadata.params != trainer.params:
            self.broken(f"{name} goes on from {number} with parameters of another generation")
        elif _written(pair) not in line.written:
            self.broken(f"{name} goes on from generation {number} of an earlier life")
        elif _written(pair) in line.barred:
            self.broken(f"{name} goes on from generation {number}, from which two have failed")
        elif best is not None and _written(best[1]) > _written(pair):
            self.broken(f"{name} goes on from {number}, and {best[0]} was written later")
