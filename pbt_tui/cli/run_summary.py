"""The last words of `pbt-run`: what became of the run, why jobs failed, and what to do next.

Must not know how anything was executed: it reads the state.
"""

from __future__ import annotations

from pbt_tui.errors import printable
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.journal.status_text import counts, duration, ending_text

NAMED = 20
"""Groups of failures that the summary tells in full; the rest is counted."""
POPULATIONS = 8
"""Populations whose best member is told."""


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
    """What became of the run, why jobs failed and where, the best members, what to do next."""
    have = counts(state)
    words = ("succeeded", "failed", "cancelled", "skipped", "waiting", "running")
    parts = [f"{have[word]} {word}" for word in words if have[word]]
    seconds = worked(state)
    took = "" if seconds is None else f" after {duration(seconds)}"
    jobs = "1 job" if len(state.jobs) == 1 else f"{len(state.jobs)} jobs"
    word = _VERDICTS[state.closed] if state.closed else "interrupted"
    lines = [f"run `{printable(state.spec.run)}` {word}{took}: {jobs}: {', '.join(parts)}"]
    lines += _failures(state, rundir) + _best(state, rundir)
    here = printable(str(rundir.path))
    if state.closed is None:
        lines.append(f"hint: go on with `pbt-run {here}`")
    elif state.closed != "succeeded":
        lines.append(f"hint: run again what did not succeed with `pbt-run {here} --failed`")
    return lines


def worked(state: RunState) -> float | None:
    """Seconds of this call, and of the earlier ones those in which an attempt was under way.

    The gap between two calls does not count. Of a lost attempt nobody knows how long it ran.
    None where nothing was started.
    """
    spans: list[tuple[float, float]] = []
    for attempt in (attempt for job in state.jobs for attempt in job.attempts):
        begin = attempt.scheduled_at
        end = state.at if attempt.ended_at is None else attempt.ended_at
        spans.append((begin, (attempt.started_at or begin) if attempt.outcome == "lost" else end))
    if not spans:
        return None
    if state.executor is not None:
        spans.append((max(state.executor.at, min(spans)[0]), state.at))
    total, reached = 0.0, 0.0
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, reached))
        reached = max(reached, end)
    return total


def _failures(state: RunState, rundir: RunDir) -> list[str]:
    """Those that are alike once: how many, the first of them, why, and its log."""
    from pbt_tui.observe.failure_grouping import failures

    groups = failures(state)
    lines: list[str] = []
    for group in groups[:NAMED]:
        first = group.jobs[0]
        attempt = state.by_id[first].attempts[-1]
        who = first if group.count == 1 else f"{group.count} jobs like {first}"
        lines.append(f"✗ {who}: {ending_text(attempt) or attempt.outcome}")
        lines.append(f"  log: {log_place(rundir, first, attempt)}")
    rest = sum(group.count for group in groups[NAMED:])
    return [*lines, f"✗ and {rest} more"] if rest else lines


def _best(state: RunState, rundir: RunDir) -> list[str]:
    """The best member of each population, and where its checkpoint is."""
    if not state.spec.populations:
        return []
    from pbt_tui.observe.snapshot import Populations

    populations = Populations(state, rundir)
    populations.poll()
    told = [row for row in populations.rows(state.at, live=False) if row.best is not None]
    lines = []
    for row in told[:POPULATIONS]:
        best = row.best
        assert best is not None
        where = f": {printable(best.checkpoint)}" if best.checkpoint else ""
        lines.append(
            f"best of {printable(row.id)}: {best.objective:.6g}, member {best.member}, "
            f"generation {best.generation}{where}"
        )
    rest = len(told) - POPULATIONS
    return [*lines, f"and of {rest} more populations, which `pbt-tui` shows"] if rest > 0 else lines
