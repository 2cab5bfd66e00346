"""Asking the executor: refuse with a reason, confirm, leave the request file, show the answer.

Must not know what the executor does: it learns it from the journal like everybody else.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pbt_tui.errors import PbtError
from pbt_tui.journal.events import Action as Asked
from pbt_tui.journal.events import RequestAccepted, RequestRefused
from pbt_tui.journal.requests import ask as leave_request
from pbt_tui.journal.state import ACTIVE, JobState
from pbt_tui.tui import actions
from pbt_tui.tui import start_executor as start
from pbt_tui.tui.render import queue
from pbt_tui.tui.text import safe

if TYPE_CHECKING:
    from pbt_tui.tui.app import Monitor

_MAKES_SENSE: dict[str, tuple[str, ...]] = {
    "cancel": ("waiting", "starting", "running", "stopping"),
    "kill": ("waiting", "starting", "running", "stopping"),
    "retry": ("failed", "cancelled", "skipped", "succeeded", "waiting"),
}


class RequestSender:
    """What was asked from here and not answered yet; it waits for nothing."""

    def __init__(self, monitor: Monitor) -> None:
        self.monitor = monitor
        self.pending: dict[str, str] = {}
        """By request id: what was asked."""

    def answered(self, answers: Sequence[RequestAccepted | RequestRefused]) -> None:
        """Says what became of the requests that were left from here."""
        for answer in answers:
            asked = self.pending.pop(answer.id, None)
            if asked is None:
                continue
            if isinstance(answer, RequestAccepted):
                self.monitor.say(f"✓ accepted: {asked}", "good")
            else:
                self.monitor.say(f"✗ refused: {asked}: {answer.why}", "bad")

    def why_not(self, asked: Asked) -> str | None:
        return actions.refusal(
            asked,
            live=self.monitor.feed.holder is not None,
            writable=self.is_writable,
            read_only=self.monitor.read_only,
            start=f"pbt-run {self.monitor.feed.rundir.path}",
        )

    @property
    def is_writable(self) -> bool:
        where = self.monitor.feed.rundir
        spot = where.requests if where.requests.is_dir() else where.path
        return os.access(spot, os.W_OK | os.X_OK)

    def ask(self, asked: Asked, jobs: Sequence[JobState]) -> None:
        """Confirms, then leaves the request. `jobs` matter to cancel, kill and retry alone."""
        of_jobs = asked in _MAKES_SENSE
        starts = asked == "retry" and self.monitor.feed.holder is None and self.may_start() is None
        refused = None if starts else self.why_not(asked)
        if refused:
            self.monitor.say(refused, "warn")
            return
        if of_jobs:
            fit = [job for job in jobs if job.phase in _MAKES_SENSE[asked]]
            if not fit:
                self.monitor.say(_senseless(asked, jobs), "warn")
                return
            jobs = fit
        elif (asked == "hold") == self.monitor.feed.state.held:
            self.monitor.say(
                "the run is held already" if asked == "hold" else "the run is not held"
            )
            return
        names = tuple(job.spec.id for job in jobs)
        title = actions.sentence(asked, names, self.monitor.feed.state.spec.run)
        notes = [*_notes(asked, jobs), *self._in_slurm(asked, jobs)]
        if starts:
            notes.append(
                f"no executor: starts one with `{start.shown(self.monitor.feed.rundir.path)}`"
            )

        def confirmed(yes: bool | None) -> None:
            if yes:
                self.leave(asked, title, jobs=names)
                self.monitor.model.marks.difference_update(job.index for job in jobs)
                if starts:
                    self.start_executor()

        self.confirm(title, notes, list(names), confirmed)

    def _in_slurm(self, asked: Asked, jobs: Sequence[JobState]) -> list[str]:
        model = self.monitor.model
        executor = model.state.executor
        if executor is None or executor.runtime != "slurm":
            return []
        return queue.asked(asked, jobs, model.place)

    def leave(
        self,
        asked: Asked,
        title: str,
        jobs: tuple[str, ...] = (),
        gpus: tuple[str, ...] = (),
    ) -> None:
        try:
            name = leave_request(self.monitor.feed.rundir, asked, jobs, gpus, by=_me())
        except PbtError as e:
            self.monitor.say(str(e), "bad")
            return
        self.pending[name] = title
        self.monitor.say(f"… asked: {title}")

    def confirm(
        self,
        title: str,
        notes: list[str],
        names: list[str],
        then: Callable[[bool | None], None],
    ) -> None:
        from pbt_tui.tui.screens.confirm import Confirm

        self.monitor.push_screen(Confirm(title, notes, names), then)

    def drain(self) -> None:
        """Asks which GPU, then asks the executor to start nothing on it, or again."""
        refused = self.why_not("drain")
        if refused:
            self.monitor.say(refused, "warn")
            return
        executor = self.monitor.feed.state.executor
        if executor is None or not executor.gpus:
            self.monitor.say("this run has no GPUs to drain", "warn")
            return
        from pbt_tui.tui.screens.drain import Drain

        def chosen(gpu: tuple[str, bool] | None) -> None:
            if gpu is not None:
                name, drained = gpu
                asked: Asked = "undrain" if drained else "drain"
                self.leave(asked, f"{asked} GPU {name}", gpus=(name,))

        self.monitor.push_screen(Drain(self.monitor.feed.state), chosen)

    # -- an executor for a run that has none -------------------------------------------------------

    def may_start(self) -> str | None:
        """Why no executor may be started from here; None where it may."""
        if self.monitor.read_only:
            return "cannot start an executor: this is a read-only view"
        if not os.access(self.monitor.feed.rundir.path, os.W_OK | os.X_OK):
            return "cannot start an executor: the run directory is not writable for you"
        if self.monitor.feed.error is not None:
            return f"cannot start an executor: {self.monitor.feed.error}"
        if self.monitor.feed.holder is not None:
            return "an executor is at work already"
        executor = self.monitor.feed.state.executor
        if (
            executor is not None
            and executor.runtime != "slurm"  # any login node sees its jobs
            and executor.host != socket.gethostname()
            and self.monitor.feed.state.active
        ):
            return f"jobs of this run may still be active on {executor.host}: start it there"
        return None

    def offer_executor(self) -> None:
        refused = self.may_start()
        if refused is None and self.monitor.feed.state.closed is not None:
            refused = "this run is closed: retry jobs (r) to open it again"
        if refused:
            self.monitor.say(refused, "warn")
            return

        def confirmed(yes: bool | None) -> None:
            if yes:
                self.start_executor()

        run = self.monitor.feed.state.spec.run
        notes = [f"runs `{start.shown(self.monitor.feed.rundir.path)}`", "it goes on when you quit"]
        self.confirm(f"start an executor for {run}", notes, [run], confirmed)

    def start_executor(self) -> None:
        def work() -> None:
            started = start.executor(self.monitor.feed.rundir.path)
            if started.code != 0:
                words = safe((started.complained or started.said).strip().partition("\n")[0])
                self.monitor.call_from_thread(self.monitor.say, f"✗ no executor: {words}", "bad")

        self.monitor.say("… starting an executor")
        self.monitor.run_worker(work, thread=True)


def _me() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "person"


def _senseless(asked: str, jobs: Sequence[JobState]) -> str:
    if not jobs:
        return f"nothing to {asked}: no job is chosen"
    states = sorted({job.shown for job in jobs})
    which = jobs[0].spec.id if len(jobs) == 1 else f"all {len(jobs)}"
    return f"nothing to {asked}: {which} {'is' if len(jobs) == 1 else 'are'} {' or '.join(states)}"


def _notes(asked: str, jobs: Sequence[JobState]) -> list[str]:
    """What it means, before it is done."""
    if asked == "hold":
        return ["no new attempts start; what runs goes on", "release with U"]
    if asked == "release":
        return ["waiting jobs start again"]
    active = sum(1 for job in jobs if job.phase in ACTIVE)
    notes = []
    if len(jobs) == 1:
        attempt = jobs[0].attempt
        which = f", attempt {attempt.number}" if attempt is not None else ""
        at_once = ", ended at once, without grace" if asked == "kill" else ""
        notes.append(f"it is {jobs[0].shown}{which}{at_once}")
        return [*notes, "it starts again" if asked == "retry" else "it will not be retried"]
    if active:
        notes.append(f"{active} active" + (", ended at once" if asked == "kill" else ""))
    if len(jobs) > active:
        others = sorted({job.shown for job in jobs if job.phase not in ACTIVE})
        notes.append(f"{len(jobs) - active} {' or '.join(others)}")
    notes.append(
        "they start again with a new attempt" if asked == "retry" else "they will not be retried"
    )
    return notes
