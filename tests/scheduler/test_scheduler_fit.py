"""Jobs that can never fit are named before anything starts; and slots on GPUs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.journal.events import Gpu
from pbt_tui.journal.slots import Slots, name, named, same
from pbt_tui.scheduler.fit import need, unfit
from tests.journal.lives import gpus, job, spec


def found(*jobs: Any, devices: int, **policy: Any) -> list[str]:
    plan = spec(*jobs, **policy)
    return [str(d) for d in unfit(plan.jobs, plan.policy, gpus(devices))]


def test_what_fits() -> None:
    pair = [job(f"p{i}", population="p") for i in range(2)]
    assert found(job("a", gpus=2), *pair, devices=2, experiments_per_gpu=1, max_parallel=2) == []
    assert found(job("a", gpus=9), devices=0) == [], "without slots nothing is counted"


@pytest.mark.parametrize(
    ("devices", "there"), [(0, "there are none"), (1, "there is 1"), (3, "there are 3")]
)
def test_a_job_too_big_once_for_each_size(devices: int, there: str) -> None:
    jobs = [job("a", gpus=4), job("b", gpus=4), job("c", gpus=0)]
    (said,) = found(*jobs, devices=devices, experiments_per_gpu=1)
    assert said == (
        f"error[PBT520]: job `a`: needs 4 GPUs, {there}\n"
        "hint: give more GPUs with `--gpus` or `--num_gpus`, or fewer to each job"
    )


def test_a_population_too_big_for_max_parallel() -> None:
    (said,) = found(*(job(f"p{i}", population="p") for i in range(8)), devices=0, max_parallel=4)
    assert said.startswith("error[PBT401]: population `p` has 8 members to run together")
    assert said.endswith("hint: pass `--max_parallel 8`")


def test_a_population_too_big_for_the_slots() -> None:
    (said,) = found(*(job(f"p{i}", population="p") for i in range(5)), devices=2,
                    experiments_per_gpu=2)  # fmt: skip
    assert said.startswith("error[PBT420]: population `p` of 5 starts together, but does not fit:")
    assert "4 slots on 2 GPUs" in said


def test_need_is_the_jobs_own_or_the_policys() -> None:
    plan = spec(job("a"), job("b", gpus=0), job("c", gpus=3), gpus_per_job=2)
    assert [need(one, plan.policy) for one in plan.jobs] == [2, 0, 3]


# -- slots -----------------------------------------------------------------------------------------


def test_a_gpu_is_its_uuid_where_both_know_it() -> None:
    assert same(Gpu(0, "A"), Gpu(1, "A"))
    assert not same(Gpu(0, "A"), Gpu(0, "B"))
    assert same(Gpu(0, "A"), Gpu(0, None))
    assert not same(Gpu(None, "A"), Gpu(None, None))
    assert named("A", [Gpu(0, "A")]) == named("0", [Gpu(0, "A")]) == Gpu(0, "A")
    assert named("1", [Gpu(0, "A")]) is None
    assert (name(Gpu(0, "A")), name(Gpu(3))) == ("A", "3")


def test_a_device_that_is_gone_has_no_slot() -> None:
    slots = Slots(gpus(1), 1)
    slots.take([Gpu(7, "gone")])
    assert slots.busy == [0]


@given(
    busy=st.lists(st.integers(0, 2), min_size=0, max_size=4),
    shape=st.lists(st.integers(0, 3), min_size=1, max_size=4),
)
def test_room_says_what_taking_one_after_the_other_does(busy: list[int], shape: list[int]) -> None:
    shape.sort(reverse=True)
    slots = Slots(gpus(len(busy)), 2)
    slots.busy = list(busy)
    room = slots.room(tuple(shape))
    fitted = True
    for count in shape:
        places = slots.place(count)
        if places is None:
            fitted = False
            break
        slots.take(places)
    assert room == fitted
    assert all(taken <= 2 for taken in slots.busy)
