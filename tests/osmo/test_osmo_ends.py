"""What becomes of the states of OSMO's tasks: facts, in order, each once."""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui.journal.events import Outcome
from pbt_tui.journal.outcome import outcome
from pbt_tui.journal.state import Attempt
from pbt_tui.runtimes.osmo import task_ends
from pbt_tui.runtimes.osmo.kind import SHARES, STOPS
from pbt_tui.runtimes.osmo.shared_marks import SharedMarks
from pbt_tui.runtimes.osmo.task_tracker import FollowedTask, OsmoTasks
from pbt_tui.runtimes.osmo.workflow_answers import TaskReport, WorkflowReport, ids, report
from pbt_tui.runtimes.osmo.workflow_records import TaskAttempt, WorkflowSubmission
from pbt_tui.runtimes.protocol import Ended, Fact, Queued, Started

NAME = ("a", 1)
RECORD = WorkflowSubmission("ant-12345678", (TaskAttempt("ta", "a", 1),), 1.0, "ant-12345678-3")


@pytest.mark.parametrize(
    ("state", "code", "message", "wanted", "part"),
    [
        ("COMPLETED", 0, "", "succeeded", None),
        ("FAILED", 3, "", "failed", None),
        ("FAILED", 137, "", "failed", None),
        ("FAILED", 255, "", "failed", "a signal"),
        ("COMPLETED", None, "Lead task finished", "lost", "lead of its group"),
        ("FAILED", None, "Lead task finished", "lost", "lead of its group"),
        ("COMPLETED", None, "", "lost", "without an exit code"),
        ("FAILED_CANCELED", None, "", "stopped", "cancelled in OSMO by `eve`"),
        ("FAILED_EXEC_TIMEOUT", None, "", "stopped", "exec_timeout"),
        ("FAILED_QUEUE_TIMEOUT", None, "", "refused", "queue_timeout"),
        ("FAILED_PREEMPTED", 3006, "", "lost", "preempted"),
        ("FAILED", 3006, "", "lost", "preempted"),
        ("FAILED_EVICTED", 3004, "", "lost", "one code for both"),
        ("FAILED_EVICTED", 3004, "OOMKilled", "failed", "out of memory"),
        ("FAILED_UPSTREAM", 3000, "", "refused", "another group"),
        ("FAILED_IMAGE_PULL", None, "no such tag", "refused", "no such tag"),
        ("FAILED_START_ERROR", 3003, "", "refused", "cannot be started"),
        ("FAILED_START_TIMEOUT", 3005, "", "refused", "in time"),
        ("FAILED_BACKEND_ERROR", 3001, "", "lost", "cluster"),
        ("FAILED_SERVER_ERROR", 3002, "", "lost", "service"),
        ("FAILED_SUBMISSION", None, "", "refused", "not accept"),
        ("FAILED", 2010, "", "lost", "code 2010"),
        ("FAILED_OF_LATER_VERSIONS", None, "", "lost", "FAILED_OF_LATER_VERSIONS"),
    ],
)
def test_ends(state: str, code: int | None, message: str, wanted: Outcome, part: str) -> None:
    task = TaskReport("ta", state, code=code, message=message, node="n7")
    found = task_ends.ended(NAME, "x/ta", task, 5.0, cancelled_by="eve")
    assert told(found) == wanted
    assert (part or "") in (found.detail or "")
    assert found.exit_code is None or found.exit_code <= 255


@pytest.mark.parametrize("state", ["FAILED_CANCELED", "COMPLETED", "FAILED_PREEMPTED"])
def test_a_task_that_we_stopped_was_stopped(state: str) -> None:
    found = task_ends.ended(NAME, "x/ta", TaskReport("ta", state), 5.0)
    assert told(found, stopped=True) == "stopped"


def test_a_code_counts_even_if_a_stop_was_asked_for() -> None:
    """OSMO deletes the pod: a program that has a code has ended before."""
    found = task_ends.ended(NAME, "x/ta", TaskReport("ta", "COMPLETED", code=0), 5.0)
    assert told(found, stopped=True) == "succeeded"


def told(found: Ended, *, stopped: bool = False) -> str:
    attempt = Attempt(1, (), 1.0)
    attempt.stop_why = "cancel" if stopped else None
    return outcome(
        attempt,
        exit_code=found.exit_code,
        order=found.order,
        refused=found.refused,
        lost=found.lost,
        stopped=found.stopped,
    )[0]


# -- what the tracker makes of reports in a row ----------------------------------------------------


def followed(*rows: TaskReport | str, marks: str = "") -> list[Fact]:
    tasks = OsmoTasks(SharedMarks(marks, "75"), wake=lambda: None)
    tasks.track(FollowedTask(*NAME))
    tasks.belong(RECORD)
    for row in rows:
        if isinstance(row, str):
            tasks.saw(RECORD, WorkflowReport(row))
        else:
            tasks.saw(RECORD, WorkflowReport("RUNNING", {"ta": row}))
    return tasks.facts()


def row(state: str, retry: int = 0, code: int | None = None, **more: str) -> TaskReport:
    node = "n1" if state == "RUNNING" else None
    return TaskReport("ta", state, retry, code, node=node, started=code is not None, **more)


def test_a_life() -> None:
    waits, runs = row("SCHEDULING"), row("RUNNING")
    facts = followed("PENDING", waits, waits, runs, runs, row("COMPLETED", code=0), runs)
    assert [type(fact) for fact in facts] == [Queued, Queued, Started, Ended]
    assert facts[2] == Started("a", 1, "ant-12345678-3/ta", "n1", None)


def test_an_end_without_a_look_at_the_start_has_both() -> None:
    assert [type(fact) for fact in followed(row("FAILED", code=2))] == [Started, Ended]


def test_restarts_are_starts() -> None:
    facts = followed(
        row("RUNNING"), row("RESCHEDULED"), row("SCHEDULING", 1), row("RUNNING", 1), row("RUNNING")
    )
    starts = [fact.restart for fact in facts if isinstance(fact, Started)]
    assert starts == [None, 1]
    assert not any(isinstance(fact, Ended) for fact in facts)


def test_older_reports_change_nothing() -> None:
    facts = followed(row("RUNNING", 2), row("FAILED", 1, 3), row("SCHEDULING"), row("PENDING", 2))
    assert [type(fact) for fact in facts] == [Started]


def test_an_end_without_a_code_is_asked_for_twice() -> None:
    cut = row("COMPLETED", message="Lead task finished")
    assert followed(row("RUNNING"), cut)[1:] == []
    [end] = followed(row("RUNNING"), cut, cut)[1:]
    assert isinstance(end, Ended)
    assert end.lost
    [end] = followed(row("RUNNING"), cut, row("COMPLETED", code=0))[1:]
    assert isinstance(end, Ended)
    assert end.exit_code == 0


def test_a_mark_on_a_shared_disk_tells_the_code(tmp_path: Path) -> None:
    cut = row("COMPLETED", message="Lead task finished")
    folder = tmp_path / "_osmo" / "ant-12345678-3"
    folder.mkdir(parents=True)
    (folder / "ta").write_text("7\n")
    [end] = followed(cut, marks=f"{tmp_path}/_osmo/{{{{workflow_id}}}}")
    assert isinstance(end, Ended)
    assert end.exit_code == 7
    (folder / "ta").write_text("seven, or more than a code\n" * 9)
    assert followed(cut, marks=f"{tmp_path}/_osmo/{{{{workflow_id}}}}") == []


@pytest.mark.parametrize(
    ("before", "end", "after"),
    [
        (None, row("FAILED_PREEMPTED"), "gone\n"),
        (None, row("FAILED", code=3004), "gone\n"),
        ("75\n", row("FAILED", code=75), "gone\n"),  # OSMO could have started it again
        ("3\n", row("FAILED", code=3), "3\n"),
        (None, row("RESCHEDULED", code=3006), None),
    ],
)
def test_the_lead_is_told_of_a_member_that_osmo_has_ended(
    tmp_path: Path, before: str | None, end: TaskReport, after: str | None
) -> None:
    folder = tmp_path / "_osmo" / "ant-12345678-3"
    marks = f"{tmp_path}/_osmo/{{{{workflow_id}}}}"
    followed(end, marks=marks)
    assert not folder.exists()
    folder.mkdir(parents=True)
    mark = folder / "ta"
    if before is not None:
        mark.write_text(before)
    followed(row("RUNNING"), end, marks=marks)
    assert (mark.read_text() if mark.exists() else None) == after
    assert SharedMarks(marks).code("ant-12345678-3", "ta") == (3 if after == "3\n" else None)


def test_a_workflow_that_ended_without_its_tasks() -> None:
    [end] = followed("FAILED_SUBMISSION")
    assert isinstance(end, Ended)
    assert end.refused
    [_, end] = followed("PENDING", "COMPLETED", "COMPLETED", "COMPLETED")
    assert isinstance(end, Ended)
    assert end.lost


def test_a_workflow_that_is_gone_is_lost_only_after_several_answers() -> None:
    tasks = OsmoTasks(SharedMarks(""), wake=lambda: None)
    tasks.track(FollowedTask(*NAME))
    tasks.belong(RECORD)
    tasks.gone(RECORD)
    tasks.gone(RECORD)
    assert tasks.facts() == []
    tasks.gone(RECORD)
    [end] = tasks.facts()
    assert isinstance(end, Ended)
    assert end.lost


def test_a_stopped_task_goes_on_while_others_share_its_workflow() -> None:
    record = WorkflowSubmission(
        "ant-12345678",
        (TaskAttempt("ta", "a", 1), TaskAttempt("tb", "b", 1)),
        1.0,
        "ant-12345678-3",
    )
    tasks = OsmoTasks(SharedMarks(""), wake=lambda: None)
    one, other = FollowedTask("a", 1), FollowedTask("b", 1)
    tasks.track(one)
    tasks.track(other)
    tasks.belong(record)
    one.wanted = True
    assert tasks.places()["a.1"].reason == SHARES
    tasks.saw(record, WorkflowReport("RUNNING", {"ta": row("RUNNING")}))
    assert (tasks.places()["a.1"].state, tasks.places()["a.1"].reason) == (STOPS, None)
    other.wanted = True
    assert tasks.places()["a.1"].state == "RUNNING"


# -- answers ---------------------------------------------------------------------------------------


def test_answers_are_foreign() -> None:
    answer = {
        "status": "RUNNING",
        "groups": [
            None,
            {"tasks": None},
            {
                "tasks": [
                    7,
                    {"name": None},
                    {"name": "a", "status": "RUNNING", "retry_id": True, "exit_code": -1},
                    {"name": "a", "status": "FAILED", "retry_id": 1, "exit_code": 3},
                    {"name": "b", "status": "red\x1b[31m", "node_name": "n\x1b\n1" * 999},
                ]
            },
        ],
    }
    found = report(answer)
    assert (found.tasks["a"].retry, found.tasks["a"].code) == (1, 3)
    assert found.tasks["b"].state == ""
    assert "\x1b" not in (found.tasks["b"].node or "")
    wrong: tuple[object, ...] = (None, 7, [], {}, {"status": None}, {"status": {}})
    for bad in wrong:
        with pytest.raises(ValueError, match="state"):
            report(bad)


def test_ids_of_a_name() -> None:
    rows = [
        {"name": "ant-12345678-12", "status": "RUNNING"},
        {"name": "ant-12345678-3", "status": "COMPLETED"},
        {"name": "ant-12345678-1", "status": "FAILED_SUBMISSION"},
        {"name": "ant-12345678-x", "status": "RUNNING"},
        {"name": "big-ant-12345678-1", "status": "RUNNING"},
        None,
    ]
    assert ids({"workflows": rows}, "ant-12345678") == ["ant-12345678-3", "ant-12345678-12"]
    with pytest.raises(ValueError, match="list"):
        ids({"message": "no"}, "ant")
