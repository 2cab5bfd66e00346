"""Decides what a person is told of the best objective, and when: a pure fold of what was read.

The first objective that is known is no news. A better one is told at most every ten minutes, and
then the newest. A plateau is told once, if the best objective has not become better for half an
hour and for a quarter of the time that an objective is known.

Executor and monitor follow it, each with a clock of its own. An executor that resumes a run takes
its own start for a message, and a plateau that was there before is no news to it.
"""

from __future__ import annotations

import math
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from pbt_tui.errors import printable
from pbt_tui.observe.progress.progress_types import BestObjective

BEST_EVERY = 600.0
"""Seconds between two messages about better objectives."""
FLAT = 1800.0
"""Seconds without a better objective after which there may be a plateau."""
FLAT_SHARE = 0.25
"""Share of the time that the objective is known, which a plateau lasts at least."""


class ObjectiveNews(Struct, frozen=True):
    """What is not told yet of the best objective, and what is known not to be new."""

    best: BestObjective | None = None
    """The best objective; None: none is known."""
    is_better: bool = False
    """Whether it is not told yet."""
    not_before: float = -math.inf
    """Time before which no message about a better one may leave."""
    is_flat: bool = False
    """Whether the plateau is told."""


def begun(*, resumed: bool, now: float) -> ObjectiveNews:
    """What is news when an executor takes over the run: nothing.

    Args:
        resumed: Whether another executor had the run before, which may have told something.
        now: The time.
    """
    return ObjectiveNews(not_before=now + BEST_EVERY) if resumed else ObjectiveNews()


def best_of(best: BestObjective | None, found: BestObjective) -> BestObjective:
    """The better one of the best objective so far and another one.

    Where some trainings tell a loss and others do not, losses are left out.

    Args:
        best: The best one so far; None: none is known.
        found: Another one.

    Example:
        >>> one = best_of(None, BestObjective("a", 1.0, since=5.0, at=5.0))
        >>> best_of(one, BestObjective("b", 2.0, since=6.0, at=6.0))
        BestObjective(job='b', value=2.0, is_loss=False, since=5.0, at=6.0)
    """
    if best is None or (best.is_loss and not found.is_loss):
        return found
    if best.is_loss != found.is_loss or not found.beats(best):
        return best
    return BestObjective(found.job, found.value, found.is_loss, best.since, found.at)


def seen(news: ObjectiveNews, found: BestObjective, now: float) -> ObjectiveNews:
    """`news` after an objective was read: one of any job, or the best one of all.

    Args:
        news: What it was before.
        found: The objective.
        now: The time.
    """
    best = best_of(news.best, found)
    if best is news.best:
        return news
    if news.best is None or news.best.is_loss != best.is_loss:
        return replace(news, best=best, is_better=False, is_flat=is_plateau(best, now))
    return replace(news, best=best, is_better=True, is_flat=False)


def next_topic(
    news: ObjectiveNews, now: float
) -> tuple[Literal["best", "plateau"] | None, ObjectiveNews]:
    """What to tell now of a run that is not closed, and what is untold after it.

    Call it until there is no topic.

    Args:
        news: What is untold.
        now: The time.
    """
    if news.is_better and now >= news.not_before:
        return "best", replace(news, is_better=False, not_before=now + BEST_EVERY)
    if news.best is not None and not news.is_flat and is_plateau(news.best, now):
        return "plateau", replace(news, is_flat=True)
    return None, news


def is_plateau(best: BestObjective, now: float) -> bool:
    """Whether an objective has been the best one for so long that it is a plateau.

    Args:
        best: The best objective.
        now: The time.
    """
    return now - best.at >= max(FLAT, FLAT_SHARE * (now - best.since))


def best_sentence(run: str, best: BestObjective) -> str:
    """The sentence about a better objective.

    Args:
        run: Name of the run.
        best: The objective.

    Example:
        >>> best_sentence("ant", BestObjective("07", 2.5))
        'run `ant`: the best objective is now 2.5 of `07`'
    """
    return f"run `{printable(run)}`: the best objective is now {_named(best)}"


def plateau_sentence(run: str, best: BestObjective, now: float) -> str:
    """The sentence about a plateau.

    Args:
        run: Name of the run.
        best: The best objective.
        now: The time.
    """
    minutes = (now - best.at) / 60
    return (
        f"run `{printable(run)}`: no better objective than {_named(best)} for {minutes:.0f} minutes"
    )


def _named(best: BestObjective) -> str:
    return f"{best.value:.6g} of `{printable(best.job)}`"
