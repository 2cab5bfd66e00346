"""Reads the lines of the Trainer of HuggingFace and of TRL: `{'loss': 0.63, 'epoch': 2.98}`."""

from __future__ import annotations

import re

from pbt_tui.observe.progress.log_window import LogWindow, measured, number
from pbt_tui.observe.progress.metric_names import Metric, best
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_PAIR = re.compile(r"'([A-Za-z_][\w/]{0,60})': '?([-+0-9.a-z]{1,30})'?(?=[,}])")


def read(window: LogWindow) -> ProgressReading | None:
    """The loss or the reward, and the share of the epochs that the command asks for.

    The steps are in a progress bar of tqdm; without one, the share follows from the epoch.
    """
    pairs = window.first(_numbers, "{'loss':", "'reward':", "'epoch':")
    if pairs is None:
        return None
    told = [Metric(name, pairs[name]) for name in ("loss", "reward") if name in pairs]
    objective = best(told)
    epochs = window.argument("num_train_epochs")
    epoch = pairs.get("epoch")
    share = None
    if epochs and epoch is not None and 0 <= epoch <= epochs:
        share = epoch / epochs
    return ProgressReading(
        share=share,
        objective=objective.value if objective else None,
        objective_name=objective.name if objective else None,
    )


def _numbers(line: str) -> dict[str, float] | None:
    """The numbers of a line that reports a training step, and not an evaluation."""
    start = line.find("{'")
    if start < 0:
        return None
    found = {
        name: value
        for name, text in _PAIR.findall(line[start:])
        if (value := measured(text)) is not None
    }
    told = "epoch" in found and ("loss" in found or "reward" in found)
    return found if told and number(str(found["epoch"])) is not None else None


READER = ProgressReader("hf_trainer", read)
