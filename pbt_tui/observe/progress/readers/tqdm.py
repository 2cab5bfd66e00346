"""Reads progress bars of tqdm, which many trainers use, such as skrl and HuggingFace's.

A bar that covers more time than another is the one of the training. Bars of downloads are skipped.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from pbt_tui.observe.progress.log_window import (
    LogWindow,
    abbreviated,
    measured,
    seconds,
)
from pbt_tui.observe.progress.metric_names import Metric, best
from pbt_tui.observe.progress.progress_types import Unit
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_BAR = re.compile(
    r"([0-9]{1,3})%\|[^|]{0,400}\| ?([0-9.]{1,20}[kMGT]?)/([0-9.]{1,20}[kMGT]?)"
    r" \[([0-9:]{4,16})<([0-9:]{4,16}|\?), {0,6}([0-9.]{1,16}[kMGT]?|\?)"
    r"([A-Za-z]{1,20}/s|s/[A-Za-z]{1,20})"
    r"(?:, ?([^\]]{0,400}))?"
)
_PAIR = re.compile(r"([A-Za-z_][\w/.-]{0,60})=([-+0-9.a-zA-Z]{1,30})")
_LESSER = re.compile(r"valid|sanity|test|eval|predict|load|download|map|filter|tokeni", re.I)
_UNITS: dict[str, Unit] = {
    "it": "iterations", "step": "steps", "steps": "steps", "epoch": "epochs", "epochs": "epochs",
    "frame": "frames", "frames": "frames", "ep": "episodes", "episode": "episodes",
    "episodes": "episodes", "timesteps": "frames", "ts": "frames",
}  # fmt: skip
_BYTES = frozenset(("B", "iB", "b", "o"))


class Bar(NamedTuple):
    """One state of a progress bar."""

    title: str
    """The text before the bar."""
    done: int
    """Iterations done."""
    total: int
    """Iterations in all."""
    unit: str
    """The word for an iteration, such as `it`."""
    elapsed: float
    """Seconds since its start."""
    eta: float | None
    """Seconds that are left; None: not known yet."""
    rate: float | None
    """Iterations per second; None: not known yet."""
    metrics: tuple[Metric, ...]
    """Numbers behind the bar."""


def bar(line: str) -> Bar | None:
    """The bar in a line; None: there is none, or it counts bytes.

    Args:
        line: A line of at most some thousand characters.

    Example:
        >>> bar("train:  45%|####5     | 450/1000 [00:45<00:55,  9.99it/s, loss=0.5]").metrics
        (Metric(name='loss', value=0.5),)
    """
    found = _BAR.search(line)
    if found is None:
        return None
    unit = found[7].removeprefix("s/") if found[7].startswith("s/") else found[7][:-2]
    done, total = abbreviated(found[2]), abbreviated(found[3])
    elapsed = seconds(found[4])
    if unit in _BYTES or done is None or not total or elapsed is None:
        return None
    rate = abbreviated(found[6])
    if found[7].startswith("s/"):
        rate = 1 / rate if rate else None
    pairs = _PAIR.findall(found[8] or "")
    metrics = [Metric(name, value) for name, text in pairs if (value := measured(text)) is not None]
    return Bar(
        line[: found.start()].rpartition("\t")[2].strip(" :")[-60:],
        int(done),
        int(total),
        unit,
        elapsed,
        seconds(found[5]),
        rate,
        tuple(metrics),
    )


def bars(window: LogWindow) -> list[Bar]:
    """The newest state of each bar in the log, the newest bar first.

    Args:
        window: The end of a log.
    """
    found: dict[tuple[str, int], Bar] = {}

    def keep(line: str) -> None:
        if one := bar(line):
            found.setdefault((re.sub(r"[0-9]+", "", one.title), one.total), one)

    window.first(keep, "%|")
    return list(found.values())


def covering(found: list[Bar]) -> Bar | None:
    """The bar of the training among several: it has not ended, and covers the most time.

    Args:
        found: Bars, the newest first.
    """
    open_ones = [one for one in found if one.done < one.total] or found[:1]
    main = [one for one in open_ones if not _LESSER.search(one.title)] or open_ones
    newest = main[0] if main else None

    def covers(one: Bar) -> float:
        if one.eta is not None:
            return one.elapsed + one.eta
        # An inner bar that has just begun is the newest; an outer one was drawn before it.
        return one.elapsed if one is newest else float("inf")

    return max(reversed(main), key=covers, default=None)


def read(window: LogWindow) -> ProgressReading | None:
    """The bar that covers the most time.

    Progress bars as tqdm draws them.
    """
    one = covering(bars(window))
    if one is None:
        return None
    objective = best(one.metrics)
    return ProgressReading(
        step=one.done,
        total=one.total,
        unit=_UNITS.get(one.unit),
        fps=one.rate,
        eta=one.eta,
        objective=objective.value if objective else None,
        objective_name=objective.name if objective else None,
    )


READER = ProgressReader("tqdm", read, generic=True)
