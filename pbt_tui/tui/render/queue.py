"""Renders an engine's queue: the strip above the table, and phrases about one job.

Must not know any engine: the texts about its reasons come from the runtime's kind. Times are times
of day and ages are in minutes, so that nothing is redrawn between two answers of the engine.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pbt_tui.journal.events import Action as RequestAction
from pbt_tui.journal.state import ACTIVE, Attempt, JobState
from pbt_tui.journal.status_text import lasting
from pbt_tui.observe.queue_status import QueueStatus
from pbt_tui.observe.snapshot_types import QueueRow
from pbt_tui.runtimes.kind import QueueText, RuntimeKind
from pbt_tui.tui import labels
from pbt_tui.tui.text import Line, at, both, safe


def strip(
    row: QueueRow, width: int, now: float, *, asks: bool, texts: QueueText | None = None
) -> list[Line]:
    """A line with counts and the time of the last answer; one before it if the engine is silent.

    `asks`: whether there is an executor, which will ask the engine again.
    """
    lines: list[Line] = []
    trouble = row.stale and asks
    if trouble:
        age = f" for {lasting(now - row.polled_at)}" if row.polled_at else " yet"
        why = safe(row.error or "").rpartition("error: ")[2]
        again = f"again {at(row.next_at, now)} " if row.next_at else ""
        left: Line = ((f" ! no answer{age}: {why}", "warn"),)
        lines.append(both(left, ((again, "dim"),), width))
    counted = ((f" {_counts(row, now, (texts or QueueText()).pending)}", ""),)
    return [*lines, both(counted, ((_meter(row, width, now, asks, trouble), "dim"),), width)]


def _counts(row: QueueRow, now: float, pending: str) -> str:
    """`312 pending: 290 Priority, 22 Resources · first start about 12:31 · 8 running`."""
    counted = {name: f"{many} {safe(name).lower()}" for name, many in row.states.items()}
    waits = counted.pop(pending, "")
    why = ", ".join(f"{many} {safe(reason)}" for reason, many in row.reasons.items())
    first = f"first start about {labels.clock(row.starts_at, now)}" if row.starts_at else ""
    parts = [f"{waits}: {why}" if waits and why else waits, first, *counted.values()]
    return " · ".join(part for part in parts if part) or "nothing in the queue"


def _meter(row: QueueRow, width: int, now: float, asks: bool, trouble: bool) -> str:
    if row.polled_at is None:
        return "never answered " if row.stale else ""
    if trouble:
        return f"as of {at(row.polled_at, now)} "
    text = f"{'asked' if asks else 'last asked'} {at(row.polled_at, now)}"
    if asks and row.next_at is not None and width >= 72:
        text += f" · next {at(row.next_at, now)}"
    if width >= 140:
        text += f" · site floor {row.floor:g} s"
    return text + " "


def note(attempt: Attempt, status: QueueStatus | None, now: float) -> str:
    """Why a task waits, for the table: `Priority · starts about 12:31 · requeued 2×`."""
    parts = [safe(attempt.queued or ""), _starts(status, now), requeued(attempt, status)]
    return " · ".join(part for part in parts if part)


def why(attempt: Attempt, status: QueueStatus | None, now: float, texts: QueueText | None) -> str:
    """Why a task waits, for a job's page, with the meaning of the reason."""
    reason = safe(attempt.queued or "")
    means = _meaning(reason, texts) if texts is not None else ""
    parts = [f"{reason}: {means}" if means else reason, _starts(status, now)]
    return ", ".join(part for part in parts if part)


def _meaning(reason: str, texts: QueueText) -> str:
    return texts.reasons.get(reason) or next(
        (text for start, text in texts.reason_prefixes.items() if reason.startswith(start)), ""
    )


def requeued(attempt: Attempt, status: QueueStatus | None = None) -> str:
    many = max(attempt.restarts, status.restarts if status else 0)
    return f"requeued {many}×" if many else ""


def handed_over(status: QueueStatus | None) -> str:
    """For a task that is not in the queue yet."""
    return f"submitted as {safe(status.id)}" if status else "being submitted"


def facts(attempt: Attempt, status: QueueStatus | None) -> str:
    """Id and state in the engine: `67_3, running on n3, requeued 2×`; empty without an id."""
    name = status.id if status else attempt.handle
    if not name:
        return ""
    state = f", {safe(status.state).lower()}" if status and status.state else ""
    on = f" on {safe(attempt.node)}" if attempt.node and not attempt.queued else ""
    again = requeued(attempt, status)
    return safe(name) + state + on + (f", {again}" if again else "")


def request_notes(
    action: RequestAction,
    jobs: Sequence[JobState],
    status_of: Callable[[JobState], QueueStatus | None],
    kind: RuntimeKind,
) -> list[str]:
    """What a request will do in the engine, for its confirmation."""
    if kind.queue is None:
        return []
    texts = kind.queue
    told = {"hold": texts.held, "release": texts.released, "retry": texts.retried}
    if action in told:
        return [told[action]] if told[action] else []
    names = [_id(job, status_of(job)) for job in jobs if job.phase in ACTIVE]
    known = [name for name in names if name]
    if len(known) == 1:
        return [f"in {kind.title} it is {known[0]}"]
    return [f"in {kind.title}: {texts.several(known)}"] if known else []


def _id(job: JobState, status: QueueStatus | None) -> str:
    attempt = job.attempt
    return safe(status.id if status else (attempt.handle or "") if attempt else "")


def _starts(status: QueueStatus | None, now: float) -> str:
    if status is None or status.starts_at is None:
        return ""
    return f"starts about {labels.clock(status.starts_at, now)}"
