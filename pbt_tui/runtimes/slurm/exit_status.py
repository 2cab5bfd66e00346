"""How a SLURM task ended, from its attempt file, from slurmstepd's messages, and SLURM's state.

Pure: it gets all three and returns an `Ended`. The exit code is that of the file, because SLURM's
is 0 after a time limit, after a cancel and after the loss of a node. The reason is SLURM's, because
a program that was told to stop may exit with any code.
"""

from __future__ import annotations

import re
from typing import Literal

from pbt_tui.errors import printable
from pbt_tui.runtimes import claims
from pbt_tui.runtimes.protocol import Ended, Launch
from pbt_tui.runtimes.slurm.squeue import SqueueRow
from pbt_tui.runtimes.slurm.task_files import TaskFile

How = Literal["timeout", "cancelled", "oom", "requeued", "lost"]
"""What SLURM did to one start of a task; `requeued` ends this start, not the attempt."""

NO_PLACE = 53
"""Signal that SLURM reports if it could not start: the folder is missing on the node."""
_CANCELLED = re.compile(r"\*\*\* JOB (\d+) ON \S+ CANCELLED AT (\S+?)(?: DUE TO ([^*]*?))? \*\*\*")
_OOM = re.compile(r"oom-kill event|exceeded (?:job |step )?memory limit", re.I)
_AGAIN = ("PREEMPTION", "JOB REQUEUE", "NODE FAILURE")
_STATES: dict[str, How] = {
    "CANCELLED": "cancelled",
    "TIMEOUT": "timeout",
    "DEADLINE": "timeout",
    "OUT_OF_MEMORY": "oom",
    "BOOT_FAIL": "lost",
    "NODE_FAIL": "lost",
    "PREEMPTED": "lost",
    "REVOKED": "lost",
}
_PRECEDENCE: tuple[How, ...] = ("oom", "requeued", "timeout", "cancelled")
"""Which of several messages counts: after an OOM kill, slurmstepd also reports a cancel."""
_DETAILS = {
    "BOOT_FAIL": "its node did not come up",
    "NODE_FAIL": "its node failed",
    "PREEMPTED": "preempted, and not queued again",
    "REVOKED": "another cluster took it",
}


def heard(text: str, restart: int) -> How | None:
    """What slurmstepd reported about start number `restart`; all starts write to the same file."""
    starts: list[list[How]] = [[]]
    seen = set()
    for line in text.splitlines():
        if _OOM.search(line):
            starts[-1].append("oom")
        elif (match := _CANCELLED.search(line)) and match[0] not in seen:
            seen.add(match[0])
            why = match[3] or ""
            if why.startswith(_AGAIN):
                starts[-1].append("requeued")
                starts.append([])
            else:
                starts[-1].append("timeout" if why.startswith("TIME LIMIT") else "cancelled")
    # A node that died left no message: then there were more starts than this file shows.
    reported = starts[min(restart, len(starts) - 1)]
    for how in _PRECEDENCE:
        if how in reported:
            return how
    return None


def ended(
    name: tuple[str, int],
    task: str,
    now: float,
    *,
    file: TaskFile | None,
    said: str = "",
    line: SqueueRow | None = None,
    launch: Launch | None = None,
    output: str = "",
    wanted: bool = False,
    unmarked: bool = False,
) -> Ended:
    """The end of a task that has ended according to its file or to SLURM.

    Args:
        name: job and attempt.
        task: SLURM's id of the task; empty if unknown.
        now: Unix seconds.
        file: its attempt file, if there is one.
        said: what slurmstepd wrote about it.
        line: its row in the queue or in accounting; None: SLURM no longer has it.
        launch: how it was started, for texts.
        output: folder of slurmstepd's messages, for texts.
        wanted: whether an executor has cancelled it.
        unmarked: whether that executor could not mark the stop before.
    """
    handle = file.holder if file is not None and file.holder else task or None
    if file is not None and file.refused is not None:
        return claims.ended(*name, file.claim, now, launch)
    code = file.code if file is not None else None
    state = line.state if line is not None else ""
    how = heard(said, (file.restart if file else None) or 0)
    if how == "requeued" and line is None:
        return claims.lost(*name, handle, now, "queued again, and then SLURM knew it no more")
    if how in (None, "requeued"):
        how = _STATES.get(state)
    order = file.order if file is not None else None
    if unmarked and order == "before":
        order = None
    if how == "cancelled" and wanted and order == "before":
        how = None  # our own cancel, which came after its end
    if how == "oom" and code == 0:
        how = None  # the kernel killed a child, and the job went on
    at = min(file.written, now) if file is not None and code is not None else now
    number = code - 128 if code is not None and 128 < code <= 128 + 64 else None
    node = (file.node if file else None) or (line.node if line else "")
    where = f" on `{printable(node)}`" if node else ""
    match how:
        case "oom":
            detail = f"out of memory{where}: killed by SLURM"
            return Ended(
                *name,
                handle,
                code or 137,
                at,
                signal=number or 9,
                cause="oom",
                detail=detail,
                order=order,
            )
        case "timeout" | "cancelled":
            detail = "SLURM's time limit" if how == "timeout" else "cancelled in SLURM"
            why: Literal["timeout", "cancel"] = "timeout" if how == "timeout" else "cancel"
            return Ended(
                *name, handle, code, at, signal=number, stopped=why, detail=detail, order=order
            )
        case "lost":
            return claims.lost(*name, handle, now, f"{_DETAILS[state]}{where}")
    if code is not None:
        count = file.left + file.ended if file is not None else 0
        left = (
            f"ended {count} process{'es' if count > 1 else ''} that it had left" if count else None
        )
        return Ended(*name, handle, code, at, signal=number, detail=left, order=order)
    return _without_code(name, handle, now, file, said, line, where, output)


def _without_code(
    name: tuple[str, int],
    handle: str | None,
    now: float,
    file: TaskFile | None,
    said: str,
    line: SqueueRow | None,
    where: str,
    output: str,
) -> Ended:
    """The end of a task without a code in its file: SLURM's own code, or lost if it has none."""
    if line is None:
        return claims.lost(*name, handle, now, "SLURM knows it no more, and it left no exit code")
    code, number = line.status >> 8, line.status & 0x7F
    begun = file is not None and file.restart is not None
    if number == NO_PLACE and not begun:
        why = f"SLURM could not begin it{where}: is `{printable(output)}` there, and writable?"
        return Ended(*name, handle, None, now, refused=True, detail=why)
    if number:
        why = f"SLURM says signal {number}{where}, and it left no exit code"
        return claims.lost(*name, handle, now, why)
    if line.state in ("FAILED", "LAUNCH_FAILED"):
        message = printable(" ".join(said.split()[-40:])) or f"SLURM says {line.state}"
        if not begun:
            why = f"it could not begin{where}: {message}"
            return Ended(*name, handle, code, now, refused=True, detail=why)
        return Ended(*name, handle, code or 1, now, detail=f"the code is SLURM's own{where}")
    return claims.lost(*name, handle, now, f"SLURM says {line.state}, and it left no exit code")
