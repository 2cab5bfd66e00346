"""Texts about a run: counts, causes, outcomes and durations.

Command line, screens, `--once` and its JSON take them from here, so that they describe the same
journal in the same words. Pure: it reads no clock and no files, and knows no widths and glyphs.
"""

from __future__ import annotations

from collections.abc import Iterable
from signal import Signals

from pbt_tui.errors import printable
from pbt_tui.journal.state import Attempt, JobState, RunState
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
    "group_end": "its group has ended",
    "group_again": "its group starts again",
}
"""Why the executor stops or stopped an attempt."""
LONGEST = 160
"""Characters of a failure's detail on one line; the log has all of it."""
_NOTHING_TO_ADD = ("exit", "signal")
"""Causes that add nothing to the exit code or signal."""


def signal_name(number: int) -> str:
    """The name of a signal: `SIGKILL` for 9, `signal 99` for one without a name."""
    try:
        return Signals(number).name
    except ValueError:
        return f"signal {number}"


def cause_text(cause: Cause, exit_code: int | None = None, signal: int | None = None) -> str:
    """A cause for people.

    Out of memory has two texts: for a process that the kernel killed, and for one that failed to
    allocate memory itself.
    """
    if cause == "oom" and (signal == 9 or exit_code == 137):
        return OOM_KILL
    return CAUSES[cause]


def code_text(attempt: Attempt) -> str:
    """`SIGKILL` or `exit 3`; empty if neither is known."""
    if attempt.signal is not None:
        return signal_name(attempt.signal)
    return "" if attempt.exit_code is None else f"exit {attempt.exit_code}"


def reason_text(attempt: Attempt) -> str:
    """Code and cause of an attempt that did not succeed: `exit 1, CUDA out of memory`."""
    if attempt.outcome == "succeeded":
        return ""
    return ", ".join(filter(None, (code_text(attempt), _cause(attempt))))


def outcome_text(attempt: Attempt) -> str:
    """How an attempt ended, or what it does now: `failed: exit 1, CUDA out of memory`."""
    if attempt.outcome is None:
        if attempt.queued:
            return f"queued: {printable(attempt.queued)}"
        return "not started yet" if attempt.started_at is None else "running"
    reason = reason_text(attempt)
    if not reason and attempt.outcome == "interrupted":
        reason = shortened(_detail(attempt))  # no log and no code says why
    return f"{attempt.outcome}: {reason}" if reason else attempt.outcome


def detail_text(attempt: Attempt) -> str:
    """How an attempt ended, as the shortest text that still says why."""
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
    """Why an attempt did not succeed, on one line; empty if nothing is known.

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


def more_shared_memory(state: RunState, jobs: Iterable[JobState]) -> str:
    """The option with which containers get more shared memory, `--shm_size 8G`.

    Empty if none of these jobs failed for lack of it: with the same size, they would fail again.
    """
    box = state.executor.container if state.executor is not None else None
    if box is None or not any(
        job.phase == "failed" and job.attempts and job.attempts[-1].cause == "shm" for job in jobs
    ):
        return ""
    return f"--shm_size {max(8, 2 * (box.shm_size or 0) // (1 << 30))}G"


def joined(head: str, detail: str) -> str:
    """`head: detail`, or `detail` alone if it begins with `head`."""
    if not detail or detail.startswith(head):
        return detail or head
    return f"{head}: {detail}"


def shortened(text: str) -> str:
    """The first sentences of a long text, such as a message of CUDA, up to `LONGEST` characters."""
    if len(text) <= LONGEST:
        return text
    sentence = text.rfind(". ", 0, LONGEST)
    return text[: sentence + 1] if sentence > 0 else text[: LONGEST - 1] + "…"


def _cause(attempt: Attempt) -> str:
    if _stopped_by_us(attempt):
        return STOPS[attempt.stop_why or "cancel"]
    if attempt.cause is None or attempt.cause in _NOTHING_TO_ADD:
        return ""
    return cause_text(attempt.cause, attempt.exit_code, attempt.signal)


def _detail(attempt: Attempt) -> str:
    """What its log or its runtime reported; empty if the executor stopped it, and knows why."""
    return "" if _stopped_by_us(attempt) else printable(attempt.detail or "")


def _stopped_by_us(attempt: Attempt) -> bool:
    """Whether it ended because the executor stopped it."""
    return attempt.outcome in ("stopped", "interrupted") and attempt.stop_why is not None


def begins_text(job: JobState, now: float) -> str:
    """What the next attempt of a member begins from, once that is known.

    `goes on from generation 12 of member 3 (frame 1.2M, 4m old)`
    """
    known = job.continuation
    source = known.source if known is not None else None
    if source is None:
        why = "a person asked for it" if job.anew else "it had written no generation"
        return f"begins from scratch: {why}"
    about = []
    if source.frame is not None:
        about.append(f"frame {short_number(source.frame)}")
    if source.stamp is not None and source.stamp.written:
        about.append(f"{lasting(now - source.stamp.written / 1e9)} old")
    text = f"goes on from generation {source.generation} of member {source.member}"
    text = known.why or text if known is not None else text
    return f"{text} ({', '.join(about)})" if about else text


def cannot_continue(why: str | None) -> str:
    """Why a member is skipped that cannot be continued."""
    return f"cannot be continued: {why}"


def counts(state: RunState) -> dict[str, int]:
    """Number of jobs in each of six states, in display order.

    A job that an engine's queue holds counts as waiting, a starting or stopping job as running.
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
    """The counts as text: `3/8 done: 2 running, 3 waiting, 2 succeeded, 1 failed`.

    A state without jobs is left out, but for running, waiting and succeeded.
    """
    have = counts(state)
    total = sum(have.values())
    done = total - have["running"] - have["waiting"]
    always = ("running", "waiting", "succeeded")
    parts = [f"{n} {name}" for name, n in have.items() if n or name in always]
    return f"{done}/{total} done: {', '.join(parts)}" + (" (held)" if state.held else "")


def short_number(value: float) -> str:
    """A large number in few characters: `812`, `45.5k`, `1.69G`."""
    for unit in ("", "k", "M", "G"):
        if abs(value) < 1000:
            return f"{value:.0f}" if not unit else f"{value:.3g}{unit}"
        value /= 1000
    return f"{value:.3g}T"


def duration(seconds: float) -> str:
    """A duration with two digits or two units: `0.4s`, `12s`, `4m07`, `3h20`, `2d04h`."""
    seconds = max(seconds, 0)
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    rounded = round(seconds)
    if rounded < 60:
        return f"{rounded}s"
    if rounded < 3600:
        return f"{rounded // 60}m{rounded % 60:02d}"
    if rounded < 86400:
        return f"{rounded // 3600}h{rounded % 3600 // 60:02d}"
    return f"{rounded // 86400}d{rounded % 86400 // 3600:02d}h"


def countdown(seconds: float) -> str:
    """The time until something happens, in whole seconds: it changes at most once a second."""
    return f"{max(seconds, 0):.0f}s" if seconds < 9.95 else duration(seconds)


def lasting(seconds: float) -> str:
    """How long something has lasted, in minutes: it changes at most once a minute."""
    if seconds < 60:
        return "<1m"
    return f"{int(seconds // 60)}m" if seconds < 3600 else duration(seconds)


def _queued(state: RunState) -> int:
    """Number of jobs whose `shown` is `queued`.

    Ten thousand jobs may be active, so this does not call the property for each.
    """
    queued = [job for job in state.active.values() if job.attempts[-1].queued]
    return sum([job.phase != "stopping" for job in queued])
