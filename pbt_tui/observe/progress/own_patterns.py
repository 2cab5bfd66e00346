"""Progress readers from the user's own patterns, `[tool.pbt.progress]` in the settings file.

They are read from the folder in which the run was started, also while it runs: a pattern that is
mended counts from the next sample on.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import cast

from pbt_tui.errors import Findings, UsageError
from pbt_tui.observe.progress.log_window import LogWindow, abbreviated, measured, number, seconds
from pbt_tui.observe.progress.progress_types import Unit
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading
from pbt_tui.settings.progress_patterns import COUNTS, LINE, ProgressPattern
from pbt_tui.settings.settings_file import find_patterns

LINES = 50
"""Most lines from the end of a log that a pattern is tried on."""
SLOW = 0.1
"""Seconds of processor time for one log, after which a pattern is not used any more."""
LOOK = 30.0
"""Seconds between two looks at the settings file."""


class SlowPattern(Exception):
    """A pattern took too long; the reader that raised it is left out."""


class OwnPatterns:
    """The readers of the settings file for one folder.

    Args:
        folder: The folder in which the run was started.
    """

    def __init__(self, folder: Path) -> None:
        self.problem: str | None = None
        """Why the settings file gives no readers; None: it does, or there is none."""
        self._folder = folder
        self._look_at = float("-inf")
        self._known: list[ProgressPattern] = []

    def changed(self, now: float) -> list[ProgressReader] | None:
        """The readers, if they may have changed since the last call; None: they have not.

        Args:
            now: Seconds on a clock that never goes back.
        """
        if now < self._look_at:
            return None
        self._look_at = now + LOOK
        try:
            found = find_patterns(self._folder)
        except (UsageError, Findings) as e:
            self.problem = "; ".join(str(e).splitlines()) or type(e).__name__
            return None
        self.problem = None
        if found == self._known:
            return None
        self._known = found
        return [reader_of(one) for one in found]


def reader_of(
    own: ProgressPattern, clock: Callable[[], float] = time.thread_time
) -> ProgressReader:
    """A reader that takes the values of a pattern's groups from the newest line that it matches.

    Args:
        own: The pattern.
        clock: Processor time in seconds.
    """

    def read(window: LogWindow) -> ProgressReading | None:
        began = clock()
        match: re.Match[str] | None = None
        for line in reversed(window.lines[-LINES:]):
            match = own.pattern.search(line[:LINE])
            if match is not None:
                break
            if clock() - began > SLOW:
                raise SlowPattern(f"took more than {SLOW:g} s for one log")
        return None if match is None else _reading(match)

    return ProgressReader(own.name, read)


def _reading(match: re.Match[str]) -> ProgressReading:
    told = match.groupdict()
    counted = next((name for name in COUNTS if told.get(name) is not None), None)
    step = _whole(told[counted]) if counted else None
    share, percent = number(told.get("share")), number(told.get("percent"))
    if share is None and percent is not None:
        share = percent / 100
    objective = measured(told.get("objective"))
    generation = _whole(told.get("generation"))
    eta = told.get("eta")
    return ProgressReading(
        step=step,
        total=_whole(told.get("total")),
        unit=cast(Unit, COUNTS[counted]) if counted and step is not None else None,
        share=share,
        fps=abbreviated(told.get("fps")),
        eta=seconds(eta) if number(eta) is None else number(eta),
        objective=objective,
        objective_name=None if objective is None else "objective",
        generation=generation,
    )


def _whole(text: str | None) -> int | None:
    value = abbreviated(text.replace(",", "").replace("_", "")) if text else None
    return int(value) if value is not None and value >= 0 else None
