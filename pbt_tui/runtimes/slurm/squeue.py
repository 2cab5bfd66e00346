"""Commands for `squeue` and `sacct`, and the parsing of their output.

Text output, because `--json` ignores every filter before SLURM 24.05 and takes twenty times as
long.
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
"""Columns with the widths to ask for: `squeue` cuts values off and writes no separator."""

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
"""A task in any other state (RUNNING, COMPLETING, SUSPENDED, …) is on a node."""
UNKNOWN = "Invalid job id"
"""Message of `squeue` if it knows none of the ids."""
_TASK = re.compile(r"([0-9]{1,18})_([0-9]{1,18})")
_CODE = re.compile(r"([0-9]{1,5}):([0-9]{1,5})")
"""Exit code and signal, as `sacct` writes them."""


@dataclass(frozen=True, slots=True)
class SqueueRow:
    """One task, as `squeue` or `sacct` reports it."""

    state: str
    """SLURM's state."""
    status: int = 0
    """Exit status in the form of `wait`: 256 is exit code 1, 9 is signal 9."""
    restarts: int = 0
    """How often SLURM has requeued it."""
    reason: str = ""
    """Why it waits; empty if SLURM gives no reason."""
    node: str = ""
    """Its node; empty if it has none."""
    starts_at: float | None = None
    """When SLURM expects a waiting task to start, in Unix seconds."""

    @property
    def waits(self) -> bool:
        """Whether it is in the queue."""
        return self.state in WAITING

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self.state in OVER


def question(arrays: Iterable[str]) -> list[str]:
    """The command for all tasks of `arrays`, finished ones included while SLURM has them."""
    columns = ",".join(f"{name}:{width}" for name, width in FIELDS)
    return ["squeue", "-h", "-r", "-t", "all", "-j", ",".join(arrays), "-O", columns]


def parse(text: str) -> dict[str, SqueueRow]:
    """Rows by task id; tasks that were cancelled in the queue share a row under the array's id."""
    rows = {}
    for line in text.splitlines():
        cells, at = [], 0
        for _, width in FIELDS:
            cells.append(line[at : at + width].strip())
            at += width
        name, state, status, restarts, reason, node, starts = cells
        if name and state:
            rows[name] = SqueueRow(
                state,
                int(status) if status.isdecimal() else 0,
                int(restarts) if restarts.isdecimal() else 0,
                "" if reason in ("None", "(null)") else reason,
                "" if node in ("(null)", "n/a") else node,
                _seconds(starts) if state in WAITING else None,
            )
    return rows


def of_the_past(tasks: Iterable[str]) -> list[str]:
    """The `sacct` command for tasks that the controller no longer has."""
    columns = "--format=JobID,State,ExitCode,NodeList"
    return ["sacct", "-X", "-n", "-P", "-j", ",".join(tasks), columns]


def past(text: str) -> dict[str, SqueueRow]:
    """Rows of `sacct` by task id; a state may have a suffix (`CANCELLED by 0`).

    Skips lines of any other form.
    """
    rows = {}
    for row in text.splitlines():
        cells = row.split("|")
        state = cells[1].partition(" ")[0] if len(cells) == 4 else ""
        if state in OVER and _TASK.fullmatch(cells[0]):
            code = _CODE.fullmatch(cells[2])
            status = int(code[1]) << 8 | int(code[2]) if code else 0
            rows[cells[0]] = SqueueRow(state, status, node=cells[3])
    return rows


def line_of(task: str, lines: Mapping[str, SqueueRow]) -> SqueueRow | None:
    """The row of a task, or else that of its array."""
    return lines.get(task) or lines.get(array_of(task))


def array_of(task: str) -> str:
    """`67` for `67_3`."""
    return task.partition("_")[0]


def together(tasks: Iterable[str]) -> list[str]:
    """Tasks as few arguments: `67_[0-5,8]`."""
    arrays: dict[str, list[int]] = {}
    arguments = []
    for task in tasks:
        if match := _TASK.fullmatch(task):
            arrays.setdefault(match[1], []).append(int(match[2]))
        else:
            arguments.append(task)
    for array, indices in arrays.items():
        arguments.append(f"{array}_[{','.join(_ranges(sorted(set(indices))))}]")
    return arguments


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
