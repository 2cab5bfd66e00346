"""How far a job is, from the end of its log: cheap enough to ask of every running job.

Must not know jobs: a path in, one value out. Knows the lines of the three trainers, and falls
back to the last line that says anything.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Mapping
from pathlib import Path

import msgspec

from pbt_tui.observe.log_reader import clean, tail

_WINDOW = 16 * 1024
_LOOK = 200
"""Lines from the end in which a number is still news."""


class Progress(msgspec.Struct, frozen=True):
    """The newest that a log says; None where it does not."""

    frame: int | None = None
    """Environment frames or steps."""
    fps: float | None = None
    objective: float | None = None
    generation: int | None = None
    line: str = ""
    """The last line, for people."""
    at: float | None = None
    """When the log was last written, Unix seconds."""


class Progresses(msgspec.Struct, frozen=True):
    """The contents of `progress.json`."""

    at: float
    jobs: dict[str, Progress]


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
    """Asks of many logs again and again; a log that did not grow costs one `stat`."""

    def __init__(self) -> None:
        self._seen: dict[Path, _Cached] = {}

    def of(self, log: Path) -> Progress:
        """The newest progress in that log. Numbers stay when their lines leave the window."""
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
        """Drops what is known of other logs."""
        self._seen = {path: seen for path, seen in self._seen.items() if path in kept}


def progress(log: Path) -> Progress:
    """From the last 16 kB; all None and an empty line where there is no log."""
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
        None if frame is None else int(frame),
        fps,
        objective,
        None if generation is None else int(generation),
        last,
        at,
    )


def last_line(log: Path) -> str:
    """The last line that says anything, cleaned; empty where there is none.

    A progress bar counts as it would look on a terminal now.
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
        old.frame if new.frame is None else new.frame,
        old.fps if new.fps is None else new.fps,
        old.objective if new.objective is None else new.objective,
        old.generation if new.generation is None else new.generation,
        new.line or old.line,
        new.at,
    )


def encode(progresses: Progresses) -> bytes:
    """The bytes of `progress.json`; the executor writes them."""
    return msgspec.json.encode(progresses) + b"\n"


def read(path: Path) -> Progresses | None:
    """The newest progress of all jobs, or None: not there, or half of it."""
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(path.read_bytes(), type=Progresses)
    return None
