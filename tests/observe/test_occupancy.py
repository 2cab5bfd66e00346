"""Lanes of attempts: they never overlap, lose no attempt, and with the gaps they are the whole."""

from __future__ import annotations

import math
import random
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.journal import RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.observe.occupancy import BAD, Lane, Occupancy, lane_of
from pbt_tui.observe.run_spans import Landmark
from pbt_tui.scheduler import decide
from tests.core import random_runs
from tests.journal.lives import OPENED, ended, gpus, job, spec, started


class Lived:
    """A random run on GPUs, whose executor obeys `decide`; its clock may disagree with others'."""

    def __init__(self, seed: int) -> None:
        dice = self.dice = random.Random(seed)
        devices = dice.randint(1, 3)
        policy = random_runs.policy(dice, devices)
        slots = dice.choice((-1, 1, 2, 3))
        policy = msgspec.structs.replace(policy, timeout=None, experiments_per_gpu=slots)
        self.plan = random_runs.spec(dice, policy, devices)
        self.state = RunState(self.plan)
        self.at = 100.0
        self.landmarks: list[Landmark] = []
        self.gpus = gpus(devices)
        self.tell(OPENED)
        self.tell(started(self.plan, self.gpus))

    def tell(self, event: ev.AnyEvent) -> None:
        event = msgspec.structs.replace(event, seq=self.state.seq + 1, at=self.at)
        if isinstance(event, ev.ExecutorStarted | ev.RunOpened | ev.RequestAccepted):
            self.landmarks.append((self.state.at, event, None))
        apply(self.state, event)

    def step(self) -> set[int]:
        """Something happens; returns the jobs that changed."""
        dice, state = self.dice, self.state
        self.at += dice.choice((0.0, 0.5, 3.0, 60.0))
        changed = set()
        active = list(state.active.values())
        if active and dice.random() < 0.5:
            one = dice.choice(active)
            off = dice.choice((0.0, 0.0, 0.1, 5.0, 1e6, 1e15, -1e6))
            how = dice.choice(({}, {"outcome": "failed", "exit_code": 1, "cause": "exit"}))
            more: dict[str, Any] = {"ended_at": self.at - off, **how}
            self.tell(ended(one.spec.id, len(one.attempts), **more))
            changed.add(one.index)
        if dice.random() < 0.05:
            self.tell(started(self.plan, self.gpus))
        for _ in range(dice.randint(0, 4)):
            decision = decide(state, self.at)
            if decision is None or state.closed:
                break
            self.tell(decision)
            if isinstance(decision, ev.AttemptScheduled):
                changed.add(state.by_id[decision.job].index)
                if dice.random() < 0.7:
                    name = f"{decision.job}.{decision.attempt}"
                    attempt = decision.attempt
                    self.tell(ev.AttemptStarted(job=decision.job, attempt=attempt, handle=name))
        return changed


def lanes(occupancy: Occupancy) -> list[Lane]:
    return [lane for group in occupancy.groups for lane in group.lanes]


def made(lived: Lived) -> Occupancy:
    occupancy = Occupancy()
    slots = lived.plan.policy.experiments_per_gpu
    if slots > 0:
        occupancy.set_gpus(lived.gpus, slots)
    return occupancy


def check(occupancy: Occupancy, lived: Lived) -> None:
    state = lived.state
    slots = lived.plan.policy.experiments_per_gpu
    for group in occupancy.groups:
        if slots > 0 and group.gpu is not None:
            assert len(group.lanes) == slots, "no more lanes than slots, whatever the clocks say"
            place = state.slots.position(group.gpu)
            assert place is not None
            active = sum(bool(len(lane)) and math.isinf(lane.ends[-1]) for lane in group.lanes)
            assert active == state.slots.busy[place]
    held = []
    for lane in lanes(occupancy):
        assert all(a <= b for a, b in zip(lane.begins, lane.ends, strict=True))
        assert all(
            end <= begin for end, begin in zip(lane.ends, list(lane.begins)[1:], strict=False)
        )
        bad = [state.jobs[j].attempts[n - 1].outcome in BAD
               for j, n in zip(lane.jobs, lane.numbers, strict=True)]  # fmt: skip
        held += list(zip(lane.jobs, lane.numbers, strict=True))
        begin, end = 100.0 + lived.dice.random() * (lived.at - 100.0), lived.at + 1.0
        low, high = lane.within(begin, end)
        inside = [i for i in range(len(lane)) if lane.begins[i] < end and (
            lane.ends[i] > begin or lane.begins[i] >= begin)]  # fmt: skip
        assert list(range(low, high)) == inside
        busy = lane.busy(low, high, begin, end)
        whole = busy + sum(b - a for a, b in lane.idle(begin, end))
        assert math.isclose(whole, end - begin, abs_tol=1e-6), "idle and busy are the whole"
        assert lane.failures(low, high) == sum(bad[low:high])
        for first, last in lane.idle(begin, end):
            assert lane.idle_at((first + last) / 2, begin, end) == (first, last)
        for place in range(low, high):
            middle = (lane.begins[place] + min(lane.ends[place], end)) / 2
            if lane.ends[place] - lane.begins[place] > 1e-6:
                assert lane.idle_at(middle, 0.0, end) is None
    wanted = [
        (job.index, attempt.number)
        for job in state.jobs
        for attempt in job.attempts
        for _ in range(max(1, len(attempt.devices)))
    ]
    assert sorted(held) == sorted(wanted), "each attempt holds a slot on each of its GPUs"


@given(seed=st.integers(0, 10**9))
def test_lanes_of_random_lives(seed: int) -> None:
    lived = Lived(seed)
    occupancy = made(lived)
    late = made(lived)
    for i in range(30):
        changed = lived.step()
        occupancy.update(lived.state, changed, lived.landmarks)
        if i % 10 == 9:
            check(occupancy, lived)
            late.update(lived.state, range(len(lived.state.jobs)), lived.landmarks)
            check(late, lived)
    for one in lived.state.jobs:
        lane = lane_of(lived.state, one)
        assert len(lane) == len(one.attempts)
        assert all(a <= b for a, b in pairwise(lane.begins))
        assert all(
            end <= begin for end, begin in zip(lane.ends, list(lane.begins)[1:], strict=False)
        )


def told(*events: ev.AnyEvent, plan: Any = None) -> RunState:
    state = RunState(plan or spec(*(job(f"j{i}") for i in range(4))))
    for seq, event in enumerate(events, 1):
        apply(state, msgspec.structs.replace(event, seq=seq))
    return state


def begins(name: str, at: float, *names: str, attempt: int = 1) -> ev.AttemptScheduled:
    return ev.AttemptScheduled(at=at, job=name, attempt=attempt, gpus=names)


def starts(name: str, at: float, node: str | None = None, **more: Any) -> ev.AttemptStarted:
    return ev.AttemptStarted(at=at, job=name, attempt=1, handle="1", node=node, **more)


def test_nodes_hold_attempts_from_their_start_and_a_requeue_moves_one() -> None:
    events = (
        begins("j0", 10.0), begins("j1", 11.0), begins("j2", 12.0),
        starts("j0", 20.0, "n1"), starts("j1", 21.0, "n1"),
        starts("j0", 50.0, "n2.cluster", restart=1),
        ended("j0", ended_at=70.0, at=71.0),
    )  # fmt: skip
    move: list[Landmark] = [(21.0, events[5], "n1")]
    slow, fast = Occupancy(by_node=True), Occupancy(by_node=True)
    for count in range(1, len(events) + 1):
        state = told(*events[:count])
        slow.update(state, range(4), move if count > 5 else [])
    fast.update(told(*events), range(4), move)
    for occupancy in (slow, fast):
        assert [group.name for group in occupancy.groups] == ["n1", "n2"]
        (first, second), (third,) = (group.lanes for group in occupancy.groups)
        assert (list(first.begins), list(first.ends)) == ([20.0], [50.0])
        assert (list(second.begins), list(second.ends)) == ([21.0], [math.inf])
        assert (list(third.begins), list(third.ends)) == ([50.0], [70.0])


def test_a_gpu_keeps_its_row_when_its_index_changes() -> None:
    occupancy = Occupancy()
    occupancy.set_gpus((ev.Gpu(0, "GPU-a"), ev.Gpu(1, "GPU-b")), 1)
    occupancy.set_gpus((ev.Gpu(0, "GPU-b"), ev.Gpu(1, "GPU-c")), 2)
    assert [group.gpu for group in occupancy.groups] == [
        ev.Gpu(0, "GPU-a"), ev.Gpu(1, "GPU-b"), ev.Gpu(1, "GPU-c"),
    ]  # fmt: skip
    assert [len(group.lanes) for group in occupancy.groups] == [1, 2, 2]


@pytest.mark.parametrize("at", [-1e300, -5.0, 0.0, 1e300])
def test_times_that_have_no_date_are_bounded(at: float) -> None:
    state = told(begins("j0", 10.0), ended("j0", ended_at=at, at=20.0))
    occupancy = Occupancy()
    occupancy.update(state, [0])
    ((lane,),) = (group.lanes for group in occupancy.groups)
    assert lane.begins[0] == 10.0
    assert 10.0 <= lane.ends[0] <= 20.0
