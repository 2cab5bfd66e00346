"""The last lines of a job's newest log, read again only when the file has changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import JobState
from pbt_tui.observe import log_reader

if TYPE_CHECKING:
    from pbt_tui.tui.time_travel.past_log import PastLog

_BYTES = 16 * 1024


class LogEnd:
    """Keeps the lines of one log."""

    def __init__(self) -> None:
        self._made_of: tuple[str, int, int, int] = ("", 0, -1, 0)
        self._lines: list[str] = []
        self._past: PastLog | None = None

    def lines(self, rundir: RunDir, job: JobState, until: float | None = None) -> list[str]:
        """The last lines; empty without a log.

        Args:
            rundir: The paths of the run.
            job: The job.
            until: The earlier time, in Unix seconds, as of which the lines are wanted; None: now.
        """
        number = len(job.attempts)
        if not number:
            return []
        path = rundir.log(job.spec.id, number)
        if until is not None:
            if self._past is None:
                from pbt_tui.tui.time_travel.past_log import PastLog  # late: few travel

                self._past = PastLog()
            return self._past.lines(path, job, until)
        try:
            seen = path.stat()
            made_of = (job.spec.id, number, seen.st_size, seen.st_mtime_ns)
        except OSError:
            made_of = (job.spec.id, number, 0, 0)
        if made_of != self._made_of:
            self._made_of = made_of
            self._lines = [line.text for line in log_reader.tail(path, _BYTES)]
            while self._lines and not self._lines[-1]:
                self._lines.pop()
        return self._lines
