"""The progress of a job, from the end of its log: fast enough to read for every running job.

Parses the log lines of three trainers; the last line that is not empty is always included.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from pbt_tui.observe.log_reader import clean, tail
from pbt_tui.observe.progress.progress_types import Progress, told

_WINDOW = 16 * 1024
_LOOK = 200
"""Last lines to search for numbers."""


_FRAME = re.compile(
    r"Total num frames: (\d+)|Env frames:? (\d+)|\bframes: (\d+)|\bframes?[=: ]+(\d{1,18})\b", re.I
)
_FPS = re.compile(r"Fps is \(10 sec: ([\d.]+)|fps total: ([\d.]+)|\bfps[=: ]+([\d.]+)", re.I)
_OBJECTIVE = re.compile(
    r"New best objective(?: value|:) (\S+?)!?(?: |$)"
    r"|Avg episode reward: \[\(0, '?(-?[\d.]+)|true_objective[=: ]+(\S+)|\bobjective[=: ]+([^\s,]+)"
)
_GENERATION = re.compile(
    r"New pbt iteration (\d+)|PBT it (\d+)|self iteration (\d+)|\bgeneration[=: ]+(\d+)"
)


class _Cached(msgspec.Struct, frozen=True):
    size: int
    mtime_ns: int
    found: Progress


class ProgressReader:
    """Reads many logs repeatedly; a log that did not change costs one `stat`."""

    def __init__(self) -> None:
        self._seen: dict[Path, _Cached] = {}

    def of(self, log: Path) -> Progress:
        """The newest progress in a log. Keeps numbers whose lines are no longer among the last."""
        try:
            stat = log.stat()
        except OSError:
            return Progress()
        old = self._seen.get(log)
        if old and (old.size, old.mtime_ns) == (stat.st_size, stat.st_mtime_ns):
            return old.found
        found = progress(log)
        if old and old.size <= stat.st_size:
            found = _over(old.found, found)
        self._seen[log] = _Cached(stat.st_size, stat.st_mtime_ns, found)
        return found

    def forget(self, kept: Mapping[Path, object] | set[Path]) -> None:
        """Drops the cached progress of all logs but `kept`."""
        self._seen = {path: seen for path, seen in self._seen.items() if path in kept}


def progress(log: Path) -> Progress:
    """The progress in the last 16 kB of a log; all None and an empty line without a log."""
    try:
        at = log.stat().st_mtime
    except OSError:
        return Progress()
    frame = fps = objective = generation = None
    last = ""
    for line in reversed(tail(log, _WINDOW)[-_LOOK:]):
        text = line.text
        if not text.strip():
            continue
        last = last or text
        frame = _first(_FRAME, text) if frame is None else frame
        fps = _first(_FPS, text) if fps is None else fps
        objective = _first(_OBJECTIVE, text) if objective is None else objective
        generation = _first(_GENERATION, text) if generation is None else generation
        if None not in (frame, fps, objective, generation):
            break
    return Progress(
        step=None if frame is None else int(frame),
        unit=None if frame is None else "frames",
        fps=fps,
        objective=told(objective),
        generation=None if generation is None else int(generation),
        line=last,
        at=at,
    )


def last_line(log: Path) -> str:
    """The last line that is not empty, cleaned; empty if there is none.

    A progress bar counts as a terminal would show it now.
    """
    for line in reversed(tail(log, _WINDOW)):
        text = clean(line.raw)
        if text.strip():
            return text
    return ""


def _first(pattern: re.Pattern[str], text: str) -> float | None:
    found = pattern.search(text)
    if not found:
        return None
    with contextlib.suppress(ValueError):
        value = float(next(g for g in found.groups() if g is not None))
        return value if abs(value) < 1e18 else None
    return None


def _over(old: Progress, new: Progress) -> Progress:
    return Progress(
        step=old.step if new.step is None else new.step,
        unit=old.unit if new.step is None else new.unit,
        fps=old.fps if new.fps is None else new.fps,
        objective=old.objective if new.objective is None else new.objective,
        generation=old.generation if new.generation is None else new.generation,
        line=new.line or old.line,
        at=new.at,
    )
