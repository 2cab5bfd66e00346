"""`decide` and members that continue: none starts before it is known what it goes on from."""

from __future__ import annotations

from typing import Any

import msgspec

from pbt_tui.journal import RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.scheduler import decide, explain, next_wake
from tests.journal.lives import Story, gpus, job, spec
from tests.scheduler.deciding import NOW, brief, names, obey

QUICK: dict[str, Any] = {"retries": 9, "retry_delay": 0.0, "retry_on": ("exit",)}
SOURCE = ev.Source(3, 12, "ant_3", 1_230_000, "003/0012.pth")


def members(*more: Any, devices: int = 0, **policy: Any) -> Story:
    """Two members of a population that continues, and `more`."""
    jobs = (job("a", population="p"), job("b", population="p"), *more)
    return continued(Story(spec(*jobs, **{**QUICK, **policy}), gpus(devices)))


def continued(told: Story) -> Story:
    assert told.state.executor is not None
    return told.tell(msgspec.structs.replace(told.state.executor, continues=("p",)))


def answer(told: Story, name: str, **more: Any) -> Story:
    one = told.state.by_id[name]
    known = {"job": name, "attempt": len(one.attempts) + 1, "after": one.question, **more}
    return told.tell(ev.ContinuationKnown(**known))


def test_a_first_attempt_asks_nothing() -> None:
    assert names(obey(members())) == ["a", "b"]


def test_a_later_attempt_waits_for_the_answer_and_takes_it() -> None:
    told = members().runs("a").runs("b").fails("a")
    assert obey(told) == []
    assert explain(told.state, "a", NOW) == "the executor looks for what it goes on from"
    answer(told, "a", args=("checkpoint=x",), env={"E": "1"}, source=SOURCE)
    [start] = obey(told)
    assert isinstance(start, ev.AttemptScheduled)
    assert (start.args, start.env, start.anew) == (("checkpoint=x",), {"E": "1"}, False)
    assert start.why == "goes on from generation 12 of member 3 (frame 1.23M)"
    assert told.state.by_id["a"].attempts[-1].source == SOURCE


def test_an_answer_without_a_source_begins_from_scratch() -> None:
    told = answer(members().runs("a").runs("b").fails("a"), "a")
    [start] = obey(told)
    assert isinstance(start, ev.AttemptScheduled)
    assert (start.args, start.why) == ((), "begins from scratch: it had written no generation")


def test_jobs_that_do_not_continue_are_never_unread() -> None:
    told = Story(spec(job("a"), **QUICK)).runs("a").fails("a")
    assert names(obey(told)) == ["a"]
    # Another population, and an executor of a version that continues nothing.
    told = Story(spec(job("a", population="q"), job("b", population="q"), **QUICK))
    assert names(obey(continued(told).runs("a").runs("b").fails("a"))) == ["a"]


def test_an_unread_member_holds_its_gang() -> None:
    """As a back-off does, and not the line behind it, however long it takes."""
    told = members(job("c"), devices=2, experiments_per_gpu=1, patience=1.0)
    for name in ("a", "b"):
        told.runs(name, "GPU-0").fails(name)
    assert names(obey(told, NOW + 50)) == ["c"]
    told.ends("c")
    answer(told, "a")
    assert obey(told, NOW + 90) == []
    assert "every member" in explain(told.state, "a", NOW + 90)
    answer(told, "b")
    assert names(obey(told, NOW + 90)) == ["a", "b"]


def test_a_back_off_that_is_over_does_not_complete_a_gang_that_is_unread() -> None:
    told = members(retry_delay=10.0)
    told.runs("a").runs("b").fails("a").fails("b")
    answer(told, "a")  # in back-off, and answered
    assert obey(told, told.at + 60) == []
    assert next_wake(told.state, told.at + 61) is None
    answer(told, "b")
    assert names(obey(told, told.at + 120)) == ["a", "b"]


def test_an_unread_member_of_an_active_gang_closes_no_line() -> None:
    told = members(job("c"), devices=1, experiments_per_gpu=2)
    told.runs("a", "GPU-0").runs("b", "GPU-0").fails("b")
    assert names(obey(told)) == ["c"]


def test_a_refused_member_is_skipped_and_the_gang_goes_on() -> None:
    told = members(job("c"))
    told.runs("c").runs("a").runs("b").fails("a").fails("b")
    answer(told, "b", refused="no generation can be read")
    assert brief(obey(told)) == [("skip", "b", "cannot be continued: no generation can be read")]
    answer(told, "a", source=SOURCE)
    assert names(obey(told)) == ["a"], "alone: the other one left the gang"
    told.ends("a").ends("c")
    assert brief(obey(told)) == [("close", "failures")]


def test_a_refused_member_is_skipped_out_of_order_and_hides_nobody_from_the_budget() -> None:
    told = Story(
        spec(job("x"), job("a", population="p"), job("b", population="p"), job("y"),
             max_failures=1, **{**QUICK, "retry_on": ("lost",)})
    )  # fmt: skip
    continued(told).runs("b").ends("b", outcome="lost", cause="lost", exit_code=None)
    answer(told, "b", refused="it is gone")
    told.runs("y").fails("y")
    assert brief(obey(told)) == [
        ("skip", "b", "cannot be continued: it is gone"),
        ("skip", "x", "1 failed: max_failures"),
        ("skip", "a", "1 failed: max_failures"),
        ("close", "budget"),
    ]


def test_a_retry_asks_a_refused_member_again() -> None:
    told = members().runs("a").runs("b").fails("a")
    answer(told, "a", refused="it is gone")
    assert [kind for kind, *_ in brief(obey(told))] == ["skip"]
    assert obey(told.asks("retry", "a")) == []
    answer(told, "a", source=SOURCE)
    assert names(obey(told)) == ["a"]


def test_nobody_is_skipped_while_the_run_is_being_stopped() -> None:
    told = members().runs("a").runs("b").fails("a").asks("stop")
    answer(told, "a", refused="the mount is not there")
    assert "skip" not in [kind for kind, *_ in brief(obey(told))]


def test_from_scratch_is_decided_until_it_has_started() -> None:
    told = members().runs("a").runs("b").fails("a")
    told.tell(ev.RequestAccepted(id="1-1", action="retry", jobs=("a",), anew=True))
    assert obey(told) == []
    answer(told, "a", args=("--restart_behavior=restart",))
    [start] = obey(told)
    assert isinstance(start, ev.AttemptScheduled)
    assert (start.anew, start.args) == (True, ("--restart_behavior=restart",))
    assert start.why == "begins from scratch: a person asked for it"
    told.ends("a", outcome="interrupted", exit_code=None)
    answer(told, "a")
    [again] = obey(told)
    assert isinstance(again, ev.AttemptScheduled)
    assert again.anew, "the first one never started"


def test_from_scratch_asked_of_all_reaches_those_that_wait_and_not_those_that_run() -> None:
    """A new run beside old generations: even the first attempts are decided from scratch."""
    told = members().runs("a")
    told.tell(ev.RequestAccepted(id="1-1", action="retry", anew=True))
    a, b = told.state.jobs
    assert (a.anew, b.anew, b.is_unread) == (False, True, True)
    assert obey(told) == []
    answer(told, "b", attempt=1)
    [start] = obey(told)
    assert isinstance(start, ev.AttemptScheduled)
    assert (start.job, start.anew) == ("b", True)


def test_patience_counts_from_the_answer() -> None:
    told = members(job("c"), devices=1, experiments_per_gpu=2, patience=100.0, pause_between=0.0)
    told.runs("a", "GPU-0").runs("b", "GPU-0").fails("a").fails("b").runs("c", "GPU-0")
    told.at = NOW + 500
    answer(told, "a")
    answer(told, "b")
    assert told.state.by_id["a"].ready_at == NOW + 500


def test_it_is_as_fast_beside_many_unread_jobs() -> None:
    """The unread are in no queue: what a decision looks at does not grow with them."""
    told = members(job("c"))
    told.runs("a").runs("b").fails("a").fails("b")
    queue = told.state.ready_queue
    assert set(queue.unread) == {0, 1}
    assert not queue.delayed
    assert not any(entry[2].index < 2 for heap in queue.units.values() for entry in heap)


def test_an_older_executors_journal_is_folded_as_before() -> None:
    """Without `continues` nothing is unread, and a later attempt needs no answer."""
    told = members()
    state = RunState(told.plan)
    assert told.state.executor is not None
    old = msgspec.structs.replace(told.state.executor, continues=msgspec.UNSET, seq=1, at=NOW)
    apply(state, old)
    assert not state.jobs[0].continues
    assert decide(state, NOW) is not None
