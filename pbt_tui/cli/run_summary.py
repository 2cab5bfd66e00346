"""The summary that `pbt-run` ends with: verdict, failures, best members, and what to do next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pbt_tui.errors import command, printable
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.journal.status_text import counts, duration, ending_text, more_shared_memory

if TYPE_CHECKING:
    from pbt_tui.observe.snapshot_types import Best, PopulationRow

NAMED = 20
"""Number of groups of failures that the summary shows in full; it counts the others."""
POPULATIONS = 8
"""Number of populations whose best member the summary shows."""


def log_place(rundir: RunDir, job: str, attempt: Attempt) -> str:
    at = f":{attempt.line}" if attempt.line else ""
    return f"{printable(str(rundir.log(job, attempt.number)))}{at}"


_VERDICTS: dict[str, str] = {
    "succeeded": "succeeded",
    "failures": "closed with failures",
    "budget": "gave up",
    "cancelled": "closed",
}


def summary(state: RunState, rundir: RunDir) -> list[str]:
    """The lines of the summary: verdict and counts, failures with logs, best members, a hint."""
    have = counts(state)
    names = ("succeeded", "failed", "cancelled", "skipped", "waiting", "running")
    parts = [f"{have[name]} {name}" for name in names if have[name]]
    seconds = worked(state)
    took = "" if seconds is None else f" after {duration(seconds)}"
    jobs = "1 job" if len(state.jobs) == 1 else f"{len(state.jobs)} jobs"
    verdict = _VERDICTS[state.closed] if state.closed else "interrupted"
    if state.closed == "cancelled":
        ended = "1 job was" if have["cancelled"] == 1 else f"{have['cancelled']} jobs were"
        verdict = f"{verdict}{took}; {ended} cancelled"
        took = ""
    lines = [f"run `{printable(state.spec.run)}` {verdict}{took}: {jobs}: {', '.join(parts)}"]
    lines += failed(state, rundir) + _best(state, rundir)
    again = command("pbt-run", rundir.path)
    if state.closed is None:
        lines.append(f"hint: go on with `{again}`")
    elif state.closed != "succeeded":
        more = more_shared_memory(state, state.jobs)
        words = f"{again} --failed{' ' if more else ''}{more}"
        lines.append(f"hint: run again what did not succeed with `{words}`")
    return lines


def worked(state: RunState) -> float | None:
    """Seconds of this call, and of earlier calls the seconds in which an attempt was active.

    The time between two calls does not count. The run time of a lost attempt is unknown. None if
    nothing was started.
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


def failed(state: RunState, rundir: RunDir) -> list[str]:
    """Failed jobs, grouped by cause: the count, the first job, its cause and its log.

    Args:
        state: The state of the run.
        rundir: Its directory.
    """
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
    return best(populations.rows(state.at, live=False))


def best(rows: Sequence[PopulationRow]) -> list[str]:
    """The best member of each population, and where its checkpoint is.

    Args:
        rows: The populations.
    """
    scored = [(row.id, row.best) for row in rows if row.best is not None]
    lines = []
    for name, found in scored[:POPULATIONS]:
        path = found.checkpoint
        where = f": {printable(path)}" if path is not None else "; its weights are gone"
        lines.append(f"{best_text(name, found)}{where}")
        if (lost := found.lost) is not None:
            lines.append(
                f"better, but its weights are gone: {lost.objective:.6g}, member {lost.member}, "
                f"generation {lost.generation}"
            )
    rest = len(scored) - POPULATIONS
    return [*lines, f"and of {rest} more populations, which `pbt-tui` shows"] if rest > 0 else lines


def best_text(name: str, found: Best) -> str:
    """`best of ant_pbt: 33.1, member 4, generation 19`.

    Args:
        name: Name of the population.
        found: Its best.
    """
    return (
        f"best of {printable(name)}: {found.objective:.6g}, member {found.member}, "
        f"generation {found.generation}"
    )
