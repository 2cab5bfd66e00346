"""`decide`, clause by clause: their order is the policy. Pure: no clock, no IO."""

from __future__ import annotations

import copy
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pbt_tui.journal import RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.scheduler import decide, next_wake
from pbt_tui.scheduler.fit import unfit
from pbt_tui.spec import Processes
from tests.journal.lives import OPENED, Story, gpus, job, spec, started

NOW = 100.0


def story(*jobs: Any, devices: int = 0, **policy: Any) -> Story:
    return Story(spec(*jobs, **policy), gpus(devices))


def said(told: Story, at: float = NOW) -> Any:
    return decide(told.state, at)


def obey(told: Story, at: float = NOW) -> list[ev.AnyEvent]:
    """Everything that is decided now, applied."""
    told.at = at
    made: list[ev.AnyEvent] = []
    while (decision := decide(told.state, at)) is not None:
        told.tell(decision)
        made.append(decision)
        assert len(made) < 1000
    return made


def names(made: list[ev.AnyEvent]) -> list[str]:
    return [e.job for e in made if isinstance(e, ev.AttemptScheduled)]


def brief(made: list[ev.AnyEvent]) -> list[tuple[str, ...]]:
    """Kind, job, reason."""
    kinds = {
        ev.AttemptScheduled: "start", ev.StopRequested: "stop", ev.KillRequested: "kill",
        ev.JobSkipped: "skip", ev.RunClosed: "close",
    }  # fmt: skip
    return [
        (kinds[type(e)], *(str(getattr(e, f)) for f in ("job", "why", "verdict") if hasattr(e, f)))
        for e in made
    ]


# -- nothing without an executor, nothing changed --------------------------------------------------


def test_nothing_before_an_executor() -> None:
    state = RunState(spec(job("a")))
    apply(state, msgspec.structs.replace(OPENED, seq=1, at=NOW))
    assert decide(state, NOW) is None
    assert next_wake(state, NOW) is None


def test_it_changes_nothing() -> None:
    told = story(job("a"), job("b", population="p"), job("c", population="p"), devices=1)
    told.runs("a").asks("cancel")
    before = copy.deepcopy(told.state.meaning())
    first = said(told)
    assert said(told) == first, "asked twice, the same answer"
    assert told.state.meaning() == before


# -- the order of the clauses ----------------------------------------------------------------------


def test_stops_come_before_everything() -> None:
    told = story(job("a"), job("b"), job("c"), fail_fast=True, max_parallel=2, timeout=5.0)
    told.runs("a").runs("b").fails("a")
    told.at = 200.0
    assert brief(obey(told, 200.0)) == [("stop", "b", "fail_fast"), ("skip", "c", "fail_fast")]
    told.ends("b", outcome="interrupted", exit_code=None)
    assert brief(obey(told, 200.0)) == [("skip", "b", "fail_fast"), ("close", "budget")]


@pytest.mark.parametrize(
    ("ask", "why"), [("cancel", "cancel"), ("kill", "cancel"), ("stop", "interrupt")]
)
def test_why_it_is_stopped(ask: ev.Action, why: str) -> None:
    told = story(job("a")).runs("a").asks(ask)
    stop = ("stop", "a", why)
    assert brief(obey(told)) == ([stop, ("kill", "a", why)] if ask == "kill" else [stop])


def test_a_persons_word_weighs_more_than_the_systems() -> None:
    told = story(job("a"), job("b"), fail_fast=True).runs("a").runs("b")
    told.asks("cancel", "a").asks("stop")
    told.fails("b")
    assert said(told).why == "cancel"


def test_a_stop_starts_nothing_and_the_second_kills() -> None:
    told = story(job("a"), job("b"), max_parallel=1).runs("a").asks("stop")
    assert brief(obey(told)) == [("stop", "a", "interrupt")]
    told.asks("stop")
    assert brief(obey(told)) == [("kill", "a", "interrupt")]
    told.ends("a", outcome="interrupted", exit_code=None)
    assert said(told) is None
    told.tell(started(told.plan))
    assert names(obey(told)) == ["a"], "it lasts until the next executor"


def test_a_time_limit_is_one_number() -> None:
    told = story(job("a"), timeout=10.0, grace=5.0)
    told.tell(ev.AttemptScheduled(job="a", attempt=1, gpus=()))
    assert next_wake(told.state, 150.0) is None, "the queue does not count"
    told.at = 0.1 + 150.0
    told.tell(ev.AttemptStarted(job="a", attempt=1, handle="h"))
    deadline = told.at + 10.0
    wake = next_wake(told.state, told.at)
    assert wake == deadline
    assert said(told, deadline - 1e-9) is None
    assert brief(obey(told, deadline)) == [("stop", "a", "timeout")]
    told.asks("cancel", "a")
    assert next_wake(told.state, deadline) == deadline + 5.0
    assert brief(obey(told, deadline + 5.0)) == [("kill", "a", "timeout")]
    assert next_wake(told.state, deadline + 5.0) is None


def test_a_restart_inside_an_attempt_does_not_move_its_limit() -> None:
    told = story(job("a"), timeout=10.0).runs("a")
    told.at = 105.0
    told.tell(ev.AttemptStarted(job="a", attempt=1, handle="h", restart=1))
    assert next_wake(told.state, 105.0) == 110.0


def test_limits_follow_the_policy_of_the_newest_executor() -> None:
    told = story(job("a"), job("b"), job("c"), timeout=10.0, grace=5.0, pause_between=50.0)
    told.runs("a").runs("b").tell(ev.StopRequested(job="b", attempt=1, why="cancel"))
    told.at = 103.0
    told.tell(started(spec(*told.plan.jobs, timeout=100.0, grace=60.0, pause_between=4.0)))
    assert [d[0] for d in sorted(told.state.deadlines)] == [160.0, 200.0]
    assert said(told, 103.9) is None
    assert brief(obey(told, 104.0)) == [("start", "c")]
    told.tell(started(spec(*told.plan.jobs, grace=1.0)))
    assert brief(obey(told, 104.0)) == [("kill", "b", "cancel")]


def test_grace_zero_kills_at_once() -> None:
    told = story(job("a"), grace=0.0).runs("a").asks("cancel", "a")
    assert brief(obey(told)) == [("stop", "a", "cancel"), ("kill", "a", "cancel")]


def test_a_budget_skips_the_waiting_and_lets_the_running_go_on() -> None:
    told = story(*(job(n) for n in "abcde"), max_failures=2, max_parallel=3)
    told.runs("a").runs("b").runs("c").fails("b")
    assert names(obey(told)) == ["d"]
    told.fails("a")
    assert brief(obey(told)) == [("skip", "e", "2 failed: max_failures")]
    told.fails("c").ends("d")
    assert brief(obey(told)) == [("close", "budget")]


def test_a_retry_forgives_the_failures_it_takes_back() -> None:
    told = story(job("a"), job("b"), job("c"), max_failures=1, max_parallel=1)
    told.runs("a").fails("a")
    assert brief(obey(told)) == [
        ("skip", "b", "1 failed: max_failures"), ("skip", "c", "1 failed: max_failures"),
        ("close", "budget"),
    ]  # fmt: skip
    told.asks("retry", "b")
    assert names(obey(told)) == ["b"]
    told.ends("b")
    assert brief(obey(told)) == [("close", "budget")], "`c` is still skipped"


@pytest.mark.parametrize(
    ("ends", "verdict"),
    [
        ((), "succeeded"),
        (("failed",), "failures"),
        (("cancelled",), "cancelled"),
        (("failed", "cancelled"), "failures"),
        (("failed", "cancelled", "skipped"), "budget"),
    ],
)
def test_the_verdict_is_the_gravest_word(ends: tuple[str, ...], verdict: str) -> None:
    told = story(job("a"), *(job(name) for name in ends)).runs("a").ends("a")
    for name in ends:
        if name == "failed":
            told.runs(name).fails(name)
        elif name == "cancelled":
            told.asks("cancel", name)
        else:
            told.tell(ev.JobSkipped(job=name, why="w"))
    assert brief(obey(told)) == [("close", verdict)]
    assert said(told) is None


def test_a_run_without_jobs_is_closed_at_once() -> None:
    assert brief(obey(story())) == [("close", "succeeded")]


def test_hold_and_release() -> None:
    told = story(job("a"), job("b"), max_parallel=1).runs("a").asks("hold").ends("a")
    assert said(told) is None
    told.asks("release")
    assert names(obey(told)) == ["b"]


def test_only_reopening_releases_a_hold() -> None:
    told = story(job("a"), job("b")).runs("a").fails("a").asks("hold").asks("retry", "a")
    assert said(told) is None, "a retry in an open run does not"
    told.asks("cancel")
    assert brief(obey(told)) == [("close", "cancelled")]
    told.asks("retry", "a")
    assert names(obey(told)) == ["a"]


def test_max_parallel() -> None:
    told = story(*(job(n) for n in "abc"), max_parallel=2)
    assert names(obey(told)) == ["a", "b"]
    told.ends("b")
    assert names(obey(told)) == ["c"]


def test_the_pause_is_a_comparison_of_two_numbers() -> None:
    told = story(*(job(n) for n in "abc"), pause_between=0.1)
    told.at = 100.2
    assert names(obey(told, 100.2)) == ["a"]
    wake = next_wake(told.state, 100.2)
    assert wake == 100.2 + 0.1
    assert said(told, wake - 1e-9) is None
    assert names(obey(told, wake)) == ["b"]
    told.asks("hold")
    assert next_wake(told.state, wake) == wake + 0.1


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


# -- retries ---------------------------------------------------------------------------------------


def test_a_back_off_doubles_and_ends_without_an_event() -> None:
    told = story(
        job("a"), job("b"), retries=3, retry_on=("exit",), retry_delay=10.0, max_parallel=1
    )
    told.runs("a").fails("a")
    assert names(obey(told, 100.0)) == ["b"]
    assert next_wake(told.state, 100.0) == 110.0
    told.at = 120.0
    told.ends("b")
    assert names(obey(told, 120.0)) == ["a"]
    told.fails("a")
    assert said(told, 120.0) is None
    assert next_wake(told.state, 120.0) == 140.0
    assert names(obey(told, 140.0)) == ["a"]


def test_a_wake_is_never_in_the_past_though_the_head_is_over() -> None:
    told = story(
        job("a"), job("b"), job("c", gpus=1),
        retries=3, retry_on=("exit",), retry_delay=10.0, devices=1, experiments_per_gpu=1,
    )  # fmt: skip
    told.runs("a", "GPU-0").fails("a")
    told.at = 105.0
    told.runs("b", "GPU-0").fails("b")
    told.runs("c", "GPU-0")
    assert next_wake(told.state, 105.0) == 110.0
    assert said(told, 110.0) is None, "`a` is ready, and there is no place"
    assert next_wake(told.state, 110.0) == 115.0, "when `b` will be"
    assert next_wake(told.state, 115.0) is None, "an end will wake us"


def test_a_retry_asked_ends_the_back_off() -> None:
    told = story(job("a"), retries=1, retry_on=("exit",), retry_delay=1000.0).runs("a").fails("a")
    assert said(told) is None
    told.asks("retry", "a")
    assert names(obey(told)) == ["a"]
    assert told.state.by_id["a"].tries == 0


def test_a_cancel_ends_the_back_off_for_good() -> None:
    told = story(job("a"), retries=1, retry_on=("exit",), retry_delay=1000.0).runs("a").fails("a")
    told.asks("cancel", "a")
    assert brief(obey(told)) == [("close", "cancelled")]


# -- a property ------------------------------------------------------------------------------------


@settings(max_examples=50, deadline=None)
@given(
    sizes=st.lists(st.integers(1, 3), min_size=1, max_size=5),
    needs=st.lists(st.integers(0, 2), min_size=15, max_size=15),
    per_gpu=st.sampled_from([-1, 1, 2]),
    parallel=st.integers(3, 6),
    ends=st.lists(st.integers(0, 5), max_size=30),
    pause=st.sampled_from([0.0, 0.1]),
)
def test_bounded_and_never_over_filled(
    sizes: list[int], needs: list[int], per_gpu: int, parallel: int, ends: list[int], pause: float
) -> None:
    need = iter(needs)
    jobs = [
        job(f"u{u}m{m}", population=f"u{u}" if size > 1 else None, gpus=next(need))
        for u, size in enumerate(sizes)
        for m in range(size)
    ]
    plan: Processes = spec(
        *jobs, experiments_per_gpu=per_gpu, max_parallel=parallel, pause_between=pause
    )
    assume(not unfit(plan.jobs, plan.policy, gpus(3)))
    told, now = Story(plan, gpus(3)), NOW
    for which in [*ends, *range(60)]:
        obey(told, now)
        state = told.state
        assert len(state.active) <= parallel
        if per_gpu > 0:
            assert all(0 <= busy <= per_gpu for busy in state.slots.busy)
        wake = next_wake(state, now)
        assert wake is None or wake > now
        if state.active:
            active = list(state.active.values())
            told.ends(active[which % len(active)].spec.id)
        elif wake is not None:
            now = wake
        else:
            break
    assert told.state.closed == "succeeded", told.state.counts
