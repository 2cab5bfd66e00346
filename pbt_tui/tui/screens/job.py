"""A job's page: reads the end of its log and its submission, and shows what `render.job` draws."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial

from textual.app import ComposeResult

from pbt_tui.files.regular import TEXT_BYTES, read_regular
from pbt_tui.journal.state import ACTIVE, JobState
from pbt_tui.observe.job_trackers import JobTracker, job_trackers
from pbt_tui.runtimes.kind import Submission
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.log_end import LogEnd
from pbt_tui.tui.render import job as render_job
from pbt_tui.tui.runtime_view import read_submission
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.text import Frame
from pbt_tui.tui.widgets.lines import Lines

_LOOK_AGAIN = 10.0
"""Seconds after which the trackers of an active job are looked for again."""


class JobScreen(Page):
    PAGE = "job"
    BINDINGS = bindings("job")

    def __init__(self, job: str, among: list[str]) -> None:
        super().__init__()
        self.job = job
        self.among = among if job in among else [job]
        self.text = Lines("text", classes="document")
        self._log = LogEnd()
        self._requested: tuple[tuple[str, int], str] = (("", 0), "")
        self._trackers: tuple[JobTracker, ...] = ()
        self._tracked: tuple[str, int, str] = ("", 0, "")
        """Job, number of attempts and state when the trackers were last looked for."""
        self._track_at = 0.0
        self._submitted: tuple[tuple[str, int, str | None], Submission | None] | None = None

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.text
        yield self.keys

    @property
    def body(self) -> Lines:
        return self.text

    def selected(self) -> list[JobState]:
        return self.model.jobs([self.job])

    def draw(self, change: FollowerUpdate | None) -> None:
        jobs = self.selected()
        if not jobs:
            self.text.show([(), ((f"  this run has no job {self.job} any more", "warn"),)])
            return
        host = self.host
        place = (self.among.index(self.job) + 1, len(self.among))
        text = self.text
        whole = text.scrollable_content_region.width + text.scrollbar_size_vertical
        page = partial(
            render_job.page,
            jobs[0],
            self.model.state,
            rundir=host.follower.rundir,
            log=self._log.lines(host.follower.rundir, jobs[0], host.follower.until),
            request=self._request(jobs[0]),
            place=place,
            queued=self.model.queue_status(jobs[0]),
            pause=self.model.pause(jobs[0]),
            submission=self._submission(jobs[0]),
            held=host.follower.held,
            trackers=self._trackers_of(jobs[0]),
        )
        lines = page(Frame(whole, text.size.height, host.now()))
        if len(lines) > text.size.height:  # a scroll bar comes, or is there
            lines = page(Frame(whole - 1, text.size.height, host.now()))
        text.show(lines)

    def tick(self, now: float) -> None:
        super().tick(now)
        self.draw(None)

    def _trackers_of(self, job: JobState) -> tuple[JobTracker, ...]:
        """What trackers hold of the job. Another thread looks: a folder may be slow."""
        name, now = (job.spec.id, len(job.attempts), job.phase), time.monotonic()
        if name[:2] != self._tracked[:2]:
            self._trackers = ()
        if job.attempts and (name != self._tracked or now >= self._track_at):
            self._tracked = name
            self._track_at = now + _LOOK_AGAIN if job.phase in ACTIVE else math.inf
            state, rundir = self.model.state, self.host.follower.rundir

            def look() -> Callable[[], None]:
                found = job_trackers(job, state, rundir)
                return lambda: self._take_trackers(name, found)

            self.host.in_background(look)
        return self._trackers

    def _take_trackers(self, name: tuple[str, int, str], found: tuple[JobTracker, ...]) -> None:
        if name[:2] == self._tracked[:2] and found != self._trackers:
            self._trackers = found
            if self.is_current:
                self.draw(None)

    def action_copy_trackers(self) -> None:
        """Copies the commands and addresses that open the trackers."""
        if self._trackers:
            self.host.copy("\n".join(text for one in self._trackers for text in one.texts))
        else:
            self.say("no W&B run, TensorBoard folder or MLflow run is known of this job", "warn")

    def _request(self, job: JobState) -> str:
        """The request to the engine for the newest attempt; it never changes once it exists."""
        name = (self.job, len(job.attempts))
        if job.attempts and self._requested[0] != name:
            with suppress(OSError):
                path = self.host.follower.rundir.request(*name)
                self._requested = (name, read_regular(path, TEXT_BYTES).decode(errors="replace"))
        return self._requested[1] if self._requested[0] == name else ""

    def _submission(self, job: JobState) -> Submission | None:
        """The submission of the newest attempt; read again until it is final."""
        status, attempt = self.model.queue_status(job), job.attempt
        handle = status.id if status else attempt.handle if attempt else None
        name = (self.job, len(job.attempts), handle)
        if self._submitted is not None and self._submitted[0] == name:
            known = self._submitted[1]
            if known is None or known.final:
                return known
        try:
            submission = read_submission(job, self.model.state, self.host.follower.rundir, handle)
        except Exception as e:  # a kind of another package may raise anything
            submission = None
            self.say(f"cannot read what was submitted: {type(e).__name__}: {e}", "bad")
        self._submitted = (name, submission)
        return submission

    def action_next(self) -> None:
        self._step(1)

    def action_previous(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        place = (self.among.index(self.job) + by) % len(self.among)
        self.job = self.among[place]
        self.text.scroll_to(y=0, animate=False)
        self.changed(None)

    def action_copy(self) -> None:
        jobs = self.selected()
        if jobs:
            self.host.copy(
                " && ".join(render_job.by_hand(jobs[0], self.model.state, self._request(jobs[0])))
            )
