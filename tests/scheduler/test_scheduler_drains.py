"""The automatic drain: which ends count, of which jobs, and what is never drained."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.journal import events as ev
from pbt_tui.journal.device_health import EARLY
from pbt_tui.journal.slots import name
from pbt_tui.scheduler import decide, explain
from pbt_tui.scheduler.drains import drain, drained_texts, starved
from tests.journal.lives import Story, job
from tests.scheduler.deciding import obey, story


def two(*more: Any, devices: int = 2, per_gpu: int = 1, **policy: Any) -> Story:
    """Four jobs and more, on two GPUs."""
    jobs = [job(n) for n in "abcd"]
    return story(*jobs, *more, devices=devices, experiments_per_gpu=per_gpu, **policy)


def dies(told: Story, one: str, gpu: str, cause: str, after: float = 1.0) -> Story:
    """The job runs on a GPU for a while, and ends badly."""
    told.runs(one, gpu)
    told.at += after
    return told.fails(one, cause=cause)


def drained(told: Story) -> list[str]:
    """What the scheduler drains now."""
    found = []
    while (decision := drain(told.state)) is not None:
        found.append(decision.device)
        told.tell(decision)
    return found


def test_two_lost_jobs_drain_their_gpu() -> None:
    told = two().runs("b", "GPU-1")
    dies(told, "a", "GPU-0", "gpu_lost", after=1000)
    assert drained(told) == []
    dies(told, "c", "GPU-0", "gpu_lost", after=1000)
    decision = drain(told.state)
    assert decision == ev.GpuDrained(device="GPU-0", why="the GPU was lost: `a` and `c`")
    assert drained(told) == ["GPU-0"]
    assert drained_texts(told.state) == ["GPU 0 was drained: the GPU was lost: `a` and `c`"]


def test_nothing_starts_there_and_the_drain_is_decided_before_the_next_start() -> None:
    told = two(retries=2, retry_delay=0.0).runs("b", "GPU-1")
    dies(told, "a", "GPU-0", "gpu_lost")
    dies(told, "c", "GPU-0", "gpu_lost")
    assert [type(e) for e in obey(told, told.at)] == [ev.GpuDrained]
    told.ends("b")
    assert [e.gpus for e in obey(told, told.at) if isinstance(e, ev.AttemptScheduled)] == [
        ("GPU-1",)
    ]


def test_one_job_that_is_lost_everywhere_drains_nothing() -> None:
    told = two(retries=9, retry_delay=0.0, devices=3)
    for gpu in ("GPU-0", "GPU-1", "GPU-0", "GPU-1", "GPU-2", "GPU-0"):
        dies(told, "a", gpu, "gpu_lost")
    assert drained(told) == []
    dies(told, "b", "GPU-1", "gpu_lost")
    assert drained(told) == ["GPU-1"], "another job was lost there, too"


def test_one_job_that_is_lost_twice_on_one_gpu_drains_it() -> None:
    told = two(retries=9, retry_delay=0.0)
    dies(dies(told, "a", "GPU-0", "gpu_lost"), "a", "GPU-0", "gpu_lost")
    assert told.state.executor is not None
    decision = drain(told.state)
    assert decision is not None
    assert decision.why == "the GPU was lost: `a`, attempts 1 and 2"


def test_full_while_another_gpu_keeps_a_job() -> None:
    told = two().runs("b", "GPU-1")
    dies(told, "a", "GPU-0", "cuda_oom")
    dies(told, "c", "GPU-0", "cuda_oom", after=EARLY)
    decision = drain(told.state)
    assert decision is not None
    assert decision.why == (
        "CUDA out of memory within 30 s of the start of `a` and `c`, while GPU 1 works"
    )


def test_full_while_another_gpu_finishes_a_job() -> None:
    told = two().runs("b", "GPU-1").runs("a", "GPU-0").ends("b").fails("a", cause="cuda_oom")
    dies(told, "c", "GPU-0", "cuda_oom")
    assert drained(told) == ["GPU-0"]


@pytest.mark.parametrize(
    "what", ["late", "same job", "nobody else", "fails elsewhere", "own memory", "success between"]
)
def test_not_drained_for_memory(what: str) -> None:
    told = two(retries=5, retry_delay=0.0, per_gpu=2, retry_on=("cuda_oom",))
    if what not in ("nobody else", "fails elsewhere"):
        told.runs("b", "GPU-1")
    if what == "fails elsewhere":
        dies(told, "b", "GPU-1", "cuda_oom")
    if what == "own memory":
        told.runs("d", "GPU-0")
    dies(told, "a", "GPU-0", "cuda_oom")
    if what == "success between":
        told.runs("d", "GPU-0").ends("d")
    second = "a" if what == "same job" else "c"
    dies(told, second, "GPU-0", "cuda_oom", after=EARLY + 1 if what == "late" else 1)
    assert drained(told) == []


@pytest.mark.parametrize("off", [-3600.0, 3600.0])
def test_dates_of_another_clock_do_not_count(off: float) -> None:
    """An end is dated by the engine or a file server; how early it was tells the journal alone."""
    told = two().runs("b", "GPU-1")
    for one in "ac":
        told.runs(one, "GPU-0")
        told.at += 1.0
        told.fails(one, cause="cuda_oom", ended_at=told.at + off)
    assert drained(told) == ["GPU-0"]
    told = two().runs("b", "GPU-1")
    for one in "ac":
        told.runs(one, "GPU-0")
        told.at += EARLY + 1
        told.fails(one, cause="cuda_oom", ended_at=told.at + off)
    assert drained(told) == []


@pytest.mark.parametrize("cause", ["exit", "traceback", "command_not_found", "signal", "oom"])
def test_ends_that_never_count(cause: str) -> None:
    told = two().runs("b", "GPU-1")
    dies(told, "a", "GPU-0", cause)
    dies(told, "c", "GPU-0", cause)
    assert drained(told) == []


def test_the_last_gpu_is_never_drained_but_once_there_is_another() -> None:
    told = two(job("e"), job("f"))
    told.asks("drain", gpus=("GPU-1",))
    dies(told, "a", "GPU-0", "gpu_lost")
    dies(told, "c", "GPU-0", "gpu_lost")
    assert drained(told) == []
    told.asks("undrain", gpus=("GPU-1",))
    assert drained(told) == ["GPU-0"]
    dies(told, "d", "GPU-1", "gpu_lost")
    dies(told, "e", "GPU-1", "gpu_lost")
    assert drained(told) == []


def test_a_person_who_uses_it_again_forgives_it() -> None:
    told = two(job("e"), job("f"))
    for one in "ac":
        dies(told, one, "GPU-0", "gpu_lost")
    assert drained(told) == ["GPU-0"]
    told.asks("undrain", gpus=("0",))
    assert (drained(told), told.state.drain_reasons) == ([], {})
    dies(told, "d", "GPU-0", "gpu_lost")
    assert drained(told) == [], "it takes two again"
    dies(told, "e", "GPU-0", "gpu_lost")
    assert drained(told) == ["GPU-0"]


def test_jobs_on_several_gpus_need_another_one_that_works() -> None:
    told = story(*(job(n, gpus=2) for n in "abc"), job("d"), devices=4, experiments_per_gpu=1)
    for one in "ab":
        told.runs(one, "GPU-0", "GPU-1").fails(one, cause="gpu_lost")
    assert drained(told) == [], "nobody knows which of them"
    told = story(*(job(n, gpus=2) for n in "abc"), job("d"), devices=4, experiments_per_gpu=1)
    told.runs("d", "GPU-3")
    for one in "ab":
        told.runs(one, "GPU-0", "GPU-1").fails(one, cause="gpu_lost")
    assert drained(told) == ["GPU-0", "GPU-1"]


# -- a retry, and a run that cannot go on ----------------------------------------------------------


def test_a_retry_prefers_another_gpu() -> None:
    told = story(job("a"), devices=2, experiments_per_gpu=2, retries=3, retry_delay=0.0)
    assert [e.gpus for e in obey(told)] == [("GPU-0",)]  # type: ignore[union-attr]
    told.fails("a", cause="gpu_lost")
    assert [e.gpus for e in obey(told)] == [("GPU-1",)]  # type: ignore[union-attr]
    told.tell(ended_as_lost("a"))
    assert [e.gpus for e in obey(told)] == [("GPU-0",)]  # type: ignore[union-attr]


def ended_as_lost(one: str) -> ev.AttemptEnded:
    return ev.AttemptEnded(
        job=one, attempt=2, outcome="lost", exit_code=None, cause="lost", ended_at=0.0
    )


def test_a_retry_takes_the_same_gpu_if_no_other_is_free() -> None:
    told = two(retries=3, retry_delay=0.0).runs("b", "GPU-1")
    dies(told, "a", "GPU-0", "gpu_lost")
    made = obey(told, told.at)
    assert [e.gpus for e in made if isinstance(e, ev.AttemptScheduled)] == [("GPU-0",)]


def test_a_gang_that_no_longer_fits_starves_and_says_why() -> None:
    members = [job(f"m{i}", population="p") for i in range(2)]
    told = story(*members, job("a"), job("c"), devices=2, experiments_per_gpu=1)
    for one in "ac":
        dies(told, one, "GPU-0", "gpu_lost")
    assert drained(told) == ["GPU-0"]
    assert decide(told.state, told.at) is None
    assert starved(told.state)
    assert explain(told.state, "m0", told.at) == (
        "too few GPUs that are not drained: GPU 0 was drained: the GPU was lost: `a` and `c`"
    )
    told.asks("hold")
    assert not starved(told.state), "a person will release it"
    told.asks("release").asks("undrain", gpus=("GPU-0",))
    assert not starved(told.state)


def test_what_is_active_or_in_back_off_does_not_starve() -> None:
    members = [job(f"m{i}", population="p") for i in range(2)]
    told = story(*members, job("a"), devices=2, experiments_per_gpu=1, retries=1)
    told.asks("drain", gpus=("GPU-0",)).runs("a", "GPU-1")
    assert not starved(told.state)
    told.fails("a", cause="lost")
    assert not starved(told.state), "it tries again"
    told.tell(ev.RequestAccepted(id="9-9", action="cancel", jobs=("a",)))
    assert starved(told.state)


# -- properties ------------------------------------------------------------------------------------

CAUSES = ("gpu_lost", "cuda_oom", "exit", "traceback", "command_not_found", "succeeded")
STEPS = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(CAUSES), st.sampled_from((0.5, 29.0, 31.0))),
    max_size=30,
)


@given(STEPS, st.integers(1, 4), st.booleans())
def test_whatever_happens(
    steps: list[tuple[int, str, float]], devices: int, with_drains: bool
) -> None:
    """One device is always left; each drain has two ends of the right kind on that device."""
    plan = [job(f"j{i}") for i in range(len(steps))]
    told = story(*plan, job("x"), devices=devices, experiments_per_gpu=1)
    blamed: dict[str, set[str]] = {}
    for i, (where, cause, after) in enumerate(steps):
        gpu = f"GPU-{where % devices}"
        told.runs(f"j{i}", gpu)
        told.at += after
        if cause == "succeeded":
            told.ends(f"j{i}")
            blamed.pop(gpu, None)
        else:
            told.fails(f"j{i}", cause=cause)
            if cause == "gpu_lost" or (cause == "cuda_oom" and after <= EARLY):
                blamed.setdefault(gpu, set()).add(f"j{i}")
        seen = drain(told.state)
        assert seen == drain(told.state), "it changes nothing"
        if seen is None or not with_drains:
            continue
        told.tell(seen)
        assert len(blamed[seen.device]) >= 2
        assert sum(f"`{one}`" in seen.why for one in blamed.pop(seen.device)) == 2
        left = [g for g in told.state.slots.gpus if not told.state.slots.is_drained(g)]
        assert left
        assert seen.device not in map(name, left)
