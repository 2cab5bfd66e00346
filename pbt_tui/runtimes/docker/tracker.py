"""Containers followed until they have ended: by event, by list where events were missed.

Must not start, stop or remove any, nor judge an end, which `endings` reads from what the engine
says. Called from several threads; what they learn becomes a fact, each end once.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path

from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes.docker import exit_status, logs, request
from pbt_tui.runtimes.docker.attempt import ContainerAttempt, Name
from pbt_tui.runtimes.docker.engine import Engine, EngineError, EngineUnavailable, Found
from pbt_tui.runtimes.docker.event_stream import EventListener
from pbt_tui.runtimes.docker.logs import Capture
from pbt_tui.runtimes.docker.start import ALIVE, wrapped
from pbt_tui.runtimes.protocol import Ended, Fact, Started
from pbt_tui.runtimes.worker_pool import WorkerPool

_REST = 10.0
"""Seconds for the rest of a stream, once its container has ended."""


class ContainerTracker:
    """`attempts` are those whose end is still to be told, `left` the containers of those told."""

    def __init__(
        self, engine: Engine, engine_id: str, run_id: str, rundir: RunDir, crew: WorkerPool
    ) -> None:
        self.lock = threading.RLock()
        self.attempts: dict[Name, ContainerAttempt] = {}
        self.left: dict[Name, str] = {}
        self.labels = [f"{request.RUN_ID}={run_id}"]
        self._engine = engine
        self._dir = rundir
        self._crew = crew
        self._facts: list[Fact] = []
        self.listening = EventListener(
            engine, engine_id, self.labels, crew, hear=self._hear, catch_up=self.catch_up
        )

    def facts(self) -> list[Fact]:
        with self.lock:
            facts, self._facts = self._facts, []
        return facts

    def say(self, fact: Fact) -> None:
        with self.lock:
            self._facts.append(fact)
        self._crew.wake()

    def began(self, attempt: ContainerAttempt) -> int:
        """It runs, or has run; how hard it was asked to stop meanwhile."""
        with self.lock:
            attempt.running = True
            attempt.began = attempt.began or time.time()
            self.say(Started(*attempt.name, attempt.id))
            died, wanted = attempt.died, attempt.wanted
        if died:
            self.look(attempt)
        return wanted

    def adopt(self, attempt: ContainerAttempt, found: Found) -> int:
        """A container of this attempt that somebody else started: followed, or read to its end."""
        attempt.id = found["Id"]
        if found["State"]["Status"] in ALIVE:
            self._crew.patiently(lambda: self._capture(attempt, found))
        with self.lock:
            self.attempts[attempt.name] = attempt
        if exit_status.failed_start(found):
            self._over(attempt, found)
            return 0
        wanted = self.began(attempt)
        self.look(attempt)  # it may have ended unheard since it was found
        return wanted

    def catch_up(self) -> None:
        """Whatever the list does not show running is looked at. Raises `Silent`, `Refused`."""
        with self.lock:
            running = [a for a in self.attempts.values() if a.running]
        if not running:
            return
        alive = {o["Id"] for o in self._engine.list(self.labels) if o["State"] == "running"}
        for attempt in running:
            if attempt.id not in alive:
                self.look(attempt)
                continue
            self._exorcise(attempt)
            if attempt.capture is not None and attempt.capture.over:
                found = self._engine.inspect(attempt.id)
                if found is not None:
                    self._capture(attempt, found)

    def _exorcise(self, attempt: ContainerAttempt) -> None:
        """An engine whose containerd was killed may say for ever that a dead container runs.

        Its process is the witness, where we can see it: gone in two looks, it is lost.
        """
        if not attempt.pid:
            found = self._engine.inspect(attempt.id)
            pid = found["State"]["Pid"] if found is not None else 0
            attempt.pid = pid if _is_first_process(pid, attempt.id) else -1
        if attempt.pid < 0 or _is_first_process(attempt.pid, attempt.id):
            attempt.ghost = False
        elif not attempt.ghost:
            attempt.ghost = True
        else:
            why = "the engine says that it runs, but its process is gone"
            self.end(attempt, exit_status.lost(*attempt.name, attempt.id, time.time(), why))

    def look(self, attempt: ContainerAttempt) -> None:
        """Tells the end of an attempt if it has ended."""
        for pause in (0.01, 0.05, 0.2, None):
            try:
                found = self._engine.inspect(attempt.id)
            except (EngineUnavailable, EngineError):
                return  # the stream is gone too, and its return catches up
            if found is None:
                why = "its container was removed"
                self.end(attempt, exit_status.lost(*attempt.name, attempt.id, time.time(), why))
                return
            if found["State"]["Status"] not in (*ALIVE, "created"):
                self._over(attempt, found)
                return
            if pause is None or not attempt.died:
                return
            time.sleep(pause)  # told of its death before its state says so

    def ending(self, attempt: ContainerAttempt, found: Found) -> Ended:
        """With the whole output in the log first: it is read for the cause. Raises `Silent`."""
        log = self._dir.log(*attempt.name)
        said = None
        with suppress(
            EngineError
        ):  # output that the engine does not hold is no reason to wait for it
            if attempt.capture is not None:
                attempt.capture.finish(_REST)
                if attempt.capture.is_cut(exit_status.seconds(found["State"].get("FinishedAt"))):
                    attempt.capture = None
            if (
                attempt.capture is None
                and not wrapped(found)
                and not exit_status.failed_start(found)
            ):
                stream = self._engine.logs(found["Id"], follow=False)
                attempt.capture = Capture(stream, log, anew=True)
                attempt.capture.finish(_REST)
            said = logs.excuse(self._engine, found, log)
        return exit_status.of_state(
            *attempt.name,
            found,
            time.time(),
            said=said,
            oom=attempt.oom,
            engine_started=self.listening.engine_started,
        )

    def end(self, attempt: ContainerAttempt, fact: Ended) -> None:
        with self.lock:
            if self.attempts.pop(attempt.name, None) is None:
                return
            if attempt.id:
                self.left[attempt.name] = attempt.id
            self.say(fact)

    def close(self) -> None:
        self.listening.close()
        for attempt in self.attempts.values():
            if attempt.capture is not None:
                attempt.capture.close()

    def _hear(self, event: Found) -> None:
        actor = event.get("Actor") or {}
        with self.lock:
            attempt = self.attempts.get(name_of({"Labels": actor.get("Attributes")}))
            if attempt is None or attempt.id not in ("", actor.get("ID")):
                return
            if event.get("Action") == "oom":
                attempt.oom = True
                return
            attempt.died = True
            if not attempt.running:
                return
        self.look(attempt)

    def _capture(self, attempt: ContainerAttempt, found: Found) -> None:
        """Writes the log from the first byte on, where the job does not do it itself."""
        if not wrapped(found):
            stream = self._engine.logs(found["Id"], follow=True)
            attempt.capture = Capture(stream, self._dir.log(*attempt.name), anew=True)

    def _over(self, attempt: ContainerAttempt, found: Found) -> None:
        by_engine = found["State"]["ExitCode"] in exit_status.BY_ENGINE and not attempt.wanted
        if by_engine and not self._engine.accepts():
            return  # it is going, and stops them all: told when it is back
        with suppress(EngineUnavailable):
            self.end(attempt, self.ending(attempt, found))


def _is_first_process(pid: int, container: str) -> bool:
    try:
        return container in Path(f"/proc/{pid}/cgroup").read_text()
    except OSError:
        return False


def name_of(one: Found) -> Name:
    """The attempt that a listed container's labels name; no attempt's for a probe."""
    labels = one.get("Labels") or {}
    number = labels.get(request.ATTEMPT) or ""
    return labels.get(request.JOB) or one.get("Id") or "", int(number) if number else 0
