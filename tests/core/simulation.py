"""Simulates one random run: the real loop, resume, fold and scheduler in a simulated world."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from pbt_tui.errors import ImpossibleEvent, RunError
from pbt_tui.executor.loop import Loop
from pbt_tui.executor.reconcile import apply_reconciliation, observe_active
from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import apply, replay
from pbt_tui.journal.state import ACTIVE, RunState
from pbt_tui.scheduler.decide import select_next
from pbt_tui.scheduler.drains import starved
from tests.core import brute, random_runs, true_ends
from tests.core import world as w
from tests.core import world_files as files

TURNS = 20_000


class Life:
    """Runs one seed to its end; `violations` lists the broken invariants."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = random.Random(seed)
        self.world = w.World(
            rng, w.Chaos(death=rng.choice((0, 0.005, 0.02, 0.1)), slow=rng.choice((0.1, 1, 10)))
        )
        self.gpus = [ev.Gpu(index=i, uuid=f"G{i}") for i in range(rng.randint(1, 4))]
        self.policy = random_runs.policy(rng, len(self.gpus))
        self.spec = random_runs.spec(rng, self.policy, len(self.gpus))
        self.world.per_gpu = self.policy.experiments_per_gpu
        self.world.max_parallel = self.policy.max_parallel
        self.world.has_queue = seed % 3 == 1
        self.world.server_clock = rng.choice((0.0, 0.0, -10.0, 0.1, 30.0))
        if seed % 5 == 2:
            self.world.disk_dice = random.Random(seed)
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
        self.brute = seed % 4 == 0
        """Whether to compare every event with `brute`: slow, so only in some runs."""

    # -- one executor after the other --------------------------------------------------------------

    def live(self) -> list[str]:
        world = self.world
        try:
            for _ in range(400):
                if world.now > 1120.0:
                    self._calm_down()
                if self._executor() or world.violations:
                    break
            else:
                world.broken(f"does not close: {self.state.counts}")
        except (ImpossibleEvent, AssertionError, KeyError, IndexError, ValueError) as e:
            world.broken(f"{type(e).__name__}: {e}")
        else:
            if not world.violations:
                self._last_words()
        return world.violations

    def _calm_down(self) -> None:
        """Ends the faults of the world and releases the run, so that it can end."""
        if self.calm:
            return
        self.calm = True
        self.world.chaos = w.Chaos(
            death=0, slow=0.1, refuse=0, fail=0, endless=0, undelivered=0, requeue=0, disk=0
        )
        self.world.bad.clear()
        self.ask("release")
        for gpu in self.gpus:
            self.ask("undrain", gpus=(gpu.uuid or "",))
        for job in self.spec.jobs:
            proc = max(
                (p for p in self.world.procs.values() if p.name[0] == job.id),
                key=lambda p: p.name[1],
                default=None,
            )
            # What is being stopped ends by the stop alone, or the stop was never performed.
            if proc and proc.ended is None and self._unstopped(proc):
                self.world.at(self.world.now + 1, lambda p=proc: self.world._end(p, p.code))

    def _unstopped(self, proc: w.Proc) -> bool:
        return not any(
            isinstance(e, ev.StopRequested) and (e.job, e.attempt) == proc.name
            for e in self.world.durable
        )

    def _executor(self) -> bool:
        """One executor from start to death or end; True if the run is closed and quiet."""
        world = self.world
        self.state = replay(self.spec, world.durable)
        state = self.state
        if state.closed and not world.inbox:
            return self._reopen(state)
        runtime = w.SimRuntime(world)
        clock = files.SimClock(world, state.at)
        loop = Loop(
            state,
            journal=files.SimJournal(world),
            runtime=runtime,
            inbox=files.SimDesk(world),
            clock=clock,
            launch_of=w.launch_of,
            diagnose=lambda job, fact: (w.cause_of(fact.exit_code, fact.signal), None, None),
        )
        if self.brute:
            self._watch(loop)
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
        live, again = state.meaning(), replay(self.spec, world.durable).meaning()
        if live != again:
            world.broken(f"replay differs from live: {_differ(live, again)}")
        if state.closed:
            return self._reopen(state)
        world.advance(world.now + self.rng.random() * 5)
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

    def _run(self, loop: Loop, clock: files.SimClock) -> None:
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
                self._check_starved(loop.state)
                raise RunError("nothing that waits fits")
            if not self.calm and world.now > 1120.0:
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
                self._somebody_asks()
            if not times:
                if self.calm:
                    world.broken(f"nothing will ever happen: {loop.state.counts}")
                    return
                world.advance(1121.0)
                continue
            world.advance(max(min(times), world.now))
        world.broken("turns without end")

    def _check_starved(self, state: RunState) -> None:
        """Nothing waits that would fit the undrained GPUs, and nothing is active."""
        for unit in brute.units(state, float("inf")):
            if brute.room(state, [job.need for job in unit], empty=True):
                self.world.broken(f"gave up although {unit[0].spec.id} fits")
        if state.active:
            self.world.broken("gave up although jobs are active")

    def _somebody_asks(self) -> None:
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
                    self.ask("stop", by="signal")
            case "bad":
                self.ask("cancel", jobs=("nobody",))
            case _:
                self.ask(action)

    def ask(self, action: Any, **what: Any) -> None:
        name = f"{int(self.world.now * 1e9) + len(self.world.inbox)}-{self.rng.randrange(10**6)}"
        self.asked_at[name] = self.world.now
        self.world.inbox[name] = ev.Request(id=name, action=action, **what)

    # -- what must always hold ---------------------------------------------------------------------

    def _watch(self, loop: Loop) -> None:
        """Compares every index with the phases, and every decision with `brute`."""
        world, state = self.world, loop.state
        record = loop.record

        def watched(event: ev.AnyEvent, now: float) -> None:
            if isinstance(event, ev.AttemptScheduled):
                chosen = select_next(state, now)
                plain = brute.choose(state, now)
                first = max(plain, key=lambda j: (j.need, -j.index)) if plain else None
                if chosen is not first:
                    world.broken(f"chose {event.job}, the plain rules say {plain}")
            record(event, now)
            if state.slots.busy != brute.busy(state):
                world.broken(f"slots {state.slots.busy}, truly {brute.busy(state)}")
            if set(state.to_stop) != brute.must_stop(state):
                world.broken(f"to stop {set(state.to_stop)}, truly {brute.must_stop(state)}")
            count = Counter(job.phase for job in state.jobs)
            if {k: v for k, v in state.counts.items() if v} != count:
                world.broken(f"counts {state.counts}, truly {count}")
            if [j.index for j in state.jobs if j.phase in ACTIVE] != sorted(state.active):
                world.broken("active is not who is active")

        loop.record = watched  # type: ignore[method-assign]
        turn = loop.turn

        def turned() -> bool:
            busy = turn()
            now = loop._clock.now()
            held = not busy and brute.held(self.spec, world.durable)
            idle = not (held or state.stop) and now >= state.next_start
            if not busy and idle and len(state.active) < state.policy.max_parallel:
                plain = brute.choose(state, now)
                if plain:
                    world.broken(f"idle, though the plain rules start {plain[0].spec.id}")
            return busy

        loop.turn = turned  # type: ignore[method-assign]

    def _last_words(self) -> None:
        """Checks the whole journal, read again, and the final state of the world."""
        world = self.world
        state = RunState(self.spec)
        ends: Counter[tuple[str, int]] = Counter()
        scheduled: set[tuple[str, int]] = set()
        starts: Counter[tuple[str, int, int]] = Counter()
        answered: Counter[str] = Counter()
        asked_off: set[str] = set()
        asked = brute.Asked(self.spec, world.broken, self.asked_at)
        for event in world.durable:
            match event:
                case ev.AttemptScheduled():
                    scheduled.add((event.job, event.attempt))
                    if event.job in asked_off:
                        world.broken(f"{event.job} was scheduled after its cancel")
                    job = state.by_id[event.job]
                    waiting = brute.gang_backfill(state, event.at)
                    if job not in waiting and any(
                        brute.room(state, [o.need], empty=True) for o in waiting
                    ):
                        world.broken(f"{event.job} went before owed {waiting[0].spec.id}")
                    if job.gang is not None and not job.gang.active:
                        together = [m for m in job.gang.members if m.is_waiting]
                        if not brute.room(state, [m.need for m in together]) or len(
                            together
                        ) > state.policy.max_parallel - len(state.active):
                            world.broken(f"gang of {event.job} begins without room for all")
                        if any(m.ready_at > event.at for m in together):
                            world.broken(f"gang of {event.job} begins before all are ready")
                    if any(
                        state.slots.is_drained(g) for g in state.slots.gpus if g.uuid in event.gpus
                    ):
                        world.broken(f"{event.job} was scheduled on a drained GPU")
                case ev.GpuDrained():
                    self.drains += 1
                    left = [g for g in state.slots.gpus if not state.slots.is_drained(g)]
                    if [g.uuid for g in left] == [event.device]:
                        world.broken("the last GPU was drained")
                    if event.device not in {g.uuid for g in left}:
                        world.broken(f"{event.device} was drained twice")
                case ev.AttemptStarted():
                    starts[event.job, event.attempt, event.restart or 0] += 1
                case ev.AttemptEnded():
                    ends[event.job, event.attempt] += 1
                case ev.RequestAccepted() | ev.RequestRefused():
                    answered[event.id] += 1
                    if isinstance(event, ev.RequestAccepted):
                        names = set(event.jobs) or set(state.by_id)
                        if event.action in ("cancel", "kill"):
                            asked_off |= {n for n in names if state.by_id[n].phase in ACTIVE}
                        if event.action == "retry":
                            asked_off -= {n for n in names if state.by_id[n].phase not in ACTIVE}
                case _:
                    pass
            asked.before(event, state)
            apply(state, event)
            asked.after(event, state)
        for name in scheduled:
            if ends[name] != 1:
                world.broken(f"attempt {name} ended {ends[name]} times")
        for start, n in starts.items():
            if n != 1:
                world.broken(f"start {start} was recorded {n} times")
        for request, n in answered.items():
            if n != 1:
                world.broken(f"request {request} answered {n} times")
        orphans = [p.name for p in world.procs.values() if p.ended is None]
        if orphans:
            world.broken(f"orphaned: {orphans}")
        for name, proc in world.procs.items():
            if name not in scheduled:
                world.broken(f"{name} ran without a decision on disk")
            if proc.handle != w.NOBODY:
                true_ends.check(world, state, proc)
        if world.inbox:
            world.broken(f"requests left without an answer: {list(world.inbox)}")


def _differ(one: dict[str, Any], other: dict[str, Any]) -> str:
    return "; ".join(f"{k}: {one[k]} / {other[k]}" for k in one if one[k] != other[k])


def live(seed: int, *, brute: bool = False) -> tuple[Life, list[str]]:
    life = Life(seed)
    life.brute = life.brute or brute
    return life, life.live()
