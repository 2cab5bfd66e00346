"""A log as it was at an earlier time, by the times that its lines tell."""

from __future__ import annotations

from pathlib import Path

from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.tui.logs import log_times
from pbt_tui.tui.logs.log_file import LogFile

_LINES = 200
"""Most lines of the end of a log."""
_THEN = "up to this time"
_NO_TIMES = "no times in it: as it is now"
_NOT_BEGUN = "this attempt had not begun"


class PastLog:
    """Finds how much of a log had been written; it keeps the last log open."""

    def __init__(self) -> None:
        self._file: LogFile | None = None
        self._found: tuple[object, int | None, str] = (None, None, "")

    def close(self) -> None:
        """Closes the log."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def end(self, path: Path, attempt: Attempt | None, moment: float) -> tuple[int | None, str]:
        """How many bytes of a log had been written, None: all; and what to tell people.

        Args:
            path: The log.
            attempt: Its attempt, as it was then; None: there was none yet.
            moment: The time, in Unix seconds.
        """
        if attempt is None:
            return 0, _NOT_BEGUN
        if attempt.outcome is not None:
            return None, ""
        file = self._opened(path)
        began = attempt.scheduled_at if attempt.started_at is None else attempt.started_at
        made_of = (path, file.size, int(moment), began)
        if self._found[0] != made_of:
            end = log_times.end_at(file, moment, began)
            self._found = (made_of, end, _THEN if end is not None or not file.size else _NO_TIMES)
        return self._found[1:]

    def lines(self, path: Path, job: JobState, moment: float) -> list[str]:
        """The last lines that the newest attempt of a job had written."""
        end, note = self.end(path, job.attempt, moment)
        file = self._opened(path)
        size = file.size if end is None else end
        start = file.back(size, _LINES)
        rows = file.forward(start, _LINES)
        self.close()
        lines = [row.text for row in rows if row.start < size]
        while lines and not lines[-1]:
            lines.pop()
        return [f"({note})", *lines] if note == _NO_TIMES and lines else lines

    def _opened(self, path: Path) -> LogFile:
        if self._file is None or self._file.path != path:
            self.close()
            self._file = LogFile(path)
        self._file.check()
        return self._file
