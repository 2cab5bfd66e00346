"""Which of the numbers that a trainer prints is its objective: a reward before a loss.

A name is compared by its words: `train/ep_rew_mean`, `Mean reward` and `reward` are rewards.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from typing import NamedTuple

_ORDER = (
    ("objective",),
    ("reward", "rewards", "rew", "return", "returns", "ret"),
    ("score", "fitness"),
    ("accuracy", "acc", "f1", "map", "iou", "success"),
    ("loss", "perplexity", "ppl", "error", "rmse", "mae", "mse"),
)
_VALIDATION = frozenset(("val", "valid", "validation", "eval", "test"))
_WORD = re.compile(r"[a-z0-9]+")
WORST = len(_ORDER) * 2
"""The rank of a name that is no objective."""


class Metric(NamedTuple):
    """A number with its name."""

    name: str
    value: float


def rank(name: str) -> int:
    """How well a name says that its number is the objective: 0 is best, `WORST` is not at all.

    Args:
        name: The name as the trainer prints it.

    Example:
        >>> rank("objective") < rank("val_reward") < rank("reward") < rank("loss") < WORST
        True
        >>> rank("learning_rate") == WORST
        True
    """
    words = _WORD.findall(name[:80].lower())
    for place, group in enumerate(_ORDER):
        if any(word in group for word in words):
            return 2 * place + (0 if _VALIDATION.intersection(words) else 1)
    return WORST


def best(metrics: Iterable[Metric]) -> Metric | None:
    """The metric that is the objective; the last one if several have the same rank.

    Args:
        metrics: Numbers with their names, oldest first.
    """
    found: Metric | None = None
    for metric in metrics:
        if rank(metric.name) < WORST and (found is None or rank(metric.name) <= rank(found.name)):
            found = metric
    return found


def is_loss(name: str | None) -> bool:
    """Whether smaller values of the objective are better.

    Args:
        name: The name of the objective; None: it has none, and larger values are better.
    """
    return name is not None and rank(name) in (WORST - 2, WORST - 1)


def better(a: float, b: float, name: str | None = None) -> bool:
    """Whether the objective `a` is better than `b`; NaN is never better.

    Args:
        a: An objective.
        b: Another one.
        name: The name of the objective.

    Example:
        >>> better(2.0, 1.0), better(2.0, 1.0, "loss"), better(float("nan"), 1.0)
        (True, False, False)
    """
    if math.isnan(a):
        return False
    return math.isnan(b) or (a < b if is_loss(name) else a > b)
