"""SLURM's queue: the strip above the table, and what it means for one job, in phrases.

Must not know Textual, ask SLURM or read files. Times are those of the clock, and ages are in
minutes: between two answers of SLURM nothing here changes, so nothing is painted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pbt_tui.journal.events import Action
from pbt_tui.journal.state import ACTIVE, Attempt, JobState
from pbt_tui.observe.queue_status import QueueStatus
from pbt_tui.observe.snapshot_types import QueueRow
from pbt_tui.tui.text import Line, at, both, lasting, safe

_MEANS = {
    "BadConstraints": "never starts: no node is as it asks",
    "BeginTime": "waits a while after it was queued again",
    "Dependency": "waits for another job",
    "JobArrayTaskLimit": "the throttle of its array lets no more run at once",
    "JobHeldAdmin": "held by an administrator, or with a run that is root's",
    "JobHeldUser": "held, as the whole run (U releases it) or with `scontrol hold`",
    "JobHoldMaxRequeue": "held: queued again too often",
    "Licenses": "waits for a licence",
    "PartitionDown": "its partition starts nothing now",
    "PartitionInactive": "its partition starts nothing now",
    "PartitionNodeLimit": "never starts: more nodes than its partition allows",
    "PartitionTimeLimit": "never starts: more time than its partition allows",
    "Priority": "others in the queue go first",
    "ReqNodeNotAvail": "a node that it needs is down, drained or reserved",
    "Resources": "waits for nodes to become free",
}
_MEANS_FROM = {
    "Assoc": "a limit of the account or user",
    "QOS": "a limit of the quality of service",
    "ReqNodeNotAvail": _MEANS["ReqNodeNotAvail"],
    "Nodes_required": _MEANS["ReqNodeNotAvail"],
}


def strip(row: QueueRow, width: int, now: float, *, asks: bool) -> list[Line]:
    """A line of counts with the meter; one more in front where SLURM does not answer.

    `asks`: there is an executor, who will ask again.
    """
    lines: list[Line] = []
    trouble = row.stale and asks
    if trouble:
        age = f" for {lasting(now - row.polled_at)}" if row.polled_at else " yet"
        why = safe(row.error or "").rpartition("error: ")[2]
        again = f"again {at(row.next_at, now)} " if row.next_at else ""
        left: Line = ((f" ! no answer{age}: {why}", "warn"),)
        lines.append(both(left, ((again, "dim"),), width))
    counted = ((f" {_counts(row, now)}", ""),)
    return [*lines, both(counted, ((_meter(row, width, now, asks, trouble), "dim"),), width)]


def _counts(row: QueueRow, now: float) -> str:
    """`312 pending: 290 Priority, 22 Resources · first start about 12:31 · 8 running`."""
    counted = {name: f"{many} {safe(name).lower()}" for name, many in row.states.items()}
    waits = counted.pop("PENDING", "")
    why = ", ".join(f"{many} {safe(reason)}" for reason, many in row.reasons.items())
    first = f"first start about {_clock(row.starts_at, now)}" if row.starts_at else ""
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


def note(attempt: Attempt, place: QueueStatus | None, now: float) -> str:
    """Of a task that waits, in few words: `Priority · starts about 12:31 · requeued 2×`."""
    parts = [safe(attempt.queued or ""), _starts(place, now), requeued(attempt, place)]
    return " · ".join(part for part in parts if part)


def why(attempt: Attempt, place: QueueStatus | None, now: float) -> str:
    """The same for a job's own page: with what SLURM's word means."""
    reason = safe(attempt.queued or "")
    means = _MEANS.get(reason) or next(
        (words for start, words in _MEANS_FROM.items() if reason.startswith(start)), ""
    )
    parts = [f"{reason}: {means}" if means else reason, _starts(place, now)]
    return ", ".join(part for part in parts if part)


def requeued(attempt: Attempt, place: QueueStatus | None = None) -> str:
    many = max(attempt.restarts, place.restarts if place else 0)
    return f"requeued {many}×" if many else ""


def handed_over(place: QueueStatus | None) -> str:
    """Of a task that the queue has said nothing about."""
    return f"submitted as {safe(place.id)}" if place else "being submitted"


def facts(attempt: Attempt, place: QueueStatus | None) -> str:
    """Where it is, in SLURM's terms: `67_3, running on n3, requeued 2×`; empty without an id."""
    name = place.id if place else attempt.handle
    if not name:
        return ""
    state = f", {safe(place.state).lower()}" if place and place.state else ""
    on = f" on {safe(attempt.node)}" if attempt.node and not attempt.queued else ""
    again = requeued(attempt, place)
    return safe(name) + state + on + (f", {again}" if again else "")


def commands(name: str) -> list[str]:
    """What to type for SLURM's own account of a task."""
    return [f"scontrol show job {safe(name)}", f"sacct -D -j {safe(name)}"]


def asked(
    action: Action, jobs: Sequence[JobState], place_of: Callable[[JobState], QueueStatus | None]
) -> list[str]:
    """What a request means for SLURM, before it is made."""
    if action == "hold":
        return ["what waits in SLURM's queue is held there, too"]
    if action == "release":
        return ["what is held in SLURM's queue is released there, too"]
    if action == "retry":
        return ["submitted to SLURM again, in a new array of these alone"]
    names = [_id(job, place_of(job)) for job in jobs if job.phase in ACTIVE]
    known = [name for name in names if name]
    if len(known) == 1:
        return [f"in SLURM it is {known[0]}"]
    arrays: dict[str, int] = {}
    for name in known:
        array = name.partition("_")[0]
        arrays[array] = arrays.get(array, 0) + 1
    return [f"in SLURM: {_tasks(arrays)}"] if arrays else []


def _tasks(arrays: Mapping[str, int]) -> str:
    parts = [
        f"{many} task{'' if many == 1 else 's'} of array {name}" for name, many in arrays.items()
    ]
    more = [f"{len(parts) - 3} more arrays"] if len(parts) > 4 else parts[3:]
    return ", ".join([*parts[:3], *more])


def _id(job: JobState, place: QueueStatus | None) -> str:
    attempt = job.attempt
    return safe(place.id if place else (attempt.handle or "") if attempt else "")


def _starts(place: QueueStatus | None, now: float) -> str:
    if place is None or place.starts_at is None:
        return ""
    return f"starts about {_clock(place.starts_at, now)}"


def _clock(moment: float, now: float) -> str:
    """Of an estimate: to the minute."""
    return at(moment, now)[:-3]
