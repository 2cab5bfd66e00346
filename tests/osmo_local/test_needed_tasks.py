"""Tasks that need the output of others: when they start, and when they never do."""

from __future__ import annotations

import pytest
from msgspec import structs

from pbt_tui.backends.osmo.local import process_list
from pbt_tui.compiler import cross_references
from pbt_tui.journal import needed_jobs
from pbt_tui.scheduler.explain import explain
from pbt_tui.spec import Job, JobGroup, Policy, Population, Processes, Resources
from tests.osmo_local.test_group_semantics import World

POLICY = Policy(gpus_per_job=0, max_parallel=9, pause_between=0.0, retries=0, retry_delay=0.0)


def task(name: str, *after: str, group: str | None = None) -> Job:
    return Job(name, "e", name, ("x",), {}, name, {}, after=after, group=group)


def spec(*jobs: Job, fails_together: bool = False) -> Processes:
    names = dict.fromkeys(job.group for job in jobs if job.group)
    leads = {group: next(j.id for j in jobs if j.group == group) for group in names}
    groups = tuple(JobGroup(group, lead, fails_together) for group, lead in leads.items())
    return Processes("pbt-processes/1", "r", "m", "t", POLICY, None, (), jobs, groups=groups)


def scheduled(*names: str) -> list[str]:
    return [f"AttemptScheduled {name}" for name in names]


def test_a_task_starts_once_those_that_it_needs_have_succeeded() -> None:
    world = World(spec(task("a"), task("b"), task("c", "a", "b"), task("d", "c")))
    assert world.said == scheduled("a", "b")
    assert explain(world.state, "c", 99.0) == "waits for `a`"
    assert world.end("a", 0).said == []
    assert explain(world.state, "c", 99.0) == "waits for `b`"
    assert world.end("b", 0).said == scheduled("c")
    assert world.end("c", 0).said == scheduled("d")
    assert world.end("d", 0).said == ["RunClosed succeeded"]


def test_what_needs_a_task_that_failed_is_skipped_in_turn() -> None:
    world = World(spec(task("a"), task("b", "a"), task("c", "b"), task("d")))
    world.end("a", 1)
    assert world.said == [
        "JobSkipped b upstream `a` has not succeeded",
        "JobSkipped c upstream `b` has not succeeded",
    ]
    assert world.end("d", 0).said == ["RunClosed failures"]


def test_a_retry_of_a_task_brings_back_what_was_skipped_because_of_it() -> None:
    world = World(spec(task("a"), task("b", "a"), task("c", "b")))
    world.end("a", 1)
    world.ask("retry", "a")
    assert world.said == scheduled("a")
    assert world.end("a", 0).said == scheduled("b")
    assert world.end("b", 0).said == scheduled("c")
    assert world.end("c", 0).said == ["RunClosed succeeded"]


def test_without_what_it_needs_a_retried_task_is_skipped_again() -> None:
    world = World(spec(task("a"), task("b", "a")))
    world.end("a", 1)
    world.ask("retry", "b")
    assert world.said == ["JobSkipped b upstream `a` has not succeeded", "RunClosed failures"]


def test_a_task_that_a_person_cancelled_is_none_that_succeeded() -> None:
    world = World(spec(task("a"), task("b", "a")))
    world.ask("cancel", "a")
    assert world.end("a", 143, signal=15).said == [
        "JobSkipped b upstream `a` has not succeeded",
        "RunClosed cancelled",
    ]


def test_a_group_starts_once_the_group_that_any_of_its_tasks_needs_has_succeeded() -> None:
    first = task("lead", group="g"), task("other", group="g")
    second = task("x", group="h"), task("y", "other", group="h")
    world = World(spec(*first, *second))
    assert world.said == scheduled("lead", "other")
    assert world.end("other", 1).said == [], "its failure changes nothing"
    assert world.end("lead", 0).said == scheduled("x", "y")


def test_it_waits_until_the_others_of_the_group_have_ended() -> None:
    world = World(spec(task("lead", group="g"), task("other", group="g"), task("x", "lead")))
    assert world.end("lead", 0).said == ["StopRequested other group_end"]
    assert world.end("other", 143, signal=15).said == scheduled("x")


def test_what_needs_a_group_could_start_when_the_last_of_it_had_ended() -> None:
    world = World(spec(task("lead", group="g"), task("other", group="g"), task("x", "lead")))
    world.end("lead", 0).end("other", 143, signal=15)
    lead, other = (world.state.by_id[name] for name in ("lead", "other"))
    assert lead.since < needed_jobs.met_at(lead) == other.since


def test_a_group_that_failed_keeps_what_needs_it_from_starting() -> None:
    jobs = task("lead", group="g"), task("other", group="g"), task("x", "other")
    world = World(spec(*jobs, fails_together=True))
    world.end("other", 1)
    assert "JobSkipped x upstream `other` has not succeeded" in world.said
    world.end("lead", 143, signal=15)
    assert world.said == ["RunClosed failures"]


@pytest.mark.parametrize(
    ("jobs", "message"),
    [
        ((task("a", "b"),), "job `a` needs `b`, which is no job"),
        ((task("a", "a"),), "no job can be first: `a` needs `a`"),
        ((task("a", "b"), task("b", "a")), "no job can be first: "),
        ((task("a", group="g"), task("b", "a", group="g")), "no job can be first: `g` needs `g`"),
    ],
)
def test_what_could_never_start_is_refused(jobs: tuple[Job, ...], message: str) -> None:
    (found,) = cross_references.check(spec(*jobs))
    assert found.code == "PBT813"
    assert found.message.startswith(message)


def test_a_job_with_the_name_of_a_group_or_a_population_is_no_part_of_it() -> None:
    jobs = task("g"), task("lead", "g", group="g")
    assert list(cross_references.check(spec(*jobs))) == []
    member = structs.replace(task("m", "p"), population="p", member=0)
    population = Population("p", "isaacgymenvs", 1, "w", ("m",))
    made = structs.replace(spec(task("p"), member), populations=(population,))
    assert list(cross_references.check(made)) == []

    gpu = Resources(gpus=1)
    after = (structs.replace(job, resources=gpu) for job in (*jobs[1:], task("b", "g")))
    assert process_list._gpus_at_once((jobs[0], *after)) == 2, "`lead` and `b` wait for `g` alone"
