"""What differs between failed and good jobs: compared with the definitions, written as loops."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.journal import events as ev
from pbt_tui.journal.fold import apply
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe import failure_differences
from pbt_tui.observe.failure_differences import FailurePlace, alike, differences, distance, nearest
from pbt_tui.observe.failure_grouping import FailureGroups, Group, failures
from pbt_tui.spec import FORMAT, Job, Policy, Processes

VALUES = st.sampled_from([1, 1.0, 2, 3.5, True, False, "a", "1", None, -2, 1e-4, 10**400, [1, 2]])
PARAMS = st.dictionaries(st.sampled_from("abc"), VALUES, max_size=3)


def state_of(params: list[dict[str, Any]], experiments: str = "") -> RunState:
    jobs = tuple(
        Job(f"j{i}", (experiments or "x" * len(params))[i], f"j{i}", ("true",), {}, "d", one)
        for i, one in enumerate(params)
    )
    policy = Policy(num_gpus=4, experiments_per_gpu=8, max_parallel=100, pause_between=0)
    return RunState(
        Processes(format=FORMAT, run="r", module="m", train_dir="t", container=None,
                  policy=policy, populations=(), jobs=jobs)
    )  # fmt: skip


class Clock:
    """Writes events into a state."""

    def __init__(self, state: RunState) -> None:
        self.state = state
        self.tell(
            ev.RunOpened, format=ev.FORMAT, run_id="5eed1e55", run="r", cwd="/", train_dir="/t",
            digest="0" * 64,
        )  # fmt: skip
        gpus = tuple(ev.Gpu(i, f"GPU-{i}", "H100", None) for i in range(4))
        self.tell(
            ev.ExecutorStarted, pid=1, host="h", boot_id="b", runtime="process", gpus=gpus,
            policy=state.spec.policy, interpreter=None,
        )  # fmt: skip

    def tell(self, kind: Any, **fields: Any) -> None:
        apply(self.state, kind(seq=self.state.seq + 1, at=self.state.at + 1.0, **fields))

    def start(self, job: str, gpu: int = 0) -> None:
        number = len(self.state.by_id[job].attempts) + 1
        self.tell(ev.AttemptScheduled, job=job, attempt=number, gpus=(f"GPU-{gpu}",))
        self.tell(ev.AttemptStarted, job=job, attempt=number, handle="1.1", node=None)

    def end(self, job: str, outcome: str = "succeeded", detail: str | None = None) -> None:
        bad = {"cause": "exit", "detail": detail} if outcome == "failed" else {}
        self.tell(
            ev.AttemptEnded, job=job, attempt=len(self.state.by_id[job].attempts), outcome=outcome,
            exit_code=1 if bad else 0, ended_at=self.state.at, **bad,
        )  # fmt: skip


def ended(params: list[dict[str, Any]], failed: int, gpus: list[int] | None = None) -> RunState:
    """A run of which the first `failed` jobs failed, and the others succeeded."""
    clock = Clock(state_of(params))
    for i, job in enumerate(clock.state.jobs):
        clock.start(job.spec.id, gpus[i] if gpus else 0)
        clock.end(job.spec.id, "failed" if i < failed else "succeeded")
    return clock.state


def same(one: Any, other: Any) -> bool:
    return one == other and isinstance(one, bool) == isinstance(other, bool)


def by_definition(failed: dict[str, Any], good: list[dict[str, Any]]) -> int | None:
    """The index of the nearest: fewest differing parameters, then closest values, then first."""
    missing = object()

    def rank(params: dict[str, Any]) -> tuple[int, float]:
        names = {*failed, *params}
        wrong = {n for n in names if not same(failed.get(n, missing), params.get(n, missing))}
        order = [*(n for n in failed), *(n for n in params if n not in failed)]
        apart = 0.0
        for n in (n for n in order if n in wrong):
            a: Any = failed.get(n)
            b: Any = params.get(n)
            numbers = all(isinstance(v, int | float) and not isinstance(v, bool) for v in (a, b))
            if not numbers or abs(a) > 1e300 or abs(b) > 1e300:
                apart += 1.0
            else:
                apart += abs(b / 2 - a / 2) / (abs(b) / 2 + abs(a) / 2)
        return len(wrong), apart

    ranks = [rank(params) for params in good]
    return ranks.index(min(ranks)) if ranks else None


@given(PARAMS, st.lists(PARAMS, max_size=8))
def test_the_nearest_good_job_is_the_one_of_the_definition(
    failed: dict[str, Any], good: list[dict[str, Any]]
) -> None:
    jobs = [JobState(i, j.spec) for i, j in enumerate(state_of([failed, *good]).jobs)]
    found = nearest(jobs[0], jobs[1:])
    wanted = by_definition(failed, good)
    if wanted is None:
        assert found is None
        return
    assert found is not None
    assert found.job is jobs[1 + wanted]
    assert found.differences == differences(good[wanted], failed)


@given(PARAMS, st.lists(PARAMS, min_size=1, max_size=9), st.integers(1, 3))
def test_a_search_in_steps_finds_the_same(
    failed: dict[str, Any], good: list[dict[str, Any]], at_once: int
) -> None:
    jobs = [JobState(i, j.spec) for i, j in enumerate(state_of([failed, *good]).jobs)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(failure_differences, "_AT_ONCE", at_once)
        found = []

        def whole() -> Iterator[None]:
            found.append((yield from failure_differences.search(jobs[0], jobs[1:])))

        assert len(list(whole())) == -(-len(good) // at_once)
    assert found == [nearest(jobs[0], jobs[1:])]


@given(st.lists(PARAMS, min_size=1, max_size=5), st.lists(PARAMS, max_size=6))
def test_what_all_share_and_no_good_one_has(
    bad: list[dict[str, Any]], good: list[dict[str, Any]]
) -> None:
    state = ended([*bad, *good], len(bad))
    (group,) = failures(state)
    found = failure_differences.find(group, state)
    wanted = [
        (name, value)
        for name, value in bad[0].items()
        if all(name in one and same(one[name], value) for one in bad)
        and not any(name in one and same(one[name], value) for one in good)
        and len(bad) >= 3
        and len(good) >= 3
    ]
    assert list(found.shared) == wanted
    text = failure_differences.shared_text(group, found)
    assert bool(text) == bool(wanted)
    if text:
        assert text.startswith(f"all {len(bad)} have ")
        assert f"none of the {len(good)} good ones" in text


def test_the_same_value_is_not_another_type() -> None:
    assert alike(1, 1.0)
    assert not alike(1, True)
    assert not alike("1", 1)
    (one,) = differences({"a": 0}, {"a": 0.0, "b": 1})
    assert (one.name, one.good, one.failed) == ("b", None, 1)
    assert distance(one) == 1.0
    (near,), (far,) = (differences({"a": 8192}, {"a": n}) for n in (16384, 65536))
    assert 0 < distance(near) < distance(far) < 1


def test_a_good_job_of_another_experiment_says_nothing() -> None:
    clock = Clock(state_of([{"a": 1}, {"a": 2}], "xy"))
    for name, outcome in (("j0", "failed"), ("j1", "succeeded")):
        clock.start(name)
        clock.end(name, outcome)
    (group,) = failures(clock.state)
    assert list(failure_differences.find(group, clock.state).good) == []


def test_a_running_job_is_good_once_it_outlives_the_failed_ones() -> None:
    clock = Clock(state_of([{"a": 1}, {"a": 2}, {"a": 3}]))
    clock.start("j0")
    for _ in range(5):
        clock.start("j2")
        clock.end("j2", "interrupted")
    clock.end("j0", "failed")
    clock.start("j1")
    (group,) = failures(clock.state)
    assert not failure_differences.find(group, clock.state).good
    for _ in range(7):
        clock.start("j2")
        clock.end("j2", "interrupted")
    good = failure_differences.find(group, clock.state).good
    assert [job.spec.id for job in good] == ["j1"]


@pytest.mark.parametrize(
    ("gpus", "failed", "wanted"),
    [
        ([3, 3, 3, 3, 1, 0, 1, 2], 5, ("3", 4, 5, 0, 3)),
        ([3, 3, 3, 0, 1, 2], 3, ("3", 3, 3, 0, 3)),
        ([3, 3, 0, 1, 2], 2, None),  # two are not a pattern
        ([3, 3, 1, 2, 0, 0], 4, None),  # half of them
        ([3, 3, 3, 3, 3, 0], 3, None),  # the good ones ran there, too
    ],
)
def test_a_place_is_named_where_it_tells_the_failed_from_the_good(
    gpus: list[int], failed: int, wanted: tuple[str, int, int, int, int] | None
) -> None:
    state = ended([{}] * len(gpus), failed, gpus)
    (group,) = failures(state)
    place = failure_differences.find(group, state).place
    assert (place and (place.name, *place[3:])) == wanted


def test_the_place_in_words() -> None:
    place = FailurePlace("GPU", "3", "GPU-3", 6, 8, 0, 23)
    assert failure_differences.place_text(place) == "6 of 8 on GPU 3, none of the 23 good ones"
    text = failure_differences.place_text(place, "pid 1 \x1b[2J", live=False)
    assert "last also there: pid 1 \\x1b[2J" in text


STEPS = st.lists(st.tuples(st.integers(0, 5), st.sampled_from(["die", "die 2", "end", "retry"])))


@given(STEPS)
def test_groups_that_are_kept_up_to_date_are_those_made_anew(steps: list[tuple[int, str]]) -> None:
    clock = Clock(state_of([{}] * 6))
    kept = FailureGroups(clock.state)
    for index, what in steps:
        name = f"j{index}"
        job = clock.state.by_id[name]
        if what == "retry":
            clock.tell(ev.RequestAccepted, id=f"{clock.state.seq}", action="retry", jobs=(name,))
        elif job.phase == "waiting":
            clock.start(name)
            outcome = "succeeded" if what == "end" else "failed"
            clock.end(name, outcome, f"error: {what.replace('2', 'twice')}")
        kept.update([index])
        assert kept.groups == failures(clock.state)
    assert FailureGroups(clock.state).groups == kept.groups
    begun = [job.attempts[0].scheduled_at for job in clock.state.jobs if job.attempts]
    assert kept.begin == (min(begun) if begun else clock.state.at)


@given(st.lists(st.floats(0, 100), min_size=1).map(sorted), st.integers(1, 30))
def test_a_histogram_counts_each_failure_once(times: list[float], cells: int) -> None:
    group = Group("s", len(times), ("j",) * len(times), None, None, times[0], times[-1],
                  tuple(times))  # fmt: skip
    assert sum(group.histogram(20.0, 80.0, cells)) == len(times)
    assert sum(group.histogram(20.0, 20.0, cells)) == len(times)
    whole = group.histogram(0.0, 100.0, cells)
    for cell, count in enumerate(whole):
        low, high = 100.0 / cells * cell, 100.0 / cells * (cell + 1)
        inside = [t for t in times if low + 1e-6 < t < high - 1e-6]
        near = [t for t in times if low - 1e-6 <= t <= high + 1e-6]
        assert len(inside) <= count <= max(len(near), len(inside))
