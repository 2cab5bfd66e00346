"""A double of OSMO's service, after its source: a table of workflows.

It renders and accepts workflow files, numbers them by name, reports states, and does what a test
plants: no answer, a late one, refusals, too many requests. Tasks do what the test says, or, with
`execute`, their commands run here as processes (`double_pods`).
"""

from __future__ import annotations

import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import yaml

from tests.osmo.double_pods import DoublePods
from tests.osmo.service_model import arrived, dumped, rendered

ENDS = ("COMPLETED", "FAILED")


class Refused(Exception):
    """The service, or without a code its gateway, answers with an HTTP status and a message."""

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.status, self.message, self.code = status, message, code


@dataclass
class TaskOfDouble:
    """One start of a task in the table."""

    name: str
    words: tuple[str, ...] = ()
    env: dict[str, str] = field(default_factory=dict)
    state: str = "SCHEDULING"
    retry: int = 0
    code: int | None = None
    message: str | None = None
    node: str | None = None
    started: str | None = None
    lead: bool = False
    actions: dict[str, str] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "retry_id": self.retry,
            "status": self.state,
            "exit_code": self.code,
            "failure_message": self.message,
            "start_time": self.started,
            "end_time": None,
            "node_name": self.node,
            "pod_name": None,
            "lead": self.lead,
        }


@dataclass
class WorkflowOfDouble:
    """A workflow in the table."""

    id: str
    name: str
    text: str
    state: str
    tasks: dict[str, TaskOfDouble]
    groups: dict[str, list[str]]
    cancelled_by: str | None = None
    cancels: int = 0
    queries: int = 0
    pool: str = "a100"
    lines: list[str] = field(default_factory=list)
    """Its log: all tasks, in the order of writing."""


class OsmoDouble:
    """The service."""

    def __init__(self, *, execute: bool = False, bare: bool = False, most_tasks: int = 20) -> None:
        self.lock = threading.RLock()
        self.closed = threading.Event()
        self.table: dict[str, WorkflowOfDouble] = {}
        self.numbers: Counter[str] = Counter()
        self.calls: Counter[str] = Counter()
        self.plans: list[str] = []
        """What becomes of the next submissions, in order: `lost`, `late`, `dropped`, `429`, `503`,
        `401` or `refused`; nothing: accepted."""
        self.late: list[str] = []
        """Texts that were received, and that are performed by `perform_late`."""
        self.token: str | None = None
        self.pods = DoublePods(self) if execute else None
        self.retries = 0
        """`max_retry_per_task`: how often RESCHEDULE starts a task again."""
        self.most_tasks = most_tasks
        self.down: int | None = None
        """HTTP status of every answer, while it is set."""
        self.mangle: Callable[[dict[str, Any]], dict[str, Any]] | None = None
        """Changes each answer to a query."""
        self.bare = bare
        self.deaf: bool = False
        """Whether cancels are not heard."""

    # -- the service -------------------------------------------------------------------------------

    def dry_run(self, text: str) -> dict[str, Any]:
        """What the service renders, for a client that found templates."""
        with self.lock:
            self._answers("dry_run")
            return {"name": "", "logs": None, "spec": dumped(rendered(text))}

    def submit(self, text: str, pool: str = "a100") -> str | None:
        """The id; None: no answer comes."""
        with self.lock:
            self._answers("submit")
            plan = self.plans.pop(0) if self.plans else ""
            if plan == "429":
                raise Refused(429, "too many requests")
            if plan == "401":
                raise Refused(401, "not logged in")
            if plan == "503":
                raise Refused(503, "upstream is away")
            if plan == "refused":
                self._accept(text, "FAILED_SUBMISSION")
                raise Refused(400, "no such platform", "RESOURCE")
            if plan == "dropped":
                return None
            if plan == "late":
                self.late.append(text)
                return None
            ident = self._accept(text)
            self.table[ident].pool = pool
            return None if plan == "lost" else ident

    def perform_late(self) -> None:
        with self.lock:
            texts, self.late = self.late, []
            for text in texts:
                self._accept(text)

    def _accept(self, text: str, state: str = "PENDING") -> str:
        text = text if self.bare else rendered(text)
        name = re.search(r'^  name: "?([^"\n]*)"?$', text, re.M)[1]  # type: ignore[index]
        self.numbers[name] += 1
        ident = f"{name}-{self.numbers[name]}"
        tasks: dict[str, TaskOfDouble] = {}
        groups: dict[str, list[str]] = {}
        if state == "PENDING" and not self.bare:
            body = yaml.load(text, yaml.CSafeLoader)["workflow"]
            for group in body.get("groups", ()):
                groups[group["name"]] = [task["name"] for task in group["tasks"]]
            groups |= {f"{task['name']}-group": [task["name"]] for task in body.get("tasks", ())}
            found = arrived(text, ident)
            tasks = {
                t.name: TaskOfDouble(
                    t.name, tuple(t.argv), t.env, lead=t.lead, actions=t.task.get("exitActions", {})
                )
                for t in found
            }
        if len(tasks) > self.most_tasks:
            raise Refused(400, f"Workflow cannot have more than {self.most_tasks} tasks.", "USER")
        self.table[ident] = WorkflowOfDouble(ident, name, text, state, tasks, groups)
        if self.pods is not None and state == "PENDING":
            for task in tasks.values():
                self.pods.start(ident, task)
        return ident

    def find(
        self, name: str, limit: int = 20, pools: Sequence[str] = (), *, newest: bool = False
    ) -> list[dict[str, Any]]:
        """Workflows whose ids have a text, in these pools (none: in all), oldest first."""
        with self.lock:
            self._answers("find")
            rows = [
                {"name": w.id, "workflow_uuid": "u", "status": w.state, "user": "me"}
                for w in self.table.values()
                if name in w.id
                and w.state != "FAILED_SUBMISSION"
                and (not pools or w.pool in pools)
            ]
            return (rows[::-1] if newest else rows)[:limit]

    def query(self, ident: str) -> dict[str, Any]:
        with self.lock:
            self._answers("query")
            one = self._of(ident)
            one.queries += 1
            groups = [
                {"name": g, "status": "RUNNING", "tasks": [one.tasks[t].row() for t in names]}
                for g, names in one.groups.items()
                if one.tasks
            ]
            answer = {
                "name": ident,
                "status": one.state,
                "cancelled_by": one.cancelled_by,
                "groups": groups,
                "unknown": {"more": None},
            }
            return answer if self.mangle is None else self.mangle(answer)

    def cancel(self, ident: str) -> None:
        with self.lock:
            self._answers("cancel")
            one = self._of(ident)
            one.cancels += 1
            if self.deaf:
                return
            one.cancelled_by = one.cancelled_by or "me"
            if self.pods is not None:
                self.pods.cancel(ident)
            for task in one.tasks.values():
                if not is_over(task.state):
                    task.state = "FAILED_CANCELED"
            self._conclude(one, "FAILED_CANCELED")

    def cancelled(self, ident: str) -> dict[str, Any]:
        self.cancel(ident)
        return {"name": ident}

    def logs(self, ident: str, last: int) -> list[str]:
        with self.lock:
            self._answers("logs")
            one = self._of(ident)
            return one.lines[-last:]

    # -- what tests do -----------------------------------------------------------------------------

    def put(self, ident: str, task: str, **values: Any) -> None:
        """Sets fields of a task."""
        with self.lock:
            one = self.table[ident]
            for name, value in values.items():
                setattr(one.tasks[task], name, value)
            if values.get("state") == "RUNNING":
                one.state, one.tasks[task].started = "RUNNING", "2026-08-20T16:00:00"
                one.tasks[task].node = values.get("node", "n1")
            self._conclude(one, "FAILED")

    def say(self, ident: str, task: str, *texts: str, at: str = "16:09:26") -> None:
        """Adds lines to a log."""
        with self.lock:
            retry = self.table[ident].tasks[task].retry
            again = f" retry-{retry}" if retry else ""
            self.table[ident].lines += [f"2026/08/20 {at} [{task}{again}] {text}" for text in texts]

    def close(self) -> None:
        """Ends the processes of tasks, and streams of logs."""
        self.closed.set()
        if self.pods is not None:
            self.pods.close()

    def doubles(self) -> list[str]:
        """Names under which more than one workflow was accepted."""
        names = Counter(w.name for w in self.table.values() if w.state != "FAILED_SUBMISSION")
        return [name for name, count in names.items() if count > 1]

    # -- inside ------------------------------------------------------------------------------------

    def _answers(self, what: str) -> None:
        self.calls[what] += 1
        if self.down is not None:
            raise Refused(self.down, "unauthorized" if self.down == 401 else "not now")

    def _of(self, ident: str) -> WorkflowOfDouble:
        if ident not in self.table:
            raise Refused(400, f"Workflow {ident} is not found.", "DATABASE")
        return self.table[ident]

    def _conclude(self, one: WorkflowOfDouble, bad: str) -> None:
        if one.tasks and all(is_over(t.state) for t in one.tasks.values()):
            good = all(t.state == "COMPLETED" for t in one.tasks.values())
            one.state = "COMPLETED" if good else bad


def is_over(state: str) -> bool:
    return state in ENDS or state.startswith("FAILED_")


def encoded(answer: Any) -> bytes:
    return msgspec.json.encode(answer)
