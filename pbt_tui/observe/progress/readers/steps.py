"""Reads lines as many programs print them: `step 450/10000`, `epoch: 33/5000`, `reward=3.5`."""

from __future__ import annotations

import re
from typing import NamedTuple

from pbt_tui.observe.progress.log_window import (
    LogWindow,
    abbreviated,
    measured,
    number,
    seconds,
    whole,
)
from pbt_tui.observe.progress.metric_names import Metric, best
from pbt_tui.observe.progress.progress_types import Unit
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading

_UNITS: dict[str, Unit] = {
    "step": "steps", "epoch": "epochs", "iter": "iterations", "iteration": "iterations",
    "update": "iterations", "round": "iterations", "frame": "frames", "timestep": "frames",
    "env_step": "frames", "env step": "frames", "global_step": "steps", "global step": "steps",
    "episode": "episodes", "batch": "steps",
}  # fmt: skip
_WORDS = "|".join(sorted((word.replace(" ", "[ ]") for word in _UNITS), key=len, reverse=True))
_OF = re.compile(
    rf"\b({_WORDS})s?\b[\"']?\]?[ \t]{{0,6}}[:=#]?[ \t]{{0,20}}\[?([0-9][0-9,_]{{0,23}})"
    r"[ \t]{0,4}(?:/|of)[ \t]{0,4}([0-9][0-9,_]{0,23})",
    re.I,
)
_ALONE = re.compile(
    rf"\b({_WORDS})s?\b[\"']?[ \t]{{0,6}}(?:[:=#]|(?<=[a-z])[ \t])[ \t]{{0,20}}"
    r"([0-9][0-9,_]{0,23}[kKmM]?)(?![\w.]|-[0-9])",
    re.I,
)
_PERCENT = re.compile(r"\bprogress[:=]?[ \t]{0,8}([0-9]{1,3}(?:\.[0-9]{1,10})?)[ \t]?%", re.I)
_METRIC = re.compile(
    r"(?<![\w.])([A-Za-z_][A-Za-z_ ./]{0,40}?)[\"']?[ \t]{0,4}[:=][ \t]{0,8}[\"'\[]?"
    r"([-+]?(?:[0-9][0-9.eE+-]{0,29}|nan|inf)\b)",
    re.I,
)
_FPS = re.compile(
    r"\b(?:fps|sps|(?:steps|frames)(?:/s|_per_second|_per_sec))[\"']?"
    r"[ \t]{0,4}[:= ][ \t]{0,8}([0-9.]{1,20}[kKmM]?)\b"
    r"|([0-9.]{1,20}[kKmM]?)[ \t]?(?:fps|sps|(?:steps|frames)/s(?:ec)?)\b(?![\"']?[ \t]{0,4}[:=])",
    re.I,
)
_GENERATION = re.compile(r"\bgeneration[\"']?[ \t]{0,4}[=: ][ \t]{0,4}([0-9]{1,9})\b", re.I)
_ETA = re.compile(
    r"\beta[\"']?[:= ][ \t]{0,4}((?:[0-9]{1,9} days?, )?[0-9:]{4,16}|[0-9.]{1,12}[smh])", re.I
)


def _cases(*words: str) -> tuple[str, ...]:
    return tuple(form for word in words for form in (word, word.capitalize(), word.upper()))


_STEP_MARKS = _cases("step", "epoch", "iter", "update", "round", "frame", "episode", "batch")
_METRIC_MARKS = _cases("objective", "reward", "return", "score", "acc", "loss", "fitness")
_RATE_MARKS = _cases("fps", "sps", "steps/s", "frames/s", "per_sec")


class _Count(NamedTuple):
    """A step with its total."""

    step: int
    total: int | None
    unit: Unit
    share: float | None


def read(window: LogWindow) -> ProgressReading | None:
    """The newest values in any known form.

    `step 450/10000 loss=0.31`; each value is taken from the newest line that has it.
    """
    count = window.first(_counted, *_STEP_MARKS) or window.first(_alone, *_STEP_MARKS)
    objective = window.first(_objective, *_METRIC_MARKS)
    fps = window.find(_FPS, *_RATE_MARKS)
    generation = window.find(_GENERATION, *_cases("generation"))
    percent = None if count else window.find(_PERCENT, *_cases("progress"))
    eta = window.find(_ETA, "eta", "ETA", "Eta")
    if not (count or objective or fps or generation or percent):
        return None
    share = number(percent[1]) if percent else None
    return ProgressReading(
        step=count.step if count else None,
        total=count.total if count else None,
        unit=count.unit if count else None,
        share=count.share if count else None if share is None else min(1.0, share / 100),
        fps=abbreviated(fps[1] or fps[2]) if fps else None,
        eta=seconds(eta[1]) if eta else None,
        objective=objective.value if objective else None,
        objective_name=objective.name if objective else None,
        generation=whole(generation[1]) if generation else None,
    )


def _unit(word: str) -> Unit:
    return _UNITS[word.lower().replace("\t", " ")]


def _counted(line: str) -> _Count | None:
    """`epoch 3/10 step 450/1000`: the outermost count, with the share that the inner one adds."""
    found = [
        (_unit(word), done, total)
        for word, a, b in _OF.findall(line)
        if (done := whole(a)) is not None and (total := whole(b))
    ]
    if not found:
        return None
    (unit, done, total), *inner = found
    share = min(1.0, done / total)
    if inner and total > 1:
        part = inner[0][1] / inner[0][2]
        begun = max(done - 1, 0) / total
        if begun <= part <= done / total:
            unit, done, total = inner[0]  # the inner one counts from the start of the training
            share = part
        else:
            share = begun + part / total
    return _Count(done, total, unit, share)


def _alone(line: str) -> _Count | None:
    """`frame=300`: the last count of the line, and one of frames before others."""
    best_count: _Count | None = None
    for word, text in _ALONE.findall(line):
        value = abbreviated(text.replace(",", "").replace("_", ""))
        if value is None or value < 0:
            continue
        unit = _unit(word)
        if best_count is None or unit == "frames" or best_count.unit == "epochs":
            best_count = _Count(int(value), None, unit, None)
    return best_count


def _objective(line: str) -> Metric | None:
    return best(
        Metric(" ".join(name.split()[-2:]), value)
        for name, text in _METRIC.findall(line)
        if (value := measured(text)) is not None
    )


READER = ProgressReader("steps", read, generic=True)
