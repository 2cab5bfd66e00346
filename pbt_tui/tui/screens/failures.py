"""The failures page: failures grouped by cause, and below one job with the end of its log."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult

from pbt_tui.journal.state import JobState
from pbt_tui.observe import log_reader
from pbt_tui.observe.failure_grouping import Group
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.render import failures
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.text import Frame
from pbt_tui.tui.widgets.lines import Lines

_LOG_BYTES = 32 * 1024


class FailuresScreen(Page):
    PAGE = "failures"
    BINDINGS = bindings("failures")
    CSS_PATH = "failures.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.head = Lines("head", classes="head")
        self.groups = Lines("groups", has_cursor=True)
        self.detail = Lines("detail")
        self._height = 0
        """Number of lines for the groups."""
        self._which = 0
        """Index of the job of the group that is shown below."""
        self._signature = ""
        """Signature of the selected group: the cursor stays on it while others grow."""
        self._log: tuple[str, int, list[str]] = ("", 0, [])
        self._note: tuple[str, int, str | None] = ("", 0, None)

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.head
        yield self.groups
        yield self.detail
        yield self.keys

    @property
    def body(self) -> Lines:
        return self.groups

    @property
    def group(self) -> Group | None:
        groups = self.model.groups
        return groups[self.groups.cursor] if self.groups.cursor < len(groups) else None

    def selected(self) -> list[JobState]:
        """The whole group: a retry on this page is for all its jobs."""
        return self.neighbours()

    def neighbours(self) -> list[JobState]:
        return self.model.jobs(self.group.jobs) if self.group else []

    def current(self) -> JobState | None:
        jobs = self.neighbours()
        return jobs[self._which % len(jobs)] if jobs else None

    def draw(self, change: FollowerUpdate | None) -> None:
        groups, state, width = self.model.groups, self.model.state, self.size.width
        now = self.host.now()
        if not groups:
            before = sum(
                1 for job in state.jobs for a in job.attempts if a.outcome in ("failed", "lost")
            )
            self.head.show([()])
            self.groups.show([])
            self.groups.styles.height = 0
            self.detail.show(failures.none(width, before))
            return
        place = next((i for i, g in enumerate(groups) if g.signature == self._signature), None)
        if place is not None and place != self.groups.cursor:
            self.groups.cursor = place
            self.groups.refresh()
        self._height = min(len(groups), max(2, self.size.height // 3))
        self.groups.styles.height = self._height
        self.head.show([failures.head(width)])
        self.groups.show([failures.row(g, state, width, now) for g in groups])
        self._draw_detail()

    def _draw_detail(self) -> None:
        group, job = self.group, self.current()
        if group is None or job is None:
            return
        frame = Frame(
            self.size.width,
            self.size.height - 3 - self._height,  # header, head and bar; not laid out yet
            self.host.now(),
        )
        jobs = self.neighbours()
        place = (self._which % len(jobs) + 1, len(jobs))
        log = self._end_of_log(job)
        note = self._concentration(group, jobs)
        state = self.model.state
        lines = failures.detail(job, state, frame, place=place, log=log, note=note)
        self.detail.show(lines)

    def _concentration(self, group: Group, jobs: Sequence[JobState]) -> str | None:
        if self._note[:2] != (group.signature, group.count):
            note = failures.concentration(jobs, self.model.state)
            self._note = (group.signature, group.count, note)
        return self._note[2]

    def _end_of_log(self, job: JobState) -> Sequence[str]:
        attempt = len(job.attempts)
        if self._log[:2] != (job.spec.id, attempt):
            path = self.host.follower.rundir.log(job.spec.id, attempt)
            lines = [line.text for line in log_reader.tail(path, _LOG_BYTES)]
            while lines and not lines[-1]:
                lines.pop()
            self._log = (job.spec.id, attempt, lines)
        return self._log[2]

    def on_lines_moved(self) -> None:
        self._which = 0
        self._signature = self.group.signature if self.group else ""
        self._draw_detail()

    def on_lines_chosen(self) -> None:
        self.action_open()

    def action_next(self) -> None:
        self._step(1)

    def action_previous(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        jobs = self.neighbours()
        if jobs:
            self._which = (self._which + by) % len(jobs)
            self._draw_detail()
