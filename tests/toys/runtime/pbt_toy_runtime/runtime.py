"""The verbs of runtime `toyqueue`. All are harmless when repeated, and none waits."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

from pbt_toy_runtime import ticket
from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.files.atomic import replace
from pbt_tui.observe import queue_status
from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Queued, Seen, Started
from pbt_tui.spec import Job

LOOK = 0.1
"""Seconds between two looks at the files of the attempts."""
Name = tuple[str, int]


def create(context: RunContext, progress: Callable[[str], None]) -> ToyQueue:
    return ToyQueue(context)


class ToyQueue:
    name = "toyqueue"
    engine_id = ""
    image_digest: str | None = None

    def __init__(self, context: RunContext) -> None:
        queue = getattr(context.settings, "queue", "day")
        self._dir = context.rundir
        self._queue = context.rundir.path / "toyqueue"
        self._environ = {**context.environ, "TOY_QUEUE": queue}
        self._elsewhere = context.elsewhere
        self._boot = proc.boot_id()
        self._node = socket.gethostname()
        self._told: dict[Name, str] = {}
        """What was told last of the attempts that have not ended: a reason, or the handle."""
        self._shells: dict[Name, subprocess.Popen[bytes]] = {}
        self._facts: list[Fact] = []
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._look_at = 0.0
        self._places: dict[str, queue_status.QueueStatus] = {}

    # -- before anything starts --------------------------------------------------------------------

    def prepare(self, jobs: Sequence[Job]) -> None:
        try:
            for folder in (self._dir.attempts, self._dir.logs, self._queue):
                folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise RuntimeUnavailable(f"cannot open the toy queue: {error.strerror}") from error

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        """What became of what another executor has left; those that go on are followed."""
        return [self._see(*one) for one in attempts]

    def _see(self, job: str, attempt: int, handle: str | None) -> Seen:
        try:
            claim = claims.read(self._dir.claim(job, attempt))
        except OSError as error:
            return Seen("unknown", handle, detail=f"its file: {error.strerror}")
        if claim is not None and claim.over:
            ended = claims.ended(job, attempt, claim, time.time())
            return Seen("ended", claim.handle, ended=ended)
        if claim is not None and claim.given_up:
            return Seen("gone" if handle else "forfeited", handle)
        if self._elsewhere is not None:
            return Seen("unknown", handle, detail=self._elsewhere)
        if claim is None or claim.handle is None:
            if not self._waits(job, attempt):
                return Seen("gone" if handle else "never", handle)
            self._told[job, attempt] = ""
            return Seen("queued")
        if claim.boot != self._boot or not proc.alive(claim.handle):
            return Seen("gone", claim.handle)
        self._told[job, attempt] = claim.handle
        return Seen("alive", claim.handle, self._node)

    # -- decisions ---------------------------------------------------------------------------------

    def launch(self, batch: Sequence[Launch]) -> None:
        for one in batch:
            name = (one.job, one.attempt)
            if name in self._told:
                continue
            try:
                shell = ticket.draw(one, self._queue, self._environ, self._boot)
            except OSError as error:
                why = f"it cannot be queued: {error.strerror}"
                self._facts.append(Ended(*name, None, None, time.time(), refused=True, detail=why))
                os.eventfd_write(self._wake, 1)
                continue
            self._shells[name], self._told[name] = shell, ""

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        if (job, attempt) not in self._told:
            return True  # it has ended, and `facts` has said so or will
        if self.forfeit(job, attempt):
            self._facts.append(Ended(job, attempt, None, None, time.time()))
            os.eventfd_write(self._wake, 1)
            return True
        claim = claims.read(self._dir.claim(job, attempt))
        if claim is None or claim.handle is None:
            return False  # it is just taking its name: asked again
        leader = proc.pid_of(claim.handle)
        others = [p for p in proc.everyone() if p.session == leader and p.pid != leader]
        if kill:
            return proc.kill_session(claim.handle, others)
        return proc.stop_session(claim.handle, others)

    def forfeit(self, job: str, attempt: int) -> bool:
        """Takes the name of what waits, so that its ticket is worth nothing."""
        path = self._dir.claim(job, attempt)
        if not claims.take(path, claims.GIVEN_UP):
            claim = claims.read(path)
            if claim is None or not claim.given_up:
                self._told.setdefault((job, attempt), "")
                return False
        self._told.pop((job, attempt), None)
        return True

    def hold(self, held: bool) -> None:
        if held:
            (self._queue / "held").touch()
        else:
            (self._queue / "held").unlink(missing_ok=True)

    def forget(self, job: str, attempt: int) -> None:
        (self._queue / f"{job}.{attempt}").unlink(missing_ok=True)

    # -- facts -------------------------------------------------------------------------------------

    def fileno(self) -> int:
        return self._wake

    def next_wake(self) -> float | None:
        return self._look_at if self._told else None

    def facts(self) -> list[Fact]:
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        if time.monotonic() >= self._look_at:
            for name in list(self._told):
                self._look(*name)
            self._draw()
            self._look_at = time.monotonic() + LOOK
        facts, self._facts = self._facts, []
        return facts

    def _look(self, job: str, attempt: int) -> None:
        name = (job, attempt)
        if name in self._shells:
            self._shells[name].poll()  # it is ours to reap
        try:
            claim = claims.read(self._dir.claim(job, attempt))
        except OSError:
            return  # the disk is away: that says nothing of any attempt
        now = time.time()
        if claim is None or (claim.handle is None and not claim.over):
            if claim is None and name in self._shells and self._shells[name].returncode is not None:
                if self.forfeit(job, attempt):  # whoever ends what never began takes its name
                    self._facts.append(claims.lost(job, attempt, None, now, "lost its ticket"))
            elif self._told[name] != (reason := self._reason()):
                self._told[name] = reason
                self._facts.append(Queued(job, attempt, reason))
            return
        if claim.handle is not None and self._told[name] != claim.handle:
            self._told[name] = claim.handle
            self._facts.append(Started(job, attempt, claim.handle, self._node))
        if claim.over:
            self._end(claims.ended(job, attempt, claim, now))
        elif claim.handle is not None and not proc.alive(claim.handle):
            claim = claims.read(self._dir.claim(job, attempt)) or claim  # between the two looks
            lost = claims.lost(job, attempt, claim.handle, now, "left no exit code: killed?")
            self._end(claims.ended(job, attempt, claim, now) if claim.over else lost)

    def _end(self, fact: Ended) -> None:
        del self._told[fact.job, fact.attempt]
        self._facts.append(fact)

    def _waits(self, job: str, attempt: int) -> bool:
        with suppress(OSError, ValueError):
            text = (self._queue / f"{job}.{attempt}").read_text()
            return text.endswith("\n") and proc.alive(text.strip())
        return False

    def _reason(self) -> str:
        return "Held" if (self._queue / "held").exists() else "Bell"

    def _draw(self) -> None:
        """For the screens: where each attempt is in the queue."""
        places = {}
        for (job, attempt), told in self._told.items():
            runs = told not in ("", "Bell", "Held")
            places[queue_status.key(job, attempt)] = queue_status.QueueStatus(
                id=told if runs else "",
                state="RUNNING" if runs else "WAITING",
                reason=None if runs or not told else told,
                node=self._node if runs else None,
            )
        if places == self._places:
            return
        self._places, now = places, time.time()
        picture = queue_status.Queue(now, now + LOOK if places else None, LOOK, False, None, places)
        with suppress(OSError):  # no disk, no picture
            replace(self._dir.queue, queue_status.encode(picture), sync=False)

    def close(self) -> None:
        os.close(self._wake)
