"""Decides what a monitor tells the terminal, and when: a pure fold of what it sees.

Only what happens while it is open and the run is live is news: what the journal held before is not,
nor is a run that ended long ago. Failures follow `journal.untold`: one message a minute. A better
objective is told at most every ten minutes. A plateau is told once, if the best objective has not
become better for half an hour and for a quarter of the time that it is known.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from pbt_tui.errors import printable
from pbt_tui.journal import untold
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.journal.told_sentences import end_sentence, failure_sentence
from pbt_tui.journal.untold import Untold

TOPICS = ("failure", "best", "plateau", "end")
BEST_EVERY = 600.0
"""Seconds between two messages about better objectives."""
FLAT = 1800.0
"""Seconds without a better objective after which there may be a plateau."""
FLAT_SHARE = 0.25
"""Share of the time that the objective is known, which a plateau lasts at least."""


@dataclass(frozen=True, slots=True)
class BestSeen:
    """The best objective that was seen."""

    job: str
    value: float
    is_loss: bool = False

    def beats(self, other: BestSeen) -> bool:
        """Whether it is better."""
        return self.value < other.value if self.is_loss else self.value > other.value


@dataclass(frozen=True, slots=True)
class News:
    """What happened and is not told yet, and what is known not to be new."""

    untold: Untold = field(default_factory=Untold)
    failed: frozenset[tuple[str, int]] = frozenset()
    """Jobs and attempts whose failure is known."""
    is_closed: bool = False
    best: BestSeen | None = None
    best_first: float = 0.0
    """When an objective was first seen."""
    best_at: float = 0.0
    """When the best one was first seen."""
    is_better: bool = False
    """Whether the best objective is not told yet."""
    best_not_before: float = -math.inf
    is_flat: bool = False
    """Whether the plateau is told."""


def begun(state: RunState) -> News:
    """Nothing of what a state holds is news."""
    failed = frozenset(_failure(job) for job in state.jobs if untold.is_failure(job))
    return News(failed=failed, is_closed=state.closed is not None)


def seen(
    news: News, state: RunState, changed: Iterable[JobState], best: BestSeen | None, now: float
) -> News:
    """`news` after jobs have changed.

    Args:
        news: What it was before.
        state: The state of the run.
        changed: Jobs that have changed since.
        best: The best objective; None: unknown.
        now: Seconds of a clock that never goes back.
    """
    fresh = [job for job in changed if untold.is_failure(job) and _failure(job) not in news.failed]
    if fresh:
        names = dict.fromkeys((*news.untold.failed, *(job.spec.id for job in fresh)))
        news = replace(
            news,
            untold=replace(news.untold, failed=tuple(names)),
            failed=news.failed | {_failure(job) for job in fresh},
        )
    if (state.closed is not None) != news.is_closed:
        closed = state.closed is not None
        news = replace(news, is_closed=closed, untold=replace(news.untold, is_closed=closed))
    if best is None:
        return news
    if news.best is None or news.best.is_loss != best.is_loss:
        return replace(news, best=best, best_first=now, best_at=now)
    if best.beats(news.best):
        return replace(news, best=best, best_at=now, is_better=True, is_flat=False)
    return news


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
    best, run = news.best, printable(state.spec.run)
    if best is None or news.is_closed:
        return found, news
    named = f"{best.value:.6g} of `{printable(best.job)}`"
    if news.is_better and now >= news.best_not_before:
        news = replace(news, is_better=False, best_not_before=now + BEST_EVERY)
        if "best" in topics:
            found.append(f"run `{run}`: the best objective is now {named}")
    flat = now - news.best_at
    if not news.is_flat and flat >= max(FLAT, FLAT_SHARE * (now - news.best_first)):
        news = replace(news, is_flat=True)
        if "plateau" in topics:
            found.append(
                f"run `{run}`: no better objective than {named} for {flat / 60:.0f} minutes"
            )
    return found, news


def _failure(job: JobState) -> tuple[str, int]:
    return job.spec.id, len(job.attempts)
