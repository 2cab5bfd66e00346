"""A simulated world for the real loop: virtual time, processes that outlive the executor, slow and
refused starts, duplicated and reordered facts, and deaths at every point of a turn.

The world knows the truth; the executor learns it late, twice, or never.
"""

from __future__ import annotations

import heapq
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pbt_tui.errors import RunError
from pbt_tui.executor.inbox import UnreadableRequest
from pbt_tui.journal import events as ev
from pbt_tui.journal.outcome import Order
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Queued, Started
from pbt_tui.spec import Cause

if TYPE_CHECKING:
    from tests.core.sim_runtime import SimRuntime

Name = tuple[str, int]
Decided = type[ev.AttemptScheduled] | type[ev.StopRequested] | type[ev.KillRequested]
NOBODY = "nobody"
CODES: dict[int, Cause] = {87: "gpu_lost", 88: "cuda_oom"}
"""Exit codes of jobs that a bad GPU ends."""


def cause_of(code: int | None, signal: int | None) -> Cause:
    return CODES.get(code or 0, "signal" if signal else "exit")


class Death(Exception):
    """`kill -9` of the executor."""


@dataclass
class Proc:
    """The true state of one claimed attempt."""

    name: Name
    handle: str
    gpus: tuple[str, ...]
    started: float
    code: int
    refused: bool = False
    deaf: bool = False
    """Ignores a gentle stop."""
    ended: float | None = None
    coded: bool = True
    """Whether the shim wrote an exit code; after a kill it does not."""
    restart: int = 0
    """How often the queue restarted it."""
    order: Order = "before"
    """Whether it ended before or after the mark of its stop."""
    place: int = 0
    """The place of the run directory that it belongs to."""
    source: ev.Source | None = None
    """What it said it goes on from, when its queue started it again."""


@dataclass
class Chaos:
    """Probabilities of the world's faults."""

    death: float = 0.02
    slow: float = 1.0
    refuse: float = 0.05
    fail: float = 0.3
    endless: float = 0.1
    deaf: float = 0.2
    polite: float = 0.3
    """Checkpoints on a gentle stop and exits 0."""
    undelivered: float = 0.1
    requeue: float = 0.1
    """Preempted, and started again later under the same name."""
    crash: float = 0.03
    """A trainer ends at one of the moments of a generation."""
    disk: float = 0.1
    """An append to the journal fails."""


@dataclass
class World:
    rng: random.Random
    chaos: Chaos
    now: float = 1000.0
    per_gpu: int = -1
    max_parallel: int = 10**6
    listed: set[str] = field(default_factory=set)
    """GPUs that the current executor may use."""
    has_queue: bool = False
    """Whether the world has a queue, which knows and can cancel attempts that have not started."""
    queue: set[Name] = field(default_factory=set)
    marked: set[Name] = field(default_factory=set)
    """Attempts whose stop an executor has marked."""
    place: int = 0
    """Where the run directory is: each copy and each move leads to a new place."""
    originals: set[int] = field(default_factory=set)
    """Places from which the run directory was copied: what is alive there is not ours."""
    under_way: Counter[Name] = field(default_factory=Counter)
    """Shims of this place that were started and have not claimed yet."""
    server_clock: float = 0.0
    """Seconds by which the clock that dates ends is ahead."""
    bad: dict[str, int] = field(default_factory=dict)
    """GPUs that no job survives, with the exit code of those that try (`CODES`)."""
    disk_dice: random.Random | None = None
    """Where the disk may fail: when it does. Dice of its own, so that they change no other life."""
    procs: dict[Name, Proc] = field(default_factory=dict)
    durable: list[ev.AnyEvent] = field(default_factory=list)
    inbox: dict[str, ev.Request | UnreadableRequest] = field(default_factory=dict)
    moves: int = 0
    refused_moves: int = 0
    deaths: int = 0
    disk_faults: int = 0
    violations: list[str] = field(default_factory=list)
    runtime: SimRuntime | None = None
    _agenda: list[tuple[float, int, Any]] = field(default_factory=list)
    _n: int = 0

    # -- time ------------------------------------------------------------------------------------

    def at(self, time: float, what: Any) -> None:
        self._n += 1
        heapq.heappush(self._agenda, (time, self._n, what))

    def next_time(self) -> float | None:
        return self._agenda[0][0] if self._agenda else None

    def advance(self, to: float) -> None:
        while self._agenda and self._agenda[0][0] <= to:
            time, _, what = heapq.heappop(self._agenda)
            self.now = max(self.now, time)
            what()
        self.now = max(self.now, to)

    def maybe_die(self) -> None:
        if self.rng.random() < self.chaos.death:
            self.deaths += 1
            raise Death

    def maybe_fail(self, events: Sequence[ev.AnyEvent]) -> None:
        """Perhaps fails to append: then none, some or all of the events are durable."""
        dice = self.disk_dice
        if dice is not None and dice.random() < self.chaos.disk:
            self.disk_faults += 1
            self.recorded(events[: dice.choice((0, dice.randint(0, len(events))))])
            raise RunError("cannot write the journal")

    def broken(self, what: str) -> None:
        self.violations.append(f"t={self.now:.3f}: {what}")

    # -- processes -------------------------------------------------------------------------------

    def spawn(self, launch: Launch) -> None:
        """A shim that was started but has not claimed yet; it will, even if the executor dies."""
        delay = self.rng.choice((0.0, 0.001, self.rng.random() * self.chaos.slow))
        if self.has_queue:
            name = (launch.job, launch.attempt)
            if name in self.queue:
                self.broken(f"{name} is handed over twice")
            self.queue.add(name)
            self.tell(Queued(*name, self.rng.choice(("Priority", "Resources"))))
        self.under_way[launch.job, launch.attempt] += 1
        place = self.place
        self.at(self.now + delay, lambda: self._claim(launch, place))

    def _claim(self, launch: Launch, place: int) -> None:
        if place != self.place:
            if place not in self.originals and (launch.job, launch.attempt) not in self.procs:
                self.broken(f"{launch.job} was being started while the directory was moved")
            return  # it starts in the original, and nobody here sees it
        name = (launch.job, launch.attempt)
        self.under_way[name] -= 1
        self.queue.discard(name)
        if name in self.procs:
            return  # another shim, or the executor, was faster
        rng, chaos = self.rng, self.chaos
        proc = Proc(name, f"h{len(self.procs)}", launch.gpus, self.now, 0, place=place)
        proc.deaf = rng.random() < chaos.deaf
        if rng.random() < chaos.refuse:
            proc.refused, proc.code, proc.ended = True, 127, self.now
        self._check_claim(proc)
        self.procs[name] = proc
        self.tell(Started(*name, proc.handle))
        if proc.ended is None:
            proc.code = rng.choice((1, 3, 139)) if rng.random() < chaos.fail else 0
            worst = [self.bad[gpu] for gpu in proc.gpus if gpu in self.bad]
            if worst:
                proc.code = worst[0]
                self.at(self.now + 0.5, lambda: self.end(proc, proc.code))
                return
            if rng.random() < chaos.requeue:
                self.at(self.now + rng.random() * 5, lambda: self._preempt(proc))
            if rng.random() >= chaos.endless:
                self.at(self.now + self.span(), lambda: self.end(proc, proc.code))
            self.begins(proc, launch)
        else:
            self.tell(self.end_of(proc))

    # What a world with trainers does more.

    def span(self) -> float:
        """Seconds until a process ends by itself."""
        return self.rng.choice((0.0, self.rng.random(), self.rng.random() * 30))

    def leaves(self, how: str) -> None:
        """The run directory has been copied, moved, or moved back."""

    def begins(self, proc: Proc, launch: Launch) -> None: ...
    def pauses(self, proc: Proc) -> None: ...
    def goes_on(self, proc: Proc) -> Started:
        return Started(*proc.name, proc.handle, restart=proc.restart, source=proc.source)

    def recorded(self, events: Sequence[ev.AnyEvent]) -> None:
        """These events are on disk now."""
        self.durable += events

    def _preempt(self, proc: Proc) -> None:
        """Requeues the task and starts it again, inside the same attempt."""
        if proc.ended is None and proc.place == self.place:
            self.pauses(proc)
            self.tell(Queued(*proc.name, "BeginTime"))
            self.at(self.now + self.rng.random() * 3, lambda: self._again(proc))

    def _again(self, proc: Proc) -> None:
        if proc.ended is None and proc.place == self.place:
            proc.restart += 1
            self.tell(self.goes_on(proc))
            if self.rng.random() < 0.3:
                self.at(self.now + self.rng.random() * 5, lambda: self._preempt(proc))

    def nobody(self, name: Name) -> Proc:
        """The claim of an attempt that shall never start."""
        return Proc(name, NOBODY, (), self.now, 0, ended=self.now, place=self.place)

    def alive(self) -> list[Proc]:
        """The processes of this place."""
        return [p for p in self.procs.values() if p.ended is None and p.place == self.place]

    def _check_claim(self, proc: Proc) -> None:
        alive = self.alive()
        if any(p.name[0] == proc.name[0] for p in alive):
            self.broken(f"job {proc.name[0]} runs twice at once")
        if len(alive) + 1 > self.max_parallel:
            self.broken(f"{len(alive) + 1} run at once: max_parallel {self.max_parallel}")
        for gpu in proc.gpus:
            if self.per_gpu > 0 and sum(gpu in p.gpus for p in alive) + 1 > self.per_gpu:
                self.broken(f"GPU {gpu} is over-filled")

    def end(self, proc: Proc, code: int, coded: bool = True) -> None:
        if proc.ended is None:
            self.pauses(proc)
            proc.ended, proc.code, proc.coded = self.now, code, coded
            proc.order = "after" if proc.name in self.marked else "before"
            if proc.place == self.place:
                self.tell(self.end_of(proc))

    def end_of(self, proc: Proc) -> Ended:
        assert proc.ended is not None
        if not proc.coded:
            return Ended(*proc.name, proc.handle, None, proc.ended, lost=True)
        return Ended(
            *proc.name,
            proc.handle,
            proc.code,
            proc.ended + self.server_clock,
            signal=proc.code - 128 if proc.code > 128 else None,
            refused=proc.refused,
            order=proc.order,
        )

    def tell(self, fact: Fact) -> None:
        """Delivers a fact to the current runtime, late and perhaps twice."""
        runtime = self.runtime
        if runtime is None or (fact.job, fact.attempt) not in runtime.watched:
            return
        for _ in range(2 if self.rng.random() < 0.1 else 1):
            delay = self.rng.choice((0.0, 0.0, self.rng.random() * 0.5))
            self.at(self.now + delay, lambda: runtime.arrived.append(fact))

    def signal(self, name: Name, kill: bool) -> bool:
        proc = self.procs.get(name)
        if proc is None and name in self.queue and self.rng.random() >= self.chaos.undelivered:
            # Cancelled in the queue: it never begins, and its name is taken.
            self.queue.discard(name)
            self.procs[name] = self.nobody(name)
            self.tell(Ended(*name, None, None, self.now))
            return True
        if proc is None or self.rng.random() < self.chaos.undelivered:
            return False
        if proc.ended is not None or proc.handle == NOBODY:
            return True
        if kill:
            coded = self.rng.random() < 0.5
            self.at(self.now + 0.001, lambda: self.end(proc, 137, coded))
        elif not proc.deaf:
            code = 0 if self.rng.random() < self.chaos.polite else 143
            pause = self.rng.random() * 3
            self.at(self.now + pause, lambda: self.end(proc, code))
        return True
