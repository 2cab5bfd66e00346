"""Sends requests to the executor: checks and confirms them, writes the file, shows the answer.

It reads answers from the journal, like every other program.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from pathlib import Path

from pbt_tui.errors import NotOurs, PbtError, command
from pbt_tui.journal import owners
from pbt_tui.journal.events import Action as RequestAction
from pbt_tui.journal.events import RequestAccepted, RequestRefused
from pbt_tui.journal.needed_jobs import jobs_of_request
from pbt_tui.journal.requests import ask as leave_request
from pbt_tui.journal.state import ACTIVE, JobState
from pbt_tui.journal.status_text import more_shared_memory
from pbt_tui.tui import actions
from pbt_tui.tui import start_executor as start
from pbt_tui.tui.host import Host
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.render import queue
from pbt_tui.tui.runtime_view import kind_of
from pbt_tui.tui.start_executor import StartedExecutor
from pbt_tui.tui.text import safe

_MAKES_SENSE: dict[str, tuple[str, ...]] = {
    "cancel": ("waiting", "starting", "running", "stopping"),
    "kill": ("waiting", "starting", "running", "stopping"),
    "retry": ("failed", "cancelled", "skipped", "succeeded", "waiting"),
}
_PAST = "this is the run as it was; t returns to now"


class RequestSender:
    """Sends requests and remembers those without an answer. It never blocks.

    Args:
        host: The application.
        begin: Starts an executor for a run directory; None: `pbt-run --detach` does.
    """

    def __init__(self, host: Host, begin: Callable[[Path], StartedExecutor] | None = None) -> None:
        self.host = host
        self._begin = begin
        self.pending: dict[str, str] = {}
        """Id of each unanswered request -> its title."""

    @property
    def follower(self) -> JournalFollower:
        return self.host.present

    def answered(self, answers: Sequence[RequestAccepted | RequestRefused]) -> None:
        """Shows the answers to requests of this monitor."""
        for answer in answers:
            title = self.pending.pop(answer.id, None)
            if title is None:
                continue
            if isinstance(answer, RequestAccepted):
                self.host.say(f"✓ accepted: {title}", "good")
            else:
                self.host.say(f"✗ refused: {title}: {answer.why}", "bad")

    def why_not(self, action: RequestAction) -> str | None:
        if self.host.journey is not None:
            return f"cannot {action}: {_PAST}"
        refused = actions.refusal(
            action,
            live=self.follower.holder is not None,
            writable=self.is_writable,
            read_only=self.host.read_only,
            start=command("pbt-run", self.follower.rundir.path),
            key=self._key("executor"),
        )
        return refused or self._untrusted(action)

    def _key(self, action: str) -> str:
        """The key of an action on the main screen, for a text."""
        return self.host.keymap.sign("jobs", action)

    def _untrusted(self, what: str) -> str | None:
        """Why the run directory is not trusted; None if it is. To look at it needs no trust."""
        try:
            owners.check(self.follower.rundir, self.host.trust())
        except NotOurs as e:
            return f"cannot {what}: {e.what}"
        except PbtError as e:
            return f"cannot {what}: {e}"
        return None

    @property
    def is_writable(self) -> bool:
        rundir = self.follower.rundir
        spot = rundir.requests if rundir.requests.is_dir() else rundir.path
        return os.access(spot, os.W_OK | os.X_OK)

    def ask(self, action: RequestAction, jobs: Sequence[JobState], *, anew: bool = False) -> None:
        """Asks for confirmation, then sends the request.

        Only cancel, kill and retry use `jobs`. `anew`: the jobs of a retry begin from scratch.
        """
        follower = self.follower
        starts = action == "retry" and follower.holder is None and self.may_start() is None
        refused = None if starts else self.why_not(action)
        if refused:
            self.host.say(refused, "warn")
            return
        if action in _MAKES_SENSE:
            fit = [job for job in jobs if job.phase in _MAKES_SENSE[action]]
            if not fit:
                self.host.say(_senseless(action, jobs), "warn")
                return
            jobs = fit
        elif (action == "hold") == follower.state.held:
            self.host.say("the run is held already" if action == "hold" else "the run is not held")
            return
        names = tuple(job.spec.id for job in jobs)
        title = actions.sentence(action, names, follower.state.spec.run)
        notes = [*_notes(action, jobs, self._key("release")), *self._in_the_queue(action, jobs)]
        if anew:
            title += " from scratch"
        if action == "retry":
            others = len(jobs_of_request(follower.state, action, names)) - len(names)
            if others:
                what = "begin from scratch" if anew else "start again"
                notes.append(f"dependent jobs that {what}, too: {others}")
            notes += _beginning(jobs, anew, self._key("from_scratch"))
            more = more_shared_memory(follower.state, jobs)
            if more:
                notes.append("their shared memory was too small, and it will have the same size")
                notes.append(f"once no executor runs: `pbt-run RUN_DIR --failed {more}`")
        if starts:
            notes.append(f"no executor: starts one with `{start.shown(follower.rundir.path)}`")

        def confirmed(yes: bool | None) -> None:
            if yes:
                self.leave(action, title, jobs=names, anew=anew)
                self.host.model.marks.difference_update(job.index for job in jobs)
                if starts:
                    self.start_executor()

        self.host.confirm(title, notes, list(names), confirmed)

    def _in_the_queue(self, action: RequestAction, jobs: Sequence[JobState]) -> list[str]:
        """Notes on what the request does in the engine's queue."""
        kind = kind_of(self.follower.state)
        if kind is None or kind.queue is None:
            return []
        return queue.request_notes(action, jobs, self.host.model.queue_status, kind)

    def leave(
        self,
        action: RequestAction,
        title: str,
        jobs: tuple[str, ...] = (),
        gpus: tuple[str, ...] = (),
        *,
        anew: bool = False,
    ) -> None:
        try:
            rundir = self.follower.rundir
            name = leave_request(rundir, action, jobs, gpus, by=_me(), anew=anew)
        except PbtError as e:
            self.host.say(str(e), "bad")
            return
        self.pending[name] = title
        self.host.say(f"… asked: {title}")

    def drain(self, first: str | None = None) -> None:
        """Lets a person choose a GPU, then sends a request to drain it or to use it again."""
        refused = self.why_not("drain")
        if refused:
            self.host.say(refused, "warn")
            return
        executor = self.follower.state.executor
        if executor is None or not executor.gpus:
            self.host.say("this run has no GPUs to drain", "warn")
            return

        def chosen(gpu: tuple[str, bool] | None) -> None:
            if gpu is not None:
                name, drained = gpu
                action: RequestAction = "undrain" if drained else "drain"
                self.leave(action, f"{action} GPU {name}", gpus=(name,))

        self.host.choose_gpu(self.follower.state, chosen, first)

    # -- an executor for a run that has none -------------------------------------------------------

    def may_start(self) -> str | None:
        """Why the monitor cannot start an executor; None if it can."""
        follower = self.follower
        if self.host.journey is not None:
            return f"cannot start an executor: {_PAST}"
        if self.host.read_only:
            return "cannot start an executor: this is a read-only view"
        if not os.access(follower.rundir.path, os.W_OK | os.X_OK):
            return "cannot start an executor: the run directory is not writable for you"
        if follower.error is not None:
            return f"cannot start an executor: {follower.error}"
        if follower.holder is not None:
            return "an executor is running already"
        executor, kind = follower.state.executor, kind_of(follower.state)
        if (
            executor is not None
            and kind is not None
            and not kind.reached_from_anywhere
            and executor.host != socket.gethostname()
            and follower.state.active
        ):
            return f"jobs of this run may still be active on {executor.host}: start it there"
        return self._untrusted("start an executor")

    def offer_executor(self) -> None:
        refused = self.may_start()
        if refused is None and self.follower.state.closed is not None:
            refused = f"this run is closed: retry jobs ({self._key('retry')}) to open it again"
        if refused:
            self.host.say(refused, "warn")
            return

        def confirmed(yes: bool | None) -> None:
            if yes:
                self.start_executor()

        run = self.follower.state.spec.run
        notes = [f"runs `{start.shown(self.follower.rundir.path)}`", "it goes on when you quit"]
        self.host.confirm(f"start an executor for {run}", notes, [run], confirmed)

    def start_executor(self) -> None:
        def work() -> Callable[[], None] | None:
            begin = self._begin or start.executor
            started = begin(self.follower.rundir.path)
            if started.code == 0:
                return None
            message = safe((started.stderr or started.stdout).strip().partition("\n")[0])
            return lambda: self.host.say(f"✗ no executor: {message}", "bad")

        self.host.say("… starting an executor")
        self.host.in_background(work)


def _me() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "person"


def _beginning(jobs: Sequence[JobState], anew: bool, key: str) -> list[str]:
    """What the next attempts of members begin from, for the confirmation of a retry."""
    if not any(job.continues and job.attempts for job in jobs):
        return []
    if anew:
        return ["what the member has written is put aside, as `NNN.before-2`"]
    written = "a member goes on from the last generation that it has written"
    return [f"{written}; {key}: from scratch"]


def _senseless(action: str, jobs: Sequence[JobState]) -> str:
    if not jobs:
        return f"nothing to {action}: no job is selected"
    states = sorted({job.shown for job in jobs})
    which = jobs[0].spec.id if len(jobs) == 1 else f"all {len(jobs)}"
    return f"nothing to {action}: {which} {'is' if len(jobs) == 1 else 'are'} {' or '.join(states)}"


def _notes(action: str, jobs: Sequence[JobState], release: str) -> list[str]:
    """What the request will do, for the confirmation."""
    if action == "hold":
        return ["no new attempts start; running ones go on", f"release with {release}"]
    if action == "release":
        return ["waiting jobs start again"]
    active = sum(1 for job in jobs if job.phase in ACTIVE)
    notes = []
    if len(jobs) == 1:
        attempt = jobs[0].attempt
        which = f", attempt {attempt.number}" if attempt is not None else ""
        at_once = ", ended at once, without grace" if action == "kill" else ""
        notes.append(f"it is {jobs[0].shown}{which}{at_once}")
        return [*notes, "it starts again" if action == "retry" else "it will not be retried"]
    if active:
        notes.append(f"{active} active" + (", ended at once" if action == "kill" else ""))
    if len(jobs) > active:
        others = sorted({job.shown for job in jobs if job.phase not in ACTIVE})
        notes.append(f"{len(jobs) - active} {' or '.join(others)}")
    notes.append(
        "they start again with a new attempt" if action == "retry" else "they will not be retried"
    )
    return notes
