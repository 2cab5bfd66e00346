"""A small attempt says what the attempt said that it was made from, in less memory."""

from __future__ import annotations

import tracemalloc
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbt_tui.errors import ImpossibleEvent
from pbt_tui.journal import RunState, apply, ended_attempt, replay
from pbt_tui.journal import events as ev
from pbt_tui.journal.ended_attempt import EndedAttempt, EndedAttempts
from pbt_tui.journal.state import Attempt, JobState
from tests.journal.lives import OPENED, ended, job, spec, stamped, started
from tests.journal.test_state_history import recorded, told

_TIMES = st.none() | st.floats(0.0, 4e9)
_ATTEMPTS = st.builds(
    Attempt,
    number=st.integers(1, 9),
    gpus=st.sampled_from([(), ("0",), ("GPU-1", "GPU-2")]),
    scheduled_at=st.floats(0.0, 4e9),
    devices=st.sampled_from([(), (ev.Gpu(index=0),)]),
    started_at=_TIMES,
    handle=st.none() | st.text(),
    node=st.sampled_from([None, "n1"]),
    restarts=st.integers(0, 3),
    stop_why=st.sampled_from([None, "timeout"]),
    stop_at=_TIMES,
    kill_at=_TIMES,
    outcome=st.sampled_from(["failed", "succeeded", "lost"]),
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | st.integers(1, 64),
    cause=st.sampled_from([None, "oom", "exit"]),
    detail=st.none() | st.text(),
    line=st.none() | st.integers(1, 10**9),
    ended_at=_TIMES,
    anew=st.booleans(),
    seen=st.integers(0, 2**63),
    port=st.none() | st.integers(1, 65535),
    seq=st.integers(0, 10**9),
)


SOURCE = ev.Source(member=0, generation=1)


def is_small(attempt: object) -> bool:
    return isinstance(attempt, EndedAttempt)


def shrunk(attempt: Attempt) -> JobState:
    found = JobState(0, job("j"), attempts=(attempt,))
    EndedAttempts().shrink(found)
    return found


@given(_ATTEMPTS)
def test_every_field_is_kept(attempt: Attempt) -> None:
    small = shrunk(attempt).attempts[0]
    assert is_small(small)
    for name in Attempt.__struct_fields__:
        assert getattr(small, name) == getattr(attempt, name), name
    assert repr(small) == repr(attempt)


@pytest.mark.parametrize(
    "rare", [{"args": ("--a",)}, {"env": {"A": "1"}}, {"why": "w"}, {"source": SOURCE}]
)
def test_an_attempt_of_its_own_kind_stays(rare: dict[str, Any]) -> None:
    attempt = Attempt(1, (), 1.0, outcome="failed", **rare)
    assert shrunk(attempt).attempts[0] is attempt


def test_what_is_remembered_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ended_attempt, "_MOST", 2)
    makes = EndedAttempts()
    kinds = []
    for node in ("a", "b", "c", "a"):
        one = JobState(0, job("j"), attempts=(Attempt(1, (), 1.0, node=node),))
        makes.shrink(one)
        kinds.append(is_small(one.attempts[0]))
    assert kinds == [True, True, False, True]


def test_a_state_with_small_attempts_says_the_same() -> None:
    for seed, plan, events in recorded():
        state, makes, small = RunState(plan), EndedAttempts(), 0
        for event in events:
            apply(state, event)
            if isinstance(event, ev.AttemptEnded):
                one = state.by_id[event.job]
                makes.shrink(one)
                small += is_small(one.attempts[-1])
        assert told(state) == told(replay(plan, events)), seed
        assert small or not any(isinstance(event, ev.AttemptEnded) for event in events)


@pytest.mark.parametrize(
    "late",
    [
        ev.AttemptStarted(job="j", attempt=1, handle="h"),
        ev.AttemptWaiting(job="j", attempt=1, reason="r"),
        ev.StopRequested(job="j", attempt=1, why="cancel"),
        ev.KillRequested(job="j", attempt=1, why="cancel"),
        ended("j"),
    ],
)
def test_an_event_after_the_end_is_refused_as_ever(late: ev.AnyEvent) -> None:
    """A damaged journal may have it: the message does not depend on who reads."""
    plan = spec(job("j"), job("k"))
    begun = ev.AttemptScheduled(job="j", attempt=1, gpus=())
    *events, wrong = stamped([OPENED, started(plan), begun, ended("j"), late])
    states = replay(plan, events), replay(plan, events)
    EndedAttempts().shrink(states[1].by_id["j"])
    words = []
    for state in states:
        with pytest.raises(ImpossibleEvent) as caught:
            apply(state, wrong)
        words.append(str(caught.value))
    assert words[0] == words[1]


def test_it_takes_a_third_of_the_memory() -> None:
    def size(*, small: bool) -> int:
        jobs = [JobState(i, plain) for i in range(1000)]
        makes = EndedAttempts()
        tracemalloc.start()
        for i, one in enumerate(jobs):
            at = 1000.0 + i
            one.attempts = (
                Attempt(
                    1, (), at, started_at=at + 1, handle=f"{at}", outcome="failed",
                    ended_at=at + 2, seq=1000 + i,
                ),
            )  # fmt: skip
            if small:
                makes.shrink(one)
        found = tracemalloc.get_traced_memory()[0]
        tracemalloc.stop()
        return found

    plain = job("j")
    assert 3 * size(small=True) < 1.3 * size(small=False)
