"""The words for a run: counts, causes, outcomes and durations, for all who tell of it.

Command line, screens, the page of text and the JSON document take them from here, so that the same
journal is told in the same words everywhere. Pure: no clock, no files, no widths, no glyphs.
"""

from __future__ import annotations

from signal import Signals

from pbt_tui.errors import printable
from pbt_tui.journal.state import Attempt, RunState

CAUSES = {
    "exit": "ended with an error code",
    "signal": "ended by a signal",
    "traceback": "Python exception",
    "oom": "killed by the kernel for memory",
    "cuda_oom": "CUDA out of memory",
    "gpu_lost": "the GPU was lost",
    "shm": "shared memory is too small",
    "command_not_found": "command not found",
    "not_executable": "not executable",
    "image_missing": "image missing",
    "timeout": "ran longer than the time limit",
    "cancelled": "cancelled",
    "lost": "lost: it went away without an exit code",
}
STOPS = {
    "cancel": "cancelled by a person",
    "interrupt": "stopped with the executor",
    "timeout": "over the time limit",
    "fail_fast": "stopped, another job failed",
}


def signal_name(number: int) -> str:
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"


def code_text(attempt: Attempt) -> str:
    if attempt.signal is not None:
        return signal_name(attempt.signal)
    return "" if attempt.exit_code is None else f"exit {attempt.exit_code}"


def outcome_text(attempt: Attempt) -> str:
    """How an attempt ended, for people: `failed: exit 1, CUDA out of memory`."""
    if attempt.outcome is None:
        if attempt.queued:
            return f"queued: {printable(attempt.queued)}"
        return "not started yet" if attempt.started_at is None else "running"
    parts = [code_text(attempt)] if attempt.outcome != "succeeded" else []
    if attempt.outcome in ("stopped", "interrupted") and attempt.stop_why:
        parts.append(STOPS[attempt.stop_why])
    elif attempt.cause and attempt.cause not in ("exit", "signal"):
        parts.append(CAUSES[attempt.cause])
    tail = ", ".join(part for part in parts if part)
    return f"{attempt.outcome}: {tail}" if tail else attempt.outcome


def detail_text(attempt: Attempt) -> str:
    """The most telling short text about how an attempt ended."""
    if attempt.outcome is None:
        return printable(attempt.queued) if attempt.queued else ""
    if attempt.outcome == "succeeded":
        return ""
    by_us = attempt.outcome in ("stopped", "interrupted") and attempt.stop_why
    if attempt.detail and not by_us:
        code = code_text(attempt)
        return printable(attempt.detail) + (f" ({code})" if code else "")
    return outcome_text(attempt).partition(": ")[2] or attempt.outcome


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


def lasting(seconds: float) -> str:
    """How long something has gone on: in minutes, so that no screen is repainted every second."""
    if seconds < 60:
        return "<1m"
    return f"{int(seconds // 60)}m" if seconds < 3600 else duration(seconds)


def _queued(state: RunState) -> int:
    """As `shown` says it; ten thousand may be active, so it is not asked one by one."""
    queued = [job for job in state.active.values() if job.attempts[-1].queued]
    return sum([job.phase != "stopping" for job in queued])
