"""Simulates five runs on four GPUs with two slots each; executors and jobs are killed at random.

    python -m tests.stress.simulated_slots --lives 100

Loop, resume, scheduler and permits are the real ones, and so are the sockets that are the slots.
Processes, journals and time are those of the simulated world of `tests.core`, which all runs share.
While one executor takes slots, others may have their turn, and it may die.

No GPU may ever have more jobs than slots, every job has to succeed in the end, and no executor may
keep a slot of an attempt that has ended.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any
from unittest import mock

from pbt_tui import machine_slots
from pbt_tui.errors import ImpossibleEvent, RunError
from pbt_tui.executor import permits
from pbt_tui.executor.loop import Loop
from pbt_tui.executor.permits import MachinePermits
from pbt_tui.executor.reconcile import apply_reconciliation, observe_active
from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import replay
from pbt_tui.machine_slots import HeldSlots, Slot
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.spec import Policy, Processes
from tests.core import world as w
from tests.core.random_runs import spec
from tests.core.sim_files import SimClock, SimDesk, SimJournal
from tests.core.sim_runtime import SimRuntime, launch_of

RUNS, GPUS, SLOTS, KILLS = 5, 4, 2, 100
STEPS = 5_000
"""Steps after which a machine counts as one that never comes to its end."""


class SlotWorld(w.World):
    """The world of one run: its processes inherit slots, and hold them while they live."""

    machine: Machine
    number: int
    inherited: dict[int, list[int]]
    """By launch, descriptors of a shim that has not claimed yet."""
    holds: dict[w.Name, list[int]]
    """Descriptors of each process."""

    def maybe_die(self) -> None:
        if self.machine.kills < KILLS and self.rng.random() < self.chaos.death:
            self.machine.kills += 1
            self.deaths += 1
            raise w.Death

    def spawn(self, launch: Launch) -> None:
        self.inherited[id(launch)] = _copied(launch.slots)
        super().spawn(launch)

    def _claim(self, launch: Launch, place: int) -> None:
        name, fds = (launch.job, launch.attempt), self.inherited.pop(id(launch))
        before = self.procs.get(name)
        super()._claim(launch, place)
        proc = self.procs[name]
        if proc is before or proc.ended is not None:
            _close(fds)
        else:
            self.holds[name] = fds
            self.machine.look()

    def end(self, proc: w.Proc, code: int, coded: bool = True) -> None:
        super().end(proc, code, coded)
        _close(self.holds.pop(proc.name, []))


def _copied(slots: HeldSlots | None) -> list[int]:
    """What a child inherits."""
    return [os.dup(fd) for fd in slots.descriptors] if slots is not None else []


def _close(fds: Sequence[int]) -> None:
    for fd in fds:
        os.close(fd)


class Run:
    """One run, and its executor if it has one."""

    def __init__(self, machine: Machine, number: int) -> None:
        self.machine, self.number = machine, number
        rng = self.rng = random.Random(machine.dice.random())
        chaos = w.Chaos(death=0.01, slow=0.5, refuse=0.0, endless=0.0, requeue=0.0)
        chaos.fail = rng.choice((0.5, 1.0)) if number else 1.0  # one run outlives all kills
        self.world = SlotWorld(rng, chaos)
        self.world.machine, self.world.number = machine, number
        self.world.inherited, self.world.holds = {}, {}
        self.gpus = [ev.Gpu(index=i, uuid=f"G{i}") for i in range(GPUS)]
        self.policy = Policy(
            num_gpus=GPUS, experiments_per_gpu=SLOTS, max_parallel=GPUS * SLOTS,
            pause_between=rng.choice((0.0, 0.3)), patience=rng.choice((0.0, 5.0, 600.0)),
            retries=10**6, retry_delay=0.0, retry_on=("exit", "signal", "lost", "gpu_lost"),
        )  # fmt: skip
        self.spec: Processes = spec(rng, self.policy, GPUS)
        self.world.per_gpu, self.world.max_parallel = SLOTS, self.policy.max_parallel
        self.loop: Loop | None = None
        self.permits: MachinePermits | None = None
        self.back_at = 0.0
        self.busy = self.closed = False

    def turn(self) -> None:
        """The executor has a turn; one that is dead is perhaps started again."""
        self.busy = True
        try:
            if self.loop is None:
                if self.world.now >= self.back_at and not self.closed:
                    self._start()
            else:
                self.loop.turn()
                self._look()
                if self.loop.finished:
                    self._finish()
        except (w.Death, RunError):
            self.dies()
        finally:
            self.busy = False

    def _look(self) -> None:
        """The executor has slots of active attempts, and of populations that are active, alone."""
        assert self.loop is not None
        assert self.permits is not None
        state = self.loop.state
        active = {(job.spec.id, job.attempts[-1].number) for job in state.active.values()}
        idle = {name for name in self.permits._kept if not state.gangs[name].active}
        if lost := [*(set(self.permits._taken) - active), *idle]:
            self.machine.broken.append(f"run {self.number} keeps slots of {lost}")

    def dies(self) -> None:
        """What a process has goes with it; its children keep what they inherited."""
        self._drop()
        self.back_at = self.world.now + self.rng.choice((0.0, 0.1, 3.0, 30.0))

    def _drop(self) -> None:
        if self.permits is not None:
            self.permits.close()
        self.loop = self.permits = self.world.runtime = None

    def _start(self) -> None:
        world, state = self.world, replay(self.spec, self.world.durable)
        world.listed = {gpu.uuid or "" for gpu in self.gpus}
        self.permits = MachinePermits(self.gpus, SLOTS, f"{self.number:08x}", f"r{self.number}")
        clock = SimClock(world, state.at)
        loop = Loop(
            state, journal=SimJournal(world), runtime=SimRuntime(world), inbox=SimDesk(world),
            clock=clock, launch_of=launch_of, permits=self.permits,
            diagnose=lambda job, fact: (w.cause_of(fact.exit_code, fact.signal), None, None),
        )  # fmt: skip
        seen, now = observe_active(loop), clock.now()
        if state.run_id is None:
            opened: dict[str, Any] = {"run": "r", "cwd": "/", "train_dir": "/t", "digest": "d"}
            loop.record(ev.RunOpened(format=ev.FORMAT, run_id="0", **opened), now)
        started: dict[str, Any] = {"pid": 1, "host": "h", "boot_id": "b", "runtime": "process"}
        loop.record(ev.ExecutorStarted(gpus=tuple(self.gpus), policy=self.policy, **started), now)
        loop.commit()
        apply_reconciliation(loop, seen, now)
        self.loop = loop

    def _finish(self) -> None:
        assert self.loop is not None
        phases = {job.phase for job in self.loop.state.jobs}
        if phases != {"succeeded"}:
            self.machine.broken.append(f"run {self.number} ended with jobs that are {phases}")
        self.closed = True
        self._drop()


class Machine:
    """One machine from its beginning to its end; `broken` lists what was wrong.

    Args:
        seed: the same seed gives the same life.
    """

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        self.kills = self.starts = self.meetings = 0
        self.broken: list[str] = []
        self.runs = [Run(self, n) for n in range(RUNS)]
        self.calm = False

    def live(self) -> list[str]:
        """Runs everything to its end; returns what was wrong."""
        try:
            with self._simulated():
                for _ in range(STEPS):
                    self._step()
                    if self.broken or all(run.closed for run in self.runs):
                        break
                else:
                    self.broken.append("it does not come to its end")
                if not self.broken:
                    self.broken += [f"a slot stays held: {one}" for one in machine_slots.held()]
        except (ImpossibleEvent, AssertionError, KeyError, IndexError, ValueError) as error:
            self.broken.append(f"{type(error).__name__}: {error}")
        finally:
            for run in self.runs:
                self.broken += run.world.violations
                run._drop()
                for fds in (*run.world.holds.values(), *run.world.inherited.values()):
                    _close(fds)
        return self.broken

    def look(self) -> None:
        """No GPU has more jobs than slots."""
        self.starts += 1
        alive = [proc for run in self.runs for proc in run.world.alive()]
        for i in range(GPUS):
            here = [proc for proc in alive if f"G{i}" in proc.gpus]
            if len(here) > SLOTS:
                self.broken.append(f"{len(here)} jobs on GPU {i}: {[p.name for p in here]}")

    def _step(self) -> None:
        for run in self.dice.sample(self.runs, RUNS):
            run.turn()
        if self.kills >= KILLS:
            self._calm_down()
        elif self.dice.random() < 0.2:
            self._kill(self.dice.choice(self.runs))
        span = self.dice.choice((0.0, 0.001, 0.1, 1.0))
        for run in self.runs:
            run.world.advance(run.world.now + span)

    def _kill(self, run: Run) -> None:
        """Kills an executor, a job, or both."""
        which = self.dice.choice(("executor", "job", "both"))
        alive = run.world.alive()
        if which != "executor" and alive:
            self.kills += 1
            run.world.end(self.dice.choice(alive), 137, coded=self.dice.random() < 0.5)
        if which != "job" and run.loop is not None:
            self.kills += 1
            run.dies()

    def _calm_down(self) -> None:
        if not self.calm:
            self.calm = True
            for run in self.runs:
                run.world.chaos.fail = run.world.chaos.death = 0.0

    def _meanwhile(self, *_: Any) -> None:
        """Others have a turn while one takes slots."""
        for run in self.runs:
            if not run.busy and self.dice.random() < 0.2:
                self.meetings += 1
                run.turn()

    def _bound(self, wanted: Sequence[Sequence[Slot]], names: int = 9) -> list[HeldSlots] | None:
        """Binds names as ever; before the shares are added up, somebody comes, or kills it."""
        taken = _bind(wanted, names)
        try:
            self._meanwhile()
            if self.kills < KILLS and self.dice.random() < 0.01:
                self.kills += 1
                raise w.Death
        except w.Death:
            for one in taken or ():
                one.close()
            raise
        return taken

    @contextmanager
    def _simulated(self) -> Iterator[None]:
        clock = SimpleNamespace(monotonic=lambda: self.runs[0].world.now)
        sleeper = SimpleNamespace(sleep=self._meanwhile)
        space = {machine_slots.NAMESPACE: uuid.uuid4().hex}
        with (
            mock.patch.dict(os.environ, space),
            mock.patch.object(permits, "time", clock),
            mock.patch.object(machine_slots, "time", sleeper),
            mock.patch.object(machine_slots, "_bind", self._bound),
        ):
            yield


_bind = machine_slots._bind


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.stress.simulated_slots")
    parser.add_argument("--lives", type=int, default=20)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    args = parser.parse_args()
    text, broken = told(args.lives, args.seed)
    for what in broken:
        print(f"  VIOLATION {what}")
    print(text)
    return int(bool(broken))


def told(lives: int, seed: int) -> tuple[str, list[str]]:
    """What so many lives from a seed on were, and what was wrong in them."""
    broken: list[str] = []
    kills = starts = meetings = 0
    for one in range(seed, seed + lives):
        machine = Machine(one)
        broken += [f"seed {one}: {what}" for what in machine.live()]
        kills, starts = kills + machine.kills, starts + machine.starts
        meetings += machine.meetings
    text = (
        f"{lives} simulated lives of {RUNS} runs that share GPUs: {kills} kills, {starts} starts, "
        f"{meetings} turns while another one took slots, {len(broken)} violations; --seed {seed}"
    )
    return text, broken


if __name__ == "__main__":
    sys.exit(main())
