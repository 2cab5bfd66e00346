"""Renders groups of equal jobs: the rest of their row, after their number and their state.

Must not read files.
"""

from __future__ import annotations

from collections.abc import Sequence

from pbt_tui.journal.state import JobState
from pbt_tui.journal.status_text import countdown, lasting
from pbt_tui.scheduler.explain import explain
from pbt_tui.tui import labels
from pbt_tui.tui.columns import TableContext
from pbt_tui.tui.folding import Fold
from pbt_tui.tui.render.failures import concentration
from pbt_tui.tui.text import Line, Span, safe

_MOST = 2000
"""Jobs of a group in which its common value is looked for: it is done with each drawing."""


def name(fold: Fold) -> Span:
    """How many jobs there are, with a sign that tells whether they are shown."""
    return f"{'▾' if fold.is_open else '▸'} {len(fold.jobs)} jobs", ""


def state(fold: Fold) -> Span:
    glyph, style = labels.STATES[fold.state]
    return f"{glyph} {fold.state}", style


def note(fold: Fold, context: TableContext) -> Line:
    """Why the jobs are in their state, in one phrase."""
    jobs = [context.state.jobs[i] for i in fold.jobs[:_MOST]]
    if fold.state == "waiting":
        return ((waiting(jobs[0], context), "dim"),)
    if fold.state == "failed":
        common = concentration(jobs, context.state) if len(context.state.jobs) <= _MOST else None
        more: Line = ((f"  {common}", "dim"),) if common else ()
        return ((safe(str(fold.key[1] or "")), "bad"), *more)
    if fold.state == "queued":
        return ((_queued(jobs, context), "dim"),)
    return ((safe(str(fold.key[1] or "")), "dim"),)


def waiting(job: JobState, context: TableContext) -> str:
    """Why the first job of a group waits, and when that is expected to end."""
    if not context.settled:
        return ""
    why = safe(explain(context.state, job.spec.id, context.now, context.held))
    active, sign, limit = why.partition(" are active: ")
    if sign and active.isdigit():
        if context.first_end is None:
            return why
        why = limit
    elif context.first_end is None or job.bucket not in ("alone", "gang") or context.state.held:
        return why
    seconds = context.first_end
    left = countdown(seconds) if seconds < 60 else lasting(seconds)
    return f"first starts in ~{left} ({why})"


def _queued(jobs: Sequence[JobState], context: TableContext) -> str:
    """The reason of the queue, and when it expects to start the first of them."""
    last = jobs[0].attempt
    reason = safe(last.queued or "") if last is not None else ""
    known = [context.queue_status(job) for job in jobs]
    starts = [one.starts_at for one in known if one is not None and one.starts_at is not None]
    if not starts:
        return reason
    return f"{reason} · first starts about {labels.clock(min(starts), context.now)}"
