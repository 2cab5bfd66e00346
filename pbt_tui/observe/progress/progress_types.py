"""What is known about the progress of a job: newest values, the time left, a series for a curve.

The types are those of `progress.json`, of `series.jsonl` and of the snapshot. Times are Unix
seconds.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec

Unit = Literal["frames", "steps", "iterations", "epochs", "episodes"]
"""What a trainer counts; `frames` are those of the environments, `epochs` passes over the data."""
NonFinite = Literal["nan", "inf", "-inf"]
Number = float | NonFinite
"""A number as a trainer told it. JSON has no NaN: `float()` reads each of these texts."""


def told(value: float | None) -> Number | None:
    """A number as files and documents hold it.

    Args:
        value: The number; None: unknown.

    Example:
        >>> told(1.5), told(float("-inf")), told(None)
        (1.5, '-inf', None)
    """
    if value is None or math.isfinite(value):
        return value
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


class Remaining(msgspec.Struct, frozen=True):
    """The time that is left, in seconds, as of the newest sample."""

    seconds: float
    """The best estimate."""
    low: float
    """The lower end of the band that holds the time left in about half of all cases."""
    high: float
    """The upper end of this band; equal to `seconds` and `low`: there is only one estimate, such
    as the one that the trainer printed."""


class Progress(msgspec.Struct, frozen=True):
    """The newest values of a job."""

    step: int | None = None
    """Frames, steps or whatever `unit` says that are done; `null`: unknown."""
    total: int | None = None
    """Value of `step` at which the training ends; `null`: unknown."""
    unit: Unit | None = None
    """What `step` and `total` count; `null`: unknown, or there is no step."""
    share: float | None = None
    """Share of the training that is done, from 0 to 1; `null`: unknown. It need not be `step` by
    `total`: a trainer that counts frames may end after a number of epochs."""
    fps: float | None = None
    """Frames or steps per second, as the trainer tells them; `null`: it does not."""
    eta: Remaining | None = None
    """Time that the job still needs; `null`: unknown, or it has ended."""
    objective: Number | None = None
    """The objective: a reward, or a loss where `objective_name` says so; `null`: unknown."""
    objective_name: str | None = None
    """What the trainer calls the objective, such as `reward` or `loss`; `null`: it has no name."""
    generation: int | None = None
    """Number of the generation of a population; `null`: unknown."""
    line: str = ""
    """The last line of the log, for people; empty: the log has none."""
    at: float | None = None
    """When the log was last written; `null`: there is no log."""
    readers: tuple[str, ...] = ()
    """Names of the progress readers that found these values, the most important first."""


class Series(msgspec.Struct, frozen=True):
    """Values of a job over time, for a curve. The four lists of values have the same length."""

    at: tuple[float, ...] = ()
    """When each point was read, in ascending order, evenly spaced as far as possible."""
    step: tuple[int | None, ...] = ()
    """The step of each point; `null`: unknown."""
    objective: tuple[Number | None, ...] = ()
    """The objective of each point; `null`: unknown."""
    share: tuple[float | None, ...] = ()
    """The share of the training that was done; `null`: unknown."""
    breaks: tuple[int, ...] = ()
    """Indices of points that do not continue the point before: a new attempt began, the step fell,
    or nothing was read for long. A curve is interrupted there."""


class BestObjective(msgspec.Struct, frozen=True):
    """The best objective that a run has reached so far."""

    job: str
    """Id of the job that reached it."""
    value: float
    """The objective, a finite number."""
    is_loss: bool = False
    """Whether smaller objectives are better."""
    since: float = 0.0
    """When an objective of the run was first read."""
    at: float = 0.0
    """When this one was read."""

    def beats(self, other: BestObjective) -> bool:
        """Whether it is better.

        Args:
            other: An objective of the same kind: both are losses, or none is.
        """
        return self.value < other.value if self.is_loss else self.value > other.value


class Progresses(msgspec.Struct, frozen=True):
    """The content of `progress.json`."""

    at: float
    """When the logs were read."""
    jobs: dict[str, Progress]
    """Progress of the active jobs, by id."""
    series: dict[str, Series] = {}
    """Series of the active jobs, by id; a job without any number has none."""
    best: BestObjective | None = None
    """The best objective that an executor has read; `null`: none. Times in which no executor ran
    do not count: the next one moves `since` and `at` by them."""


class Finished(msgspec.Struct, frozen=True):
    """One line of `series.jsonl`: what an attempt had reached at its end."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt."""
    at: float
    """When the attempt ended."""
    progress: Progress
    """Its last values."""
    series: Series
    """Its series, which includes the earlier attempts of the job."""
