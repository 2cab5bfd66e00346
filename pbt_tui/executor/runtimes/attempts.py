"""Attempts as containers: started a few at a time, watched through one stream, adopted by label.

Must not know docker-py, only `engine`; nor judge an end, which `endings` reads from what the engine
says. Nothing here blocks the loop: every question to the engine is asked by a thread, and what a
thread learns becomes a fact. We start only what we made ourselves and nobody else can know: so a
container is never run twice, whoever died between its creation and its start.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Literal

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.executor import containers
from pbt_tui.executor.containers import Request
from pbt_tui.executor.runtimes import Ended, Fact, Launch, Seen, Started, captured, endings
from pbt_tui.executor.runtimes.blueprint import Blueprint
from pbt_tui.executor.runtimes.captured import Capture
from pbt_tui.executor.runtimes.crew import Crew
from pbt_tui.executor.runtimes.engine import Engine, Found, Refused, Silent
from pbt_tui.executor.runtimes.listening import Listening
from pbt_tui.executor.runtimes.starting import ALIVE, begin, create, take_name, wrapped
from pbt_tui.executor.runtimes.tracked import HARD, SOFT, Attempt, Name
from pbt_tui.journal.rundir import RunDir
from pbt_tui.spec import Job

POLL = 30.0
"""Seconds between two looks at the list, should the stream have kept something to itself."""
SILENCE = 60.0
"""Seconds, beyond the grace that a stopping engine gives, for which one is waited for."""
_REST = 10.0
"""Seconds for the rest of a stream, once its container has ended."""


class ContainerRuntime:
    """Starts, follows and ends the containers of one run directory (`runtimes.Runtime`)."""

    name: Literal["process", "docker", "slurm"] = "docker"

    def __init__(
        self,
        rundir: RunDir,
        blueprint: Blueprint,
        *,
        engine_before: str | None,
        progress: Callable[[str], None],
        connect: Callable[[], Engine],
    ) -> None:
        self.engine_id = ""
        self.image_digest: str | None = None
        self._dir = rundir
        self._blueprint = blueprint
        self._engine_before = engine_before
        self._progress = progress
        self._connect = connect
        self._engine: Engine | None = None
        self._listening: Listening | None = None
        self._labels = [f"{containers.RUN_ID}={blueprint.identity.run_id}"]
        self._crew = Crew(blueprint.policy.grace + SILENCE)
        self._lock = threading.RLock()
        self._attempts: dict[Name, Attempt] = {}
        """Those whose end is still to be told."""
        self._left: dict[Name, str] = {}
        """Containers whose end was told and may not be durable yet."""
        self._facts: list[Fact] = []
        self._poll_at = time.monotonic() + POLL

    def peek(self) -> str | None:
        """For a dry run: what could not be learnt without a pull, a container, or an engine."""
        try:
            return self._blueprint.peek(self._connected())
        except (RuntimeUnavailable, Silent, Refused) as error:
            return f"the engine was not asked: {error}"

    def request(self, launch: Launch) -> Request:
        """The exact create request; before `prepare` or `peek`, with what is usual of an image."""
        return self._blueprint.request(launch)

    # -- the verbs ---------------------------------------------------------------------------------

    def prepare(self, jobs: Sequence[Job]) -> None:
        engine = self._connected()
        try:
            info = engine.info()
            self.engine_id = str(info.get("ID") or "")
            self._blueprint.prepare(engine, info, jobs, self._progress)
            self.image_digest = self._blueprint.image.digest
            self._listening = Listening(
                engine,
                self.engine_id,
                self._labels,
                self._crew,
                hear=self._hear,
                catch_up=self._catch_up,
            )
            self._listening.wait()
        except (Silent, Refused) as error:
            raise self._crew.unavailable(error) from error

    def launch(self, batch: Sequence[Launch]) -> None:
        for one in batch:
            attempt = Attempt(one.job, one.attempt, self.request(one))
            with self._lock:
                if attempt.name in self._attempts:
                    continue
                self._attempts[attempt.name] = attempt
            self._crew.start(self._start, attempt)

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        level = HARD if kill else SOFT
        with self._lock:
            found = self._attempts.get((job, attempt))
            if found is None:
                return True  # it has ended, and `facts` has said so or will
            found.wanted = max(found.wanted, level)
            if not found.running:
                return True  # whoever is starting it sees to it
            if found.has_heard(level):
                return True
        self._crew.errand(self._signal, found)
        return False

    def forget(self, job: str, attempt: int) -> None:
        with self._lock:
            left = self._left.pop((job, attempt), None)
        if left is not None:
            self._crew.errand(self._remove, left)

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        """Also removes what is left of attempts that are not asked for: their end is durable."""
        engine = self._there
        unknown = Seen("unknown", detail=f"docker engine `{engine.where}`")
        before = self._engine_before
        if attempts and before is not None and before != self.engine_id:
            return [Seen("unknown", detail=f"docker engine `{before}`: another one answers")] * len(
                attempts
            )
        assert self._listening is not None
        self._listening.wait()
        try:
            found = {_name_of(one): one["Id"] for one in engine.list(self._labels)}
            seen = [self._see(*one, found.pop(one[:2], None)) for one in attempts]
        except (Silent, Refused):
            return [unknown] * len(attempts)
        for rest in found.values():
            self._crew.errand(self._remove, rest)
        return seen

    def abandon(self, job: str, attempt: int) -> bool:
        return self._abandon(Attempt(job, attempt))

    def fileno(self) -> int:
        return self._crew.fileno()

    def next_wake(self) -> float | None:
        return self._poll_at

    def facts(self) -> list[Fact]:
        self._crew.check()
        if time.monotonic() >= self._poll_at:
            self._poll_at = time.monotonic() + POLL
            self._crew.errand(lambda: self._crew.patiently(self._catch_up))
        with self._lock:
            facts, self._facts = self._facts, []
        return facts

    def close(self) -> None:
        self._crew.finish()
        if self._listening is not None:
            self._listening.close()
        for attempt in self._attempts.values():
            if attempt.capture is not None:
                attempt.capture.close()
        self._crew.close()
        if self._engine is not None:
            self._engine.close()

    # -- threads: starting -------------------------------------------------------------------------

    def _start(self, attempt: Attempt) -> None:
        request = attempt.request
        assert request is not None
        if attempt.wanted:  # stopped while it was queued
            if self._abandon(attempt):
                self._say(Ended(*attempt.name, None, None, time.time()))
            return
        try:
            self._blueprint.make_log(request.log)
        except OSError as error:
            why = f"cannot make its log: {(error.strerror or str(error)).lower()}"
            self._end(
                attempt, Ended(*attempt.name, None, None, time.time(), refused=True, detail=why)
            )
            return
        body = containers.body(request, self._blueprint.environ)
        try:
            made = self._crew.patiently(lambda: create(self._there, request.name, body))
            if not isinstance(made, str):
                self._adopt(attempt, made)
                return
            attempt.id = made
            if request.attach:
                stream = self._crew.patiently(lambda: self._there.attach(made))
                attempt.capture = Capture(stream, request.log)
            attempt.began = time.time()
            self._crew.patiently(lambda: begin(self._there, made, request))
        except Refused as error:
            self._refused(attempt, error)
            return
        self._began(attempt)

    def _abandon(self, attempt: Attempt) -> bool:
        with self._lock:
            self._attempts.pop(attempt.name, None)
        blueprint = self._blueprint
        name = containers.container_name(blueprint.identity.run_id, *attempt.name)
        labels, image = blueprint.labels(*attempt.name), blueprint.container.image
        held = self._crew.patiently(lambda: take_name(self._there, name, image, labels))
        if isinstance(held, str):
            self._left[attempt.name] = held
        elif held is not None:
            self._adopt(attempt, held)
            return False
        return True

    def _began(self, attempt: Attempt) -> None:
        with self._lock:
            attempt.running = True
            attempt.began = attempt.began or time.time()
            self._say(Started(*attempt.name, attempt.id))
            died, wanted = attempt.died, attempt.wanted
        if died:
            self._look(attempt)
        elif wanted:
            self._signal(attempt)

    def _refused(self, attempt: Attempt, error: Refused) -> None:
        found = None
        if attempt.id:
            found = self._crew.patiently(lambda: self._there.inspect(attempt.id))
        now = time.time()
        self._end(attempt, endings.of_refusal(*attempt.name, error.status, error.words, now, found))

    def _adopt(self, attempt: Attempt, found: Found) -> None:
        """A container of this attempt that somebody else started: followed, or read to its end."""
        attempt.id = found["Id"]
        if found["State"]["Status"] in ALIVE:
            self._crew.patiently(lambda: self._follow(attempt, found))
        with self._lock:
            self._attempts[attempt.name] = attempt
        if endings.failed_start(found):
            self._over(attempt, found)
            return
        self._began(attempt)
        self._look(attempt)  # it may have ended unheard since it was found

    def _follow(self, attempt: Attempt, found: Found) -> None:
        """Writes the log from the first byte on, where the job does not do it itself."""
        if not wrapped(found):
            stream = self._there.logs(found["Id"], follow=True)
            attempt.capture = Capture(stream, self._dir.log(*attempt.name), anew=True)

    # -- threads: ending ---------------------------------------------------------------------------

    def _signal(self, attempt: Attempt) -> None:
        level = attempt.wanted
        name = "SIGKILL" if level == HARD else self._blueprint.image.stop_signal
        with suppress(Silent, Refused):
            self._there.signal(attempt.id, name)
            attempt.delivered, attempt.delivered_at = level, time.time()

    def _remove(self, container: str) -> None:
        with suppress(Silent, Refused):
            self._there.remove(container, force=True)

    def _hear(self, event: Found) -> None:
        actor = event.get("Actor") or {}
        name = _name_of({"Labels": actor.get("Attributes")})
        with self._lock:
            attempt = self._attempts.get(name)
            if attempt is None or attempt.id not in ("", actor.get("ID")):
                return
            if event.get("Action") == "oom":
                attempt.oom = True
                return
            attempt.died = True
            if not attempt.running:
                return
        self._look(attempt)

    def _catch_up(self) -> None:
        """Whatever the list does not show running is looked at."""
        with self._lock:
            running = [a for a in self._attempts.values() if a.running]
        if not running:
            return
        alive = {o["Id"] for o in self._there.list(self._labels) if o["State"] == "running"}
        for attempt in running:
            if attempt.id not in alive:
                self._look(attempt)
            elif attempt.capture is not None and attempt.capture.over:
                found = self._there.inspect(attempt.id)
                if found is not None:
                    self._follow(attempt, found)

    def _look(self, attempt: Attempt) -> None:
        """Tells the end of an attempt if it has ended."""
        for pause in (0.01, 0.05, 0.2, None):
            try:
                found = self._there.inspect(attempt.id)
            except (Silent, Refused):
                return  # the stream is gone too, and its return catches up
            if found is None:
                why = "its container was removed"
                self._end(attempt, endings.lost(*attempt.name, attempt.id, time.time(), why))
                return
            if found["State"]["Status"] not in (*ALIVE, "created"):
                self._over(attempt, found)
                return
            if pause is None or not attempt.died:
                return
            time.sleep(pause)  # told of its death before its state says so

    def _over(self, attempt: Attempt, found: Found) -> None:
        with suppress(Silent, Refused):
            self._end(attempt, self._ending(attempt, found))

    def _ending(self, attempt: Attempt, found: Found) -> Ended:
        """With the whole output in the log first: it is read for the cause."""
        log = self._dir.log(*attempt.name)
        said = None
        with suppress(Refused):  # output that the engine does not hold is no reason to wait for it
            if attempt.capture is None and not wrapped(found) and not endings.failed_start(found):
                stream = self._there.logs(found["Id"], follow=False)
                attempt.capture = Capture(stream, log, anew=True)
            if attempt.capture is not None:
                attempt.capture.finish(_REST)
            said = captured.excuse(self._there, found, log)
        return endings.of_state(
            *attempt.name,
            found,
            time.time(),
            said=said,
            oom=attempt.oom,
            engine_started=self._listening.engine_started if self._listening else None,
        )

    def _end(self, attempt: Attempt, fact: Ended) -> None:
        with self._lock:
            if self._attempts.pop(attempt.name, None) is None:
                return
            if attempt.id:
                self._left[attempt.name] = attempt.id
            self._say(fact)

    def _see(self, job: str, number: int, handle: str | None, container: str | None) -> Seen:
        """One line of a survey."""
        found = self._there.inspect(container) if container is not None else None
        if found is None or (handle is not None and found["Id"] != handle):
            return Seen("gone" if handle else "never", handle)
        attempt = Attempt(job, number, id=found["Id"])
        status = found["State"]["Status"]
        if (found["Config"].get("Labels") or {}).get(containers.ABANDONED):
            self._left[attempt.name] = found["Id"]
            return Seen("abandoned")
        if status == "created" and not endings.failed_start(found):
            return Seen("gone" if handle else "never", handle)
        if status in ALIVE:
            self._adopt(attempt, found)
            return Seen("alive", found["Id"])
        self._left[attempt.name] = found["Id"]
        return Seen("ended", found["Id"], ended=self._ending(attempt, found))

    # -- threads: the rest -------------------------------------------------------------------------

    @property
    def _there(self) -> Engine:
        assert self._engine is not None, "`prepare` comes first"
        return self._engine

    def _connected(self) -> Engine:
        if self._engine is None:
            self._engine = self._connect()
            self._crew.where = self._engine.where
        return self._engine

    def _say(self, fact: Fact) -> None:
        with self._lock:
            self._facts.append(fact)
        self._crew.wake()


def _name_of(one: Found) -> Name:
    """The attempt that a listed container's labels name; no attempt's for a probe."""
    labels = one.get("Labels") or {}
    number = labels.get(containers.ATTEMPT) or ""
    return labels.get(containers.JOB) or one.get("Id") or "", int(number) if number else 0
