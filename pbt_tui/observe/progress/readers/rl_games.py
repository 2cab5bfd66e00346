"""Reads the statistics of rl_games: `fps total: 396 epoch: 120/5000 frames: 60928/100000`."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, number, whole
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_LINE = re.compile(
    r"fps total: ([0-9.]{1,20})"
    r"(?: epoch: ([0-9]{1,12})(?:/([0-9]{1,12}))?)?"
    r"(?: frames: ([0-9]{1,18})(?:/([0-9]{1,18}))?)?"
)
_BEST = re.compile(r"saving next best rewards: +\[ *([-+0-9.a-z]{1,30})")


def read(window: LogWindow) -> ProgressReading | None:
    """Frames, share, frames per second, and the best reward so far.

    The training ends after a number of epochs, of frames, or at whichever comes first.
    """
    found = window.find(_LINE, "fps total: ")
    best = window.find(_BEST, "saving next best rewards: ")
    if not (found or best):
        return None
    objective = measured(best[1]) if best else None
    reading = ProgressReading(
        objective=objective, objective_name=None if objective is None else "best reward"
    )
    if not found:
        return reading
    epoch, epochs, frame, frames = (whole(text) for text in found.groups()[1:])
    shares = [
        min(1.0, done / total)
        for done, total in ((epoch, epochs), (frame, frames))
        if done is not None and total
    ]
    in_frames = frame is not None
    return ProgressReading(
        step=frame if in_frames else epoch,
        total=frames if in_frames else epochs,
        unit="frames" if in_frames else None if epoch is None else "epochs",
        share=max(shares, default=None),
        fps=number(found[1]) if in_frames else None,
        objective=reading.objective,
        objective_name=reading.objective_name,
    )


READER = ProgressReader("rl_games", read)
