"""What is told of failures and of the end of a run, as one sentence each.

They hold names, numbers and causes. Must not hold a line of a log, which may contain a secret.
"""

from __future__ import annotations

from collections.abc import Sequence

from pbt_tui.errors import printable
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.journal.status_text import counts, reason_text

_VERDICTS = {
    "succeeded": "succeeded",
    "failures": "closed with failures",
    "budget": "gave up after too many failures",
    "cancelled": "closed, and jobs were cancelled",
}


def failure_sentence(state: RunState, failed: Sequence[str]) -> str:
    """The sentence about jobs that failed, of which there is at least one."""
    first = state.by_id[failed[0]]
    whom = f"job `{first.spec.id}`" if len(failed) == 1 else f"{len(failed)} jobs"
    why = _why(first)
    reason = f": {why}" if len(failed) == 1 else f", the first was `{first.spec.id}`: {why}"
    return f"run `{printable(state.spec.run)}`: {whom} failed{reason}"


def end_sentence(state: RunState) -> str:
    """The sentence about the end of a run, which is closed."""
    parts = [f"{n} {name}" for name, n in counts(state).items() if n]
    jobs = "1 job" if len(state.jobs) == 1 else f"{len(state.jobs)} jobs"
    verdict = _VERDICTS[state.closed or "succeeded"]
    return f"run `{printable(state.spec.run)}` {verdict}: {jobs}: {', '.join(parts)}"


def _why(job: JobState) -> str:
    """Exit code and cause, without what the log says."""
    if job.phase == "skipped":
        return "it cannot be continued"
    attempt = job.attempt
    return (reason_text(attempt) or str(attempt.outcome)) if attempt is not None else "unknown"
