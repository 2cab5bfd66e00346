"""The last words of `pbt-run`: what became of the run, why jobs failed, and what to do next.

Must not know how anything was executed: it reads the state.
"""

from __future__ import annotations

from pbt_tui.errors import printable
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.journal.status_text import counts, duration, ending_text

NAMED = 20
"""Failures that the summary tells in full; the rest is counted."""


def log_place(rundir: RunDir, job: str, attempt: Attempt) -> str:
    at = f":{attempt.line}" if attempt.line else ""
    return f"{printable(str(rundir.log(job, attempt.number)))}{at}"


_VERDICTS: dict[str, str] = {
    "succeeded": "succeeded",
    "failures": "closed with failures",
    "budget": "gave up",
    "cancelled": "closed, not all of it run",
}


def summary(state: RunState, rundir: RunDir) -> list[str]:
    """What became of the run, every failure with cause and log, and what to do next."""
    have = counts(state)
    words = ("succeeded", "failed", "cancelled", "skipped", "waiting", "running")
    parts = [f"{have[word]} {word}" for word in words if have[word]]
    started = [j.attempts[0].scheduled_at for j in state.jobs if j.attempts]
    took = f" after {duration(state.at - min(started))}" if started else ""
    jobs = "1 job" if len(state.jobs) == 1 else f"{len(state.jobs)} jobs"
    word = _VERDICTS[state.closed] if state.closed else "interrupted"
    lines = [f"run `{printable(state.spec.run)}` {word}{took}: {jobs}: {', '.join(parts)}"]
    failed = [job for job in state.jobs if job.phase == "failed"]
    for job in failed[:NAMED]:
        attempt = job.attempts[-1]
        lines.append(f"✗ {job.spec.id}: {ending_text(attempt)}")
        lines.append(f"  log: {log_place(rundir, job.spec.id, attempt)}")
    if len(failed) > NAMED:
        lines.append(f"✗ and {len(failed) - NAMED} more")
    here = printable(str(rundir.path))
    if state.closed is None:
        lines.append(f"hint: go on with `pbt-run {here}`")
    elif state.closed != "succeeded":
        lines.append(f"hint: run again what did not succeed with `pbt-run {here} --failed`")
    return lines
