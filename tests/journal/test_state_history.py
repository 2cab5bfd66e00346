"""A state of the history is the fold of all events up to its time, whatever was asked before."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.errors import JournalDamaged
from pbt_tui.journal import RunState, replay, state_copies, state_history
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.journal.state_history import StateHistory, state_at
from pbt_tui.scheduler.decide import next_wake
from pbt_tui.scheduler.explain import explain
from pbt_tui.spec import Processes
from tests.core import population_life, sim_reading, simulation
from tests.journal.lives import job, spec
from tests.journal.lives import life as quiet_life

_json = msgspec.json.Encoder()
LIVES = 24


@pytest.fixture(autouse=True)
def many_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Short journals, too, have states that are kept, and end in the middle of a slice."""
    monkeypatch.setattr(state_history, "FEWEST", 7)
    monkeypatch.setattr(state_history, "MOST", 7)
    monkeypatch.setattr(state_history, "_SLICE", 900)


def write(path: Path, events: Sequence[ev.AnyEvent], mode: str = "wb") -> Path:
    with path.open(mode) as file:
        file.write(b"".join(_json.encode(event) + b"\n" for event in events))
    return path


def told(state: RunState) -> dict[str, Any]:
    """Everything that a screen or the scheduler can read of a state."""
    texts = [explain(state, job.spec.id, state.at + 3.0) for job in state.jobs]
    return state.meaning() | {
        "texts": texts,
        "buckets": [job.bucket for job in state.jobs],
        "needs": [(job.need, job.continues, job.is_unread, job.refusal) for job in state.jobs],
        "sources": [(a.source, a.seen, a.devices) for job in state.jobs for a in job.attempts],
        "gangs": [
            (name, gang.active, [job.index for job in gang.waiting])
            for name, gang in state.gangs.items()
        ],
        "due": (sorted(state.to_stop), state.deadlines[:1], next_wake(state, state.at)),
        "ports": sorted(state.ports_in_use),
        "first": state.first_waiting,
        "executor": state.executor,
        "policy": state.policy,
    }


def is_one_piece(state: RunState) -> bool:
    """Whether all parts of a state speak of the same jobs."""
    jobs = state.jobs
    return (
        all(state.by_id[one.spec.id] is one and jobs[one.index] is one for one in jobs)
        and all(jobs[index] is one for index, one in (state.active | state.to_stop).items())
        and all(one.gang is None or one.gang is state.gangs[one.gang.id] for one in jobs)
        and all(
            jobs[member.index] is member for gang in state.gangs.values() for member in gang.members
        )
    )


def recorded() -> Iterator[tuple[int, Processes, list[ev.AnyEvent]]]:
    """Journals of the simulated world."""
    with sim_reading.memory():
        for seed in range(LIVES):
            for kind in (simulation, population_life):
                life, violations = kind.live(seed)
                assert not violations
                yield seed, life.spec, list(life.world.durable)


def test_a_state_is_the_fold_up_to_its_time(tmp_path: Path) -> None:
    asked = 0
    for seed, plan, events in recorded():
        dice = random.Random(seed)
        history = StateHistory(write(tmp_path / "journal", events), plan)
        history.read_all()
        states = []
        for _ in range(12):
            moment = dice.choice((dice.choice(events).at, dice.uniform(0.0, events[-1].at)))
            state = history.at(moment)
            found = [event for event in events if event.at <= moment]
            assert told(state) == told(replay(plan, found)), (seed, moment)
            assert is_one_piece(state)
            states.append((state, told(state)))
            asked += 1
        for state, before in states:  # no state changes with another one
            assert told(state) == before
    assert asked == 24 * LIVES


def test_a_state_does_not_know_what_comes_later(tmp_path: Path) -> None:
    """The same while the journal grows, whatever is asked in between."""
    for seed, plan, events in recorded():
        if seed >= LIVES // 3:
            break
        dice = random.Random(seed)
        path = write(tmp_path / "journal", events[:1])
        history = StateHistory(path, plan)
        written = 1
        while written < len(events):
            many = dice.randint(1, 40)
            write(path, events[written : written + many], "ab")
            written = min(len(events), written + many)
            while history.read():
                pass
            seq = dice.randint(0, written)
            assert told(history.after(seq)) == told(replay(plan, events[:seq])), (seed, seq)
        path.unlink()


def test_the_newest_attempt_is_copied() -> None:
    attempts = tuple(Attempt(number, (), 1.0) for number in (1, 2))
    one = JobState(0, job("j"), attempts=attempts)
    state_copies.own_attempts(one)
    assert one.attempts == attempts
    assert one.attempts[0] is attempts[0]
    assert one.attempts[1] is not attempts[1]


def test_moments(tmp_path: Path) -> None:
    events = quiet_life()
    plan = spec(job("j0"), job("j1"), job("j2"))
    history = StateHistory(write(tmp_path / "journal", events), plan)
    history.read_all()
    seen = sorted({event.at for event in events})
    walked, moment = [seen[0]], seen[0]
    while (following := history.next_seen(moment)) is not None:
        moment = following
        walked.append(moment)
    back = [moment]
    while (before := history.last_seen(moment)) is not None:
        moment = before
        back.append(moment)
    assert walked == back[::-1]
    assert set(walked) <= set(seen)
    failures = [
        event.at
        for place, event in enumerate(events, 1)
        if replay(plan, events[:place]).counts["failed"]
        > replay(plan, events[: place - 1]).counts["failed"]
    ]
    assert failures
    assert history.next_failure(0.0) == failures[0]
    assert history.last_failure(1e12) == failures[-1]
    assert history.last_failure(failures[0]) is None
    assert history.next_failure(failures[-1]) is None
    assert history.failures_from(0) == len(failures)
    assert history.failures_from(len(events)) == 0


def test_a_damaged_line_is_named_and_the_states_before_it_remain(tmp_path: Path) -> None:
    events = quiet_life()
    plan = spec(job("j0"), job("j1"), job("j2"))
    path = write(tmp_path / "journal", events[:5])
    history = StateHistory(path, plan)
    history.read_all()
    with path.open("ab") as file:
        file.write(b"{}\n")
    with pytest.raises(JournalDamaged) as caught:
        history.read()
    assert caught.value.where is not None
    assert caught.value.where.line == 6
    assert told(history.after(5)) == told(replay(plan, events[:5]))
    with pytest.raises(JournalDamaged):
        state_at(path, plan, 1e12)
    earlier = sum(event.at <= events[2].at for event in events[:5])
    assert told(state_at(path, plan, events[2].at)) == told(replay(plan, events[:earlier]))


def test_an_event_that_cannot_be_is_damage(tmp_path: Path) -> None:
    events = quiet_life()
    again = msgspec.structs.replace(events[2], seq=len(events) + 1, at=events[-1].at)
    path = write(tmp_path / "journal", [*events, again])
    with pytest.raises(JournalDamaged, match="an event that cannot be"):
        state_at(path, spec(job("j0"), job("j1"), job("j2")), 1e12)


def test_a_torn_line_has_not_happened(tmp_path: Path) -> None:
    events = quiet_life()
    plan = spec(job("j0"), job("j1"), job("j2"))
    path = write(tmp_path / "journal", events[:4])
    with path.open("ab") as file:
        file.write(_json.encode(events[4])[:20])
    assert told(state_at(path, plan, 1e12)) == told(replay(plan, events[:4]))


def test_another_journal_needs_another_history(tmp_path: Path) -> None:
    events = quiet_life()
    path = write(tmp_path / "journal", events)
    history = StateHistory(path, spec(job("j0"), job("j1"), job("j2")))
    history.read_all()
    write(tmp_path / "other", events[:3]).replace(path)
    history.read()
    assert history.replaced
    history.read_all()  # ends
