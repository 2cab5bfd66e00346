"""`decide`, clause by clause: their order is the policy. Pure: no clock, no IO."""

from __future__ import annotations

import copy

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
from tests.scheduler.deciding import NOW, brief, names, obey, said, story

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
