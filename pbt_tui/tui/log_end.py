"""The last lines of a job's newest log, read again only when the file has changed."""

from __future__ import annotations

from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import JobState
from pbt_tui.observe import log_reader

_BYTES = 16 * 1024


class LogEnd:
    """Keeps the lines of one log."""

    def __init__(self) -> None:
        self._made_of: tuple[str, int, int, int] = ("", 0, -1, 0)
        self._lines: list[str] = []

    def lines(self, rundir: RunDir, job: JobState) -> list[str]:
        """The last lines; empty without a log."""
        number = len(job.attempts)
        if not number:
            return []
        path = rundir.log(job.spec.id, number)
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
