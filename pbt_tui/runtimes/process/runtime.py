"""The `process` runtime: runs attempts as plain processes, which outlive the executor.

Must not use the exit status of a child: only the claim file counts, so that the result is the same
whether or not an executor was running.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.files import folders
from pbt_tui.files.faults import cannot_go_on
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.claims import Claim
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.process import marks, shim
from pbt_tui.runtimes.process.attempt import FollowedAttempt, Name
from pbt_tui.runtimes.process.descendants import Family, family_of
from pbt_tui.runtimes.process.liveness import Liveness
from pbt_tui.runtimes.process.pidfd_watcher import PidfdWatcher
from pbt_tui.runtimes.process.second_starts import UNWRITTEN, SecondStarts
from pbt_tui.runtimes.process.shim_reports import ShimReports
from pbt_tui.runtimes.process.spawner import Spawner, refusal
from pbt_tui.runtimes.process.stops import Stops, mark_stop
from pbt_tui.runtimes.process.strays import Strays
from pbt_tui.runtimes.process.waiting_shims import WaitingShims
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Seen, Started
from pbt_tui.spec import Job

_AGAIN = 0.05
"""Seconds until a claim that is still empty is read again."""
_FAR = 0.5
"""Seconds between two looks at attempts that are alive elsewhere."""


def create(context: RunContext, progress: Callable[[str], None]) -> ProcessRuntime:
    """Creates the runtime of one run directory."""
    if not marks.supported():
        progress(
            "jobs cannot be marked here (`RLIMIT_LOCKS`): a process that leaves the session of its "
            "job is not found when the job is stopped"
        )
    return ProcessRuntime(
        context.rundir,
        environ=context.environ,
        elsewhere=context.elsewhere,
        grace=context.policy.grace,
        keep=context.policy.keep_descendants is True,
        note=progress,
    )


class ProcessRuntime:
    """Starts, follows and stops the attempts of one run directory.

    Args:
        rundir: the run directory.
        environ: environment that jobs inherit; None: that of this process.
        elsewhere: host of the last executor, if that is not this one.
        grace: seconds that strays of an ended job have to exit.
        keep: whether they may stay.
        note: called with what people should know at the start.
    """

    name = "process"
    engine_id = ""
    image_digest: str | None = None

    def __init__(
        self,
        rundir: RunDir,
        *,
        environ: Mapping[str, str] | None = None,
        elsewhere: str | None = None,
        grace: float = 30.0,
        keep: bool = False,
        note: Callable[[str], None] = lambda line: None,
    ) -> None:
        self._dir = rundir
        self._where = Liveness(rundir.journal, elsewhere)
        self._note = note
        self._keep = keep
        self._stops = Stops()
        self._strays = Strays(grace, keep)
        self._watch = PidfdWatcher[FollowedAttempt]()
        self._reports = ShimReports()
        self._spawner = Spawner(environ, self._where, None if keep else grace)
        self._waiting = WaitingShims(self._spawner, self._reports.tell)
        self.start_waiting = self._waiting.start
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._watch.also(self._wake)
        self._attempts: dict[Name, FollowedAttempt] = {}
        """Attempts whose end has not been reported."""
        self._children: dict[int, FollowedAttempt] = {}
        """Shims to reap by process id, also those that did not get the claim."""
        self._unsettled: dict[Name, FollowedAttempt] = {}
        """Attempts whose claim is still empty."""
        self._again = 0.0
        """When to read those claims again, in monotonic seconds."""
        self._second_starts = SecondStarts(rundir)
        self._far: dict[Name, FollowedAttempt] = {}
        """Attempts that are alive where their process ids mean nothing."""
        self._look_far = 0.0
        """When to look at those next, in monotonic seconds."""
        self._facts: list[Fact] = []
        self._woken = False
        """Whether the loop is woken for facts that `facts` has not returned, or is in `facts`."""

    def prepare(self, jobs: Sequence[Job]) -> None:
        if not os.access(shim.SHELL, os.X_OK):
            raise RuntimeUnavailable(f"plain processes need a shell: `{shim.SHELL}`")
        folder = self._dir.logs
        try:
            folders.make(folder)  # but not the run directory: it may have been moved away
        except OSError as error:
            raise RuntimeUnavailable(f"cannot make `{folder}`: {error.strerror}") from error

    def launch(self, batch: Sequence[Launch]) -> None:
        for launch in batch:
            found = FollowedAttempt(launch.job, launch.attempt, 0, child=True, launch=launch)
            if found.name in self._attempts:
                continue
            try:
                found.pid, found.mark, order = self._waiting.take(launch)
            except (OSError, ValueError) as error:
                self._refuse(launch, error)
                continue
            shim.begin(found.pid, order)
            self._attempts[found.name] = found
            self._children[found.pid] = found
            self._reports.expect(found)
            if not self._watch.add(found, found.pid):  # reaped already: SIGCHLD is ignored
                del self._children[found.pid]
                self._reports.give_up(found.pid)
                self._settle(found)

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        found = self._attempts.get((job, attempt))
        if found is not None and found.name in self._strays:
            self._strays.stop(found.name, kill=kill)
            return True
        if found is not None and found.name in self._far:
            mark_stop(self._dir, found)
            return False  # no signal can be sent from here
        now = proc.look(found.pid) if found is not None else None
        if found is None or now is None or (found.handle or now.handle) != now.handle:
            return True  # it has ended: `facts` has reported it, or will
        mark_stop(self._dir, found)
        # With `keep`, what has left session and parent is not stopped with the attempt.
        family = Family(now.handle) if self._keep else found.family(now.handle, found.mark)
        if kill:
            return self._stops.kill(family)
        return self._stops.term(family, found.told)

    def forget(self, job: str, attempt: int) -> None:
        """Does nothing: claim and log of a process are kept."""

    def hold(self, held: bool) -> None:
        """Does nothing: plain processes have no queue."""

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        """Waits for empty claims, for up to a second in total."""
        ends: dict[Name, tuple[Ended, Family]] = {}
        seen = [self._see(*attempt, ends) for attempt in attempts]
        while None in seen:
            time.sleep(_AGAIN)
            seen = [old or self._see(*a, ends) for a, old in zip(attempts, seen, strict=True)]
        # An attempt whose strays are alive has not ended: `facts` reports it once they are gone.
        left = dict(zip(ends, self._strays.look(list(ends.values())), strict=True))
        for name, (end, family) in ends.items():
            if left[name]:
                pid = proc.pid_of(family.shim)
                self._attempts[name] = FollowedAttempt(*name, pid, handle=end.handle)
        return [
            Seen("alive", answer.handle) if left.get((job, number)) else answer
            for (job, number, _), answer in zip(attempts, seen, strict=True)
            if answer is not None
        ]

    def forfeit(self, job: str, attempt: int) -> bool:
        path = self._dir.claim(job, attempt)
        try:
            taken = claims.take(path, claims.GIVEN_UP)
        except OSError as error:
            raise cannot_go_on(error, "cannot give up an attempt", path) from error
        if not taken:
            claim = claims.read(path)
            if claim is None or not claim.given_up:
                if (job, attempt) not in self._attempts:
                    self._settle(FollowedAttempt(job, attempt, 0))
                return False
        self._attempts.pop((job, attempt), None)
        return True

    def fileno(self) -> int:
        return self._watch.fileno()

    def next_wake(self) -> float | None:
        times = (
            self._watch.next_wake(),
            self._reports.next_wake(),
            self._again if self._unsettled else None,
            self._look_far if self._far else None,
            self._strays.next_wake(),
            self._stops.next_wake(),
        )
        return min((time for time in times if time is not None), default=None)

    def facts(self) -> list[Fact]:
        if self._woken:
            os.eventfd_read(self._wake)
        self._woken = True
        try:
            self._look()
        finally:
            self._woken = False
        facts, self._facts = self._facts, []
        return facts

    def _look(self) -> None:
        """Collects all that has happened since the last look in `_facts`."""
        dead = self._watch.ended()  # before the pipe: a shim writes its handle before it exits
        for found, handle in self._reports.heard():
            if self._attempts.get(found.name) is found:
                self._began(found, handle)
        for found in dead:
            if found.child:
                del self._children[found.pid]
                self._reports.give_up(found.pid)
                proc.reap(found.pid)
            if self._attempts.get(found.name) is found:
                self._settle(found)
        if self._unsettled and time.monotonic() >= self._again:
            waiting, self._unsettled = self._unsettled, {}
            for found in waiting.values():
                self._settle(found)
        if self._far and time.monotonic() >= self._look_far:
            self._look_far = time.monotonic() + _FAR
            for found in list(self._far.values()):
                self._settle(found)
        self._stops.look_again()
        for end in self._strays.gone():
            self._end(end)

    def close(self) -> None:
        self._waiting.close()
        self._watch.close()
        self._reports.close()
        os.close(self._wake)
        for pid in self._children:
            proc.reap(pid)

    def _began(self, found: FollowedAttempt, handle: str) -> None:
        if found.handle is None:
            found.handle = handle
            self._say(Started(found.job, found.number, handle))

    def _say(self, fact: Fact) -> None:
        self._facts.append(fact)
        if not self._woken:
            self._woken = True
            os.eventfd_write(self._wake, 1)

    def _end(self, fact: Ended) -> None:
        self._attempts.pop((fact.job, fact.attempt), None)
        self._say(fact)

    def _refuse(self, launch: Launch, error: OSError | ValueError) -> None:
        """Claims an attempt that the system cannot start, and reports its end.

        Raises:
            RunError: if the job is not to blame, but the machine or the folder of the logs.
        """
        claim = refusal(launch, error)
        with suppress(OSError):
            if not claims.take(launch.claim, f"refused {claim.refused}"):
                self._settle(FollowedAttempt(launch.job, launch.attempt, 0, launch=launch))
                return
        self._end(claims.ended(launch.job, launch.attempt, claim, claim.written))

    def _settle(self, found: FollowedAttempt) -> None:
        """Reports what the claim says about an attempt without a live shim of this executor.

        If another live shim holds the claim, follows that shim from then on.
        """
        path, now = self._dir.claim(*found.name), time.time()
        try:
            claim = claims.read(path)
            if claim is None:
                if found.handle is None and (launch := self._second_starts.of(found)) is not None:
                    self._attempts.pop(found.name, None)
                    self.launch([launch])
                    return
                taken = claims.take(path, claims.GIVEN_UP)
                claim = Claim(now, given_up=taken)
        except OSError as error:
            place = error.filename or path
            raise cannot_go_on(error, "cannot read the claim of an attempt", place) from error
        if claim.young(now):
            self._attempts[found.name] = self._unsettled[found.name] = found
            self._again = time.monotonic() + _AGAIN
            return
        if claim.handle is not None:
            self._began(found, claim.handle)
        if not claim.over:
            if self._follow(found, claim):
                return
            with suppress(OSError):  # it may have ended since the claim was read
                claim = claims.read(path) or claim
        self._second_starts.refuse_unbegun(found, claim)
        if claim.over:
            self._leave(found, claim, claims.ended(*found.name, claim, now, found.launch))
        elif claim.handle is not None:
            self._leave(found, claim, claims.lost(*found.name, claim.handle, now, claims.KILLED))
        else:
            why = "its shell ended before the job began"
            if found.handle is not None:
                why = "its claim was removed before its exit code was read"
            self._end(claims.lost(*found.name, found.handle, now, why))

    def _leave(self, found: FollowedAttempt, claim: Claim, end: Ended) -> None:
        """Reports an end once no process of the attempt is left."""
        if found.order is not None:
            end = replace(end, order=found.order)
        if claim.handle is None or not self._where.is_here(claim):
            self._end(end)
            return
        self._strays.add(end, found.family(claim.handle, claim.mark, over=True), told=found.told)

    def _follow(self, found: FollowedAttempt, claim: Claim) -> bool:
        """Follows the shim of a claim; False if it has ended, or nobody can tell."""
        if claim.handle is None:
            return False
        if not self._where.is_here(claim):
            return self._follow_far(found, claim)
        known = self._attempts.get(found.name)
        if known is not None and known is not found and known.handle == claim.handle:
            return True
        pid = proc.pid_of(claim.handle)
        if not self._watch.add(found, pid, claim.handle):
            return False
        found.pid, found.child, found.handle, found.mark = pid, False, claim.handle, claim.mark
        self._attempts[found.name] = found
        return True

    def _follow_far(self, found: FollowedAttempt, claim: Claim) -> bool:
        alive = self._where.is_alive(claim)
        known = self._far.pop(found.name, None)
        if alive is False or (alive is None and known is None):
            return False
        if known is None:
            self._note(
                f"attempt {found.number} of `{found.job}` runs in another pid namespace: it is "
                "followed, and can be stopped only there"
            )
        found.child, found.handle, found.mark = False, claim.handle, claim.mark
        self._attempts[found.name] = self._far[found.name] = found
        return True

    def _see(
        self, job: str, attempt: int, handle: str | None, ends: dict[Name, tuple[Ended, Family]]
    ) -> Seen | None:
        """The state of one attempt, for `survey`; None while the claim is empty.

        What has ended and may have left processes is added to `ends`.
        """
        path, now = self._dir.claim(job, attempt), time.time()
        try:
            claim = claims.read(path)
            if claim is None and handle is not None:  # somebody removed the claim
                claim = Claim(now, handle, proc.boot_id() if proc.alive(handle) else None)
            if claim is None:
                return Seen("never")
            if claim.given_up:
                return Seen("gone" if handle else "forfeited", handle)
            if claim.young(now) and self._where.unknown(claim) is None:
                return None
            if not claim.over and self._follow(FollowedAttempt(job, attempt, 0), claim):
                return Seen("alive", claim.handle)
            claim = claims.read(path) or claim  # it may have ended since the claim was read
            if not claim.over and (why := self._where.unknown(claim)) is not None:
                return Seen("unknown", claim.handle, detail=why)
        except OSError as error:
            return Seen("unknown", handle, detail=claims.unreadable(error))
        end = claims.ended(job, attempt, claim, now)
        if not claim.over:
            if claim.blank and handle is None:
                return Seen("forfeited", detail=UNWRITTEN)
            end = claims.lost(job, attempt, claim.handle, now, claims.KILLED)
        if claim.handle is not None and self._where.is_here(claim):
            ends[job, attempt] = end, family_of(claim.handle, claim.mark)
        if claim.over:
            return Seen("ended", claim.handle, ended=end)
        return Seen("gone", claim.handle, detail=claims.KILLED)
