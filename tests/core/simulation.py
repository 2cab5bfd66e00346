"""Simulates one random run: the real loop, resume, fold and scheduler in a simulated world."""

from __future__ import annotations

import random
from typing import Any

from msgspec import UNSET

from pbt_tui.errors import ImpossibleEvent, RunError
from pbt_tui.executor.continuing import NO_ASKER, Asker
from pbt_tui.executor.loop import Loop
from pbt_tui.executor.reconcile import apply_reconciliation, observe_active
from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import replay
from pbt_tui.journal.state import Attempt, JobState, RunState
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.scheduler.drains import starved
from pbt_tui.spec import Policy, Processes
from tests.core import brute, last_words, moves, random_groups, random_runs, watching
from tests.core import world as w
from tests.core.sim_files import SimClock, SimDesk, SimJournal
from tests.core.sim_runtime import SimRuntime, launch_of

TURNS = 20_000
UNTIL = 1120.0
"""When a world calms down."""


class Life:
    """Runs one seed to its end; `violations` lists the broken invariants."""

    cuts: tuple[int, ...] = (0, 0, 1, 5)
    """Lines that a copied journal may lack."""
    has_groups = True
    """Whether some lives have groups, exit rules and jobs that need others."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.until = UNTIL
        """The time at which the world calms down."""
        self.seed = seed
        chaos = w.Chaos(death=rng.choice((0, 0.005, 0.02, 0.1)), slow=rng.choice((0.1, 1, 10)))
        self.world = self.make_world(rng, chaos)
        self.gpus = [ev.Gpu(index=i, uuid=f"G{i}") for i in range(rng.randint(1, 4))]
        self.policy = self.make_policy()
        self.spec = self.make_spec()
        if self.has_groups and seed % 4 == 3:
            dice = random.Random(seed)  # dice of its own, as for the disk
            self.policy = random_groups.lenient(self.policy, dice)
            self.spec = random_groups.grouped(self.spec, self.policy, len(self.gpus), dice)
        self.world.per_gpu = self.policy.experiments_per_gpu
        self.world.max_parallel = self.policy.max_parallel
        self.world.has_queue = seed % 3 == 1
        self.world.server_clock = rng.choice((0.0, 0.0, -10.0, 0.1, 30.0))
        if seed % 5 == 2:
            self.world.disk_dice = random.Random(seed)
        self.moves = random.Random(seed) if seed % 7 == 3 else None
        """Whether the run directory is copied and moved: dice of its own, as for the disk."""
        self.left: moves.Left | None = None
        """How the run directory has left its place, until the run goes on here."""
        if seed % 11 == 6:
            dice = random.Random(seed)
            for gpu in self.gpus:
                if dice.random() < 0.5:
                    self.world.bad[gpu.uuid or ""] = dice.choice(tuple(w.CODES))
        self.drains = 0
        self.calm = False
        self.cancelled: set[str] = set()
        self.events = 0
        self.asked_at: dict[str, float] = {}
        self.brute = seed % 4 == 0 or seed % 8 == 3
        """Whether to compare every event with `brute`: slow, so only in some runs."""

    # What other kinds of lives make otherwise.

    def make_world(self, rng: random.Random, chaos: w.Chaos) -> w.World:
        return w.World(rng, chaos)

    def make_policy(self) -> Policy:
        return random_runs.policy(self.rng, len(self.gpus))

    def make_spec(self) -> Processes:
        return random_runs.spec(self.rng, self.policy, len(self.gpus))

    def begins(self, state: RunState) -> None:
        """An executor is about to start."""

    def continues(self) -> tuple[str, ...]:
        """The populations whose members go on from what they have written."""
        return ()

    def asker(self, state: RunState) -> Asker:
        return NO_ASKER

    def launch_of(self, job: JobState, attempt: Attempt) -> Launch:
        return launch_of(job, attempt)

    def prepare(self, loop: Loop, clock: SimClock) -> None:
        """The loop of a new executor is there."""
        if self.brute:
            watching.watch(loop, self.world, self.spec)

    # -- one executor after the other --------------------------------------------------------------

    def live(self) -> list[str]:
        world = self.world
        try:
            for _ in range(400):
                if world.now > self.until:
                    self._calm_down()
                if self._executor() or world.violations:
                    break
            else:
                world.broken(f"does not close: {self.state.counts}")
        except (ImpossibleEvent, AssertionError, KeyError, IndexError, ValueError) as e:
            world.broken(f"{type(e).__name__}: {e}")
        else:
            if not world.violations:
                last_words.check(self)
        return world.violations

    def _calm_down(self) -> None:
        """Ends the faults of the world and releases the run, so that it can end."""
        if self.calm:
            return
        self.calm = True
        faults = ("death", "refuse", "fail", "endless", "undelivered", "requeue", "crash", "disk")
        self.world.chaos = w.Chaos(slow=0.1, **dict.fromkeys(faults, 0.0))
        self.world.bad.clear()
        self._release_all()
        for job in self.spec.jobs:
            proc = max(
                (p for p in self.world.procs.values() if p.name[0] == job.id),
                key=lambda p: p.name[1],
                default=None,
            )
            # What is being stopped ends by the stop alone, or the stop was never performed.
            if proc and proc.ended is None and self._unstopped(proc):
                self.world.at(self.world.now + 1, lambda p=proc: self.world.end(p, p.code))

    def _release_all(self) -> None:
        self.ask("release")
        for gpu in self.gpus:
            self.ask("undrain", gpus=(gpu.uuid or "",))

    def _unstopped(self, proc: w.Proc) -> bool:
        return not any(
            isinstance(e, ev.StopRequested) and (e.job, e.attempt) == proc.name
            for e in self.world.durable
        )

    def _executor(self) -> bool:
        """One executor from start to death or end; True if the run is closed and quiet."""
        world = self.world
        self._perhaps_leaves()
        self.state = replay(self.spec, world.durable)
        state = self.state
        if state.closed and not world.inbox:
            return self._reopen(state)
        if self.left and not self._goes_on_here():
            return False
        self.begins(state)
        runtime = SimRuntime(world)
        clock = SimClock(world, state.at)
        loop = Loop(
            state,
            journal=SimJournal(world),
            runtime=runtime,
            inbox=SimDesk(world),
            clock=clock,
            launch_of=self.launch_of,
            asker=self.asker(state),
            diagnose=lambda job, fact: (w.cause_of(fact.exit_code, fact.signal), None, None),
            start_waiting=runtime.start_waiting,
        )
        self.prepare(loop, clock)
        try:
            seen = observe_active(loop)
            now = clock.now()
            if state.run_id is None:
                loop.record(
                    ev.RunOpened(
                        format=ev.FORMAT, run_id="0", run="r", cwd="/", train_dir="/t", digest="d"
                    ),
                    now,
                )
            loop.record(
                ev.ExecutorStarted(
                    pid=1,
                    host="h",
                    boot_id="b",
                    runtime="process",
                    gpus=self._look(),
                    policy=self.policy,
                    ports=(1, len(self.spec.jobs) + 1),
                    continues=self.continues() or UNSET,
                ),
                now,
            )
            loop.commit()
            apply_reconciliation(loop, seen, now)
            loop.refuse_old_stops()
            self._run(loop, clock)
        except (w.Death, RunError):
            world.runtime = None
            world.advance(world.now + self.rng.random() * self.rng.choice((0, 0.2, 5)))
            return False
        world.runtime = None
        brute.check_indexes(state, replayed := replay(self.spec, world.durable), world.broken)
        if (live := state.meaning()) != (again := replayed.meaning()):
            world.broken(f"replay differs from live: {_differ(live, again)}")
        if state.closed:
            return self._reopen(state)
        world.advance(world.now + self.rng.random() * 5)
        return False

    def _perhaps_leaves(self) -> None:
        """Perhaps the run directory is copied or moved before the next executor starts."""
        world, dice = self.world, self.moves
        if dice is None or self.left or self.calm or len(world.durable) < 2 or dice.random() > 0.3:
            return
        if dice.random() < 0.5:
            moves.copy(world, dice.choice(self.cuts))
            self.left = "copied"
        else:
            moves.move(world)
            self.left = "moved"

    def _goes_on_here(self) -> bool:
        """Lets the run go on where its directory is; else a person moves it back."""
        world, left = self.world, self.left
        try:
            if moves.go_on_here(self, self.state):
                if self.calm and left == "copied":
                    self._release_all()  # what was asked before is removed with the copied requests
                return True
            moves.move_back(world)
            self.left = None
        except (w.Death, RunError):
            pass
        world.advance(world.now + self.rng.random())
        return False

    def _reopen(self, state: RunState) -> bool:
        if not self.calm and self.rng.random() < 0.6:
            self.ask("retry", jobs=(self.rng.choice(self.spec.jobs).id,) * self.rng.randint(0, 1))
            if self.rng.random() < 0.3:
                self.ask("hold")
            return False
        return True

    def _look(self) -> tuple[ev.Gpu, ...]:
        gpus = tuple(self._listed())
        self.world.listed = {g.uuid or "" for g in gpus}
        return gpus

    def _listed(self) -> list[ev.Gpu]:
        """The GPUs of this executor: at random in another order, with one missing, or unchecked."""
        gpus = list(self.gpus)
        if self.calm or self.rng.random() < 0.7:
            return gpus
        if len(gpus) > 1 and self.rng.random() < 0.5:
            gone = self.rng.randrange(len(gpus))
            # Never so few that an unfinished job cannot fit: that is refused before the start.
            rest = [g for i, g in enumerate(gpus) if i != gone]
            if random_runs.fits_all(self.spec, self.policy, len(rest)):
                gpus = rest
        self.rng.shuffle(gpus)
        return [ev.Gpu(index=i, uuid=g.uuid) for i, g in enumerate(gpus)]

    def _run(self, loop: Loop, clock: SimClock) -> None:
        world, rng = self.world, self.rng
        for _ in range(TURNS):
            before = loop.state.seq
            busy = loop.turn()
            decided = loop.state.seq - before
            self.events += decided
            if world.violations:
                return
            if decided > 12 * len(self.spec.jobs) + 40:
                world.broken(f"{decided} events in one turn")
            if busy:
                continue
            if loop.finished:
                return
            if starved(loop.state):
                brute.check_starved(loop.state, world.broken)
                raise RunError("nothing that waits fits")
            if not self.calm and world.now > self.until:
                self._calm_down()
                continue
            times = [t for t in (world.next_time(),) if t is not None]
            wake = loop.wait_until()
            if wake is not None:
                times.append(wake - clock.offset)
                if wake <= clock.now():
                    world.broken("next_wake is not in the future")
                    return
            nap = rng.random() * 5
            if not self.calm and rng.random() < 0.2:
                times.append(world.now + nap)
                self.somebody_asks()
            if not times:
                if self.calm:
                    world.broken(f"nothing will ever happen: {loop.state.counts}")
                    return
                world.advance(self.until + 1)
                continue
            world.advance(max(min(times), world.now))
        world.broken("turns without end")

    def somebody_asks(self) -> None:
        rng = self.rng
        names = tuple(rng.sample([j.id for j in self.spec.jobs], 1)) if rng.random() < 0.8 else ()
        gpu = (rng.choice(self.gpus).uuid or "",)
        action = rng.choice(
            (
                "cancel",
                "kill",
                "retry",
                "hold",
                "release",
                "drain",
                "drain",
                "drain",
                "undrain",
                "stop",
                "bad",
            )
        )
        match action:
            case "cancel" | "kill" | "retry":
                if names or rng.random() < 0.2:
                    self.ask(action, jobs=names)
            case "drain" | "undrain":
                self.ask(action, gpus=gpu)
            case "stop":
                if rng.random() < 0.3:
                    self.ask("stop")
            case "bad":
                self.ask("cancel", jobs=("nobody",))
            case _:
                self.ask(action)

    def ask(self, action: Any, **what: Any) -> None:
        name = f"{int(self.world.now * 1e9) + len(self.world.inbox)}-{self.rng.randrange(10**6)}"
        self.asked_at[name] = self.world.now
        self.world.inbox[name] = ev.Request(id=name, action=action, **what)


def _differ(one: dict[str, Any], other: dict[str, Any]) -> str:
    return "; ".join(f"{k}: {one[k]} / {other[k]}" for k in one if one[k] != other[k])


def live(seed: int, *, brute: bool = False) -> tuple[Life, list[str]]:
    life = Life(seed)
    life.brute = life.brute or brute
    return life, life.live()


def first_broken(seeds: range) -> int | None:
    """The first of these lives in which a rule does not hold; None if all of them hold."""
    return next((seed for seed in seeds if live(seed, brute=True)[1]), None)
