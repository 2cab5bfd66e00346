"""`apply` with requests and ends; replay equals live state; and the paths of a run directory."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.journal import RunDir, replay
from pbt_tui.journal import events as ev
from tests.journal.lives import Story, gpus, job, life, spec


def test_replay_is_live_without_a_collection() -> None:
    plan = spec(*(job(f"j{i}") for i in range(3)))
    events = life(3)
    seen: list[bool] = []

    def watched() -> Iterator[ev.AnyEvent]:
        for event in events:
            seen.append(gc.isenabled())
            yield event

    first = replay(plan, watched())
    assert not any(seen)
    assert gc.isenabled()
    gc.disable()
    try:
        assert replay(plan, events).meaning() == first.meaning()
        assert not gc.isenabled(), "it is left as it was"
    finally:
        gc.enable()


def test_a_cancelled_jobs_success_is_a_success_its_failure_is_not_retried() -> None:
    told = Story(spec(job("a"), job("b"), retries=5, retry_on=("exit",)))
    told.runs("a").runs("b").asks("cancel")
    told.ends("a").fails("b")
    assert [found.phase for found in told.state.jobs] == ["succeeded", "cancelled"]


def test_kill_asked_weighs_more_than_cancel_asked() -> None:
    told = Story(spec(job("a"))).runs("a").asks("kill", "a").asks("cancel", "a")
    assert told.state.by_id["a"].cancel == "hard"


def test_tries_are_not_attempts() -> None:
    told = Story(spec(job("a"), retries=1, retry_on=("exit",), retry_delay=4.0))
    found = told.state.by_id["a"]
    told.runs("a").ends("a", outcome="interrupted", exit_code=None)
    assert (found.phase, found.tries) == ("waiting", 0)
    told.runs("a").fails("a")
    assert (found.phase, found.tries, found.ready_at) == ("waiting", 1, 104.0)
    told.runs("a").fails("a")
    assert (found.phase, found.tries) == ("failed", 2)
    told.asks("retry", "a")
    assert (found.phase, found.tries, len(found.attempts)) == ("waiting", 0, 3)


def test_retry_of_all_means_every_end_but_succeeded() -> None:
    told = Story(spec(*(job(n) for n in "abcd"), retries=1, retry_on=("oom",), retry_delay=50.0))
    told.runs("a").ends("a").runs("b").fails("b").asks("cancel", "c")
    told.runs("d").fails("d", cause="oom")
    told.asks("retry")
    assert [j.phase for j in told.state.jobs] == ["succeeded", "waiting", "waiting", "waiting"]
    assert told.state.by_id["d"].ready_at == 150.0, "a back-off is not ended by it"
    told.asks("retry", "d")
    assert told.state.by_id["d"].ready_at == 100.0, "unless the job is named"
    told.runs("b").asks("retry", "b")
    assert told.state.by_id["b"].phase == "running", "of what runs, nothing"


def test_failures_are_counted_in_jobs_until_one_is_taken_back() -> None:
    told = Story(spec(job("a"), job("b"), job("c"), max_failures=3))
    told.runs("a").fails("a").runs("b").fails("b")
    assert told.state.failures == 2
    told.asks("retry", "c")
    assert told.state.failures == 2, "nothing was taken back"
    told.asks("retry", "a")
    assert told.state.failures == 0


def test_a_retry_after_fail_fast_spares_those_still_running() -> None:
    told = Story(spec(job("a"), job("b"), fail_fast=True)).runs("a").runs("b").fails("a")
    assert list(told.state.to_stop) == [1]
    told.asks("retry", "a")
    assert not told.state.to_stop


def test_drains_follow_the_device_from_executor_to_executor() -> None:
    told = Story(spec(job("a"), experiments_per_gpu=1), gpus(2)).asks("drain", gpus=("0", "9"))
    assert told.state.slots.drained == [True, False]
    other = (ev.Gpu(index=0, uuid="GPU-1"), ev.Gpu(index=1, uuid="GPU-0"))
    told.tell(
        ev.ExecutorStarted(
            pid=2, host="h", boot_id="b", runtime="process", gpus=other, policy=told.plan.policy
        )
    )
    assert told.state.slots.drained == [False, True], "the device, not its number"
    told.asks("undrain", gpus=("GPU-0",))
    assert told.state.slots.drained == [False, False]
    assert told.state.drained == ()


def test_what_runs_on_a_device_that_is_gone_counts_for_no_slot() -> None:
    told = Story(spec(job("a"), experiments_per_gpu=1), gpus(2)).runs("a", "GPU-1")
    assert told.state.slots.busy == [0, 1]
    told.tell(
        ev.ExecutorStarted(
            pid=2, host="h", boot_id="b", runtime="process", gpus=gpus(1), policy=told.plan.policy
        )
    )
    assert told.state.slots.busy == [0]
    told.ends("a")
    assert told.state.slots.busy == [0]


def test_a_refused_request_counts_as_seen() -> None:
    told = Story(spec(job("a"))).tell(ev.RequestRefused(id="7-7", why="w"))
    assert "7-7" in told.state.seen


@pytest.mark.parametrize(("suffix", "name"), [("", "_pbt"), ("x", "_pbt_x")])
def test_the_paths_of_a_run_directory(tmp_path: Path, suffix: str, name: str) -> None:
    found = RunDir.of(tmp_path, "r", suffix)
    assert found.path == tmp_path / "r" / name
    assert found.log("j", 2) == found.path / "logs" / "j.2.log"
    assert found.claim("j", 2) == found.path / "attempts" / "j.2"
    assert not found.is_run()
    found.path.mkdir(parents=True)
    found.spec.touch()
    found.journal.touch()
    assert found.is_run()
