"""Reads the answers of OSMO's service: JSON of unknown origin, of which nothing is required.

Unknown keys are ignored, and values of another type count as missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from pbt_tui.errors import printable

MOST = 64 << 20
"""Bytes of an answer that are read at most."""
_WORD = re.compile(r"[A-Z][A-Z_]{0,63}")
_LONGEST = 500
FAILED = "FAILED"
COMPLETED = "COMPLETED"
RUNNING = "RUNNING"
WAITS = (
    *("PENDING", "WAITING", "SUBMITTING", "PROCESSING", "SCHEDULING", "INITIALIZING"),
    "RESCHEDULED",
)
"""States of a task that waits to start, or to start again."""


def is_end(state: str) -> bool:
    """Whether a state of a workflow or task is final."""
    return state in (COMPLETED, FAILED) or state.startswith("FAILED_")


@dataclass(frozen=True, slots=True)
class TaskReport:
    """What the service reports about the newest start of a task."""

    name: str
    """Name of the task."""
    state: str
    """Its state; empty if the service did not say one."""
    retry: int = 0
    """How often the service has started it again."""
    code: int | None = None
    """Exit code; None: it has none, or not yet."""
    message: str = ""
    """Why it failed, for people."""
    node: str | None = None
    """Its node."""
    started: bool = False
    """Whether its command has started."""

    @property
    def rank(self) -> tuple[int, int]:
        """Grows while a task makes progress: an older report has a lower one."""
        step = 2 if is_end(self.state) else 1 if self.state == RUNNING else 0
        if self.state == "RESCHEDULED":
            step = 2  # this start has ended
        return self.retry, step


@dataclass(frozen=True, slots=True)
class WorkflowReport:
    """What the service reports about a workflow."""

    state: str
    """Its state."""
    tasks: Mapping[str, TaskReport] = field(default_factory=dict)
    """The newest start of each task, by name."""
    cancelled_by: str | None = None
    """Who cancelled it."""


def document(data: bytes) -> Any:
    """The JSON value in an answer. Raises `ValueError` if there is none."""
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        raise ValueError("its answer is not JSON") from None


def submitted_id(answer: Any, name: str) -> str | None:
    """The id in the answer to a submission; None if the answer names no workflow of this name."""
    found = answer.get("name") if isinstance(answer, dict) else None
    return found if isinstance(found, str) and is_of(name, found) else None


def is_of(name: str, ident: str) -> bool:
    """Whether an id is one of a workflow of this name: `NAME-3`.

    Example:
        >>> is_of("ant-1a2b3c4d", "ant-1a2b3c4d-12"), is_of("ant", "ant-1a2b3c4d-12")
        (True, False)
    """
    head, _, number = ident.rpartition("-")
    return head == name and re.fullmatch(r"[0-9]{1,12}", number) is not None


def ids(answer: Any, name: str) -> list[str]:
    """Ids of the accepted workflows of a name in a list, oldest first.

    Raises `ValueError` if the answer is no list of workflows: then nothing is known.
    """
    rows = answer.get("workflows") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise ValueError("its answer has no list of workflows")
    found = []
    for row in rows:
        ident, state = (row.get("name"), row.get("status")) if isinstance(row, dict) else (0, 0)
        if isinstance(ident, str) and is_of(name, ident) and state != "FAILED_SUBMISSION":
            found.append(ident)
    return sorted(set(found), key=lambda ident: int(ident.rpartition("-")[2]))


def report(answer: Any) -> WorkflowReport:
    """The state of a workflow and its tasks. Raises `ValueError` if the answer has none."""
    state = _state(answer.get("status")) if isinstance(answer, dict) else ""
    if not state:
        raise ValueError("its answer has no state of the workflow")
    tasks: dict[str, TaskReport] = {}
    for row in _rows(answer):
        one = _task(row)
        known = tasks.get(one.name) if one is not None else None
        if one is not None and (known is None or one.rank >= known.rank):
            tasks[one.name] = one
    return WorkflowReport(state, tasks, _text(answer.get("cancelled_by")) or None)


def _rows(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    groups = answer.get("groups")
    for group in groups if isinstance(groups, list) else ():
        tasks = group.get("tasks") if isinstance(group, dict) else None
        for row in tasks if isinstance(tasks, list) else ():
            if isinstance(row, dict):
                yield row


def _task(row: Mapping[str, Any]) -> TaskReport | None:
    name = row.get("name")
    if not isinstance(name, str):
        return None
    return TaskReport(
        name,
        _state(row.get("status")),
        retry=_number(row.get("retry_id")) or 0,
        code=_number(row.get("exit_code")),
        message=_text(row.get("failure_message")),
        node=_text(row.get("node_name")) or None,
        started=bool(row.get("start_time")),
    )


def _state(value: Any) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""


def _number(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 1 << 31:
        return None
    return value


def _text(value: Any) -> str:
    return printable(" ".join(value[:_LONGEST].split())) if isinstance(value, str) else ""
