"""The words for a run: counts, causes, outcomes and durations, for all who tell of it.

Command line, screens, the page of text and the JSON document take them from here, so that the same
journal is told in the same words everywhere. Pure: no clock, no files, no widths, no glyphs.
"""

from __future__ import annotations

from signal import Signals

from pbt_tui.errors import printable
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.spec import Cause

CAUSES: dict[Cause, str] = {
    "exit": "ended with an error code",
    "signal": "ended by a signal",
    "traceback": "Python exception",
    "oom": "out of memory",
    "cuda_oom": "CUDA out of memory",
    "gpu_lost": "the GPU was lost",
    "shm": "shared memory is too small",
    "command_not_found": "command not found",
    "not_executable": "not executable",
    "image_missing": "image missing",
    "timeout": "over the time limit",
    "cancelled": "cancelled",
    "lost": "it went away without an exit code",
}
OOM_KILL = "killed by the kernel for memory"
STOPS = {
    "cancel": "cancelled by a person",
    "interrupt": "the executor was told to stop",
    "timeout": CAUSES["timeout"],
    "fail_fast": "another job failed (`fail_fast`)",
}
"""Why the executor stops an attempt: while it does, and afterwards."""
LONGEST = 160
"""Characters of a failure's detail on one line; all of it is in the log, at the line named."""
_TOLD_BY_THE_CODE = ("exit", "signal")
"""Causes that say no more than the code does."""


def signal_name(number: int) -> str:
    """`SIGKILL` for 9; `signal 99` for one that has no name."""
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"


def cause_text(cause: Cause, exit_code: int | None = None, signal: int | None = None) -> str:
    """The cause in words. A process that ran out of memory was killed, or noticed it itself."""
    if cause == "oom" and (signal == 9 or exit_code == 137):
        return OOM_KILL
    return CAUSES[cause]


def code_text(attempt: Attempt) -> str:
    """`SIGKILL`, `exit 3`, or nothing."""
    if attempt.signal is not None:
        return signal_name(attempt.signal)
    return "" if attempt.exit_code is None else f"exit {attempt.exit_code}"


def reason_text(attempt: Attempt) -> str:
    """Code and cause of an attempt that did not succeed: `exit 1, CUDA out of memory`."""
    if attempt.outcome == "succeeded":
        return ""
    return ", ".join(filter(None, (code_text(attempt), _cause(attempt))))


def outcome_text(attempt: Attempt) -> str:
    """How an attempt ended, or that it has not: `failed: exit 1, CUDA out of memory`."""
    if attempt.outcome is None:
        if attempt.queued:
            return f"queued: {printable(attempt.queued)}"
        return "not started yet" if attempt.started_at is None else "running"
    reason = reason_text(attempt)
    return f"{attempt.outcome}: {reason}" if reason else attempt.outcome


def detail_text(attempt: Attempt) -> str:
    """The most telling short text about how an attempt ended."""
    if attempt.outcome is None:
        return printable(attempt.queued) if attempt.queued else ""
    if attempt.outcome == "succeeded":
        return ""
    detail = _detail(attempt)
    if detail:
        code = code_text(attempt)
        return detail if not code or code in detail else f"{detail} ({code})"
    if attempt.outcome == "lost":
        return outcome_text(attempt)
    return reason_text(attempt) or attempt.outcome


def ending_text(attempt: Attempt) -> str:
    """Why an attempt did not succeed, all of it on one line; empty where nothing is known.

    `exit 1, CUDA out of memory: torch.OutOfMemoryError: Tried to allocate 2.00 GiB`
    """
    detail = shortened(_detail(attempt))
    code, cause = code_text(attempt), _cause(attempt)
    if not detail or detail == f"killed by {code}":
        return reason_text(attempt)
    if attempt.outcome == "lost":
        return detail
    if not cause or attempt.cause == "traceback":
        return f"{code}: {detail}" if code else detail
    return ", ".join(filter(None, (code, joined(cause, detail))))


def joined(head: str, detail: str) -> str:
    """`head: detail`, without saying twice what `detail` begins with."""
    if not detail or detail.startswith(head):
        return detail or head
    return f"{head}: {detail}"


def shortened(text: str) -> str:
    """The first sentences of what may be a paragraph (CUDA's), as many as fit a line or two."""
    if len(text) <= LONGEST:
        return text
    sentence = text.rfind(". ", 0, LONGEST)
    return text[: sentence + 1] if sentence > 0 else text[: LONGEST - 1] + "…"


def _cause(attempt: Attempt) -> str:
    if _stopped_by_us(attempt):
        return STOPS[attempt.stop_why or "cancel"]
    if attempt.cause is None or attempt.cause in _TOLD_BY_THE_CODE:
        return ""
    return cause_text(attempt.cause, attempt.exit_code, attempt.signal)


def _detail(attempt: Attempt) -> str:
    """What its log or its runtime said; of what we stopped ourselves we know better."""
    return "" if _stopped_by_us(attempt) else printable(attempt.detail or "")


def _stopped_by_us(attempt: Attempt) -> bool:
    return attempt.outcome in ("stopped", "interrupted") and attempt.stop_why is not None


def counts(state: RunState) -> dict[str, int]:
    """How many jobs are in each of six states, in the order in which they are told.

    A job that an engine's queue holds is waiting; one that is starting or stopping is running.
    """
    have = state.counts
    active = have.get("starting", 0) + have.get("running", 0) + have.get("stopping", 0)
    queued = _queued(state)
    return {
        "running": active - queued,
        "waiting": have.get("waiting", 0) + queued,
        "succeeded": have.get("succeeded", 0),
        "failed": have.get("failed", 0),
        "cancelled": have.get("cancelled", 0),
        "skipped": have.get("skipped", 0),
    }


def counts_text(state: RunState) -> str:
    """`3/8 done: 2 running, 3 waiting, 2 succeeded, 1 failed`; what is 0 and rare is left out."""
    have = counts(state)
    total = sum(have.values())
    done = total - have["running"] - have["waiting"]
    always = ("running", "waiting", "succeeded")
    parts = [f"{n} {word}" for word, n in have.items() if n or word in always]
    return f"{done}/{total} done: {', '.join(parts)}" + (" (held)" if state.held else "")


def duration(seconds: float) -> str:
    """As precise as a person needs: `0.4s`, `12s`, `4m07`, `3h20`, `2d04h`."""
    seconds = max(seconds, 0)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02d}"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}"
    return f"{whole // 86400}d{whole % 86400 // 3600:02d}h"


def countdown(seconds: float) -> str:
    """Until something happens, in whole seconds, so that no screen is repainted more often."""
    return f"{max(seconds, 0):.0f}s" if seconds < 9.95 else duration(seconds)


def lasting(seconds: float) -> str:
    """How long something has gone on: in minutes, so that no screen is repainted every second."""
    if seconds < 60:
        return "<1m"
    return f"{int(seconds // 60)}m" if seconds < 3600 else duration(seconds)


def _queued(state: RunState) -> int:
    """As `shown` says it; ten thousand may be active, so it is not asked one by one."""
    queued = [job for job in state.active.values() if job.attempts[-1].queued]
    return sum([job.phase != "stopping" for job in queued])
