"""`explain_idle`: each clause, and that it agrees with what `decide` does in random lives."""

from __future__ import annotations

import random
from typing import Any, get_args

import msgspec
import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal.slots import name
from pbt_tui.scheduler import decide
from pbt_tui.scheduler.decide import next_wake
from pbt_tui.scheduler.explain_idle import Clause, IdleReason, explain_idle
from tests.core import random_runs
from tests.journal.lives import Story, gpus, job, spec


def story(*jobs: Any, devices: int = 0, **policy: Any) -> Story:
    return Story(spec(*jobs, **policy), gpus(devices))


def why(
    told: Story, at: float = 100.0, gpu: int = 0, held: dict[str, str] | None = None
) -> IdleReason:
    listed = told.state.slots.gpus
    return explain_idle(told.state, listed[gpu] if listed else None, at, held)


def test_of_a_person() -> None:
    told = story(job("a"), job("b"), devices=2, experiments_per_gpu=1)
    assert why(told.asks("drain", gpus=("GPU-0",))) == ("drained", "drained by a person")
    assert why(told, gpu=1) == ("next", "`a` is next in line")
    told.tell(ev.GpuDrained(device="GPU-1", why="ECC errors"))
    assert why(told, gpu=1) == ("drained", "drained: ECC errors")
    told.asks("undrain", gpus=("GPU-1",))
    assert why(told.asks("hold"), gpu=1).clause == "held"
    assert why(told.asks("stop"), gpu=1) == ("stopping", "the run is being stopped")
    alien = explain_idle(told.state, ev.Gpu(7, "GPU-7"), 100.0)
    assert alien == ("not_listed", "the executor does not use this GPU")


def test_of_the_limit_and_the_pause() -> None:
    told = story(job("a"), job("b"), job("c"), devices=4, experiments_per_gpu=1, max_parallel=2)
    told.runs("a", "GPU-0").runs("b", "GPU-1")
    assert why(told, gpu=2) == ("max_parallel", "max_parallel 2 is reached (1 job waits)")
    told = story(job("a"), job("b"), devices=2, experiments_per_gpu=1, pause_between=9.0)
    told.runs("a", "GPU-0")
    text = "pause_between: starts are 9s apart, `b` in 7s"
    assert why(told, 102.0, gpu=1) == ("pause", text)


def test_of_what_needs_more() -> None:
    told = story(
        job("a"), job("two", gpus=2), job("c"), devices=2, experiments_per_gpu=1, patience=60.0
    )
    told.runs("a", "GPU-0")
    assert why(told, gpu=1) == ("next", "`c` is next in line")
    late = "`two` needs 2 GPUs, only 1 free (2 jobs wait); nothing overtakes it: it has waited 1m00"
    assert why(told, 160.0, gpu=1) == ("gpus", late)
    told.runs("c", "GPU-1").ends("c")
    assert why(told, gpu=1) == ("gpus", "`two` needs 2 GPUs, only 1 free (1 job waits)")
    told.asks("drain", gpus=("GPU-0",))
    assert why(told, gpu=1).text.startswith("too few GPUs that are not drained for `two`: GPU 0")


def test_of_populations() -> None:
    members = [job(f"p{i}", population="p") for i in range(3)]
    told = story(job("a"), *members, devices=3, experiments_per_gpu=1)
    told.runs("a", "GPU-0")
    text = "the 3 members of population `p` start together: they need 3 slots, only 2 free"
    assert why(told, gpu=1) == ("gang", text)
    told = story(job("a"), *members, devices=4, experiments_per_gpu=1, max_parallel=3)
    told.runs("a", "GPU-0")
    text = "the 3 members of population `p` start together: only 2 of max_parallel 3 free"
    assert why(told, gpu=1) == ("gang", text)
    wide = [job(f"q{i}", population="q", gpus=2) for i in range(2)]
    told = story(*wide, job("z"), devices=4, experiments_per_gpu=1)
    told.runs("q0", "GPU-0", "GPU-1").runs("z", "GPU-3")
    text = "`q1` needs 2 GPUs, only 1 free, and nothing overtakes a population that has begun"
    assert why(told, gpu=2) == ("gpus", text)


def test_of_what_is_not_ready() -> None:
    again: dict[str, Any] = {"retries": 1, "retry_on": ("exit",), "retry_delay": 40.0}
    told = story(job("a"), devices=1, experiments_per_gpu=1, **again)
    assert why(told).clause == "next"
    told.runs("a", "GPU-0").fails("a")
    assert why(told, 110.0) == ("later", "`a` tries again in 30s (try 2) (1 job waits)")
    pair = [job(f"p{i}", population="p") for i in range(2)]
    told = story(*pair, devices=2, experiments_per_gpu=1, **again)
    told.runs("p0", "GPU-0").runs("p1", "GPU-1").fails("p0")
    told.ends("p1", outcome="interrupted", exit_code=None)
    assert why(told, 110.0).clause == "later"


def test_of_others() -> None:
    told = story(job("a"), devices=1, experiments_per_gpu=1)
    said = why(told, held={name(told.state.slots.gpus[0]): "held by run `ant`, pid 4117"})
    assert said == ("taken", "held by run `ant`, pid 4117")
    said = why(told.runs("a", "GPU-0").ends("a"))
    assert said == ("nothing_waits", "no job waits")
    assert why(told.tell(ev.RunClosed(verdict="succeeded"))).clause == "closed"


# -- random lives ----------------------------------------------------------------------------------


class Life:
    """A run whose executor obeys `decide` at once, and whose jobs end as dice fall."""

    def __init__(self, seed: int) -> None:
        self.dice = random.Random(seed)
        devices = self.dice.randint(1, 4)
        policy = random_runs.policy(self.dice, devices)
        policy = msgspec.structs.replace(policy, timeout=None, fail_fast=False, max_failures=None)
        plan = random_runs.spec(self.dice, policy, devices)
        self.told = Story(plan, gpus(devices))
        self.now = 100.0

    def step(self) -> None:
        dice, told = self.dice, self.told
        self.now += dice.choice((0.0, 0.2, 1.0, 5.0, 30.0, 700.0))
        told.at = self.now
        active = [j.spec.id for j in told.state.active.values()]
        match dice.randrange(8):
            case 0 | 1 | 2 if active:
                told.ends(dice.choice(active))
            case 3 if active:
                told.fails(dice.choice(active))
            case 4:
                told.asks(dice.choice(("hold", "release")))
            case 5:
                gpu = dice.choice(told.state.slots.gpus)
                told.asks(dice.choice(("drain", "undrain")), gpus=(name(gpu),))
            case 6 | 7:
                self.obey(most=dice.randint(1, 9))

    def obey(self, most: int) -> None:
        for _ in range(most):
            decision = decide(self.told.state, self.now)
            if decision is None or self.told.state.closed:
                return
            self.told.tell(decision)


def check(life: Life) -> Clause | None:
    """Asks about a free slot, and compares the answer with what `decide` would do."""
    state, now = life.told.state, life.now
    free = [
        gpu
        for gpu, busy in zip(state.slots.gpus, state.slots.busy, strict=True)
        if busy < state.slots.per_gpu
    ]
    gpu = life.dice.choice(free) if free else None
    if gpu is None and state.slots.per_gpu > 0:
        return None
    said = explain_idle(state, gpu, now)
    decision = decide(state, now)
    starts = isinstance(decision, ev.AttemptScheduled)
    if said.clause == "drained":  # others may start elsewhere
        assert gpu is not None
        assert state.slots.is_drained(gpu)
        return said.clause
    assert starts == (said.clause == "next"), (said, decision)
    if isinstance(decision, ev.AttemptScheduled):
        assert f"`{decision.job}`" in said.text
    waits = state.counts["waiting"]
    match said.clause:
        case "nothing_waits":
            assert not waits
        case "held":
            assert state.held
            assert waits
        case "max_parallel":
            assert len(state.active) == state.policy.max_parallel
        case "pause":
            assert now < state.next_start
            over, state.next_start = state.next_start, 0.0  # only the pause is in the way
            assert isinstance(decide(state, now), ev.AttemptScheduled)
            state.next_start = over
        case "later":
            assert next_wake(state, now) is not None
    return said.clause


@pytest.mark.parametrize("part", range(4))
def test_it_agrees_with_decide(part: int) -> None:
    seen = set()
    for seed in range(part, 400, 4):
        life = Life(seed)
        for _ in range(40):
            life.step()
            seen.add(check(life))
    common = {"next", "held", "drained", "max_parallel", "pause", "gpus", "gang", "later"}
    assert common | {"nothing_waits", "closed"} <= seen
    assert seen - {None} <= set(get_args(Clause))
