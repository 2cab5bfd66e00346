"""The pane below the job table: it reads what the pane shows of the job under the cursor.

It imports what it needs when it is first drawn, which is after the first page.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from pbt_tui.journal.state import ACTIVE, JobState
from pbt_tui.tui.columns import TableContext
from pbt_tui.tui.host import Host
from pbt_tui.tui.model import Model
from pbt_tui.tui.runtime_view import kind_of
from pbt_tui.tui.widgets.job_table import JobTable
from pbt_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from pbt_tui.observe.process_use import ProcessUse, UseReader
    from pbt_tui.tui.log_end import LogEnd

_USE_EVERY = 5.0
"""Seconds between two readings of what a job uses."""


class JobPane(Lines):
    def __init__(self) -> None:
        super().__init__("pane", classes="-off")
        self._log: LogEnd | None = None
        self._use: UseReader | None = None
        self._used: tuple[str, ProcessUse | None] = ("", None)
        self._use_at = 0.0
        self._lines = 0

    def draw(
        self,
        host: Host,
        model: Model,
        table: JobTable,
        context: TableContext,
        size: tuple[int, int, int],
    ) -> None:
        """Shows what is under the cursor of the table.

        `size`: cells of a line, lines for table and pane together, rows of the table.
        """
        from pbt_tui.tui.log_end import LogEnd
        from pbt_tui.tui.render import job_pane

        if self._log is None:
            self._log = LogEnd()
        width, room, rows = size
        height = job_pane.pane_height(room, rows, self._lines)
        if height != self._lines:
            self._lines = height
            self.styles.height = height
        fold, index = table.fold, table.chosen
        rundir, until = host.follower.rundir, host.follower.until
        if fold is not None:
            first = model.state.jobs[fold.jobs[0]]
            log = self._log.lines(rundir, first, until) if fold.state == "failed" else ()
            self.show(job_pane.of_fold(fold, context, width, height, log=log))
        elif index is not None:
            job = model.state.jobs[index]
            self.show(
                job_pane.of_job(
                    job,
                    context,
                    width,
                    height,
                    log=self._log.lines(rundir, job, until),
                    gpus=host.gpus() if job.phase in ACTIVE else (),
                    use=self._use_of(job, model) if until is None else None,
                    ascii_only=self.app.has_class("-ascii"),
                )
            )

    def _use_of(self, job: JobState, model: Model) -> ProcessUse | None:
        """What the processes of a job use, where they are processes of this machine."""
        state, attempt = model.state, job.attempt
        from pbt_tui.observe.process_use import UseReader, boot_id

        kind = kind_of(state)
        if kind is None or not kind.plain or attempt is None or job.phase not in ACTIVE:
            return None
        if state.executor is None or state.executor.boot_id != boot_id():
            return None
        if self._use is None:
            self._use = UseReader()
        now = time.monotonic()
        if self._used[0] != job.spec.id or now - self._use_at >= _USE_EVERY:
            pid, _, start = (attempt.handle or "").partition(".")
            found = None
            if pid.isdigit() and start.isdigit() and len(pid) < 10:
                found = self._use.read(int(pid), now, int(start))
            self._used, self._use_at = (job.spec.id, found), now
        return self._used[1]
