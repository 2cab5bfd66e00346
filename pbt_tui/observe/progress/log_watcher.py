"""Reads the progress of many jobs from the ends of their logs, again and again.

A log that did not change costs one `stat`. Must not raise for what a log holds, nor for what a
reader of another package does: such a reader is left out, and `problems` says why.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from pbt_tui.errors import printable
from pbt_tui.files import disk
from pbt_tui.files.regular import open_regular
from pbt_tui.observe.progress.combining import Combined, combine
from pbt_tui.observe.progress.log_window import WINDOW, LogWindow
from pbt_tui.observe.progress.progress_types import Progress, Remaining, told
from pbt_tui.observe.progress.reading import ProgressReader, ProgressReading
from pbt_tui.settings.argv import settings

LAST_LINE = 400
"""Most characters of the last line."""
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]+")


class _Seen(msgspec.Struct, frozen=True):
    stamp: tuple[int, int, int]
    """Size, time of change and inode."""
    found: Combined
    progress: Progress


class LogWatcher:
    """The progress in many logs.

    Args:
        readers: The readers in order of priority.

    Example:
        >>> from pbt_tui.observe.progress.readers import READERS
        >>> watcher = LogWatcher([READERS.get(name) for name in READERS.built_in])
        >>> watcher.of(Path("missing.log"))
        Progress(step=None, total=None, unit=None, share=None, fps=None, eta=None, objective=None, objective_name=None, generation=None, line='', at=None, readers=())
    """  # noqa: E501 - a struct with all its fields

    def __init__(self, readers: Sequence[ProgressReader]) -> None:
        self.problems: list[str] = []
        """Why readers were left out; the caller may clear it."""
        self._readers = list(enumerate(sorted(readers, key=lambda reader: reader.generic)))
        self._seen: dict[Path, _Seen] = {}

    def of(self, log: Path, argv: Sequence[str] = ()) -> Progress:
        """The newest progress in a log. Keeps what was found earlier in it.

        Args:
            log: The log; one that is missing or no regular file has no progress.
            argv: The command of the job, which may tell how long it trains.
        """
        old = self._seen.get(log)
        try:
            there = disk.calls.stat(log)
            stamp = (there.st_size, there.st_mtime_ns, there.st_ino)
            if old is not None and old.stamp == stamp:
                return old.progress
            data = _tail(log)
        except OSError:
            return old.progress if old is not None else Progress()
        window = LogWindow(data, _arguments(argv), whole=stamp[0] <= WINDOW)
        same = old is not None and old.stamp[2] == stamp[2] and old.stamp[0] <= stamp[0]
        before = old.found if old is not None and same else Combined()
        # Most logs of short jobs are empty, and each reader would search them.
        found = combine(before, self._readings(window)) if window.text else before
        line = _last_line(window) or (old.progress.line if old is not None and same else "")
        progress = progress_of(found, line, there.st_mtime)
        self._seen[log] = _Seen(stamp, found, progress)
        return progress

    def forget(self, kept: Collection[Path]) -> None:
        """Forgets all logs but these.

        Args:
            kept: Paths of the logs that are read again.
        """
        if len(self._seen) > len(kept):
            self._seen = {path: seen for path, seen in self._seen.items() if path in kept}

    def _readings(self, window: LogWindow) -> list[tuple[int, str, ProgressReading]]:
        found: list[tuple[int, str, ProgressReading]] = []
        for place, reader in list(self._readers):
            if reader.generic and _is_complete(found):
                continue
            try:
                if (reading := reader.read(window)) is not None:
                    found.append((place, reader.name, reading))
            except Exception as e:  # the reader of another package may raise anything
                self._readers.remove((place, reader))
                why = printable(f"{type(e).__name__}: {e}")
                self.problems.append(f"progress reader `{printable(reader.name)}`: {why:.200}")
        return found


def _is_complete(found: Sequence[tuple[int, str, ProgressReading]]) -> bool:
    """Whether the readers of single trainers left nothing open that others could tell."""
    readings = [reading for _, _, reading in found]
    return (
        any(r.step is not None and (r.total or r.share is not None) for r in readings)
        and any(r.objective is not None for r in readings)
        and any(r.fps is not None for r in readings)
    )


def progress_of(found: Combined, line: str, at: float | None) -> Progress:
    """The progress as files and documents hold it.

    Args:
        found: The values.
        line: The last line of the log.
        at: When the log was last written, in Unix seconds.
    """
    reading = found.reading
    eta = reading.eta
    return Progress(
        step=reading.step,
        total=reading.total,
        unit=reading.unit if reading.step is not None else None,
        share=reading.share,
        fps=reading.fps,
        eta=None if eta is None else Remaining(eta, eta, eta),
        objective=told(reading.objective),
        objective_name=reading.objective_name,
        generation=reading.generation,
        line=line,
        at=at,
        readers=found.readers,
    )


def _tail(log: Path) -> bytes:
    """The last bytes of a log. Raises `OSError`."""
    fd = open_regular(log)
    try:
        size = disk.calls.fstat(fd).st_size
        return disk.calls.pread(fd, WINDOW, max(0, size - WINDOW))
    finally:
        disk.let_go(fd)


def _last_line(window: LogWindow) -> str:
    """The last line that is not empty, for people."""
    text = window.text.rstrip()
    line = text[text.rfind("\n") + 1 :][: 4 * LAST_LINE].expandtabs(4)
    return printable(_CONTROL.sub("", line).rstrip()[:LAST_LINE])


def _arguments(argv: Sequence[str]) -> dict[str, str]:
    """Values of a command by name and by the last part of a dotted name."""
    found: dict[str, str] = {}
    for name, value in settings(tuple(argv)).items() if argv else ():
        key = name.replace("-", "_")
        found[key.rpartition(".")[2]] = value
        found[key] = value
    return found
