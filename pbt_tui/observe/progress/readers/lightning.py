"""Reads the progress bars of Lightning, which has one for each epoch."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, whole
from pbt_tui.observe.progress.metric_names import Metric, best
from pbt_tui.observe.progress.readers.tqdm import bar
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_EPOCH = re.compile(r"Epoch ([0-9]{1,9}): {0,4}[0-9]{1,3}%\|")
_RICH = re.compile(r"Epoch ([0-9]{1,9})/([0-9]{1,9}) [━╸╺ ]{1,200} ?([0-9]{1,9})/([0-9]{1,9}) ")
_STOPPED = re.compile(r"`Trainer\.fit` stopped: `max_epochs=([0-9]{1,9})` reached")
_PAIR = re.compile(r"([A-Za-z_][\w/]{0,60}): ([-+0-9.a-z]{1,30})")


def read(window: LogWindow) -> ProgressReading | None:
    """The epoch with its part; the number of epochs is known from the command or at the end.

    `Epoch 3:  45%|████▌     | 450/1000 [00:45<00:55,  9.99it/s, v_num=1, train_loss=0.5]`.
    """
    found = window.first(_of_bar, "Epoch ")
    stopped = window.find(_STOPPED, "`Trainer.fit` stopped")
    if found is None:
        return None
    epoch, last, part, metrics = found
    objective = best(metrics)
    total = None if last is None else last + 1
    total = total or window.argument("max_epochs", "trainer.max_epochs")
    if stopped and (whole(stopped[1]) or 0) == epoch + 1:
        total, part = epoch + 1, 1.0
    return ProgressReading(
        step=epoch + (1 if part >= 1 else 0),
        total=total,
        unit="epochs",
        share=min(1.0, (epoch + part) / total) if total else None,
        objective=objective.value if objective else None,
        objective_name=objective.name if objective else None,
    )


def _of_bar(line: str) -> tuple[int, int | None, float, tuple[Metric, ...]] | None:
    """Epoch, last epoch, part of the epoch that is done, and metrics."""
    if (found := _EPOCH.search(line)) and (one := bar(line[found.start() :])):
        return int(found[1]), None, min(1.0, one.done / one.total), one.metrics
    if found := _RICH.search(line):
        done, total = int(found[3]), int(found[4])
        metrics = tuple(
            Metric(name, value)
            for name, text in _PAIR.findall(line[found.end() :])
            if (value := measured(text)) is not None
        )
        return int(found[1]), int(found[2]), min(1.0, done / total) if total else 0.0, metrics
    return None


READER = ProgressReader("lightning", read)
