"""`decide` places jobs and populations on GPUs; patience reserves slots for large ones."""

from __future__ import annotations

from typing import Any

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.scheduler import next_wake
from tests.journal.lives import gpus, job, started
from tests.scheduler.deciding import brief, names, obey, said, story

# -- GPUs ------------------------------------------------------------------------------------------


def devices_of(made: list[ev.AnyEvent]) -> list[tuple[str, ...]]:
    return [e.gpus for e in made if isinstance(e, ev.AttemptScheduled)]


def test_least_busy_first_lowest_index_on_a_tie() -> None:
    told = story(*(job(f"j{i}") for i in range(6)), devices=3, experiments_per_gpu=2)
    made = obey(told)
    assert devices_of(made) == [("GPU-0",), ("GPU-1",), ("GPU-2",)] * 2
    told = story(
        *(job(f"j{i}") for i in range(5)), devices=3, experiments_per_gpu=2, max_parallel=4
    )
    assert devices_of(obey(told))[-1] == ("GPU-0",)
    told.ends("j1")
    assert devices_of(obey(told)) == [("GPU-1",)], "the one that is free, not the next in turn"


def test_without_slots_nothing_is_pinned() -> None:
    told = story(job("a"), job("b", gpus=7), devices=1)
    assert devices_of(obey(told)) == [(), ()]


def test_what_does_not_fit_is_passed_over() -> None:
    told = story(job("a"), job("big", gpus=2), job("b"), devices=2, experiments_per_gpu=1)
    assert names(obey(told)) == ["a", "b"]
    told.ends("a").ends("b")
    assert devices_of(obey(told)) == [("GPU-0", "GPU-1")]


def test_a_job_that_needs_no_gpu_fits_always() -> None:
    told = story(job("a"), job("cpu", gpus=0), devices=1, experiments_per_gpu=1)
    assert devices_of(obey(told)) == [("GPU-0",), ()]


def test_a_drained_gpu_gets_nothing_new() -> None:
    told = story(*(job(n) for n in "abc"), devices=2, experiments_per_gpu=1)
    told.asks("drain", gpus=("GPU-0",))
    assert devices_of(obey(told)) == [("GPU-1",)]
    told.asks("undrain", gpus=("0",))
    assert devices_of(obey(told)) == [("GPU-0",)]


def test_patience_closes_the_line_behind_what_was_passed_over() -> None:
    told = story(
        job("a"), job("big", gpus=2), *(job(f"s{i}") for i in range(4)),
        devices=2, experiments_per_gpu=1, patience=10.0,
    )  # fmt: skip
    assert names(obey(told, 100.0)) == ["a", "s0"]
    told.at = 109.9
    told.ends("s0")
    assert names(obey(told, 109.9)) == ["s1"], "still patient"
    told.at = 110.0
    told.ends("s1")
    assert said(told, 110.0) is None, "the place stays free for `big`"
    told.ends("a")
    assert names(obey(told, 110.0)) == ["big"]


def test_patience_of_a_gang_begins_when_its_last_member_is_ready() -> None:
    again: dict[str, Any] = {"retries": 1, "retry_on": ("exit",), "retry_delay": 8.0}
    told = story(
        *population(2), *(job(f"s{i}") for i in range(3)),
        **again, devices=2, experiments_per_gpu=1, patience=10.0,
    )  # fmt: skip
    told.runs("p0", "GPU-0").runs("p1", "GPU-1").fails("p0")
    told.ends("p1", outcome="interrupted", exit_code=None)
    assert names(obey(told, 100.0)) == ["s0", "s1"]
    told.at = 117.0
    told.ends("s0")
    assert names(obey(told, 117.0)) == ["s2"], "ready since 108"
    told.at = 118.0
    told.ends("s1")
    assert said(told, 118.0) is None
    told.ends("s2")
    assert names(obey(told, 118.0)) == ["p0", "p1"]


@pytest.mark.parametrize("begin", ["executor", "release", "reopening"])
def test_patience_begins_anew(begin: str) -> None:
    told = story(
        job("big", gpus=2), job("s0"), job("s1"), devices=2, experiments_per_gpu=1, patience=10.0
    )
    told.runs("s0", "GPU-0")
    told.at = 150.0
    if begin == "executor":
        told.tell(started(told.plan, gpus(2)))
    elif begin == "release":
        told.asks("hold").asks("release")
    else:
        told.ends("s0").asks("cancel")
        assert brief(obey(told, 150.0)) == [("close", "cancelled")]
        told.asks("retry")
        told.runs("s1", "GPU-0")
        assert said(told, 159.9) is None
        return
    assert names(obey(told, 159.9)) == ["s1"]


def test_patience_does_not_close_for_what_cannot_fit_the_undrained() -> None:
    told = story(
        job("big", gpus=2), job("a"), job("b"), devices=2, experiments_per_gpu=1, patience=0.0
    )
    told.asks("drain", gpus=("GPU-1",))
    assert names(obey(told)) == ["a"]


# -- populations -----------------------------------------------------------------------------------


def population(size: int, name: str = "p", *, gpus: int | None = None) -> list[Any]:
    return [job(f"{name}{i}", population=name, gpus=gpus) for i in range(size)]


def test_a_gang_begins_whole_or_not_at_all() -> None:
    told = story(job("a"), *population(3), job("z"), devices=3, experiments_per_gpu=1)
    told.runs("a", "GPU-0")
    assert names(obey(told)) == ["z"], "others pass a gang that does not fit"
    told.ends("a")
    assert said(told) is None
    told.ends("z")
    assert names(obey(told)) == ["p0", "p1", "p2"]


def test_a_gang_respects_max_parallel() -> None:
    told = story(job("a"), *population(3), max_parallel=3).runs("a")
    assert said(told) is None
    told.ends("a")
    assert names(obey(told)) == ["p0", "p1", "p2"]


def test_the_neediest_member_first_so_that_the_rest_fits() -> None:
    told = story(
        job("p0", population="p"), job("p1", population="p", gpus=2), job("p2", population="p"),
        devices=2, experiments_per_gpu=2,
    )  # fmt: skip
    made = obey(told)
    assert names(made) == ["p1", "p0", "p2"]
    assert devices_of(made) == [("GPU-0", "GPU-1"), ("GPU-0",), ("GPU-1",)]


def test_members_start_a_pause_apart_and_nobody_comes_between() -> None:
    told = story(job("z0", gpus=2), *population(2), job("z1"), devices=4, experiments_per_gpu=1,
                 pause_between=1.0)  # fmt: skip
    assert names(obey(told, 100.0)) == ["z0"]
    assert names(obey(told, 101.0)) == ["p0"]
    assert names(obey(told, 102.0)) == ["p1"], "before `z1` and whatever else waits"


def test_owed_members_go_before_everything_and_close_the_line() -> None:
    told = story(job("a"), *population(2), job("b"), devices=2, experiments_per_gpu=1)
    told.asks("hold").runs("p0", "GPU-0").runs("p1", "GPU-1")
    told.ends("p1", outcome="interrupted", exit_code=None).asks("release")
    assert names(obey(told)) == ["p1"], "`a` is first in plan order, `p1` is owed"
    told.ends("p1", outcome="interrupted", exit_code=None)
    told.asks("drain", gpus=("GPU-1",))
    assert said(told) is None, "it waits for the only place that is left"
    told.ends("p0")
    assert names(obey(told)) == ["a"], "nobody of the population is active: plan order again"


def test_owed_members_that_cannot_fit_do_not_close_the_line() -> None:
    told = story(
        job("p0", population="p", gpus=1), job("p1", population="p", gpus=2), job("z"),
        devices=3, experiments_per_gpu=1,
    )  # fmt: skip
    told.runs("p0", "GPU-0").runs("p1", "GPU-1", "GPU-2")
    told.ends("p1", outcome="interrupted", exit_code=None)
    told.asks("drain", gpus=("GPU-1", "GPU-2"))
    assert said(told) is None, "GPU-0 is busy"
    told.asks("undrain", gpus=("GPU-2",))
    assert said(told) is None, "`p1` would fit once GPU-0 is free: the line is closed"
    told.asks("drain", gpus=("GPU-0",))
    assert names(obey(told)) == ["z"], "`p1` cannot fit the one GPU that is not drained"


def test_the_neediest_owed_first() -> None:
    told = story(
        job("p0", population="p"), job("p1", population="p"), job("p2", population="p", gpus=2),
        devices=4, experiments_per_gpu=1,
    )  # fmt: skip
    told.runs("p0", "GPU-0")
    assert names(obey(told)) == ["p2", "p1"]


def test_one_failed_member_leaves_the_rest_a_gang() -> None:
    told = story(*population(3), job("z"), devices=3, experiments_per_gpu=1)
    told.runs("p0", "GPU-0").fails("p0")
    assert names(obey(told)) == ["p1", "p2", "z"]


def test_a_gang_waits_for_the_back_off_of_a_member() -> None:
    told = story(*population(2), job("z"), retries=1, retry_on=("exit",), retry_delay=10.0)
    told.runs("p0").runs("p1").fails("p0").ends("p1", outcome="interrupted", exit_code=None)
    assert names(obey(told)) == ["z"]
    assert next_wake(told.state, 100.0) == 110.0
    assert names(obey(told, 110.0)) == ["p0", "p1"], "without an event in between"


def test_an_owed_member_comes_back_from_its_back_off() -> None:
    told = story(*population(2), job("z"), retries=1, retry_on=("exit",), retry_delay=10.0,
                 max_parallel=2)  # fmt: skip
    told.runs("p0").runs("p1").fails("p0")
    assert names(obey(told, 105.0)) == ["z"]
    told.at = 105.0
    told.ends("z")
    assert names(obey(told, 110.0)) == ["p0"]
