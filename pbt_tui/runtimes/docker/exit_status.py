"""How a container ended, from what the engine says of it, told apart from the job's own codes.

Must not ask an engine or wait: it gets the inspected state and gives an `Ended`. Each rule stands
for something seen on a real engine: a failed start stays `created` with 127, 126 or 128; the
memory flag is set when any child was killed, so it is evidence, not the cause.
"""

from __future__ import annotations

import re
from datetime import datetime

from pbt_tui.errors import printable
from pbt_tui.journal.status_text import OOM_KILL
from pbt_tui.runtimes.docker.engine import Found
from pbt_tui.runtimes.engine_errors import EngineError
from pbt_tui.runtimes.protocol import Ended
from pbt_tui.spec import Cause

LOST_CODE = 255
"""What an engine records for a container whose end nobody saw."""
BY_ENGINE = (130, 137, 143)
"""What its own shutdown makes of a container: INT, KILL, TERM."""
_BEFORE, _AFTER = 600.0, 15.0
"""Seconds around the engine's beginning in which such an end was its doing."""
_START_FAILED: dict[int, tuple[Cause, str]] = {
    126: ("not_executable", "the command cannot be executed"),
    127: ("command_not_found", "command not found"),
}
_COMMAND = re.compile(r"exec:? (?:line \d+: )?(.*?)(?: failed)?: [^:]*$", re.S)
"""`1: exec: NAME: not found`, of a shell; `7)] exec NAME failed: No such file`, of the init."""


def seconds(text: str | None) -> float | None:
    """Unix seconds of the engine's time stamp; None for its year 1, which means never."""
    if not text or text.startswith("0001-"):
        return None
    return datetime.fromisoformat(text).timestamp()


def failed_start(found: Found) -> bool:
    """It was asked to start and could not: it stays `created`, and keeps its name."""
    state = found["State"]
    return state["Status"] == "created" and bool(state["ExitCode"] or state.get("Error"))


def of_refusal(
    job: str, attempt: int, error: EngineError, now: float, found: Found | None = None
) -> Ended:
    """The engine would not create it, or (`found`) would not start it."""
    handle = found["Id"] if found is not None else None
    code = found["State"]["ExitCode"] if found is not None else None
    words = printable(" ".join(error.words.split()))
    cause: Cause | None = None
    detail = words
    if found is None and error.status == 404 and "no such image" in words.lower():
        cause = "image_missing"
    elif code in _START_FAILED:
        cause, message = _START_FAILED[code]
        detail = f"{message}: {words}"
    if cause in (None, "image_missing"):
        code = None
    return Ended(job, attempt, handle, code, now, refused=True, cause=cause, detail=detail)


def of_state(
    job: str,
    attempt: int,
    found: Found,
    now: float,
    *,
    said: str | None = None,
    oom: bool = False,
    engine_started: float | None = None,
) -> Ended:
    """The end of a container that is `exited`, `created` after a failed start, or on its way out.

    `oom`: the engine has told of an out-of-memory kill in it. `said`: what was said in place of a
    job that could not begin (`captured.excuse`).
    """
    state, handle = found["State"], found["Id"]
    if failed_start(found):
        return of_refusal(job, attempt, EngineError(400, state.get("Error") or ""), now, found)
    if state["Status"] in ("removing", "dead"):
        return lost(job, attempt, handle, now, "its container was removed")
    code: int = state["ExitCode"]
    at = min(seconds(state.get("FinishedAt")) or now, now)
    if state.get("OOMKilled") or oom:
        if code == 137 or code > 128:
            limit = (found.get("HostConfig") or {}).get("Memory") or 0
            said = OOM_KILL
            return Ended(
                job,
                attempt,
                handle,
                code,
                at,
                signal=_signal(code),
                cause="oom",
                detail=said + (f", limit {limit >> 20} MiB" if limit else ""),
            )
    elif _restarted(code, seconds(state.get("StartedAt")), at, engine_started):
        return Ended(
            job,
            attempt,
            handle,
            code,
            at,
            lost=True,
            cause="lost",
            detail="the engine was restarted",
        )
    if said is not None:
        cause, detail = None, f"cannot write its log: {printable(said)}"
        if code in _START_FAILED and (command := _COMMAND.search(said)):
            cause, words = _START_FAILED[code]
            detail = f"{words}: `{printable(command[1])}`"
        return Ended(job, attempt, handle, code, at, refused=True, cause=cause, detail=detail)
    return Ended(job, attempt, handle, code, at, signal=_signal(code))


def lost(job: str, attempt: int, handle: str | None, now: float, why: str) -> Ended:
    return Ended(job, attempt, handle, None, now, lost=True, cause="lost", detail=why)


def _signal(code: int) -> int | None:
    return code - 128 if 128 < code <= 128 + 64 else None


def _restarted(code: int, started: float | None, finished: float, engine: float | None) -> bool:
    if engine is None or started is None or engine <= started:
        return False
    if code == LOST_CODE:
        return True
    return code in BY_ENGINE and engine - _BEFORE <= finished <= engine + _AFTER
