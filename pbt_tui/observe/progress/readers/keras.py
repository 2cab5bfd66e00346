"""Reads the progress bars of Keras, of version 2 and 3, and its lines with `verbose=2`."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, whole
from pbt_tui.observe.progress.metric_names import Metric, best
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_EPOCH = re.compile(r"^ {0,4}Epoch ([0-9]{1,9})/([0-9]{1,9}) {0,4}$")
_BATCH = re.compile(r"^ {0,8}([0-9]{1,9})/([0-9]{1,9}) (?:[━\[=>. \]-]{1,60}|- )")
_METRIC = re.compile(r" - ([A-Za-z_][\w/]{0,60}): ([-+0-9.a-z]{1,30})")


def read(window: LogWindow) -> ProgressReading | None:
    """The epoch with its part, and the loss or what is better known.

    `Epoch 3/50`, and below it `216/727 ━━━━ 15s 30ms/step - accuracy: 0.8 - loss: 0.5`.
    """
    epoch = window.find(_EPOCH, "Epoch ")
    line = window.first(_state, "/step - ", "s - ", "/step")
    if line is None or (epoch is None and "ms/step" not in window.text):
        return None
    part, metrics = line
    objective = best(metrics)
    done, total = (whole(epoch[1]), whole(epoch[2])) if epoch else (None, None)
    share = None
    if done is not None and total:
        share = min(1.0, max(0.0, (done - 1 + part) / total))
    return ProgressReading(
        step=done,
        total=total,
        unit=None if done is None else "epochs",
        share=share,
        objective=objective.value if objective else None,
        objective_name=objective.name if objective else None,
    )


def _state(line: str) -> tuple[float, list[Metric]] | None:
    """The part of the epoch that is done, and the metrics."""
    found = _BATCH.search(line)
    if found is None:
        return None
    done, total = whole(found[1]), whole(found[2])
    metrics = [
        Metric(name, value)
        for name, text in _METRIC.findall(line)
        if (value := measured(text)) is not None
    ]
    return (min(1.0, done / total) if done is not None and total else 0.0), metrics


READER = ProgressReader("keras", read)
