"""Finds out in a thread why a slot was idle or a job waited: it folds the journal up to the moment.

One question at a time; an answer is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pbt_tui.errors import PbtError
from pbt_tui.journal.state import JobState
from pbt_tui.journal.state_history import state_at
from pbt_tui.observe.run_spans import RunSpan
from pbt_tui.tui.host import Host
from pbt_tui.tui.timeline_rows import TimelineRows, TimeRow, held_now, key_of
from pbt_tui.tui.why_idle import PastMoment, certain_death, job_text, node_text, slot_text

_KEPT = 512
"""Answers that are kept."""

Question = tuple[object, ...]
"""A row and a moment."""


class IdleAnswers:
    """The answers so far.

    Args:
        host: The application.
        then: Called in its thread once an answer is there; it may ask again.
    """

    def __init__(self, host: Host, then: Callable[[], None]) -> None:
        self._host = host
        self._then = then
        self._known: dict[Question, str] = {}
        self._asked: Question | None = None
        """The question that a thread works on."""

    def why(self, rows: TimelineRows, row: TimeRow, moment: float) -> str | None:
        """Why a slot was idle or a job waited; None: a thread finds that out.

        Args:
            rows: All rows.
            row: The row of the slot or the job.
            moment: Unix seconds.
        """
        newest = rows.state.seq if moment >= rows.state.at else 0  # the last state goes on changing
        question = (key_of(row)[0], row.gpu, moment, len(rows.spans), newest)
        if question in self._known:
            return self._known[question]
        if self._asked is None:
            self._asked = question
            self._host.in_background(self._work(rows, row, moment, question))
        return None

    def _work(
        self, rows: TimelineRows, row: TimeRow, moment: float, question: Question
    ) -> Callable[[], Callable[[], None]]:
        follower = self._host.present
        now = follower.now(self._host.clock())
        spans, state, by_node = list(rows.spans), rows.state, rows.occupancy.by_node
        known = state.seq
        held = held_now(follower.held, moment, rows.end)

        def work() -> Callable[[], None]:
            try:
                dead = _death(spans, moment, state.jobs)
                past = state_at(follower.rundir.journal, state.spec, moment, known)
                then = PastMoment(past, spans, moment, now, dead)
                if row.job is not None:
                    text = job_text(then, row.job.spec.id)
                else:
                    text = node_text(then) if by_node else slot_text(then, row.gpu, held)
            except (PbtError, OSError) as e:
                text = f"unknown: {str(e).splitlines()[0]}"
            return lambda: self._answered(question, text)

        return work

    def _answered(self, question: Question, text: str) -> None:
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[question] = text
        self._asked = None
        self._then()


def _death(spans: Sequence[RunSpan], moment: float, jobs: Sequence[JobState]) -> float | None:
    """From when it is certain that no executor ran, in the gap around a moment."""
    gap = next((s for s in spans if s.kind == "no_executor" and s.covers(moment)), None)
    if gap is None:
        return None
    return certain_death(gap, (a.ended_at for j in jobs for a in j.attempts if a.ended_at))
