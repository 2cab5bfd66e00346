"""Why a slot was idle or a job waited at a moment: the rules of the scheduler, applied to the state
of that moment, and what only the history tells: who held the run, and when no executor ran.

Pure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from pbt_tui.errors import printable
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import RunState
from pbt_tui.observe.run_spans import RunSpan, SpanKind
from pbt_tui.scheduler.explain import explain
from pbt_tui.scheduler.explain_idle import IdleReason, explain_idle
from pbt_tui.tui.text import at

_ACTS = ("next", "taken")
"""Clauses in which an executor would have started something at once."""


class PastMoment:
    """A moment of a run's life, with what was recorded up to then.

    Args:
        then: The state at that moment.
        spans: When no executor ran, and when the run was held.
        at: The moment, in Unix seconds.
        now: The time of the reader, in Unix seconds.
        dead_since: From when it is certain that no executor ran, within a time without one.
    """

    def __init__(
        self,
        then: RunState,
        spans: Sequence[RunSpan],
        at: float,
        now: float,
        dead_since: float | None = None,
    ) -> None:
        self.then = then
        self.at = at
        self.now = now
        self._spans = spans
        self.dead_since = dead_since

    def span(self, kind: SpanKind, gpu: Gpu | None = None) -> RunSpan | None:
        """The span of a kind that covers the moment."""
        found = (s for s in self._spans if s.kind == kind and s.covers(self.at))
        return next((s for s in found if s.is_about(gpu)), None)

    def clock(self, moment: float) -> str:
        """A time of day, with its date where that is not the reader's."""
        return at(max(0.0, min(moment, 1e11)), self.now)


def slot_text(moment: PastMoment, gpu: Gpu | None, held: dict[str, str] | None = None) -> str:
    """Why a slot of a GPU was idle.

    Args:
        moment: The moment.
        gpu: The GPU; None: jobs are not pinned to GPUs.
        held: Who holds GPUs of this machine at the moment, where that is known.
    """
    then = moment.then
    reason = explain_idle(then, gpu, moment.at, held)
    gap = moment.span("no_executor")
    if gap is not None:
        return _without_executor(moment, gap, reason)
    if reason.clause in ("held", "drained"):
        span = moment.span("held" if reason.clause == "held" else "drained", gpu)
        return span_text(moment, span) if span is not None else reason.text
    if reason.clause == "closed":
        return "the run was closed: every job had ended"
    if reason.clause == "nothing_waits":
        left = len(then.active)
        others = f": the last {left} {'job was' if left == 1 else 'jobs were'} active"
        return "no job waited" + (others if left else "")
    late = _noticed_late(then, gpu)
    if late:
        return late
    if reason.clause == "next":
        others = ", or another run of this machine held the GPU" if gpu is not None else ""
        return f"{reason.text}: the executor was about to start it{others}"
    return reason.text


def node_text(moment: PastMoment) -> str:
    """Why a node of a cluster had no attempt of this run: the cluster decides that."""
    gap = moment.span("no_executor")
    queued = [a.queued for job in moment.then.active.values() if (a := job.attempt) and a.queued]
    if queued:
        counted = ", ".join(
            f"{reason} ×{n}" for reason, n in Counter(map(printable, queued)).most_common(3)
        )
        many = f"{len(queued)} {'attempt waits' if len(queued) == 1 else 'attempts wait'}"
        return f"{many} in the cluster's queue: {counted}"
    reason = explain_idle(moment.then, None, moment.at)
    if gap is not None:
        return _without_executor(moment, gap, reason)
    if reason.clause in ("next", "gpus", "nothing_waits"):
        return "no attempt of this run waited in the cluster's queue"
    held = moment.span("held") if reason.clause == "held" else None
    return span_text(moment, held) if held is not None else reason.text


def job_text(moment: PastMoment, job: str) -> str:
    """Why a job waited."""
    if job not in moment.then.by_id:
        return ""
    gap = moment.span("no_executor")
    text = explain(moment.then, job, moment.at)
    if gap is not None:
        return span_text(moment, gap)
    held = moment.span("held")
    if held is not None and moment.then.held:
        return span_text(moment, held)
    return text or "it had ended"


def span_text(moment: PastMoment, span: RunSpan) -> str:
    """A span in words: `held by ada since 02:10:00`."""
    since = moment.clock(span.begin)
    until = "" if span.is_open else f" until {moment.clock(span.end)}"
    who = {"": "", "person": " by a person", "signal": " by a signal"}.get(
        span.by, f" by {printable(span.by)}"
    )
    why = f": {printable(span.why)}" if span.why else ""
    match span.kind:
        case "no_executor":
            ran = f"has run since {since}"
            if not span.is_open:
                ran = f"ran from {since} to {moment.clock(span.end)}"
            return f"no executor {ran}{why}{who}"
        case "closed":
            return f"the run was closed from {since}{until}"
    return f"{span.kind}{who} since {since}{until}{why}"


def certain_death(span: RunSpan, ends: Iterable[float]) -> float:
    """From when it is certain that no executor ran, within a time in which none wrote anything.

    Args:
        span: The time without an event.
        ends: When attempts ended. An end in the span was recorded by the next executor: an
            executor that ran would have recorded it.
    """
    return min((end for end in ends if span.begin < end < span.end), default=span.end)


def _without_executor(moment: PastMoment, gap: RunSpan, reason: IdleReason) -> str:
    """The gap, or the rule that kept the slot idle also while the executor may have lived."""
    text = span_text(moment, gap)
    dead = moment.dead_since
    is_dead = gap.is_certain or (dead is not None and moment.at >= dead)
    if is_dead or reason.clause in (*_ACTS, "no_executor", "pause"):
        return text
    what = "no job waited" if reason.clause == "nothing_waits" else reason.text
    return f"{what}; and {text}"


def _noticed_late(then: RunState, gpu: Gpu | None) -> str:
    """The attempt that had left the slot, if the executor did not know that yet."""
    if gpu is None or then.slots.per_gpu < 1:
        return ""
    place = then.slots.position(gpu)
    if place is None or then.slots.busy[place] < then.slots.per_gpu:
        return ""
    for job in then.active.values():
        attempt = job.attempts[-1]
        if any(then.slots.position(each) == place for each in attempt.devices):
            return f"`{job.spec.id}` had ended; the executor had not recorded that yet"
    return ""
