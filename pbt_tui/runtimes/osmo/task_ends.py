"""How a task of OSMO ended, from the service's state, its exit code and its message.

Pure. A program's exit code counts wherever the service has it. Codes above 255 are the service's.
"""

from __future__ import annotations

from pbt_tui.journal.events import Why
from pbt_tui.journal.outcome import Order
from pbt_tui.runtimes import claims
from pbt_tui.runtimes.osmo.workflow_answers import COMPLETED, FAILED, TaskReport
from pbt_tui.runtimes.protocol import Ended
from pbt_tui.spec import Cause

CUT_OFF = "lead task finished"
"""Message of a task that the service killed at the end of its group, in lower case."""
_SIGNALLED = 255
_REFUSED = {
    "FAILED_SUBMISSION": "OSMO did not accept it",
    "FAILED_IMAGE_PULL": "its image cannot be pulled",
    "FAILED_START_ERROR": "its container cannot be started",
    "FAILED_START_TIMEOUT": "its container did not start in time",
    "FAILED_QUEUE_TIMEOUT": "it waited in the queue for longer than `queue_timeout`",
    "FAILED_UPSTREAM": "never started: another group of its workflow failed",
}
_LOST = {
    "FAILED_BACKEND_ERROR": "the cluster failed",
    "FAILED_SERVER_ERROR": "OSMO's service failed",
    "FAILED_EVICTED": "evicted from its node, or out of memory: OSMO has one code for both",
    "FAILED_PREEMPTED": "preempted by workflows of higher priority",
}
_STATES = {
    256: "FAILED_START_ERROR",
    257: "FAILED_START_ERROR",
    3000: "FAILED_UPSTREAM",
    3001: "FAILED_BACKEND_ERROR",
    3002: "FAILED_SERVER_ERROR",
    3003: "FAILED_START_ERROR",
    3004: "FAILED_EVICTED",
    3005: "FAILED_START_TIMEOUT",
    3006: "FAILED_PREEMPTED",
}


def is_sure(task: TaskReport) -> bool:
    """Whether one report of an end is enough: a plain end without a code may still get one."""
    return task.code is not None or task.state not in (COMPLETED, FAILED)


def ended(
    name: tuple[str, int],
    handle: str,
    task: TaskReport,
    now: float,
    *,
    mark: int | None = None,
    cancelled_by: str | None = None,
) -> Ended:
    """The end of a task whose state is final.

    Args:
        name: Job and attempt.
        handle: Handle of the attempt.
        task: What the service reports.
        now: Unix seconds.
        mark: Exit code that the script of a member left in the shared folder, if it is known here.
        cancelled_by: Who cancelled the workflow, as the service reports.
    """
    code, state = task.code, task.state
    if code is not None and code > _SIGNALLED:
        state = _STATES.get(code, state) if state in (COMPLETED, FAILED) else state
    where = f" on `{task.node}`" if task.node else ""
    told = f" ({task.message})" if task.message else ""
    stopped: Why | None = None
    if state == "FAILED_CANCELED":
        stopped = "cancel"
        detail = f"cancelled in OSMO by `{cancelled_by}`" if cancelled_by else "cancelled in OSMO"
    elif state == "FAILED_EXEC_TIMEOUT":
        stopped, detail = "timeout", "OSMO's time limit, `exec_timeout`"
    if stopped is not None:
        own = code if code is not None and code <= _SIGNALLED else None
        return Ended(*name, handle, own, now, stopped=stopped, detail=detail, order="after")
    if state in _REFUSED:
        why = f"{_REFUSED[state]}{where}{told}"
        cause: Cause | None = "image_missing" if state == "FAILED_IMAGE_PULL" else None
        return Ended(*name, handle, None, now, refused=True, cause=cause, detail=why)
    if state in _LOST:
        if state == "FAILED_EVICTED" and "oom" in task.message.lower():
            why = f"out of memory{where}{told}"
            return Ended(*name, handle, 137, now, signal=9, cause="oom", detail=why, order="before")
        return claims.lost(*name, handle, now, f"{_LOST[state]}{where}{told}")
    if code is None:
        code = mark
    if code is None:
        if CUT_OFF in task.message.lower():
            why = "OSMO killed it when the lead of its group ended, and it left no exit code"
        else:
            why = f"OSMO says {state} without an exit code{told}"
        return claims.lost(*name, handle, now, f"{why}{where}")
    if code > _SIGNALLED:
        return claims.lost(*name, handle, now, f"code {code} of OSMO itself{where}{told}")
    # the service deletes pods without a signal for the program: it has ended by itself
    order: Order = "before"
    number = code - 128 if 128 < code <= 128 + 64 else None
    maybe = "code 255: OSMO reports it also for a program that a signal ended"
    detail_of_code = maybe if code == _SIGNALLED else None
    return Ended(*name, handle, code, now, signal=number, detail=detail_of_code, order=order)
