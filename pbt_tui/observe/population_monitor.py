"""Monitors one population: combines its workspace, its history and its members' logs into a row.

Must not write: the executor writes the history, with `HistoryWriter`. A poll costs what is new.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from operator import attrgetter
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from pbt_tui.observe.best import BestGeneration
from pbt_tui.observe.best_folders import BestFolders
from pbt_tui.observe.copied_times import true_times
from pbt_tui.observe.health import alarms
from pbt_tui.observe.history import HistoryReader
from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.pauses import Pause
from pbt_tui.observe.pinned_weights import PinnedWeights
from pbt_tui.observe.population_lineage import PopulationLineage
from pbt_tui.observe.population_status import MemberAttempt, PopulationStatus
from pbt_tui.observe.round_rows import rounds
from pbt_tui.observe.rounds import MemberLogState
from pbt_tui.observe.snapshot_types import (
    Best,
    EventRow,
    GenerationRow,
    MemberRow,
    MemberWord,
    PopulationRow,
    RoundRow,
)
from pbt_tui.observe.workspaces import Generation, Latest, Start, latest, reader, size, starts
from pbt_tui.observe.workspaces.generation import Key
from pbt_tui.populations import STYLES, ExchangeSettings

_NONE: Mapping[int, Pause] = MappingProxyType({})
FIRST = 32 * 1024 * 1024
"""Most bytes from the end of a log that the first poll reads."""


class AttemptLog(NamedTuple):
    """The log of one attempt of a member."""

    path: Path
    """The file."""
    since: float = -inf
    """When the attempt started, in Unix seconds."""
    until: float = inf
    """When it ended; infinite: it has not, or that is not known."""


class PopulationMonitor:
    """The state of one population; `poll` updates it.

    Args:
        name: name of the population.
        style: its style.
        workspace: the folder that the members share.
        size: number of members; 0: as many as there are folders.
        settings: when members exchange; None: the defaults of the style.
        history: the history; None without a run directory.
        argv: the command of a member.
        kept: the folder with the generations that the executor keeps; None: none are kept.
        first: most bytes from the end of a log to read at first; for the time before, events are
            inferred from metadata.
    """

    def __init__(
        self,
        name: str,
        style: str,
        workspace: Path,
        *,
        size: int = 0,
        settings: ExchangeSettings | None = None,
        history: HistoryReader | None = None,
        argv: Sequence[str] = (),
        kept: Path | None = None,
        first: int = FIRST,
    ) -> None:
        self.name = name
        self.style = style
        self.trainer = STYLES.get(style)
        self.settings = settings or self.trainer.settings
        self.reader = reader(style, workspace, argv)
        self.lineage = PopulationLineage(self.trainer)
        self._size = size
        self._history = history
        self._first = first
        pinned = None if kept is None else PinnedWeights(kept, name)
        self._best = BestGeneration(self.reader, pinned)
        self._folders = BestFolders()
        self._told_size: int | None = None
        """Number of members in the trainers' configuration."""
        self._known: dict[Key, Generation] = {}
        self._logs: dict[Path, MemberLog] = {}
        self._followers: dict[Path, Follower] = {}
        self._starts: set[Start] = set()
        self._started: dict[int, float] = {}
        """When the newest start of each member was."""
        self._rows = _Rows()
        self._rounds: tuple[RoundRow, ...] | None = ()
        """The rounds of the last row; None: a log has more by now."""
        self._events: tuple[EventRow, ...] = ()

    @property
    def workspace(self) -> Path:
        """Where it is, or what the spec records of it while nothing is found."""
        return self.reader.path

    @property
    def size(self) -> int:
        """Number of members."""
        return self._size or self._told_size or max(self.lineage.steps, default=-1) + 1

    @property
    def events(self) -> list[LineageEvent]:
        """All events, oldest first."""
        return self.lineage.events

    @property
    def generations(self) -> dict[int, list[Generation]]:
        """Generations by member, in write order."""
        return {m: known.steps for m, known in self.lineage.steps.items() if known.steps}

    def poll(self, logs: Mapping[int, Sequence[AttemptLog]] | None = None) -> bool:
        """Reads what is new; returns whether there was anything.

        Args:
            logs: logs of each member's attempts, oldest first.
        """
        return self.add(self.reader.poll(), logs)

    def add(
        self,
        polled: list[Generation],
        logs: Mapping[int, Sequence[AttemptLog]] | None = None,
    ) -> bool:
        """Does what `poll` does, after somebody else has polled the reader.

        Args:
            polled: what the reader returned.
            logs: as for `poll`.
        """
        kept = self._history.take(self.name) if self._history else []
        events = self._history.take_events(self.name) if self._history else []
        new = self._newer(kept, polled)
        self._best.add(new)
        self._told_size = size(self.reader)
        begun = self._begun(starts(self.reader))
        read, attempts = self._follow(logs or {})
        if not (new or begun or read or attempts or events):
            return False
        self._rounds = None
        if self.lineage.update(new, begun, read, events, attempts):
            self._events = self.lineage.rows()
        return True

    def _begun(self, found: Sequence[Start]) -> list[Start]:
        """New starts; readers forget none."""
        if len(found) == len(self._starts):
            return []
        new = [s for s in found if s not in self._starts]
        self._starts.update(new)
        for start in new:
            self._started[start.member] = max(start.at, self._started.get(start.member, 0.0))
        return new

    def _newer(self, kept: list[Generation], polled: list[Generation]) -> list[Generation]:
        """New generations in write order; of those with one key, the one written last."""
        found: dict[Key, Generation] = {}
        if not self._known:
            polled = true_times(polled, {g.key: g for g in kept})
        for generation in [*kept, *polled]:
            key = generation.key
            old = found.get(key) or self._known.get(key)
            if old is None or (generation.at >= old.at and generation != old):
                found[key] = generation
        self._known.update(found)
        return sorted(found.values(), key=attrgetter("at", "generation", "member"))

    def _follow(
        self, logs: Mapping[int, Sequence[AttemptLog]]
    ) -> tuple[list[MemberLog], list[tuple[int, float]]]:
        """The logs that have grown or ended, and the attempts after a member's first."""
        attempts: list[tuple[int, float]] = []
        if shared := self.trainer.log_in_workspace:  # the job prints the same lines
            log = self._read(None, AttemptLog(self.workspace / shared), attempts, again=False)
            return ([log] if log else []), []
        read = [
            self._read(member, attempt, attempts, again=bool(count))
            for member, known in logs.items()
            for count, attempt in enumerate(known)
        ]
        return [log for log in read if log is not None], attempts

    def _read(
        self,
        member: int | None,
        attempt: AttemptLog,
        attempts: list[tuple[int, float]],
        *,
        again: bool,
    ) -> MemberLog | None:
        follower, log = self._followers.get(attempt.path), self._logs.get(attempt.path)
        if follower is None or log is None:
            follower = self._followers[attempt.path] = Follower(attempt.path, first=self._first)
            log = self._logs[attempt.path] = MemberLog(member, attempt.since)
            if again and member is not None and attempt.since > -inf:
                attempts.append((member, attempt.since))
        changed = log.until != attempt.until
        log.until = attempt.until
        while block := follower.block():
            log.cut = log.cut or follower.cut
            log.feed(block)
            changed = True
        return log if changed else None

    def log_states(self) -> dict[int, MemberLogState]:
        """The newest state in the log of each member."""
        return {m: state for log in self._logs.values() for m, state in log.states.items()}

    def _kept_rounds(self) -> tuple[RoundRow, ...]:
        """The newest rounds of each member; the same object while nothing is new."""
        if self._rounds is None:
            logs = self._logs.values()
            self._rounds = rounds([(log.rounds, log.states) for log in logs], self.lineage.steps)
        return self._rounds

    def newest(self) -> float | None:
        """When the newest generation was written, in Unix seconds; None without one."""
        return max((s.steps[-1].at for s in self.lineage.steps.values() if s.steps), default=None)

    def status(
        self,
        states: Mapping[int, MemberWord],
        now: float,
        attempts: Mapping[int, MemberAttempt] | None = None,
    ) -> PopulationStatus:
        """The input of `health`."""
        return PopulationStatus(
            style=self.style,
            size=self.size,
            members=self.lineage.steps,
            events=self._events,
            relaunched=self.lineage.relaunched(),
            restarting=self.lineage.restarting(),
            states=states,
            attempts=attempts or {},
            starts=self._started,
            logs=self.log_states(),
            told=latest(self.reader).keys(),
            wrong_best=self._folders.wrong(self.reader.best(), self.lineage.steps),
            unreadable=self.reader.unreadable(),
            settings=self.settings,
            missing=getattr(self.reader, "problem", None),
            now=now,
        )

    def row(
        self,
        states: Mapping[int, MemberWord],
        now: float,
        attempts: Mapping[int, MemberAttempt] | None = None,
        pauses: Mapping[int, Pause] = _NONE,
        original: Path | None = None,
    ) -> PopulationRow:
        """The row of the snapshot.

        Args:
            states: state of each member's job; empty for a plain workspace, without jobs.
            now: Unix seconds.
            attempts: the newest attempt of each member.
            pauses: the pause of each member that is paused.
            original: the run directory whose workspace it is; None: this run's own.
        """
        told = latest(self.reader)
        furthest = max(
            (s.steps[-1].generation for s in self.lineage.steps.values() if s.steps), default=0
        )
        return PopulationRow(
            id=self.name,
            style=self.style,
            size=self.size,
            workspace=str(self.workspace),
            members=tuple(
                self._rows.member(
                    index,
                    states.get(index, "elsewhere" if states else "unknown"),
                    self.lineage.steps.get(index),
                    furthest,
                    told.get(index),
                    pauses.get(index),
                )
                for index in range(self.size)
            ),
            events=self._events,
            best=self.best(),
            alarms=tuple(alarms(self.status(states, now, attempts))),
            rounds=self._kept_rounds(),
            original=None if original is None else str(original),
        )

    def best(self) -> Best | None:
        """The best generation whose weights are still there."""
        return self._best.best()

    def best_generation(self) -> Generation | None:
        """The generation that `best` is about; None without one."""
        best = self.best()
        if best is None or best.member not in self.lineage.steps:
            return None
        versions = self.lineage.steps[best.member].versions(best.generation)
        known = (best.objective, best.frame, best.experiment_name)
        return next(
            (g for g in versions if (g.objective, g.frame, g.experiment_name) == known), None
        )


class _Rows:
    """Rows of the members' generations: made once each."""

    def __init__(self) -> None:
        self._of: dict[int, tuple[int, list[GenerationRow], tuple[GenerationRow, ...]]] = {}

    def member(
        self,
        index: int,
        state: MemberWord,
        known: MemberSteps | None,
        furthest: int,
        told: Latest | None = None,
        pause: Pause | None = None,
    ) -> MemberRow:
        """The row of a member.

        Args:
            index: its index.
            state: state of its job.
            known: its generations; None: it has none.
            furthest: the number of the newest generation of the furthest member.
            told: what the trainer's log said last of it; None: nothing.
            pause: the pause of its container; None: it is not paused.
        """
        last = known.steps[-1] if known is not None and known.steps else None
        is_newer = told is not None and (last is None or (told.at or 0.0) >= last.at)
        objective = last.objective if last else None
        params = last.params if last else {}
        if told is not None and is_newer:
            objective = objective if told.objective is None else told.objective
            params = dict(told.params) or params
        return MemberRow(
            index=index,
            state=state,
            generation=last.generation if last else None,
            frame=last.frame if last else None,
            objective=objective,
            params=params,
            lag=max(0, furthest - last.generation) if last else None,
            generations=self._generations(index, known) if known is not None else (),
            paused_at=pause.since if pause else None,
        )

    def _generations(self, index: int, known: MemberSteps) -> tuple[GenerationRow, ...]:
        version, rows, whole = self._of.get(index, (known.version, [], ()))
        if version != known.version:
            rows = []
        if len(rows) != len(known.steps) or version != known.version:
            rows += [
                GenerationRow(g.generation, g.frame, g.objective, g.params, g.at)
                for g in known.steps[len(rows) :]
            ]
            whole = tuple(rows)
            self._of[index] = (known.version, rows, whole)
        return whole
