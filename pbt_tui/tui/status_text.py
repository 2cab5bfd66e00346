"""The words and glyphs of states: one table for every screen, `--once` and the help.

Must not know Textual or files. A glyph never stands without its word.
"""

from __future__ import annotations

import signal

from pbt_tui.journal.state import Attempt, JobState, RunState
from pbt_tui.observe.progress import Progress
from pbt_tui.tui.text import Span, at, safe

STATES: dict[str, tuple[str, str]] = {
    "starting": ("◐", "run"),
    "running": ("●", "run"),
    "stopping": ("◑", "warn"),
    "failed": ("✗", "bad"),
    "waiting": ("◌", "wait"),
    "queued": ("◌", "wait"),
    "cancelled": ("⊘", "dim"),
    "skipped": ("–", "dim"),
    "succeeded": ("✓", "good"),
}
"""Glyph and style, in the order in which a person wants to see them."""
ORDER = {state: index for index, state in enumerate(STATES)}

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


def progress_words(progress: Progress) -> str:
    """`gen 3 · objective 31.2 · 1.2M frames · 45.5k fps`, or the last line of its log."""
    parts = []
    if progress.generation is not None:
        parts.append(f"gen {progress.generation}")
    if progress.objective is not None:
        parts.append(f"objective {progress.objective:.4g}")
    if progress.frame is not None:
        parts.append(f"{many(progress.frame)} frames")
    if progress.fps is not None:
        parts.append(f"{many(progress.fps)} fps")
    return " · ".join(parts) or safe(progress.line)


def many(value: float) -> str:
    """A large number in few characters: `812`, `45.5k`, `1.69G`."""
    for unit in ("", "k", "M", "G"):
        if abs(value) < 1000:
            return f"{value:.0f}" if not unit else f"{value:.3g}{unit}"
        value /= 1000
    return f"{value:.3g}T"


def state_span(job: JobState) -> Span:
    shown = job.shown
    glyph, style = STATES[shown]
    return f"{glyph} {shown}", style


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def code_words(attempt: Attempt) -> str:
    if attempt.signal is not None:
        return signal_name(attempt.signal)
    return "" if attempt.exit_code is None else f"exit {attempt.exit_code}"


def outcome_words(attempt: Attempt) -> str:
    """How an attempt ended, for people: `failed: exit 1, CUDA out of memory`."""
    if attempt.outcome is None:
        if attempt.queued:
            return f"queued: {safe(attempt.queued)}"
        return "not started yet" if attempt.started_at is None else "running"
    parts = [code_words(attempt)] if attempt.outcome != "succeeded" else []
    if attempt.outcome in ("stopped", "interrupted") and attempt.stop_why:
        parts.append(STOPS[attempt.stop_why])
    elif attempt.cause and attempt.cause not in ("exit", "signal"):
        parts.append(CAUSES[attempt.cause])
    tail = ", ".join(part for part in parts if part)
    return f"{attempt.outcome}: {tail}" if tail else attempt.outcome


def detail_words(attempt: Attempt) -> str:
    """The most telling short text about how an attempt ended."""
    if attempt.outcome is None:
        return safe(attempt.queued) if attempt.queued else ""
    if attempt.outcome == "succeeded":
        return ""
    by_us = attempt.outcome in ("stopped", "interrupted") and attempt.stop_why
    if attempt.detail and not by_us:
        code = code_words(attempt)
        return safe(attempt.detail) + (f" ({code})" if code else "")
    return outcome_words(attempt).partition(": ")[2] or attempt.outcome


def counts(state: RunState) -> dict[str, int]:
    """By the six words of the snapshot: queued is waiting, starting and stopping are running."""
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


def _queued(state: RunState) -> int:
    """As `shown` says it; ten thousand may be active, so it is not asked one by one."""
    queued = [job for job in state.active.values() if job.attempts[-1].queued]
    return sum([job.phase != "stopping" for job in queued])


def standing(state: RunState, holder: int | None, loaded: bool = True) -> tuple[str, str]:
    """What the run is doing, never ambiguous: a text and a style."""
    if not loaded:
        return "… reading the journal", "dim"
    executor = state.executor
    if state.closed is not None:
        good = state.closed == "succeeded"
        return f"{'✓' if good else '✗'} closed: {state.closed}", "good" if good else "bad"
    if holder is None:
        if executor is None:
            return "○ no executor: nothing has started", "warn"
        return "○ no executor" + (", held" if state.held else ""), "warn"
    if state.stop is not None:
        return "◑ stopping" if state.stop == "stop" else "◑ killing", "warn"
    if state.held:
        return "‖ held: nothing new starts", "warn"
    return "● live", "good"


def whose(state: RunState, holder: int | None) -> str:
    """Who executes, or who did last: `pid 4182 on node7`."""
    executor = state.executor
    if executor is None:
        return f"pid {holder}" if holder else ""
    who = f"pid {holder or executor.pid} on {safe(executor.host)}"
    return who if holder is not None else f"last: {who} at {at(state.at, state.at)}"


def node_name(node: str | None) -> str:
    """Without the domain, which is the same for all."""
    return safe(node or "").partition(".")[0]


def gpu_names(state: RunState, gpus: tuple[str, ...]) -> str:
    """Short names of the GPUs handed to an attempt: their index where the executor knew it."""
    if not gpus:
        return ""
    known = {g.uuid: g.index for g in state.executor.gpus} if state.executor else {}
    return ",".join(str(known.get(g, g) if known.get(g) is not None else g) for g in gpus)
