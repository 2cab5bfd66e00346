"""Attempts as containers: the verbs of a runtime, in terms of an engine.

Must not know docker-py, only `engine`. Nothing here blocks the loop: every question to the engine
is asked by a thread of the crew, and what a thread learns becomes a fact.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes.docker import exit_status
from pbt_tui.runtimes.docker import request as containers
from pbt_tui.runtimes.docker.attempt import HARD, SOFT, ContainerAttempt
from pbt_tui.runtimes.docker.engine import Engine, EngineError, EngineUnavailable, Found
from pbt_tui.runtimes.docker.logs import Capture
from pbt_tui.runtimes.docker.request import ContainerRequest
from pbt_tui.runtimes.docker.run_config import RunConfig
from pbt_tui.runtimes.docker.start import ALIVE, begin, create, take_name
from pbt_tui.runtimes.docker.tracker import ContainerTracker, name_of
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Seen
from pbt_tui.runtimes.worker_pool import WorkerPool
from pbt_tui.spec import Job

POLL = 30.0
"""Seconds between two looks at the list, should the stream have kept something to itself."""
SILENCE = 60.0
"""Seconds, beyond the grace that a stopping engine gives, for which one is waited for."""


class ContainerRuntime:
    """Starts, follows and ends the containers of one run directory (`runtimes.Runtime`)."""

    name: Literal["process", "docker", "slurm"] = "docker"

    def __init__(
        self,
        rundir: RunDir,
        blueprint: RunConfig,
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
        self._lives: ContainerTracker | None = None
        self._crew = WorkerPool(blueprint.policy.grace + SILENCE)
        self._poll_at = time.monotonic() + POLL

    def peek(self) -> str | None:
        """For a dry run: what could not be learnt without a pull, a container, or an engine."""
        try:
            return self._blueprint.peek(self._connected())
        except (RuntimeUnavailable, EngineUnavailable, EngineError) as error:
            return f"the engine was not asked: {error}"

    def request(self, launch: Launch) -> ContainerRequest:
        """The exact create request; before `prepare` or `peek`, with what is usual of an image."""
        return self._blueprint.request(launch)

    @property
    def folders(self) -> tuple[Path, ...]:
        """What is made before the first container is: a command to copy needs it, too."""
        return self._blueprint.folders

    # -- the verbs ---------------------------------------------------------------------------------

    def prepare(self, jobs: Sequence[Job]) -> None:
        engine = self._connected()
        try:
            info = engine.info()
            self.engine_id = str(info.get("ID") or "")
            self._blueprint.prepare(engine, info, jobs, self._progress)
            self.image_digest = self._blueprint.image.digest
            run_id = self._blueprint.identity.run_id
            self._lives = ContainerTracker(engine, self.engine_id, run_id, self._dir, self._crew)
            self._lives.listening.wait()
        except (EngineUnavailable, EngineError) as error:
            raise self._crew.unavailable(error) from error

    def launch(self, batch: Sequence[Launch]) -> None:
        for one in batch:
            request = self.request(one)
            attempt = ContainerAttempt(one.job, one.attempt, request)
            with self._following.lock:
                if attempt.name in self._following.attempts:
                    continue
                self._following.attempts[attempt.name] = attempt
            self._note(one, request)
            self._crew.start(self._start, attempt)

    def _note(self, launch: Launch, request: ContainerRequest) -> None:
        """For the screens: what is about to be sent, as a command. Comfort: no disk, no note."""
        with suppress(OSError):
            path = self._dir.request(launch.job, launch.attempt)
            path.write_text(containers.docker_run(request) + "\n")

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        level = HARD if kill else SOFT
        with self._following.lock:
            found = self._following.attempts.get((job, attempt))
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
        with self._following.lock:
            left = self._following.left.pop((job, attempt), None)
        if left is not None:
            self._crew.errand(self._remove, left)

    def hold(self, held: bool) -> None:
        """An engine has no queue: what was scheduled is being started."""

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        """Also removes what is left of attempts that are not asked for: their end is durable."""
        engine, before = self._there, self._engine_before
        silent = f"docker engine `{engine.where}`"
        if attempts and before is not None and before != self.engine_id:
            silent = f"docker engine `{before}`, and another one answers at `{engine.where}`"
            return [Seen("unknown", detail=silent)] * len(attempts)
        try:
            found = {name_of(one): one["Id"] for one in engine.list(self._following.labels)}
            seen = [self._see(*one, found.pop(one[:2], None)) for one in attempts]
        except (EngineUnavailable, EngineError):
            return [Seen("unknown", detail=silent)] * len(attempts)
        for rest in found.values():
            self._crew.errand(self._remove, rest)
        return seen

    def abandon(self, job: str, attempt: int) -> bool:
        return self._abandon(ContainerAttempt(job, attempt))

    def fileno(self) -> int:
        return self._crew.fileno()

    def next_wake(self) -> float | None:
        return self._poll_at

    def facts(self) -> list[Fact]:
        self._crew.check()
        if time.monotonic() >= self._poll_at:
            self._poll_at = time.monotonic() + POLL
            self._crew.errand(lambda: self._crew.patiently(self._following.catch_up))
        return self._following.facts()

    def close(self) -> None:
        self._crew.finish()
        if self._lives is not None:
            self._lives.close()
        self._crew.close()
        if self._engine is not None:
            self._engine.close()

    # -- in threads --------------------------------------------------------------------------------

    def _start(self, attempt: ContainerAttempt) -> None:
        request = attempt.request
        assert request is not None
        if attempt.wanted:  # stopped while it was queued
            if self._abandon(attempt):
                self._following.say(Ended(*attempt.name, None, None, time.time()))
            return
        try:
            self._blueprint.make_log(request.log)
        except OSError as error:
            why = f"cannot make its log: {(error.strerror or str(error)).lower()}"
            now = time.time()
            end = Ended(*attempt.name, None, None, now, refused=True, detail=why)
            self._following.end(attempt, end)
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
        except EngineError as error:
            self._refused(attempt, error)
            return
        if self._following.began(attempt):
            self._signal(attempt)

    def _refused(self, attempt: ContainerAttempt, error: EngineError) -> None:
        found = None
        if attempt.id:
            found = self._crew.patiently(lambda: self._there.inspect(attempt.id))
        end = exit_status.of_refusal(*attempt.name, error, time.time(), found)
        self._following.end(attempt, end)

    def _abandon(self, attempt: ContainerAttempt) -> bool:
        with self._following.lock:
            self._following.attempts.pop(attempt.name, None)
        blueprint = self._blueprint
        name = containers.container_name(blueprint.identity.run_id, *attempt.name)
        labels, image = blueprint.labels(*attempt.name), blueprint.container.image
        held = self._crew.patiently(lambda: take_name(self._there, name, image, labels))
        if isinstance(held, str):
            self._following.left[attempt.name] = held
        elif held is not None:
            self._adopt(attempt, held)
            return False
        return True

    def _adopt(self, attempt: ContainerAttempt, found: Found) -> None:
        if self._following.adopt(attempt, found):
            self._signal(attempt)

    def _see(self, job: str, number: int, handle: str | None, container: str | None) -> Seen:
        """One line of a survey."""
        found = self._there.inspect(container) if container is not None else None
        if found is None or (handle is not None and found["Id"] != handle):
            return Seen("gone" if handle else "never", handle)
        attempt = ContainerAttempt(job, number, id=found["Id"])
        status = found["State"]["Status"]
        if (found["Config"].get("Labels") or {}).get(containers.ABANDONED):
            self._following.left[attempt.name] = found["Id"]
            return Seen("abandoned")
        if status == "created" and not exit_status.failed_start(found):
            return Seen("gone" if handle else "never", handle)
        if status in ALIVE:
            self._adopt(attempt, found)
            return Seen("alive", found["Id"])
        self._following.left[attempt.name] = found["Id"]
        return Seen("ended", found["Id"], ended=self._following.ending(attempt, found))

    def _signal(self, attempt: ContainerAttempt) -> None:
        level = attempt.wanted
        name = "SIGKILL" if level == HARD else self._blueprint.image.stop_signal
        with suppress(EngineUnavailable, EngineError):
            self._there.signal(attempt.id, name)
            attempt.delivered, attempt.delivered_at = level, time.time()

    def _remove(self, container: str) -> None:
        with suppress(EngineError):  # nobody's failure: `--list` shows it
            self._crew.patiently(lambda: self._there.remove(container, force=True))

    # -- what is there -----------------------------------------------------------------------------

    def _connected(self) -> Engine:
        if self._engine is None:
            self._engine = self._connect()
            self._crew.where = self._engine.where
        return self._engine

    @property
    def _there(self) -> Engine:
        assert self._engine is not None, "`prepare` comes first"
        return self._engine

    @property
    def _following(self) -> ContainerTracker:
        assert self._lives is not None, "`prepare` comes first"
        return self._lives
