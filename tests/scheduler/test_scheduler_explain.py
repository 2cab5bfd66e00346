"""`explain`: every phrase, and that it agrees with what `decide` does."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from pbt_tui.journal import RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.status_text import countdown
from pbt_tui.scheduler import explain
from tests.journal.lives import OPENED, Story, gpus, job, spec


def story(*jobs: Any, devices: int = 0, **policy: Any) -> Story:
    return Story(spec(*jobs, **policy), gpus(devices))


def why(told: Story, name: str, at: float = 100.0) -> str:
    return explain(told.state, name, at)


def pair(name: str = "p") -> list[Any]:
    return [job(f"{name}{i}", population=name) for i in range(2)]


def test_before_anything() -> None:
    state = RunState(spec(job("a")))
    assert explain(state, "a", 0.0) == "no executor has started this run yet"
    apply(state, msgspec.structs.replace(OPENED, seq=1, at=1.0))
    assert explain(state, "a", 1.0) == "no executor has started this run yet"


def test_of_what_does_not_wait() -> None:
    told = story(*(job(n) for n in ("a", "b", "c", "d", "e")), grace=9.0)
    told.tell(ev.AttemptScheduled(job="a", attempt=1, gpus=()))
    assert why(told, "a") == ""
    told.tell(ev.AttemptWaiting(job="a", attempt=1, reason="pulls an image"))
    assert why(told, "a") == "pulls an image"
    told.tell(ev.AttemptStarted(job="a", attempt=1, handle="h"))
    assert why(told, "a") == ""
    told.tell(ev.StopRequested(job="a", attempt=1, why="timeout"))
    assert why(told, "a") == "timeout: asked to stop"
    told.tell(ev.KillRequested(job="a", attempt=1, why="timeout"))
    assert why(told, "a") == "timeout: killed"
    assert why(told.asks("cancel", "b"), "b") == "cancelled before it started"
    assert why(told.tell(ev.JobSkipped(job="c", why="fail_fast")), "c") == "skipped: fail_fast"
    assert why(told.runs("d").fails("d"), "d") == ""
    assert why(told.runs("e").ends("e"), "e") == ""


def test_of_the_whole_run() -> None:
    told = story(job("a"), job("b"), max_parallel=1).runs("a")
    assert why(told, "b") == "1 are active: max_parallel 1"
    told.asks("hold")
    assert why(told, "b") == "held: no new attempt starts until it is released"
    told.asks("stop")
    assert why(told, "b") == "the run is being stopped"


def test_of_a_back_off() -> None:
    told = story(job("a"), retries=2, retry_on=("exit",), retry_delay=30.0).runs("a").fails("a")
    assert why(told, "a", 110.0) == "tries again in 20s (try 2)"
    assert why(told, "a", 130.0) == "next in line"


def test_of_the_pause() -> None:
    told = story(job("a"), job("b"), pause_between=5.0).runs("a")
    assert why(told, "b", 102.0) == "starts are 5s apart: next in 3s"
    assert why(told, "b", 105.0) == "next in line"


def test_of_gpus() -> None:
    told = story(job("a"), job("b"), job("big", gpus=2), devices=2, experiments_per_gpu=1)
    told.runs("a", "GPU-0")
    assert why(told, "big") == "needs 2 GPUs: none free"
    told.asks("drain", gpus=("GPU-1",))
    assert why(told, "big") == ("too few GPUs that are not drained: GPU 1 was drained by a person")
    assert why(told, "b") == "needs 1 GPU: none free"


def test_of_a_gang() -> None:
    told = story(job("a"), *pair(), devices=2, experiments_per_gpu=1, max_parallel=4)
    told.runs("a", "GPU-0")
    words = "its population of 2 starts together; the GPUs have too few free slots"
    assert why(told, "p0") == why(told, "p1") == words
    told = story(job("a"), *pair(), max_parallel=2).runs("a")
    assert why(told, "p1") == "its population of 2 starts together; 1 of max_parallel are free"


def test_of_a_gang_that_is_not_complete() -> None:
    told = story(*pair(), retries=1, retry_on=("exit",), retry_delay=10.0)
    told.runs("p0").runs("p1").fails("p0").ends("p1", outcome="interrupted", exit_code=None)
    assert why(told, "p1") == "waits until every member of its population is ready"
    assert why(told, "p0") == "tries again in 10s (try 2)"


def test_of_a_gang_that_has_begun() -> None:
    told = story(*pair(), job("z"), devices=2, experiments_per_gpu=1)
    told.runs("p0", "GPU-0")
    assert why(told, "p1") == "its population has begun: it is next"
    assert why(told, "z") == "after `p1`, whose population has begun"
    told.asks("drain", gpus=("GPU-1",))
    assert why(told, "p1") == "its population has begun; needs 1 GPU, none free"
    told = story(*pair(), job("z"), pause_between=4.0).runs("p0")
    assert why(told, "p1", 101.0) == "starts are 4s apart: next in 3s"


def test_of_a_gang_whose_back_off_is_over() -> None:
    told = story(*pair(), job("z"), retries=1, retry_on=("exit",), retry_delay=10.0, max_parallel=2)
    told.runs("p0").runs("p1").fails("p0").ends("p1", outcome="interrupted", exit_code=None)
    told.runs("z")
    words = "its population of 2 starts together; 1 of max_parallel are free"
    assert why(told, "p0", 110.0) == why(told, "p1", 110.0) == words


def test_of_patience() -> None:
    told = story(
        job("big", gpus=2), job("a"), job("b"), devices=2, experiments_per_gpu=1, patience=60.0
    )
    told.runs("a", "GPU-0")
    assert why(told, "b", 120.0) == "next in line"
    assert why(told, "b", 160.0) == "after `big`, which has waited 1m00"
    assert why(told, "big", 160.0) == "needs 2 GPUs: none free"


def test_second_of_its_kind() -> None:
    told = story(job("a", gpus=2), job("b", gpus=2), devices=2, experiments_per_gpu=1)
    told.runs("a", "GPU-0", "GPU-1")
    assert why(told, "b") == "needs 2 GPUs: none free"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(-1, "0s"), (0.4, "0s"), (9.4, "9s"), (9.6, "10s"), (89, "1m29"), (5400, "1h30")],
)
def test_spans(seconds: float, words: str) -> None:
    assert countdown(seconds) == words
