"""What one progress reader finds in a log, and what every reader is.

A reader is chosen by what the lines look like and never by the name of the job. Several may find
something in one log: `combine` chooses among them.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec
from msgspec import Struct

from pbt_tui.observe.progress.log_window import LogWindow
from pbt_tui.observe.progress.progress_types import Unit


class ProgressReading(msgspec.Struct, frozen=True):
    """The values that a reader found; None: the lines do not tell it."""

    step: int | None = None
    """Frames, steps, iterations or epochs done."""
    total: int | None = None
    """Value of `step` at which the training ends."""
    unit: Unit | None = None
    """What `step` and `total` count."""
    share: float | None = None
    """Share that is done, from 0 to 1; None: `step` by `total`."""
    fps: float | None = None
    """Frames or steps per second."""
    eta: float | None = None
    """Seconds that are left, as the trainer says."""
    objective: float | None = None
    """The objective; NaN or infinite if the trainer says so."""
    objective_name: str | None = None
    """What the trainer calls the objective."""
    generation: int | None = None
    """Number of the generation of a population."""


class ProgressReader(Struct, frozen=True):
    """Reads the progress of one trainer, or of one style of lines.

    Args:
        name: Its name, as it is shown to people.
        read: Returns the values in the end of a log; None: the lines are not those of this trainer.
        generic: Whether many programs print such lines: then it is asked last, and only where the
            readers of single trainers leave something open.
    """

    name: str
    read: Callable[[LogWindow], ProgressReading | None]
    generic: bool = False
