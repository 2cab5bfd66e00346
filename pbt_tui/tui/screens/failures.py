"""The failures page: groups with when, where and what differs, and below one job with its log."""

from __future__ import annotations

import os
from collections.abc import Sequence

from textual.app import ComposeResult
from textual.timer import Timer

from pbt_tui.journal.state import JobState
from pbt_tui.observe import failure_differences, log_reader
from pbt_tui.observe.failure_grouping import Group
from pbt_tui.observe.failure_rows import where_text
from pbt_tui.tui.failure_study import FailureStudy
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.render import failures
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.text import Frame, Line
from pbt_tui.tui.widgets.lines import Lines

_LOG_BYTES = 32 * 1024
_AT_ONCE, _IN_STEP = 0.004, 0.012
"""Seconds for which jobs are compared before the page is drawn, and in each step after it."""
_PLACES = 1000
"""Groups whose places are remembered."""


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
        self._places: dict[str, tuple[Group, str]] = {}
        """Signature to a group, and the GPUs or nodes on which its jobs ran."""
        self._study = FailureStudy()
        self._studying: Timer | None = None

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.head
        yield self.groups
        yield self.detail
        yield self.keys

    def on_mount(self) -> None:
        super().on_mount()
        self._studying = self.set_interval(0.02, self._study_on, pause=True)

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
        group = self.group
        return self._job(group) if group is not None else None

    def _job(self, group: Group) -> JobState | None:
        """The job of the group that is shown: of a large group, no list is made."""
        return self.model.state.by_id.get(group.jobs[self._which % len(group.jobs)])

    def draw(self, change: FollowerUpdate | None) -> None:
        groups, state, width = self.model.groups, self.model.state, self.size.width
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
        begin, now = self.model.begin, self.host.now()
        self.groups.show_lazily(len(groups), lambda i: self._row(groups[i], width, begin, now))
        self._draw_detail()

    def _row(self, group: Group, width: int, begin: float, now: float) -> Line:
        known = self._places.get(group.signature)
        if known is None or known[0] is not group:
            if len(self._places) >= _PLACES:
                self._places.clear()
            text = failure_differences.places_text(group, self.model.state) if width >= 100 else ""
            known = self._places[group.signature] = (group, text)
        return failures.row(group, known[1], width, begin, now)

    def on_resize(self) -> None:
        self._places.clear()
        super().on_resize()

    def tick(self, now: float) -> None:
        """Who else uses a GPU changes without an event."""
        super().tick(now)
        found = self._study.findings
        if found is not None and found.place is not None and found.place.what == "GPU":
            self._draw_detail()

    def _draw_detail(self) -> None:
        group, job = self.group, self.current()
        if group is None or job is None:
            return
        self._study.turn_to(group, job, self.model.state)
        if not self._study.advance(_AT_ONCE) and self._studying is not None:
            self._studying.resume()
        frame = Frame(
            self.size.width,
            self.size.height - 3 - self._height,  # header, head and bar; not laid out yet
            self.host.now(),
        )
        place = (self._which % group.count + 1, group.count)
        log, told = self._end_of_log(job), self._told(group, job)
        state = self.model.state
        self.detail.show(failures.detail(job, state, frame, place=place, log=log, told=told))

    def _study_on(self) -> None:
        """Compares further jobs of a large run."""
        done = self._study.advance(_IN_STEP)
        if done and self._studying is not None:
            self._studying.pause()
        if done and self.is_current:
            self._draw_detail()

    def _told(self, group: Group, job: JobState) -> list[tuple[str, str]]:
        """What is known of the group, as far as the jobs are compared."""
        study = self._study
        found, near, where = study.findings, "…", None
        if found is not None:
            live = self.host.follower.holder is not None
            where = where_text(found, self.host.gpus() if found.place else (), live=live)
        if study.is_done or study.near is not None:
            near = failure_differences.nearest_text(study.near, job)
        return failures.told(group, found, near, where=where, now=self.host.now())

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
        group = self.group
        if group is not None:
            self._which = (self._which + by) % group.count
            self._draw_detail()

    def action_copy_report(self) -> None:
        """Copies a report of the group, with the job that is shown."""
        from pbt_tui.tui.failure_report import installed_version, report

        group, job = self.group, self.current()
        if group is None or job is None:
            self.say("nothing has failed", "warn")
            return
        while not self._study.advance(1.0):
            pass
        rundir, told = self.host.follower.rundir, self._told(group, job)
        log = self._end_of_log(job)
        self.host.copy(
            report(
                group, job, self.model.state, rundir,
                told=told, log=log, version=installed_version(), environ=os.environ,
            )
        )  # fmt: skip

    def action_drain(self) -> None:
        """Offers the GPU on which most jobs of the group failed."""
        place = self._study.findings.place if self._study.findings is not None else None
        gpu = place.key if place is not None and place.what == "GPU" else None
        self.host.requests.drain(gpu)
