"""Follows containers until they end: by events, and by their list if events were missed.

Must not start, stop or remove containers. Several threads call it; each end becomes one fact.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from pbt_tui.files.faults import cannot_go_on
from pbt_tui.journal.outcome import Order
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes import claims
from pbt_tui.runtimes.claims import Claim
from pbt_tui.runtimes.docker import exit_status, logs, request
from pbt_tui.runtimes.docker.answers import attempt_number, event_time
from pbt_tui.runtimes.docker.attempt import ContainerAttempt, Name
from pbt_tui.runtimes.docker.engine import Engine, Found
from pbt_tui.runtimes.docker.event_stream import EventListener
from pbt_tui.runtimes.docker.logs import Capture
from pbt_tui.runtimes.docker.pause_record import PauseRecord
from pbt_tui.runtimes.docker.start import ALIVE
from pbt_tui.runtimes.docker.wrapper import writes_log
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.protocol import Ended, Fact, Started
from pbt_tui.runtimes.worker_pool import WorkerPool

LOG_AWAY = "the folder of its log was away"
"""Why an attempt never began."""
_REST = 10.0
"""Seconds to wait for the rest of a stream after its container has ended."""
_KILLED = 137
"""Exit code after SIGKILL."""
_LATE, _LATE_PAUSE = 5, 0.1
"""How often, and after how many seconds, an engine is asked whether memory was the reason."""


class ContainerTracker:
    """The attempts whose end has not been reported, and the containers that ended attempts left."""

    def __init__(
        self, engine: Engine, engine_id: str, run_id: str, rundir: RunDir, pool: WorkerPool
    ) -> None:
        self._lock = threading.RLock()
        self._attempts: dict[Name, ContainerAttempt] = {}
        self._left: dict[Name, str] = {}
        self.labels = [f"{request.RUN_ID}={run_id}"]
        self._engine = engine
        self._dir = rundir
        self._pool = pool
        self._facts: list[Fact] = []
        self._pauses = PauseRecord(rundir.paused)
        self.listening = EventListener(
            engine, engine_id, self.labels, pool, hear=self._hear, catch_up=self.catch_up
        )

    # -- which attempts are followed ---------------------------------------------------------------

    def claim(self, attempt: ContainerAttempt) -> bool:
        """Follows an attempt from now on; False if it is followed already."""
        with self._lock:
            if attempt.name in self._attempts:
                return False
            self._attempts[attempt.name] = attempt
        return True

    def release(self, name: Name, container: str | None = None) -> None:
        """Follows an attempt no longer; `container` is what it left on the engine."""
        with self._lock:
            left = self._attempts.pop(name, None)
            if left is not None and left.keeper is not None:
                left.keeper.end()
            if container is not None:
                self._left[name] = container
        self._pauses.end(name)

    def mark_wanted(self, name: Name, level: int) -> ContainerAttempt | None:
        """Marks that an attempt has to stop; returns it if the caller has to send the signal.

        Returns None if it has ended, if it is being started (then the starting thread stops it), or
        if it has got the signal already.
        """
        with self._lock:
            found = self._attempts.get(name)
            if found is None:
                return None
            if not found.wanted:
                self._mark_stop(found)
            found.wanted = max(found.wanted, level)
            return found if found.running and not found.has_heard(level) else None

    def _mark_stop(self, attempt: ContainerAttempt) -> None:
        mark = self._dir.stop_mark(*attempt.name)
        attempt.signalled = mark.exists()  # by another executor
        claim = self.claim_of(attempt.name)
        attempt.unmarked = not claims.mark_stop(mark) and not (claim and claim.over)

    def take_leftover(self, name: Name) -> str | None:
        """The container that an attempt left, which the caller has to remove; None if none."""
        with self._lock:
            return self._left.pop(name, None)

    # -- what becomes of them ----------------------------------------------------------------------

    def facts(self) -> list[Fact]:
        """The facts since the last call."""
        with self._lock:
            facts, self._facts = self._facts, []
        return facts

    def say(self, fact: Fact) -> None:
        """Reports a fact, and wakes the event loop."""
        with self._lock:
            self._facts.append(fact)
        self._pool.wake()

    def began(self, attempt: ContainerAttempt) -> int:
        """Reports a start; returns the level of a stop that was asked for meanwhile."""
        with self._lock:
            attempt.running = True
            attempt.began = attempt.began or time.time()
            self.say(Started(*attempt.name, attempt.id))
            died, wanted = attempt.died, attempt.wanted
        if died:
            self.look(attempt)
        return wanted

    def adopt(self, attempt: ContainerAttempt, found: Found) -> int:
        """Follows a container that another executor started; returns the level of a wanted stop."""
        attempt.id = found["Id"]
        if found["State"]["Status"] in ALIVE:
            self._pool.with_retry(lambda: self._capture(attempt, found))
        with self._lock:
            self._attempts[attempt.name] = attempt
        if exit_status.failed_start(found):
            self._over(attempt, found)
            return 0
        wanted = self.began(attempt)
        self.look(attempt)  # it may have ended since it was inspected
        return wanted

    def catch_up(self) -> None:
        """Inspects the containers that the engine does not list as running.

        Raises `EngineUnavailable`, `EngineError`.
        """
        with self._lock:
            running = [a for a in self._attempts.values() if a.running]
        if not running:
            return
        alive = {c["Id"] for c in self._engine.list(self.labels) if c["State"] == "running"}
        for attempt in running:
            if attempt.id not in alive:  # or it is paused
                self.look(attempt)
                continue
            self._pauses.goes_on(attempt.name)
            self._detect_stale_running_state(attempt)
            if attempt.capture is not None and attempt.capture.over:
                found = self._engine.inspect(attempt.id)
                if found is not None:
                    self._capture(attempt, found)

    def _detect_stale_running_state(self, attempt: ContainerAttempt) -> None:
        """After a containerd crash, the engine may report a dead container as running for ever.

        If its process is visible on this machine, and is missing in two polls, it is lost.
        """
        if not attempt.pid:
            found = self._engine.inspect(attempt.id)
            pid = found["State"]["Pid"] if found is not None else 0
            attempt.pid = pid if _is_first_process(pid, attempt.id) else -1
        if attempt.pid < 0 or _is_first_process(attempt.pid, attempt.id):
            attempt.stale = False
        elif not attempt.stale:
            attempt.stale = True
        else:
            now, claim = time.time(), self.claim_of(attempt.name)
            why = "the engine says that it runs, but its process is gone"
            fact = exit_status.lost(*attempt.name, attempt.id, now, why)
            if claim is not None and claim.over:
                fact = self.removed(attempt, claim)
            self.end(attempt, fact)

    def look(self, attempt: ContainerAttempt) -> None:
        """Inspects the container of an attempt, and reports its end if it has ended."""
        for pause in (0.01, 0.05, 0.2, None):
            try:
                found = self._engine.inspect(attempt.id)
            except (EngineUnavailable, EngineError):
                return  # the event stream is down, too: it catches up once it is open again
            if found is None:
                self.end(attempt, self.removed(attempt, self.claim_of(attempt.name)))
                return
            if found["State"]["Status"] not in (*ALIVE, "created"):
                self._over(attempt, found)
                return
            self._see_pause(attempt, found)
            if pause is None or not attempt.died:
                return
            time.sleep(pause)  # the event arrives before the state changes

    def _see_pause(self, attempt: ContainerAttempt, found: Found) -> None:
        """Notes whether a container is paused, as it was inspected; it does not say since when."""
        if found["State"]["Status"] != "paused":
            self._pauses.goes_on(attempt.name)
        elif not self._pauses.knows(attempt.name):
            since = None
            with suppress(EngineUnavailable, EngineError):
                since = self._engine.paused_at(found["Id"])
            self._pauses.begin(attempt.name, since)

    def claim_of(self, name: Name) -> Claim | None:
        """The attempt file; None if there is none, or if it cannot be read."""
        try:
            return claims.read(self._dir.claim(*name))
        except OSError:
            return None

    def has_begun(self, name: Name) -> bool:
        """Whether a container has written into the attempt file: it is made empty."""
        try:
            return self._dir.claim(*name).stat().st_size > 0
        except OSError:
            return False

    def removed(self, attempt: ContainerAttempt, claim: Claim | None) -> Ended:
        """How an attempt ended whose container the engine has no longer."""
        return exit_status.of_removed(
            *attempt.name,
            attempt.id or None,
            claim,
            time.time(),
            order=self._order(attempt, claim),
            oom=attempt.oom,
        )

    def _order(self, attempt: ContainerAttempt, claim: Claim | None) -> Order | None:
        """Whether an attempt ended before or after the mark of its stop; None: nobody can tell."""
        if claim is not None and claim.order is not None:
            return None if attempt.unmarked and claim.order == "before" else claim.order
        if not attempt.wanted:
            return None if self._dir.stop_mark(*attempt.name).exists() else "before"
        return "before" if attempt.too_late else None

    def ending(self, attempt: ContainerAttempt, found: Found) -> Ended:
        """How an attempt ended. First completes its log, which is read for the cause.

        Raises `EngineUnavailable`.
        """
        found = self._late_verdict(attempt, found)
        claim = self.claim_of(attempt.name)
        log = self._dir.log(*attempt.name)
        message = None
        # Without the output, the end is still known.
        with suppress(EngineError):
            if attempt.capture is not None:
                attempt.capture.finish(_REST)
                if attempt.capture.is_cut(exit_status.seconds(found["State"].get("FinishedAt"))):
                    attempt.capture = None
            if (
                attempt.capture is None
                and not writes_log(found)
                and not exit_status.failed_start(found)
            ):
                stream = self._engine.logs(found["Id"], follow=False)
                attempt.capture = Capture(stream, log, anew=True)
                attempt.capture.finish(_REST)
            if claim is None or claim.refused is None:
                message = logs.excuse(self._engine, found, log)
        if logs.was_away(message, log):
            return exit_status.never_began(*attempt.name, found, time.time(), LOG_AWAY)
        return exit_status.of_state(
            *attempt.name,
            found,
            time.time(),
            claim=claim,
            order=self._order(attempt, claim),
            said=message,
            oom=attempt.oom,
            engine_started=self.listening.engine_started,
        )

    def _late_verdict(self, attempt: ContainerAttempt, found: Found) -> Found:
        """Waits a moment for the engine to say that memory was the reason of a SIGKILL.

        The engine hears of the kill and of the end on two ways, and the end may come first.
        """
        limited = (found.get("HostConfig") or {}).get("Memory")
        if found["State"].get("ExitCode") != _KILLED or not limited or attempt.wanted:
            return found
        ended = exit_status.seconds(found["State"].get("FinishedAt"))
        for _ in range(_LATE):
            known = attempt.oom or found["State"].get("OOMKilled")
            if known or (ended and time.time() > ended + _LATE * _LATE_PAUSE):
                break  # of many that ended together, only the first one waits
            time.sleep(_LATE_PAUSE)
            found = self._engine.inspect(found["Id"]) or found
        return found

    def end(self, attempt: ContainerAttempt, fact: Ended) -> None:
        """Reports the end of an attempt, once."""
        with self._lock:
            if self._attempts.pop(attempt.name, None) is None:
                return
            if attempt.keeper is not None:
                attempt.keeper.end()
            if attempt.id:
                self._left[attempt.name] = attempt.id
            self.say(fact)
        self._pauses.end(attempt.name)

    def close(self) -> None:
        """Closes all streams; containers go on."""
        self.listening.close()
        for attempt in self._attempts.values():
            if attempt.capture is not None:
                attempt.capture.close()
            if attempt.keeper is not None:
                attempt.keeper.leave()

    def _hear(self, event: Found) -> None:
        actor = event.get("Actor") or {}
        with self._lock:
            attempt = self._attempts.get(name_of({"Labels": actor.get("Attributes")}))
            if attempt is None or attempt.id not in ("", actor.get("ID")):
                return
            match event.get("Action"):
                case "oom":
                    attempt.oom = True
                    return
                case "pause":
                    self._pauses.begin(attempt.name, event_time(event))
                    return
                case "unpause":
                    self._pauses.goes_on(attempt.name)
                    return
            attempt.died = True
            if not attempt.running:
                return
        self.look(attempt)

    def _capture(self, attempt: ContainerAttempt, found: Found) -> None:
        """Writes the log from the first byte on, if the wrapper in the container does not."""
        if not writes_log(found):
            stream = self._engine.logs(found["Id"], follow=True)
            attempt.capture = Capture(stream, self._dir.log(*attempt.name), anew=True)

    def _over(self, attempt: ContainerAttempt, found: Found) -> None:
        by_engine = found["State"]["ExitCode"] in exit_status.BY_ENGINE and not attempt.wanted
        if by_engine and not self._engine.accepts():
            return  # the engine shuts down and stops all containers: report this after its restart
        with suppress(EngineUnavailable):
            end = self.ending(attempt, found)
            if end.detail == LOG_AWAY:  # the next executor records the end
                error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
                raise cannot_go_on(error, "cannot start an attempt", self._dir.logs)
            self.end(attempt, end)


def _is_first_process(pid: int, container: str) -> bool:
    """Whether `pid` on this machine is a process of the container."""
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False


def name_of(container: Found) -> Name:
    """Job and attempt from the labels of a listed container; for a probe, its id and 0."""
    labels = container.get("Labels") or {}
    job = labels.get(request.JOB) or container.get("Id") or ""
    return job, attempt_number(labels, request.ATTEMPT)
