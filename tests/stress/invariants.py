"""What must hold at the end of a stressed run: the journal agrees with what the jobs recorded."""

from __future__ import annotations

from collections.abc import Iterator

from pbt_tui.journal.state import Attempt
from tests.executor.running import Place
from tests.stress.jobs import TWICE, Plan, Record


def broken(
    place: Place, plan: Plan, *, may_lose: bool, original: Place | None = None
) -> Iterator[str]:
    """The invariants that do not hold in a closed run, in words.

    Args:
        place: where the run is.
        plan: its jobs.
        may_lose: whether an attempt may be lost, because an engine was killed.
        original: the place of which this one is a copy: an attempt may have recorded its end there
            after the record was copied, and before its attempt file was.
    """
    record = Record.read(place.path / "record")
    earlier = Record.read(original.path / "record").ends if original is not None else {}
    for name, times in record.starts.items():
        if times > 1:
            yield f"{name} began {times} times"
    for line in record.unread:
        yield f"nobody can read of the record: {line}"
    state = place.state()
    if state.active:
        yield f"active after the end: {list(state.active)}"
    for job in state.jobs:
        for attempt in job.attempts:
            name = f"{job.spec.id}.{attempt.number}"
            found = _wrong(attempt, record.ends.get(name, earlier.get(name)), may_lose)
            if found is not None:
                yield f"{name} {found}"
        last = job.attempts[-1] if job.attempts else None
        wanted = "succeeded" if plan.codes[job.spec.id] == 0 else "failed"
        if job.phase != wanted and not (may_lose and last and last.outcome == "lost"):
            told = f"{last.outcome} {last.exit_code} {last.detail}" if last else "no attempt"
            yield f"{job.spec.id} is {job.phase}, not {wanted}: {told}"


def _wrong(attempt: Attempt, said: int | None, may_lose: bool) -> str | None:
    """What the journal tells wrongly of an attempt that ended itself with code `said`."""
    match attempt.outcome:
        case "succeeded" | "failed":
            if attempt.exit_code == TWICE:
                return "found another life of its job"
            if said != attempt.exit_code:
                return f"ended with {said}, told as {attempt.exit_code}"
        case "lost" if not may_lose:
            return f"is lost: {attempt.detail}"
        case "refused":
            return f"was refused: {attempt.detail}"
        case "interrupted" | "lost":
            pass
        case other:
            return f"is {other}"
    return None
