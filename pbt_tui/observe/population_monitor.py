"""Monitors one population: combines its workspace, its history and its members' logs into a row.

Must not write: the executor writes the history, with `HistoryWriter`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from pbt_tui.observe.best import BestGeneration
from pbt_tui.observe.health import alarms
from pbt_tui.observe.history import HistoryReader
from pbt_tui.observe.inference import infer
from pbt_tui.observe.lineage import LineageEvent, by_member, merge
from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.member_logs import MemberLog, MemberLogState
from pbt_tui.observe.population_status import PopulationStatus
from pbt_tui.observe.snapshot_types import (
    Best,
    EventRow,
    GenerationRow,
    MemberRow,
    MemberWord,
    PopulationRow,
)
from pbt_tui.observe.workspaces import Generation, reader, size
from pbt_tui.observe.workspaces.generation import Key
from pbt_tui.populations import STYLES, ExchangeSettings


class PopulationMonitor:
    """The state of one population; `poll` updates it.

    Args:
        name: name of the population.
        style: its style.
        workspace: the folder that the members share.
        size: number of members; 0: as many as there are folders.
        settings: when members exchange; None: the defaults of the style.
        history: the history; None without a run directory.
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
    ) -> None:
        self.name = name
        self.style = style
        self.trainer = STYLES.get(style)
        self.settings = settings or self.trainer.settings
        self.reader = reader(style, workspace, argv)
        self.events: list[LineageEvent] = []
        """All events, oldest first."""
        self.generations: dict[int, list[Generation]] = {}
        """Generations by member, in write order."""
        self._size = size
        self._history = history
        self._best = BestGeneration(self.reader)
        self._steps: dict[Key, Generation] = {}
        self._logs: dict[int | None, MemberLog] = {}
        self._followers: dict[Path, Follower] = {}
        self._restarts: list[tuple[int, float]] = []

    @property
    def workspace(self) -> Path:
        """Where it is, or what the spec records of it while nothing is found."""
        return self.reader.path

    @property
    def size(self) -> int:
        """Number of members."""
        return self._size or size(self.reader) or max(self.generations, default=-1) + 1

    def poll(self, logs: Mapping[int, Sequence[Path]] | None = None) -> bool:
        """Reads what is new; returns whether there was anything.

        Args:
            logs: logs of each member's attempts, oldest first. Of a log over 32 MB, only the end is
                read; for the time before, events are inferred from metadata.
        """
        new = self._history.take(self.name) if self._history else []
        new += self.reader.poll()
        for generation in new:
            old = self._steps.get(generation.key)
            if old is None or generation.at >= old.at:
                self._steps[generation.key] = generation
        self._best.add(new)
        restarts = self.reader.restarts()
        grown = self._follow(logs or {})
        if not new and not grown and restarts == self._restarts:
            return False
        self._restarts = restarts
        self._lineage()
        return True

    def _follow(self, logs: Mapping[int, Sequence[Path]]) -> bool:
        if shared := self.trainer.log_in_workspace:  # the job prints the same lines
            return self._read(None, self.workspace / shared)
        read = [self._read(member, path) for member, paths in logs.items() for path in paths]
        return any(read)

    def _read(self, member: int | None, path: Path) -> bool:
        follower = self._followers.get(path)
        if follower is None:
            follower = self._followers[path] = Follower(path)
        log = self._logs.setdefault(member, MemberLog(member))
        grown = False
        while block := follower.block():
            log.feed(block)
            log.cut = log.cut or follower.cut
            grown = True
        return grown

    def _lineage(self) -> None:
        generations = list(self._steps.values())
        self.generations = by_member(generations)
        logged = [event for log in self._logs.values() for event in log.events]
        covered: dict[int, int] = {}
        for log in self._logs.values():
            if log.first is None and not log.events:
                continue
            since = (log.first or 0) if log.cut else 0
            speakers = [log.member] if log.member is not None else range(self.size)
            covered.update(dict.fromkeys(speakers, since))
        self.events = merge(
            logged, infer(generations, self.style, self._restarts), covered, generations
        )

    def log_states(self) -> dict[int, MemberLogState]:
        """The newest state in the log of each member."""
        return {m: state for log in self._logs.values() for m, state in log.states.items()}

    def newest(self) -> float | None:
        """When the newest generation was written, in Unix seconds; None without one."""
        return max((steps[-1].at for steps in self.generations.values()), default=None)

    def status(self, states: Mapping[int, MemberWord], now: float) -> PopulationStatus:
        """The input of `health`."""
        return PopulationStatus(
            style=self.style,
            size=self.size,
            generations=self.generations,
            events=self.events,
            states=states,
            logs=self.log_states(),
            best=self.reader.best(),
            unreadable=self.reader.unreadable(),
            settings=self.settings,
            missing=getattr(self.reader, "problem", None),
            now=now,
        )

    def row(self, states: Mapping[int, MemberWord], now: float) -> PopulationRow:
        """The row of the snapshot; `states` is empty for a plain workspace, without jobs."""
        furthest = max((s[-1].generation for s in self.generations.values()), default=0)
        return PopulationRow(
            id=self.name,
            style=self.style,
            size=self.size,
            workspace=str(self.workspace),
            members=tuple(
                _member(index, states.get(index, "unknown"), self.generations, furthest)
                for index in range(self.size)
            ),
            events=tuple(
                EventRow(e.kind, e.member, e.donor, e.generation, e.source, e.confidence)
                for e in self.events
            ),
            best=self.best(),
            alarms=tuple(alarms(self.status(states, now))),
        )

    def best(self) -> Best | None:
        """The best generation whose weights are still there."""
        return self._best.best()


def _member(
    index: int, state: MemberWord, generations: Mapping[int, list[Generation]], furthest: int
) -> MemberRow:
    steps = generations.get(index, [])
    last = steps[-1] if steps else None
    return MemberRow(
        index=index,
        state=state,
        generation=last.generation if last else None,
        frame=last.frame if last else None,
        objective=last.objective if last else None,
        params=last.params if last else {},
        lag=max(0, furthest - last.generation) if last else None,
        generations=tuple(
            GenerationRow(g.generation, g.frame, g.objective, g.params, g.at) for g in steps
        ),
    )
