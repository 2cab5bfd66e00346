"""The `process` runtime: runs attempts as plain processes, which outlive the executor.

Must not use the exit status of a child: only the claim file counts, so that the result is the same
whether or not an executor was running.
"""

from __future__ import annotations

import errno
import fcntl
import os
import resource
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.errors import RunError, RuntimeUnavailable, Where
from pbt_tui.files import folders
from pbt_tui.files.faults import cannot_go_on
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.claims import Claim
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.process import shim
from pbt_tui.runtimes.process.pidfd_watcher import PidfdWatcher
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Seen, Started
from pbt_tui.spec import Job

Name = tuple[str, int]

_SCAN = 0.1
"""Seconds for which one scan of all processes serves the stops of a batch."""
_AGAIN = 0.05
"""Seconds until a claim that is still empty is read again."""


@dataclass(slots=True)
class _Attempt:
    """An attempt whose end has not been reported."""

    job: str
    """Id of the job."""
    number: int
    """Number of the attempt within the job."""
    pid: int
    """Process id of the shim: of the one started here, or of another that holds the claim."""
    child: bool = False
    """Whether the shim is a child of this process, to be reaped."""
    handle: str | None = None
    """`pid.start`, once its claim is known."""
    launch: Launch | None = None
    """How it was started; None if another executor started it."""

    @property
    def name(self) -> Name:
        return self.job, self.number


def create(context: RunContext, progress: Callable[[str], None]) -> ProcessRuntime:
    """Creates the runtime of one run directory; `prepare` is fast, so `progress` is not used."""
    return ProcessRuntime(context.rundir, environ=context.environ, elsewhere=context.elsewhere)


class ProcessRuntime:
    """Starts, follows and stops the attempts of one run directory.

    Args:
        rundir: the run directory.
        environ: environment that jobs inherit; None: that of this process.
        elsewhere: host of the last executor, if that is not this one: what it left active is
            `unknown`, because its process ids mean nothing here.
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
    ) -> None:
        self._dir = rundir
        self._environ = dict(os.environ if environ is None else environ)
        self._elsewhere = elsewhere
        self._boot = proc.boot_id()
        self._open_files = _raise_open_files()
        _keep_descriptors()
        self._watch = PidfdWatcher[_Attempt]()
        self._heard, self._tell = _pipe()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._watch.also(self._heard)
        self._watch.also(self._wake)
        self._attempts: dict[Name, _Attempt] = {}
        """Attempts whose end has not been reported."""
        self._children: dict[int, _Attempt] = {}
        """Shims to reap by process id, also those that did not get the claim."""
        self._unsettled: dict[Name, _Attempt] = {}
        """Attempts whose claim is still empty."""
        self._unclaimed: set[Name] = set()
        """Attempts whose shell has ended without a claim, and that were started again."""
        self._again = 0.0
        """When to read those claims again, in monotonic seconds."""
        self._facts: list[Fact] = []
        self._half = b""
        """An incomplete line from the pipe of the shims."""
        self._scanned = -_SCAN
        """When `_everyone` was scanned, in monotonic seconds."""
        self._everyone: list[proc.Process] = []

    def prepare(self, jobs: Sequence[Job]) -> None:
        if not os.access(shim.SHELL, os.X_OK):
            raise RuntimeUnavailable(f"plain processes need a shell: `{shim.SHELL}`")
        for folder in (self._dir.attempts, self._dir.logs):
            try:
                folders.make_all(folder)
            except OSError as error:
                raise RuntimeUnavailable(f"cannot make `{folder}`: {error.strerror}") from error

    def launch(self, batch: Sequence[Launch]) -> None:
        for launch in batch:
            found = _Attempt(launch.job, launch.attempt, 0, child=True, launch=launch)
            if found.name in self._attempts:
                continue
            environ = {**self._environ, **launch.env}
            try:
                found.pid = shim.spawn(launch, environ, self._boot, self._tell, self._open_files)
            except (OSError, ValueError) as error:
                self._refuse(launch, error)
                continue
            self._attempts[found.name] = found
            self._children[found.pid] = found
            if not self._watch.add(found, found.pid):  # reaped already: SIGCHLD is ignored
                del self._children[found.pid]
                self._settle(found)

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        found = self._attempts.get((job, attempt))
        now = proc.look(found.pid) if found is not None else None
        if found is None or now is None or (found.handle or now.handle) != now.handle:
            return True  # it has ended: `facts` has reported it, or will
        claims.mark_stop(self._dir.stop_mark(job, attempt))
        others = self._others(found.pid, age=_SCAN) or self._others(found.pid, age=0.0)
        if kill:
            return proc.kill_session(now.handle, others)
        return proc.stop_session(now.handle, others)

    def forget(self, job: str, attempt: int) -> None:
        """Does nothing: claim and log of a process are kept."""

    def hold(self, held: bool) -> None:
        """Does nothing: plain processes have no queue."""

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        """Waits for empty claims, for up to a second in total."""
        seen = [self._see(*attempt) for attempt in attempts]
        while None in seen:
            time.sleep(_AGAIN)
            seen = [old or self._see(*a) for a, old in zip(attempts, seen, strict=True)]
        return [answer for answer in seen if answer is not None]

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
                    self._settle(_Attempt(job, attempt, 0))
                return False
        self._attempts.pop((job, attempt), None)
        return True

    def fileno(self) -> int:
        return self._watch.fileno()

    def next_wake(self) -> float | None:
        blind = self._watch.next_wake()
        if not self._unsettled:
            return blind
        return self._again if blind is None else min(self._again, blind)

    def facts(self) -> list[Fact]:
        # Collect exits before draining the pipe: a shim always writes its handle before it exits.
        dead = self._watch.ended()
        self._listen()
        for found in dead:
            if found.child:
                del self._children[found.pid]
                _reap(found.pid)
            if self._attempts.get(found.name) is found:
                self._settle(found)
        if self._unsettled and time.monotonic() >= self._again:
            waiting, self._unsettled = self._unsettled, {}
            for found in waiting.values():
                self._settle(found)
        facts, self._facts = self._facts, []
        return facts

    def close(self) -> None:
        self._watch.close()
        for fd in (self._heard, self._tell, self._wake):
            os.close(fd)
        for pid in self._children:
            _reap(pid)

    def _others(self, session: int, *, age: float) -> list[proc.Process]:
        """The other processes of a session, from a scan that is at most `age` seconds old."""
        if time.monotonic() >= self._scanned + age:
            self._everyone = list(proc.everyone())
            self._scanned = time.monotonic()
        return [p for p in self._everyone if p.session == session and p.pid != session]

    def _listen(self) -> None:
        """Reads from the pipe which shims have their claims: lines of `pid.start`."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        with suppress(BlockingIOError):
            while True:
                *lines, self._half = (self._half + os.read(self._heard, 65536)).split(b"\n")
                for line in lines:
                    handle = line.decode()
                    found = self._children.get(proc.pid_of(handle))
                    if found is not None and self._attempts.get(found.name) is found:
                        self._began(found, handle)

    def _began(self, found: _Attempt, handle: str) -> None:
        if found.handle is None:
            found.handle = handle
            self._say(Started(found.job, found.number, handle))

    def _say(self, fact: Fact) -> None:
        self._facts.append(fact)
        os.eventfd_write(self._wake, 1)

    def _end(self, fact: Ended) -> None:
        self._attempts.pop((fact.job, fact.attempt), None)
        self._say(fact)

    def _refuse(self, launch: Launch, error: OSError | ValueError) -> None:
        """Claims an attempt that the system cannot start, and reports its end.

        Raises:
            RunError: if the job is not to blame, but the machine or the folder of the logs.
        """
        if isinstance(error, OSError) and error.errno != errno.E2BIG:
            raise cannot_go_on(error, "cannot start an attempt", launch.log.parent) from error
        detail = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        claim = Claim(time.time(), refused=f"cannot be started: {detail}")
        with suppress(OSError):
            if not claims.take(launch.claim, f"refused {claim.refused}"):
                self._settle(_Attempt(launch.job, launch.attempt, 0, launch=launch))
                return
        self._end(claims.ended(launch.job, launch.attempt, claim, claim.written))

    def _settle(self, found: _Attempt) -> None:
        """Reports what the claim says about an attempt without a live shim of this executor.

        If another live shim holds the claim, follows that shim from then on.
        """
        path, now = self._dir.claim(*found.name), time.time()
        try:
            claim = claims.read(path)
            if claim is None:
                if found.handle is None and self._begin_again(found):
                    return
                taken = claims.take(path, claims.GIVEN_UP)
                claim = Claim(now, given_up=taken)
        except OSError as error:
            raise cannot_go_on(
                error, "cannot read the claim of an attempt", error.filename or path
            ) from error
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
        if claim.over:
            self._end(claims.ended(*found.name, claim, now, found.launch))
        elif claim.handle is not None:
            proc.kill_orphans(claim.handle)
            self._end(claims.lost(*found.name, claim.handle, now, "left no exit code: killed?"))
        else:
            why = "its shell ended before the job began"
            if found.handle is not None:
                why = "its claim was removed before its exit code was read"
            self._end(claims.lost(*found.name, found.handle, now, why))

    def _begin_again(self, found: _Attempt) -> bool:
        """Starts an attempt again whose shell ended without a claim: no job has run.

        Returns False if the shell was stopped, or is of another executor.

        Raises:
            RunError: if it happens again: then the shell cannot write into the folder of claims.
        """
        if found.launch is None or self._dir.stop_mark(*found.name).exists():
            return False
        if found.name in self._unclaimed:
            raise RunError(
                "the shell of an attempt ended before it could write its claim",
                where=Where(file=str(self._dir.attempts), job=found.job),
                hint="running jobs go on; once files can be made in that folder, run the directory "
                "again to pick them up",
            )
        self._unclaimed.add(found.name)
        self._attempts.pop(found.name, None)
        self.launch([found.launch])
        return True

    def _follow(self, found: _Attempt, claim: Claim) -> bool:
        """Watches the shim of a claim; False if it has ended or belongs to an earlier boot."""
        if claim.handle is None or claim.boot != self._boot:
            return False
        known = self._attempts.get(found.name)
        if known is not None and known is not found and known.handle == claim.handle:
            return True
        pid = proc.pid_of(claim.handle)
        if not self._watch.add(found, pid, claim.handle):
            return False
        found.pid, found.child, found.handle = pid, False, claim.handle
        self._attempts[found.name] = found
        return True

    def _see(self, job: str, attempt: int, handle: str | None) -> Seen | None:
        """The state of one attempt, for `survey`; None while the claim is empty."""
        path, now = self._dir.claim(job, attempt), time.time()
        try:
            claim = claims.read(path)
            if claim is None and handle is not None:  # somebody removed the claim
                claim = Claim(now, handle, self._boot if proc.alive(handle) else None)
            if claim is None:
                return Seen("never")
            if claim.given_up:
                return Seen("gone" if handle else "forfeited", handle)
            if self._elsewhere is not None and not claim.over:
                return Seen("unknown", claim.handle, detail=self._elsewhere)
            if claim.young(now):
                return None
            if not claim.over and self._follow(_Attempt(job, attempt, 0), claim):
                return Seen("alive", claim.handle)
            claim = claims.read(path) or claim  # it may have ended since the claim was read
        except OSError as error:
            return Seen("unknown", handle, detail=claims.unreadable(error))
        if claim.over:
            return Seen("ended", claim.handle, ended=claims.ended(job, attempt, claim, now))
        if claim.handle is not None and claim.boot == self._boot:
            proc.kill_orphans(claim.handle)
        return Seen("gone", claim.handle)


def _reap(pid: int) -> None:
    with suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _pipe() -> tuple[int, int]:
    """A pipe from shims; its writing end is above the descriptors that a shim gets."""
    heard, low = os.pipe2(os.O_CLOEXEC)
    tell = fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 4)
    os.close(low)
    os.set_blocking(heard, False)
    return heard, tell


def _raise_open_files() -> int:
    """Raises the soft limit of open files of this process; returns the old one, for jobs."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return soft


def _keep_descriptors() -> None:
    """Keeps jobs from inheriting descriptors: a job with the caller's pipe would keep it open."""
    for entry in list(Path("/proc/self/fd").iterdir()):
        fd = int(entry.name)
        if fd > 2:
            with suppress(OSError):
                os.set_inheritable(fd, False)
