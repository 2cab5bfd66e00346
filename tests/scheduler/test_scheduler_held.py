"""GPUs that other runs hold: nothing starts on them, and what fits elsewhere starts."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from pbt_tui.journal import events as ev
from pbt_tui.scheduler import decide, explain
from pbt_tui.scheduler.decide import together
from pbt_tui.scheduler.drains import starved
from tests.journal.lives import job
from tests.scheduler.deciding import NOW, story

HELD = {"GPU-0": "held by run `ant`, pid 4117", "GPU-1": "held by run `bee`, pid 4118"}


def test_another_gpu_is_chosen() -> None:
    told = story(job("a"), devices=2, experiments_per_gpu=1, num_gpus=2)
    assert decide(told.state, NOW, {0}).gpus == ("GPU-1",)  # type: ignore[union-attr]
    assert decide(told.state, NOW, {0, 1}) is None


def test_what_is_small_starts_beside_what_waits() -> None:
    told = story(job("wide", gpus=2), job("small"), devices=2, experiments_per_gpu=1, num_gpus=2)
    found = decide(told.state, NOW, {0})
    assert isinstance(found, ev.AttemptScheduled)
    assert (found.job, found.gpus) == ("small", ("GPU-1",))
    assert decide(told.state, NOW + 10_000, {0}) is None, "its patience is over: it closes the line"


def test_explain_says_who_holds_it() -> None:
    told = story(job("a"), job("b", gpus=2), devices=2, experiments_per_gpu=1, num_gpus=2)
    assert explain(told.state, "a", NOW) == "next in line"
    assert explain(told.state, "a", NOW, {"GPU-0": HELD["GPU-0"]}) == "next in line", (
        "GPU 1 is free"
    )
    both = "GPU 0: held by run `ant`, pid 4117, and 1 more GPU"
    assert explain(told.state, "a", NOW, HELD) == both
    assert (
        explain(told.state, "b", NOW, {"GPU-1": HELD["GPU-1"]})
        == "GPU 1: held by run `bee`, pid 4118"
    )


def test_a_retry_prefers_another_gpu_unless_others_hold_it() -> None:
    policy = {"experiments_per_gpu": 1, "num_gpus": 2, "retries": 1, "retry_delay": 0.0}
    told = story(job("a"), devices=2, **policy)
    told.runs("a", "GPU-0").fails("a", cause="gpu_lost")
    for held, gpu in ((set(), "GPU-1"), ({1}, "GPU-0")):
        found = decide(told.state, told.at, held)
        assert isinstance(found, ev.AttemptScheduled)
        assert found.gpus == (gpu,)
        ((_, gpus),) = together(told.state, told.state.by_id["a"], held)
        assert [one.uuid for one in gpus] == [gpu], "the slots of the machine are asked for it"


def test_a_run_waits_for_a_held_gpu_where_the_other_is_drained() -> None:
    told = story(job("a"), devices=2, experiments_per_gpu=1, num_gpus=2)
    told.asks("drain", gpus=("GPU-0",))
    assert decide(told.state, told.at, {1}) is None
    assert not starved(told.state)
    assert explain(told.state, "a", told.at, HELD) == "GPU 1: held by run `bee`, pid 4118"
    told.asks("drain", gpus=("GPU-1",))
    assert starved(told.state)


@settings(max_examples=60)
@given(
    needs=st.lists(st.integers(0, 3), min_size=1, max_size=5),
    slots=st.integers(1, 3),
    held=st.sets(st.integers(0, 3)),
    population=st.booleans(),
)
def test_starts_and_their_gpus_agree(
    needs: list[int], slots: int, held: set[int], population: bool
) -> None:
    """`together` tells where each member of a population will be started, decision by decision."""
    jobs = [
        job(f"j{i}", gpus=need, population="p" if population else None)
        for i, need in enumerate(needs)
    ]
    told = story(*jobs, devices=4, experiments_per_gpu=slots, num_gpus=4, max_parallel=20)
    expected: dict[str, tuple[str, ...]] = {}
    while isinstance(found := decide(told.state, NOW, held), ev.AttemptScheduled):
        assert not {f"GPU-{i}" for i in held} & set(found.gpus)
        first = told.state.by_id[found.job]
        starts = together(told.state, first, held)
        assert starts[0][0] is first
        places = {one.spec.id: tuple(str(g.uuid) for g in gpus) for one, gpus in starts}
        assert places[found.job] == found.gpus
        if population:
            expected = expected or places
            assert expected[found.job] == found.gpus
        told.tell(found)
    active = {one.spec.id for one in told.state.active.values()}
    assert not expected or active == set(expected)
