"""Progress reader `toyreader`: `turn 12/40, luck 3.5 (2.0 turns a second)`."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, number, whole
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_TURN = re.compile(r"turn ([0-9]{1,12})/([0-9]{1,12}), luck (\S{1,30}) \(([0-9.]{1,20}) turns")


def read(window: LogWindow) -> ProgressReading | None:
    """The newest turn; None: no line is one of this trainer."""
    found = window.find(_TURN, "turn ")
    if found is None:
        return None
    return ProgressReading(
        step=whole(found[1]),
        total=whole(found[2]),
        unit="iterations",
        fps=number(found[4]),
        objective=measured(found[3]),
        objective_name="luck",
    )


READER = ProgressReader("toyreader", read)
