"""Decides what a monitor tells the terminal, and when: a pure fold of what it sees.

Only what happens while it is open and the run is live is news: what the journal held before is not,
nor is a run that ended long ago. Failures follow `journal.untold`, better objectives and plateaus
`observe.progress.objective_news`.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence

from msgspec import Struct, field
from msgspec.structs import replace

from pbt_tui.journal import untold
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.journal.told_sentences import end_sentence, failure_sentence
from pbt_tui.journal.untold import TOPICS, Untold
from pbt_tui.observe.progress import BestObjective, objective_news
from pbt_tui.observe.progress.objective_news import ObjectiveNews


class News(Struct, frozen=True):
    """What happened and is not told yet, and what is known not to be new."""

    untold: Untold = field(default_factory=Untold)
    failed: array[int] = field(default_factory=lambda: array("I"))
    """For each job in plan order, the number of its newest known failure; 0: none is known."""
    is_closed: bool = False
    objectives: ObjectiveNews = field(default_factory=ObjectiveNews)


def begun(state: RunState) -> News:
    """Nothing of what a state holds is news."""
    failed = array("I", (_attempts(job) if untold.is_failure(job) else 0 for job in state.jobs))
    return News(failed=failed, is_closed=state.closed is not None)


def seen(
    news: News, state: RunState, changed: Iterable[JobState], best: BestObjective | None, now: float
) -> News:
    """`news` after jobs have changed.

    Args:
        news: What it was before.
        state: The state of the run.
        changed: Jobs that have changed since.
        best: The best objective; None: unknown.
        now: Seconds of a clock that never goes back.
    """
    known = news.failed
    fresh = [j for j in changed if untold.is_failure(j) and known[j.index] != _attempts(j)]
    if fresh:
        known = known[:]
        for job in fresh:
            known[job.index] = _attempts(job)
        names = dict.fromkeys((*news.untold.failed, *(job.spec.id for job in fresh)))
        news = replace(
            news,
            untold=replace(news.untold, failed=tuple(names)),
            failed=known,
        )
    if (state.closed is not None) != news.is_closed:
        closed = state.closed is not None
        news = replace(news, is_closed=closed, untold=replace(news.untold, is_closed=closed))
    if best is None:
        return news
    return replace(news, objectives=objective_news.seen(news.objectives, best, now))


def due(
    news: News, state: RunState, now: float, topics: Sequence[str] = TOPICS
) -> tuple[list[str], News]:
    """The sentences to tell now, and what is untold after them."""
    found: list[str] = []
    while True:
        topic, failed, rest = untold.next_topic(news.untold, state, now)
        news = replace(news, untold=rest)
        if topic is None:
            break
        if topic in topics:
            found.append(
                failure_sentence(state, failed) if topic == "failure" else end_sentence(state)
            )
    while not news.is_closed:
        about, objectives = objective_news.next_topic(news.objectives, now)
        news, best = replace(news, objectives=objectives), objectives.best
        if about is None or best is None:
            break
        if about in topics:
            run = state.spec.run
            found.append(
                objective_news.best_sentence(run, best)
                if about == "best"
                else objective_news.plateau_sentence(run, best, now)
            )
    return found, news


def _attempts(job: JobState) -> int:
    """The number by which a failure is known: a job without an attempt may have failed, too."""
    return len(job.attempts) + 1
