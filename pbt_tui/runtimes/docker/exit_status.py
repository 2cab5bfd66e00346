"""How a container ended, from its inspected state; tells codes of the engine from those of the job.

Pure: it gets the state and returns an `Ended`. Each rule is for a case seen on a real engine. A
failed start leaves the container `created` with 127, 126 or 128. The engine sets its out-of-memory
flag if the kernel killed any child, so the flag alone does not make it the cause.
"""

from __future__ import annotations

import re
from contextlib import suppress
from datetime import datetime

from pbt_tui.errors import printable
from pbt_tui.journal.outcome import Order
from pbt_tui.journal.status_text import OOM_KILL
from pbt_tui.runtimes.claims import Claim
from pbt_tui.runtimes.docker import wrapper
from pbt_tui.runtimes.docker.engine import Found
from pbt_tui.runtimes.engine_errors import EngineError
from pbt_tui.runtimes.protocol import Ended
from pbt_tui.spec import Cause

LOST_CODE = 255
"""The code that an engine records for a container that ended while the engine was down."""
BY_ENGINE = (130, 137, 143)
"""Codes of containers that an engine stops at its shutdown: SIGINT, SIGKILL, SIGTERM."""
REMOVED = "its container was removed before its exit code was read"
"""Why an attempt is lost whose container is gone, and whose attempt file has no code."""
RESTARTED = "the engine was restarted while its container began"
"""Why an attempt whose start failed is no try."""
_BEFORE, _AFTER = 600.0, 15.0
"""Seconds before and after the engine's start in which such an end counts as its shutdown."""
_START_FAILED: dict[int, tuple[Cause, str]] = {
    126: ("not_executable", "the command cannot be executed"),
    127: ("command_not_found", "command not found"),
}
_COMMAND = re.compile(r"exec:? (?:line \d+: )?(.*?)(?: failed)?: [^:]*$", re.S)
"""Finds the command in `1: exec: NAME: not found` of a shell, or in the init process's
`7)] exec NAME failed: No such file`."""


def seconds(text: str | None) -> float | None:
    """Unix seconds of a time stamp of the engine; None for year 1 (never), and for other text."""
    if not text or text.startswith("0001-"):
        return None
    with suppress(ValueError, OverflowError):
        return datetime.fromisoformat(text).timestamp()
    return None


def failed_start(found: Found) -> bool:
    """Whether its start failed: such a container stays `created`, and keeps its name."""
    state = found["State"]
    return state["Status"] == "created" and bool(state["ExitCode"] or state.get("Error"))


def created_before(found: Found, engine_started: float | None) -> bool:
    """Whether a container was created before the engine started, if both times are known."""
    made = seconds(found.get("Created"))
    return made is not None and engine_started is not None and made < engine_started


def of_refusal(
    job: str,
    attempt: int,
    error: EngineError,
    now: float,
    found: Found | None = None,
    *,
    restarted: bool = False,
) -> Ended:
    """The end of an attempt whose container the engine did not create, or (`found`) not start.

    `restarted`: whether the engine ended during the start, and the job has not begun. What it has
    left of that start makes it refuse another one: `failed to start shim: … file exists`.
    """
    handle = found["Id"] if found is not None else None
    code = found["State"]["ExitCode"] if found is not None else None
    text = printable(" ".join(error.words.split()))
    if found is not None and "error mounting" in text and "no such file" in text:
        # The engine found it when it created the container: it was moved away after that.
        return never_began(job, attempt, found, now, "a folder that it mounts was away")
    cause: Cause | None = None
    detail = text
    if found is None and error.status == 404 and "no such image" in text.lower():
        cause = "image_missing"
    elif code in _START_FAILED:
        cause, message = _START_FAILED[code]
        detail = f"{message}: {text}"
    if restarted and found is not None and cause is None:
        return never_began(job, attempt, found, now, RESTARTED)
    if cause in (None, "image_missing"):
        code = None
    return Ended(job, attempt, handle, code, now, refused=True, cause=cause, detail=detail)


def of_state(
    job: str,
    attempt: int,
    found: Found,
    now: float,
    *,
    claim: Claim | None = None,
    order: Order | None = None,
    said: str | None = None,
    oom: bool = False,
    engine_started: float | None = None,
) -> Ended:
    """The end of a container that exited, failed to start, or is being removed.

    The exit code is that of the attempt file if it has one: the engine's own is wrong if the engine
    was killed when the job ended.

    Args:
        job: id of the job.
        attempt: number of the attempt.
        found: the inspected container.
        now: Unix seconds.
        claim: the attempt file; None if there is none.
        order: whether it ended before or after the mark of its stop.
        said: the error of a job that could not start (`logs.excuse`).
        oom: whether an event reported an out-of-memory kill in it.
        engine_started: when the engine started, in Unix seconds.
    """
    state, handle = found["State"], found["Id"]
    if failed_start(found):
        error = EngineError(400, state.get("Error") or "")
        begun = claim is not None and not claim.blank
        restarted = not begun and created_before(found, engine_started)
        return of_refusal(job, attempt, error, now, found, restarted=restarted)
    if state["Status"] in ("removing", "dead"):
        return of_removed(job, attempt, handle, claim, now, order=order, oom=oom)
    written = claim.code if claim is not None else None
    code: int = state["ExitCode"] if written is None else written
    at = min(seconds(state.get("FinishedAt")) or now, now)
    if state.get("OOMKilled") or oom:
        if code > 128:
            limit = (found.get("HostConfig") or {}).get("Memory") or 0
            return _out_of_memory(job, attempt, handle, code, at, limit, order)
    elif _restarted(
        code, seconds(state.get("StartedAt")), at, engine_started, known=written is not None
    ):
        return lost(job, attempt, handle, at, "the engine was restarted", code)
    if claim is not None and claim.refused is not None:
        return _refused(job, attempt, handle, claim, at, wrapper.command(found))
    if said is not None:
        cause, detail = None, f"cannot write its log: {printable(said)}"
        if code in _START_FAILED and (command := _COMMAND.search(said)):
            cause, text = _START_FAILED[code]
            detail = f"{text}: `{printable(command[1])}`"
        return Ended(job, attempt, handle, code, at, refused=True, cause=cause, detail=detail)
    return Ended(job, attempt, handle, code, at, signal=_signal(code), order=order)


def never_began(job: str, attempt: int, found: Found, now: float, why: str) -> Ended:
    """The end of an attempt whose job did not start, because of a file of the run or the engine.

    It is no try: neither the job nor its command is to blame.
    """
    at = min(seconds(found["State"].get("FinishedAt")) or now, now)
    return Ended(job, attempt, found["Id"], None, at, detail=why, stopped="interrupt")


def of_removed(
    job: str,
    attempt: int,
    handle: str | None,
    claim: Claim | None,
    now: float,
    *,
    order: Order | None = None,
    oom: bool = False,
) -> Ended:
    """The end of an attempt whose container the engine has no longer: its attempt file tells it.

    `oom`: whether an event reported an out-of-memory kill in it.
    """
    if claim is None or not claim.over:
        return lost(job, attempt, handle, now, REMOVED)
    at = min(claim.written, now)
    if claim.refused is not None:
        return _refused(job, attempt, handle, claim, at, "")
    code = claim.code or 0
    if oom and code > 128:
        return _out_of_memory(job, attempt, handle, code, at, 0, order)
    return Ended(job, attempt, handle, code, at, signal=_signal(code), order=order)


def _refused(
    job: str, attempt: int, handle: str | None, claim: Claim, at: float, command: str
) -> Ended:
    """The end of a job whose wrapper could not start the command."""
    code = int(claim.refused) if claim.refused and claim.refused.isdecimal() else None
    cause, text = _START_FAILED.get(code or 0, (None, claim.refused or ""))
    detail = f"{text}: `{printable(command)}`" if command else printable(text)
    return Ended(job, attempt, handle, code, at, refused=True, cause=cause, detail=detail)


def _out_of_memory(
    job: str,
    attempt: int,
    handle: str | None,
    code: int,
    at: float,
    limit: int,
    order: Order | None,
) -> Ended:
    return Ended(
        job,
        attempt,
        handle,
        code,
        at,
        signal=_signal(code),
        cause="oom",
        detail=OOM_KILL + (f", limit {limit >> 20} MiB" if limit else ""),
        order=order,
    )


def lost(
    job: str, attempt: int, handle: str | None, now: float, why: str, code: int | None = None
) -> Ended:
    """The end of an attempt that went away without an exit code of its own."""
    return Ended(job, attempt, handle, code, now, lost=True, cause="lost", detail=why)


def _signal(code: int) -> int | None:
    return code - 128 if 128 < code <= 128 + 64 else None


def _restarted(
    code: int, started: float | None, finished: float, engine: float | None, *, known: bool
) -> bool:
    """Whether a restart of the engine ended the container; `known`: the job's own code is known."""
    if engine is None or started is None or engine <= started:
        return False
    if code == LOST_CODE:
        return not known
    return code in BY_ENGINE and engine - _BEFORE <= finished <= engine + _AFTER
