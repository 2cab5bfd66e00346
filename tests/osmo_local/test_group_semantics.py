"""How groups end, fail and start again: one test for each statement of OSMO about them."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec import UNSET, structs

from pbt_tui.journal import RunState, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.needed_jobs import jobs_of_request
from pbt_tui.journal.outcome import exit_rule, outcome
from pbt_tui.scheduler.decide import decide
from pbt_tui.spec import ExitRule, Job, JobGroup, Policy, Population, Processes, digest

RETRY = (ExitRule("retry", 75, 75),)


def made(*, fails_together: bool = False, retries: int = 1) -> World:
    jobs = tuple(
        Job(name, "g", name, ("x",), {}, name, {}, group="g", on_exit=RETRY)
        for name in ("lead", "one", "two")
    )
    policy = Policy(
        gpus_per_job=0, max_parallel=9, pause_between=0.0, retries=retries, retry_delay=0.0
    )
    return World(
        Processes(
            "pbt-processes/1", "r", "m", "t", policy, None, (), jobs,
            groups=(JobGroup("g", "lead", fails_together),),
        )
    )  # fmt: skip


class World:
    """A state, and the decisions that were made."""

    def __init__(self, spec: Processes) -> None:
        self.state = RunState(spec)
        self.said: list[str] = []
        self._seq = 0
        self._waited = 0.0
        self._tell(
            ev.RunOpened(format="pbt-journal/1", run_id="r", run="r", cwd="/", train_dir="/t",
                         digest="d")
        )  # fmt: skip
        self._tell(
            ev.ExecutorStarted(
                pid=1, host="h", boot_id="b", runtime="docker", gpus=(), policy=spec.policy
            )
        )  # fmt: skip
        self.go()

    def _tell(self, event: ev.AnyEvent) -> None:
        self._seq += 1
        at = float(self._seq) + self._waited
        apply(self.state, structs.replace(event, seq=self._seq, at=at))

    def later(self, seconds: float, *, times: int = 1) -> None:
        """Decides again after a while, and after another."""
        for _ in range(times):
            self._waited += seconds
            self.said = []
            self.go()

    def go(self) -> None:
        while (decision := decide(self.state, self._seq + 1.0 + self._waited)) is not None:
            self._tell(decision)
            self.said.append(_word(decision))

    def end(self, name: str, code: int, *, signal: int | None = None) -> World:
        job = self.state.by_id[name]
        rule = exit_rule(job.spec, code, signal)
        lead = None if job.group is None else job.group.lead.phase
        result, cause = outcome(job.attempts[-1], exit_code=code, rule=rule, lead=lead)
        event = ev.AttemptEnded(
            job=name, attempt=len(job.attempts), outcome=result, exit_code=code, ended_at=0.0,
            cause=cause or ("exit" if result == "failed" else None), signal=signal,
            again=rule.then == "retry" if rule and result == "failed" else UNSET,
        )  # fmt: skip
        self._tell(event)
        self.said = []
        self.go()
        return self

    def ask(self, action: Any, *names: str) -> None:
        jobs = jobs_of_request(self.state, action, names)
        self._tell(ev.RequestAccepted(id=f"{self._seq}-1", action=action, jobs=jobs))
        self.said = []
        self.go()

    def phases(self) -> dict[str, str]:
        return {job.spec.id: job.phase for job in self.state.jobs}


def _word(decision: Any) -> str:
    name = type(decision).__name__
    more = getattr(decision, "why", None) or getattr(decision, "verdict", None)
    return " ".join(filter(None, (name, getattr(decision, "job", ""), more)))


def test_the_tasks_of_a_group_start_together() -> None:
    assert made().said == [f"AttemptScheduled {name}" for name in ("lead", "one", "two")]


def test_the_end_of_the_lead_ends_the_others_and_they_have_its_status() -> None:
    world = made().end("lead", 0)
    assert world.said == ["StopRequested one group_end", "StopRequested two group_end"]
    world.end("one", 143, signal=15).end("two", 137, signal=9)
    assert world.said == ["RunClosed succeeded"]
    assert set(world.phases().values()) == {"succeeded"}


def test_the_failure_of_the_lead_is_that_of_the_group() -> None:
    world = made().end("lead", 1)
    assert world.said == ["StopRequested one group_end", "StopRequested two group_end"]
    world.end("one", 143, signal=15).end("two", 143, signal=15)
    assert world.said == ["RunClosed failures"]
    assert set(world.phases().values()) == {"failed"}


def test_another_task_that_completes_changes_nothing() -> None:
    assert made().end("one", 0).said == []
    assert made(fails_together=True).end("one", 0).said == []


def test_another_task_that_fails_changes_nothing_where_its_status_is_ignored() -> None:
    world = made().end("one", 1)
    assert world.said == []
    world.end("two", 0).end("lead", 0)
    assert world.said == ["RunClosed succeeded"]
    assert world.phases() == {"lead": "succeeded", "one": "failed", "two": "succeeded"}


def test_another_task_that_fails_is_the_failure_of_a_group_that_does_not_ignore_it() -> None:
    world = made(fails_together=True).end("one", 1)
    assert world.said == ["StopRequested lead group_end", "StopRequested two group_end"]
    world.end("lead", 143, signal=15).end("two", 143, signal=15)
    assert world.said == ["RunClosed failures"]
    assert set(world.phases().values()) == {"failed"}


def test_another_task_is_started_again_alone_where_its_status_is_ignored() -> None:
    assert made().end("one", 75).said == ["AttemptScheduled one"]


def test_with_the_lead_all_start_again() -> None:
    world = made().end("lead", 75)
    assert world.said == ["StopRequested one group_again", "StopRequested two group_again"]
    assert world.end("one", 143, signal=15).said == []
    world.end("two", 143, signal=15)
    assert sorted(world.said) == [f"AttemptScheduled {name}" for name in ("lead", "one", "two")]
    assert [job.tries for job in world.state.jobs] == [1, 0, 0]


def test_with_any_task_all_start_again_where_its_status_is_not_ignored() -> None:
    world = made(fails_together=True).end("two", 75)
    assert world.said == ["StopRequested lead group_again", "StopRequested one group_again"]
    world.end("lead", 143, signal=15).end("one", 143, signal=15)
    assert len(world.said) == 3


def test_without_retries_to_be_started_again_is_to_fail() -> None:
    world = made(retries=0).end("one", 75)
    assert (world.said, world.phases()["one"]) == ([], "failed")


def test_what_waits_in_a_group_that_has_ended_is_skipped_and_the_run_has_succeeded() -> None:
    world = made()
    world.state.policy = Policy(gpus_per_job=0, max_parallel=2, retries=1, retry_delay=99.0)
    world.end("one", 75)
    assert world.phases()["one"] == "waiting"
    world.end("lead", 0)
    assert "JobSkipped one its group has ended" in world.said
    world.end("two", 143, signal=15)
    assert world.said == ["RunClosed succeeded"]


def test_a_task_that_had_ended_before_keeps_its_own_end() -> None:
    state = made().end("lead", 1).state
    attempt = state.by_id["one"].attempts[-1]
    assert outcome(attempt, exit_code=0, order="before", lead="failed") == ("succeeded", None)


def test_exit_codes_decide_and_the_first_rule_that_fits() -> None:
    rules = (ExitRule("succeed", 3, 9), ExitRule("fail", 0, 5), ExitRule("retry", 255, 255))
    job = Job("a", "a", "a", ("x",), {}, "a", {}, on_exit=rules)
    found = [exit_rule(job, code, None) for code in (3, 0, 10)]
    assert [rule and rule.then for rule in found] == ["succeed", "fail", None]
    killed = exit_rule(job, 137, 9)
    assert killed is not None
    assert killed.then == "retry"


def test_groups_are_part_of_what_identifies_a_run() -> None:
    one, other = made().state.spec, made(fails_together=True).state.spec
    assert digest(one) != digest(other)


@pytest.mark.parametrize("name", ["lead", "one"])
def test_a_retry_of_a_task_is_one_of_its_group_that_has_ended(name: str) -> None:
    world = made(fails_together=True, retries=0).end("one", 1)
    world.end("lead", 143, signal=15).end("two", 143, signal=15)
    assert world.said == ["RunClosed failures"]
    world.ask("retry", name)
    assert sorted(world.said) == [f"AttemptScheduled {one}" for one in ("lead", "one", "two")]
    world.end("one", 0).end("two", 0).end("lead", 0)
    assert world.said == ["RunClosed succeeded"]


def test_a_retry_of_all_runs_a_group_that_has_failed_again_and_no_other_one() -> None:
    """Of the first group a task has succeeded; the second has, although a task of it failed."""
    groups = JobGroup("a", "a0"), JobGroup("b", "b0")
    jobs = [
        Job(f"{name}{i}", "e", "x", ("x",), {}, "x", {}, group=name) for name in "ab" for i in "01"
    ]
    policy = structs.replace(made().state.policy, retries=0)
    world = World(
        Processes("pbt-processes/1", "r", "m", "t", policy, None, (), tuple(jobs), groups=groups)
    )
    world.end("a1", 0).end("a0", 1).end("b1", 1).end("b0", 0)
    assert world.said == ["RunClosed failures"]
    world.ask("retry")
    assert world.said == ["AttemptScheduled a0", "AttemptScheduled a1"]
    world.end("a1", 0).end("a0", 0)
    assert world.said == ["RunClosed succeeded"]


def test_a_retry_of_a_task_is_its_own_while_its_group_runs() -> None:
    world = made(retries=0).end("one", 1)
    world.ask("retry", "one")
    assert world.said == ["AttemptScheduled one"]
    assert jobs_of_request(world.state, "cancel", ("one",)) == ("one",)


def test_a_gang_is_not_held_up_by_a_group_that_stops_to_start_again() -> None:
    group = made().state.spec
    more = tuple(
        Job(name, "p", name, ("x",), {}, name, {}, population="p", member=k)
        for k, name in enumerate(("m0", "m1"))
    )
    policy = structs.replace(group.policy, pause_between=10.0, retries=1)
    members = Population("p", "isaacgymenvs", 2, "w", ("m0", "m1"))
    world = World(
        structs.replace(group, policy=policy, jobs=(*group.jobs, *more), populations=(members,))
    )
    world.later(10.0, times=3)
    assert world.said == ["AttemptScheduled m0"]
    world.end("lead", 75)
    assert world.said == ["StopRequested one group_again", "StopRequested two group_again"]
    world.later(10.0)
    assert world.said == ["AttemptScheduled m1"], "`lead` waits, and has the same need"
