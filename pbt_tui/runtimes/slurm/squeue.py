"""SLURM's queue as text: the one question asked of it, and the answer read.

Must not ask: it gives the words of the command and reads what came back. Text, because `--json`
ignores every filter before 24.05 and costs twenty times as much.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass

FIELDS = (
    ("JobArrayID", 40),
    ("State", 16),
    ("exit_code", 12),
    ("RestartCnt", 10),
    ("Reason", 128),
    ("NodeList", 64),
    ("StartTime", 22),
)
"""Of fixed width, cut off, without a separator: the widths are ours to give."""

WAITING = frozenset(
    [
        "PENDING",
        "CONFIGURING",
        "REQUEUED",
        "REQUEUE_FED",
        "REQUEUE_HOLD",
        "RESV_DEL_HOLD",
        "SPECIAL_EXIT",
    ]
)
OVER = frozenset(
    [
        "BOOT_FAIL",
        "CANCELLED",
        "COMPLETED",
        "DEADLINE",
        "FAILED",
        "LAUNCH_FAILED",
        "NODE_FAIL",
        "OUT_OF_MEMORY",
        "PREEMPTED",
        "RECONFIG_FAIL",
        "REVOKED",
        "TIMEOUT",
    ]
)
"""What is in neither (RUNNING, COMPLETING, SUSPENDED, …) is on a node."""
UNKNOWN = "Invalid job id"
"""Said where not one of the ids is known (any more)."""
_TASK = re.compile(r"(\d+)_(\d+)")


@dataclass(frozen=True, slots=True)
class SqueueRow:
    """One task as SLURM sees it."""

    state: str
    status: int = 0
    """As `wait` gives it: 256 is exit code 1, 9 is signal 9."""
    restarts: int = 0
    reason: str = ""
    node: str = ""
    starts_at: float | None = None
    """Of one that waits: when SLURM believes it will start. Unix seconds."""

    @property
    def waits(self) -> bool:
        return self.state in WAITING

    @property
    def over(self) -> bool:
        return self.state in OVER


def question(arrays: Iterable[str]) -> list[str]:
    """One call for all: finished tasks, too, as long as the controller remembers them."""
    wanted = ",".join(f"{name}:{width}" for name, width in FIELDS)
    return ["squeue", "-h", "-r", "-t", "all", "-j", ",".join(arrays), "-O", wanted]


def parse(text: str) -> dict[str, SqueueRow]:
    """By id of the task; what is left of an array cancelled in the queue is under its own id."""
    found = {}
    for line in text.splitlines():
        cells, at = [], 0
        for _, width in FIELDS:
            cells.append(line[at : at + width].strip())
            at += width
        name, state, status, restarts, reason, node, starts = cells
        if name and state:
            found[name] = SqueueRow(
                state,
                int(status) if status.isdecimal() else 0,
                int(restarts) if restarts.isdecimal() else 0,
                "" if reason in ("None", "(null)") else reason,
                "" if node in ("(null)", "n/a") else node,
                _seconds(starts) if state in WAITING else None,
            )
    return found


def of_the_past(tasks: Iterable[str]) -> list[str]:
    """The question to accounting about tasks that the controller has forgotten."""
    wanted = "--format=JobID,State,ExitCode,NodeList"
    return ["sacct", "-X", "-n", "-P", "-j", ",".join(tasks), wanted]


def past(text: str) -> dict[str, SqueueRow]:
    """The answer; a state may have a tail (`CANCELLED by 0`). Lines of other forms are left out."""
    found = {}
    for row in text.splitlines():
        cells = row.split("|")
        state = cells[1].partition(" ")[0] if len(cells) == 4 else ""
        if state in OVER and _TASK.fullmatch(cells[0]):
            code, _, number = cells[2].partition(":")
            status = (int(code) << 8 | int(number)) if (code + number).isdecimal() else 0
            found[cells[0]] = SqueueRow(state, status, node=cells[3])
    return found


def line_of(task: str, lines: Mapping[str, SqueueRow]) -> SqueueRow | None:
    """What was said of a task: of it alone, or of all that is left of its array."""
    return lines.get(task) or lines.get(array_of(task))


def array_of(task: str) -> str:
    return task.partition("_")[0]


def together(tasks: Iterable[str]) -> list[str]:
    """Many tasks in few words: `67_[0-5,8]`."""
    arrays: dict[str, list[int]] = {}
    words = []
    for task in tasks:
        if found := _TASK.fullmatch(task):
            arrays.setdefault(found[1], []).append(int(found[2]))
        else:
            words.append(task)
    for array, indices in arrays.items():
        words.append(f"{array}_[{','.join(_ranges(sorted(set(indices))))}]")
    return words


def _ranges(indices: list[int]) -> Iterable[str]:
    first = last = indices[0]
    for index in [*indices[1:], -1]:
        if index != last + 1:
            yield str(first) if first == last else f"{first}-{last}"
            first = index
        last = index


def _seconds(text: str) -> float | None:
    """Unix seconds of SLURM's local time; None for `N/A` and the like."""
    with suppress(ValueError, OverflowError):
        return time.mktime(time.strptime(text, "%Y-%m-%dT%H:%M:%S"))
    return None
