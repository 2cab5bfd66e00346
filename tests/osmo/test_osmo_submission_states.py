"""Any order of submissions, faults, deaths, restarts and stops: each workflow is there once.

The submitter and its records are real; the service is the double, and the clock is simulated.
Faults meet the requests that come next.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from pbt_tui.runtimes.engine_errors import EngineUnavailable
from pbt_tui.runtimes.osmo.shared_marks import SharedMarks
from pbt_tui.runtimes.osmo.task_tracker import FollowedTask, OsmoTasks
from pbt_tui.runtimes.osmo.workflow_answers import ids
from pbt_tui.runtimes.osmo.workflow_plan import WorkflowPlan
from pbt_tui.runtimes.osmo.workflow_records import Name, WorkflowRecords, WorkflowSubmission
from pbt_tui.runtimes.osmo.workflow_submitter import WorkflowSubmitter
from pbt_tui.runtimes.protocol import Ended, Launch
from pbt_tui.runtimes.worker_pool import WorkerPool
from tests.osmo.osmo_runs import settings_of
from tests.osmo.service_double import OsmoDouble
from tests.osmo.submissions_under_deaths import (
    SETTLE,
    Death,
    DirectService,
    DyingRecords,
    run_of,
)

JOBS = 6
SPEC = run_of(JOBS)
PLAN = WorkflowPlan(SPEC, settings_of(settle=SETTLE, max_tasks=2), "0123abcd")
BY_ID = {job.id: job for job in SPEC.jobs}
FAULTS = ("", "lost", "late", "dropped", "429", "503", "401", "refused")


class PlannedService(DirectService):
    """The double without a network, with faults that a test has planted."""

    def __init__(self, double: OsmoDouble) -> None:
        super().__init__(double, random.Random(0), 0.0)
        self.silent = 0
        """Look-ups that get no answer."""
        self.repeats = False
        """Whether a look-up lists each workflow twice."""

    def submit(self, file: Path, name: str, lock: Path) -> str:
        plan = self.double.plans[0] if self.double.plans else ""
        if plan != "late":
            return super().submit(file, name, lock)
        self.dies()
        self.double.plans.pop(0)
        self.late.append((self.now + self.latest, file.read_text()))
        self.dies()
        raise EngineUnavailable("no answer")

    def find(self, name: str) -> list[str]:
        self.dies()
        if self.silent:
            self.silent -= 1
            raise EngineUnavailable("no answer")
        rows = self.double.find(name, 100)
        return ids({"workflows": rows * 2 if self.repeats else rows}, name)


class Submissions(RuleBasedStateMachine):
    """One run, whose executors submit its jobs."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.double = OsmoDouble(bare=True)
        self.service = PlannedService(self.double)
        self.service.dies = self.dies
        self.asked: set[Name] = set()
        """Attempts that an executor has been told to launch."""
        self.stopped: set[Name] = set()
        """Attempts that are to stop."""
        self.ended: set[Name] = set()
        """Attempts whose end an executor has recorded."""
        self.fuse: int | None = None
        """Steps after which the executor dies."""
        self.rests: tuple[int, set[Name]] | None = None
        """Waits after which these attempts are to stop."""
        self.doubled: list[str] = []
        self.pool = WorkerPool()
        self.tasks: OsmoTasks | None = None

    def teardown(self) -> None:
        try:
            self.settle()
        finally:
            self.pool.finish()
            self.pool.close()
            self.folder.cleanup()

    # -- an executor -------------------------------------------------------------------------------

    def dies(self) -> None:
        if self.fuse is not None:
            self.fuse -= 1
            if self.fuse <= 0:
                self.fuse = None
                raise Death

    def rest(self, seconds: float) -> bool:
        self.dies()
        self.service.passes(seconds)
        if self.rests is not None:
            left, names = self.rests
            self.rests = (left - 1, names) if left > 1 else None
            if left <= 1:
                self.stop_now(names)
        return False

    def stop_now(self, names: set[Name]) -> None:
        self.stopped |= names & self.asked
        for name in names if self.tasks is not None else ():
            task = self.tasks.get(name) if self.tasks is not None else None
            if task is not None:
                task.wanted = True

    def submitter(self) -> WorkflowSubmitter:
        assert self.tasks is not None
        return WorkflowSubmitter(
            PLAN,
            self.records,
            self.tasks,
            self.pool,
            self.service,
            submitted=self.cancel_unwanted,
            doubled=lambda name, found: self.doubled.append(name),
            clock=lambda: self.service.now,
            rest=self.rest,
        )

    @property
    def records(self) -> DyingRecords:
        return DyingRecords(Path(self.folder.name), self.dies)

    def cancel_unwanted(self, record: WorkflowSubmission) -> None:
        assert self.tasks is not None
        tasks = self.tasks.of(record)
        if record.id is not None and tasks and all(task.wanted for task in tasks):
            self.service.cancel(record.id, force=False)

    def lives(self, names: set[Name], *, first: bool) -> None:
        """Launches attempts, as an executor does; `first`: it begins with what others recorded."""
        if first:
            self.tasks = OsmoTasks(SharedMarks(""), wake=lambda: None)
        tasks = self.tasks
        assert tasks is not None
        self.asked |= names
        try:
            known: set[Name] = set()
            before = self.records.all() if first else []
            for record in before:
                known |= {*record.names}
                for name in record.names:
                    if name not in self.ended:
                        tasks.track(FollowedTask(*name))
                tasks.belong(record)
            self.stop_now(self.stopped)
            for record in before:
                if tasks.of(record) and record.id is None:
                    self.submitter().carry_on(record)
                elif tasks.of(record):
                    self.cancel_unwanted(record)
            fresh = [(job.id, 1) for job in SPEC.jobs if (job.id, 1) in names - known - self.ended]
            for name in fresh:
                tasks.track(FollowedTask(*name, launch_of(name)))
            self.stop_now(self.stopped)
            for piece in PLAN.pieces(fresh):
                self.submitter().launch(piece)
        except Death:
            self.tasks = None
        self.ended |= {(f.job, f.attempt) for f in tasks.facts() if isinstance(f, Ended)}

    # -- rules -------------------------------------------------------------------------------------

    @initialize()
    def an_executor(self) -> None:
        self.lives(set(), first=True)

    @rule(faults=st.lists(st.sampled_from(FAULTS), min_size=1, max_size=4))
    def answers_go_wrong(self, faults: list[str]) -> None:
        self.double.plans += faults

    @rule(count=st.integers(1, 3))
    def look_ups_get_no_answer(self, count: int) -> None:
        self.service.silent = count

    @rule(repeats=st.booleans())
    def look_ups_list_each_workflow_twice(self, repeats: bool) -> None:
        self.service.repeats = repeats

    @rule(steps=st.integers(1, 12))
    def the_executor_will_die(self, steps: int) -> None:
        self.fuse = steps

    @rule(seconds=st.floats(0, 2 * SETTLE))
    def time_passes(self, seconds: float) -> None:
        self.service.passes(seconds)

    @precondition(lambda self: self.tasks is not None)
    @rule(numbers=st.sets(st.integers(0, JOBS - 1), min_size=1))
    def submit(self, numbers: set[int]) -> None:
        self.lives({(SPEC.jobs[k].id, 1) for k in numbers} - self.asked, first=False)

    @rule(numbers=st.sets(st.integers(0, JOBS - 1), min_size=1), rests=st.integers(0, 4))
    def stop(self, numbers: set[int], rests: int) -> None:
        names = {(SPEC.jobs[k].id, 1) for k in numbers}
        if rests:
            self.rests = (rests, names)
        else:
            self.stop_now(names)

    @rule()
    def restart(self) -> None:
        """Another executor begins, whether the one before has died or was killed."""
        self.lives(set(self.asked), first=True)

    # -- what holds --------------------------------------------------------------------------------

    @invariant()
    def no_name_is_there_twice(self) -> None:
        assert self.double.doubles() == []
        assert self.doubled == []

    def settle(self) -> None:
        """Without more faults, every attempt has ended, or is in a workflow that is followed."""
        self.double.plans, self.service.silent = [], 0
        self.fuse = self.rests = None
        self.lives(set(self.asked), first=True)
        self.service.passes(10 * SETTLE)
        self.no_name_is_there_twice()
        accepted = {k for k, w in self.double.table.items() if w.state != "FAILED_SUBMISSION"}
        records = WorkflowRecords(Path(self.folder.name)).all()
        followed = {record.id: record.names for record in records if record.id is not None}
        assert accepted == {*followed}
        there = [name for names in followed.values() for name in names]
        assert len(there) == len({*there})
        assert {*there} | self.ended == self.asked
        for ident, names in followed.items():
            all_stop = self.stopped.issuperset(names)
            assert not all_stop or self.double.table[ident].cancels > 0


def launch_of(name: Name) -> Launch:
    job, nowhere = BY_ID[name[0]], Path()
    return Launch(*name, job.argv, job.env, nowhere, nowhere, nowhere, (), job)


def test_each_workflow_is_there_once() -> None:
    run_state_machine_as_test(
        Submissions, settings=settings(max_examples=60, stateful_step_count=25, deadline=None)
    )


@pytest.mark.parametrize("broken", ["_is_unsettled", "_find"])
def test_a_submitter_without_a_rule_is_found(monkeypatch: pytest.MonkeyPatch, broken: str) -> None:
    """Without the wait after a lost answer, or without the look-up, there are doubles."""
    answer = {"_is_unsettled": False, "_find": None}[broken]
    monkeypatch.setattr(WorkflowSubmitter, broken, lambda self, record: answer)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            Submissions,
            settings=settings(
                max_examples=300,
                stateful_step_count=25,
                deadline=None,
                database=None,
                phases=[Phase.generate],
                report_multiple_bugs=False,
            ),
        )
