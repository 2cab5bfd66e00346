"""A simulated world for the real loop: virtual time, processes that outlive the executor, slow and
refused starts, duplicated and reordered facts, and deaths at every point of a turn.

The world knows the truth; the executor learns it late, twice, or never.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pbt_tui.errors import RunError
from pbt_tui.executor.inbox import UnreadableRequest
from pbt_tui.journal import events as ev
from pbt_tui.journal.outcome import Order
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Queued, Runtime, Seen, Started
from pbt_tui.spec import Cause

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
    server_clock: float = 0.0
    """Seconds by which the clock that dates ends is ahead."""
    bad: dict[str, int] = field(default_factory=dict)
    """GPUs that no job survives, with the exit code of those that try (`CODES`)."""
    disk_dice: random.Random | None = None
    """Where the disk may fail: when it does. Dice of its own, so that they change no other life."""
    procs: dict[Name, Proc] = field(default_factory=dict)
    durable: list[ev.AnyEvent] = field(default_factory=list)
    inbox: dict[str, ev.Request | UnreadableRequest] = field(default_factory=dict)
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
            self.durable += events[: dice.choice((0, dice.randint(0, len(events))))]
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
        self.at(self.now + delay, lambda: self._claim(launch))

    def _claim(self, launch: Launch) -> None:
        name = (launch.job, launch.attempt)
        self.queue.discard(name)
        if name in self.procs:
            return  # another shim, or the executor, was faster
        rng, chaos = self.rng, self.chaos
        proc = Proc(name, f"h{len(self.procs)}", launch.gpus, self.now, 0)
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
                self.at(self.now + 0.5, lambda: self._end(proc, proc.code))
                return
            if rng.random() < chaos.requeue:
                self.at(self.now + rng.random() * 5, lambda: self._preempt(proc))
            if rng.random() >= chaos.endless:
                span = rng.choice((0.0, rng.random(), rng.random() * 30))
                self.at(self.now + span, lambda: self._end(proc, proc.code))
        else:
            self.tell(self.end_of(proc))

    def _preempt(self, proc: Proc) -> None:
        """Requeues the task and starts it again, inside the same attempt."""
        if proc.ended is None:
            self.tell(Queued(*proc.name, "BeginTime"))
            self.at(self.now + self.rng.random() * 3, lambda: self._again(proc))

    def _again(self, proc: Proc) -> None:
        if proc.ended is None:
            proc.restart += 1
            self.tell(Started(*proc.name, proc.handle, restart=proc.restart))
            if self.rng.random() < 0.3:
                self.at(self.now + self.rng.random() * 5, lambda: self._preempt(proc))

    def _check_claim(self, proc: Proc) -> None:
        alive = [p for p in self.procs.values() if p.ended is None]
        if any(p.name[0] == proc.name[0] for p in alive):
            self.broken(f"job {proc.name[0]} runs twice at once")
        if len(alive) + 1 > self.max_parallel:
            self.broken(f"{len(alive) + 1} run at once: max_parallel {self.max_parallel}")
        for gpu in proc.gpus:
            if self.per_gpu > 0 and sum(gpu in p.gpus for p in alive) + 1 > self.per_gpu:
                self.broken(f"GPU {gpu} is over-filled")

    def _end(self, proc: Proc, code: int, coded: bool = True) -> None:
        if proc.ended is None:
            proc.ended, proc.code, proc.coded = self.now, code, coded
            proc.order = "after" if proc.name in self.marked else "before"
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
            self.procs[name] = Proc(name, NOBODY, (), self.now, 0, ended=self.now)
            self.tell(Ended(*name, None, None, self.now))
            return True
        if proc is None or self.rng.random() < self.chaos.undelivered:
            return False
        if proc.ended is not None or proc.handle == NOBODY:
            return True
        if kill:
            coded = self.rng.random() < 0.5
            self.at(self.now + 0.001, lambda: self._end(proc, 137, coded))
        elif not proc.deaf:
            code = 0 if self.rng.random() < self.chaos.polite else 143
            pause = self.rng.random() * 3
            self.at(self.now + pause, lambda: self._end(proc, code))
        return True


class SimRuntime(Runtime):
    """A `Runtime` for the world; facts that it has not delivered are lost when it dies."""

    name = "process"
    engine_id = ""
    image_digest = None

    def __init__(self, world: World) -> None:
        self.world = world
        self.watched: set[Name] = set()
        self.arrived: list[Fact] = []
        world.runtime = self

    def prepare(self, jobs: Sequence[Any]) -> None: ...
    def fileno(self) -> int:
        return -1

    def next_wake(self) -> float | None:
        return None

    def close(self) -> None: ...
    def forget(self, job: str, attempt: int) -> None:
        self.world.maybe_die()
        if not any(
            isinstance(e, ev.AttemptEnded) and (e.job, e.attempt) == (job, attempt)
            for e in self.world.durable
        ):
            self.world.broken(f"{job}.{attempt} is forgotten before its end is on disk")

    def launch(self, batch: Sequence[Launch]) -> None:
        for launch in batch:
            self.world.maybe_die()
            name = (launch.job, launch.attempt)
            self.watched.add(name)
            self._check_decided(ev.AttemptScheduled, name)
            if not set(launch.gpus) <= self.world.listed:
                self.world.broken(f"{name} is launched on {launch.gpus}, which is not listed")
            if self.world.rng.random() < 0.1:
                self.arrived.append(Queued(*name, "image is being pulled"))
            proc = self.world.procs.get(name)
            if proc is not None and proc.handle != NOBODY:
                self.world.tell(Started(*name, proc.handle))
                if proc.ended is not None:
                    self.world.tell(self.world.end_of(proc))
            else:
                self.world.spawn(launch)
        self.world.maybe_die()

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        self.world.maybe_die()
        self._check_decided(ev.KillRequested if kill else ev.StopRequested, (job, attempt))
        self.world.marked.add((job, attempt))
        self.world.maybe_die()
        return self.world.signal((job, attempt), kill)

    def _check_decided(self, kind: Decided, name: Name) -> None:
        for event in reversed(self.world.durable):
            if isinstance(event, kind) and (event.job, event.attempt) == name:
                return
        self.world.broken(f"{kind.__name__} of {name} is performed and is not on disk")

    def hold(self, held: bool) -> None:
        self.world.maybe_die()

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        found = []
        for job, attempt, _ in attempts:
            name = (job, attempt)
            proc = self.world.procs.get(name)
            if proc is None and name in self.world.queue:
                self.watched.add(name)
                found.append(Seen("queued"))
            elif proc is None:
                found.append(Seen("never"))
            elif proc.handle == NOBODY:
                found.append(Seen("forfeited"))
            elif proc.ended is None:
                self.watched.add(name)
                found.append(Seen("alive", handle=proc.handle, restart=proc.restart or None))
            elif proc.coded:
                found.append(Seen("ended", ended=self.world.end_of(proc)))
            else:
                found.append(Seen("gone"))
        return found

    def forfeit(self, job: str, attempt: int) -> bool:
        self.world.maybe_die()
        name = (job, attempt)
        proc = self.world.procs.get(name)
        if proc is None:
            self.world.procs[name] = Proc(name, NOBODY, (), self.world.now, 0, ended=self.world.now)
            return True
        self.watched.add(name)
        if proc.ended is not None and proc.handle != NOBODY:
            self.world.tell(self.world.end_of(proc))
        return proc.handle == NOBODY

    def facts(self) -> list[Fact]:
        arrived, self.arrived = self.arrived, []
        self.world.rng.shuffle(arrived)
        return arrived


def launch_of(job: JobState, attempt: Attempt) -> Launch:
    return Launch(
        job.spec.id,
        attempt.number,
        job.spec.argv,
        {},
        Path(),
        Path(),
        Path(),
        attempt.gpus,
        job.spec,
    )
