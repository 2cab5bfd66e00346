"""The counts of a list are those of the fold, after every event of every simulated life."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import pytest

from pbt_tui.errors import ImpossibleEvent
from pbt_tui.journal import RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.run_tally import DURATIONS, RunTally
from pbt_tui.journal.state import ACTIVE
from pbt_tui.spec import Policy, Processes
from tests.core import population_life, sim_reading, simulation
from tests.journal import lives
from tests.journal.lives import OPENED, job, started

LIVES = 100


@pytest.fixture(autouse=True)
def memory() -> Iterator[None]:
    with sim_reading.memory():
        yield


def compare(plan: Processes, events: Sequence[ev.AnyEvent], seen: Counter[str]) -> RunTally:
    """Folds and counts the events one by one."""
    state, tally = RunState(plan), RunTally(len(plan.jobs), plan.policy)
    for event in events:
        apply(state, event)
        tally.add([event])
        assert tally.counts == state.counts, event
        assert (tally.held, tally.closed, tally.at) == (state.held, state.closed, state.at), event
        active = {
            job.spec.id: job.attempts[-1].started_at for job in state.jobs if job.phase in ACTIVE
        }
        assert dict(tally.running()) == active, event
        assert tally.policy == state.policy
        assert tally.stopping == (state.stop is not None)
        seen[type(event).__name__] += 1
        if isinstance(event, ev.RequestAccepted):
            seen[f"{event.action} of {'some' if event.jobs else 'all'}"] += 1
    return tally


def reached(counts: Counter[str]) -> None:
    for what in ("retry of all", "retry of some", "kill of some", "JobSkipped", "hold of all"):
        assert counts[what], f"never seen: {what}"


def test_lives_of_runs() -> None:
    seen: Counter[str] = Counter()
    for seed in range(LIVES):
        life, _ = simulation.live(seed)
        compare(life.spec, life.world.durable, seen)
    reached(seen)


def test_lives_of_groups_and_of_jobs_that_need_others() -> None:
    """A retry of a job is one of others as well, which its record names."""
    seen: Counter[str] = Counter()
    for seed in range(3, 16 * LIVES, 16):
        life, _ = simulation.live(seed)
        compare(life.spec, life.world.durable, seen)
    reached(seen)


def test_lives_of_populations_that_go_on() -> None:
    seen: Counter[str] = Counter()
    for seed in range(LIVES // 5):
        life, _ = population_life.live(seed)
        compare(life.spec, life.world.durable, seen)
    assert seen["ContinuationKnown"] > LIVES // 5
    assert seen["RunRehomed"]


@pytest.mark.parametrize("action", ["cancel", "kill"])
def test_jobs_that_no_event_named(action: ev.Action) -> None:
    """A request may be about all jobs: also about those that the tally has never heard of."""
    plan = lives.spec(*map(job, "abcd"))
    asked: Callable[..., ev.RequestAccepted] = ev.RequestAccepted
    events = lives.stamped(
        [
            OPENED,
            started(plan),
            ev.AttemptScheduled(job="a", attempt=1, gpus=()),
            ev.AttemptEnded(job="a", attempt=1, outcome="succeeded", exit_code=0, ended_at=0.0),
            asked(id="1", action=action),
            asked(id="2", action="retry", jobs=("b",)),
            asked(id="3", action="retry"),
            ev.AttemptScheduled(job="c", attempt=1, gpus=()),
            asked(id="4", action=action),
        ]
    )
    tally = compare(plan, events, Counter())
    assert tally.counts["cancelled"] == 2


def test_what_the_table_forbids_is_refused() -> None:
    tally = RunTally(2, Policy())
    ended = ev.AttemptEnded(job="a", attempt=1, outcome="failed", exit_code=1, ended_at=0.0)
    with pytest.raises(ImpossibleEvent, match="ended while waiting"):
        tally.add([ended])
    with pytest.raises(ImpossibleEvent, match="more jobs than the spec has"):
        tally.add([ev.AttemptScheduled(job=name, attempt=1, gpus=()) for name in "abc"])


def test_its_memory_is_bounded() -> None:
    tally = RunTally(3000, Policy())
    for i in range(3000):
        tally.add(
            [
                ev.AttemptScheduled(job=f"{i}", attempt=1, gpus=()),
                ev.AttemptStarted(job=f"{i}", attempt=1, handle="h"),
                ev.AttemptEnded(
                    job=f"{i}", attempt=1, outcome="succeeded", exit_code=0, ended_at=2.0
                ),
            ]
        )
    assert len(tally.durations) == DURATIONS
    assert not tally._open, "a job that has ended keeps nothing but its phase"
    tally.forget_jobs()
    assert tally.counts["succeeded"] == 3000
    assert not tally._phases
