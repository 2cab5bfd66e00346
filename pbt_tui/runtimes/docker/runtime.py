"""The methods of the `docker` runtime, in terms of `engine`.

Must not import docker-py. Only `prepare` and `survey` block: worker threads make every other call
to the engine, and report facts.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from errno import ENOENT
from pathlib import Path

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.files import folders
from pbt_tui.files.atomic import replace
from pbt_tui.files.faults import cannot_go_on
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes.docker import exit_status, keeper
from pbt_tui.runtimes.docker import request as containers
from pbt_tui.runtimes.docker.attempt import HARD, SOFT, ContainerAttempt
from pbt_tui.runtimes.docker.engine import Engine, Found
from pbt_tui.runtimes.docker.logs import Capture
from pbt_tui.runtimes.docker.own_parts import remove_networks
from pbt_tui.runtimes.docker.request import ContainerRequest
from pbt_tui.runtimes.docker.run_config import RunConfig
from pbt_tui.runtimes.docker.start import ALIVE, begin, create, take_name
from pbt_tui.runtimes.docker.tracker import ContainerTracker, name_of
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Seen
from pbt_tui.runtimes.worker_pool import WorkerPool
from pbt_tui.spec import Job

POLL = 30.0
"""Seconds between two polls of the list of containers, in case an event was missed."""
_NO_SOURCE = "bind source path does not exist"
"""What the engine says of a folder that is to be mounted and is not there."""
LATE = 1.0
"""Seconds in which a job writes its first word that an engine started before it ended."""
SILENCE = 60.0
"""Seconds beyond the grace time of the policy to wait for an engine that does not answer."""


class ContainerRuntime:
    """Starts, follows and stops the containers of one run directory."""

    name = "docker"

    def __init__(
        self,
        rundir: RunDir,
        config: RunConfig,
        *,
        engine_before: str | None,
        progress: Callable[[str], None],
        connect: Callable[[], Engine],
    ) -> None:
        self.engine_id = ""
        self.image_digest: str | None = None
        self._dir = rundir
        self._config = config
        self._engine_before = engine_before
        self._progress = progress
        self._connect = connect
        self._engine: Engine | None = None
        self._tracking: ContainerTracker | None = None
        self._pool = WorkerPool(config.policy.grace + SILENCE, unavailable=self._unavailable)
        self._poll_at = time.monotonic() + POLL
        self._grouped = False

    def peek(self) -> str | None:
        """For a dry run: what remains unknown without a pull, a container or an engine; or None."""
        try:
            return self._config.peek(self._connected())
        except (RuntimeUnavailable, EngineUnavailable, EngineError) as error:
            return f"not checked with the engine: {error}"

    def request(self, launch: Launch) -> ContainerRequest:
        """The create request; before `prepare` or `peek`, it assumes a usual image."""
        return self._config.request(launch)

    @property
    def folders(self) -> tuple[Path, ...]:
        """Folders to create before the first container."""
        return self._config.folders

    # -- methods of a runtime ----------------------------------------------------------------------

    def prepare(self, jobs: Sequence[Job]) -> None:
        engine = self._connected()
        self._grouped = any(job.group is not None for job in jobs)
        try:
            info = engine.info()
            self.engine_id = str(info.get("ID") or "")
            self._config.prepare(engine, info, jobs, self._progress)
            self.image_digest = self._config.image.digest
            run_id = self._config.identity.run_id
            self._tracking = ContainerTracker(engine, self.engine_id, run_id, self._dir, self._pool)
            self._tracking.listening.wait()
        except (EngineUnavailable, EngineError) as error:
            raise self._pool.unavailable(error) from error

    def launch(self, batch: Sequence[Launch]) -> None:
        for launch in batch:
            request = self.request(launch)
            attempt = ContainerAttempt(launch.job, launch.attempt, request, launch.slots)
            if not self._tracker.claim(attempt):
                continue
            self._note(launch, request)
            if launch.spec.container is not None:
                self._write_files(launch)
            self._pool.start(self._start, attempt)

    def _write_files(self, launch: Launch) -> None:
        try:
            self._config.write_files(launch.spec)
        except OSError as error:
            raise cannot_go_on(
                error, "cannot write a file for a container", self._dir.path
            ) from error

    def _note(self, launch: Launch, request: ContainerRequest) -> None:
        """Writes the request as a command, for screens; they can do without it on a full disk."""
        with suppress(OSError):
            path = self._dir.request(launch.job, launch.attempt)
            replace(path, f"{containers.docker_run(request)}\n".encode(), sync=False)

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        waits = self._tracker.mark_wanted((job, attempt), HARD if kill else SOFT)
        if waits is None:
            return True
        self._pool.run_now(self._signal, waits)
        return False

    def forget(self, job: str, attempt: int) -> None:
        self._config.close_file(self._dir.claim(job, attempt))
        with suppress(OSError):
            folders.remove(keeper.pipe_of(self._dir.claim(job, attempt)))
        left = self._tracker.take_leftover((job, attempt))
        if left is not None:
            self._pool.run_now(self._remove, left, True)

    def hold(self, held: bool) -> None:
        """Does nothing: an engine has no queue."""

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        """Also removes containers of other attempts: their end is in the journal.

        Raises:
            RuntimeUnavailable: if the engine has a container that the journal cannot explain.
        """
        engine, before = self._there, self._engine_before
        silent = f"started by docker engine `{engine.where}`, which does not answer"
        if attempts and before is not None and before != self.engine_id:
            silent = f"started by docker engine `{before}`, and another answers at `{engine.where}`"
            return [Seen("unknown", detail=silent)] * len(attempts)
        try:
            found = {name_of(c): c for c in engine.list(self._tracker.labels)}
            asked = {attempt[:2] for attempt in attempts}
            rest = [self._config.leftover(c) for name, c in found.items() if name not in asked]
            for name in asked & found.keys():
                self._config.check_owner(found[name])
            ids = {name: c["Id"] for name, c in found.items()}
            seen = [self._see(*attempt, ids.get(attempt[:2])) for attempt in attempts]
        except (EngineUnavailable, EngineError):
            return [Seen("unknown", detail=silent)] * len(attempts)
        for container in rest:
            self._pool.run_now(self._remove, container, False)
        return seen

    def forfeit(self, job: str, attempt: int) -> bool:
        return self._forfeit(ContainerAttempt(job, attempt))

    def fileno(self) -> int:
        return self._pool.fileno()

    def next_wake(self) -> float | None:
        return self._poll_at

    def facts(self) -> list[Fact]:
        self._pool.check()
        if time.monotonic() >= self._poll_at:
            self._poll_at = time.monotonic() + POLL
            self._pool.run_now(lambda: self._pool.with_retry(self._tracker.catch_up))
        return self._tracker.facts()

    def close(self) -> None:
        self._pool.finish()
        if self._tracking is not None:
            self._tracking.close()
        self._pool.close()
        if self._engine is not None:
            if self._grouped:
                with suppress(EngineUnavailable, EngineError):
                    remove_networks(self._engine, self._config.identity)
            self._engine.close()

    # -- in threads --------------------------------------------------------------------------------

    def _start(self, attempt: ContainerAttempt) -> None:
        request = attempt.request
        assert request is not None
        if attempt.wanted:  # stopped before its start
            if self._forfeit(attempt):
                self._tracker.say(Ended(*attempt.name, None, None, time.time()))
            return
        try:
            what, file = "a log", request.log
            self._config.make_file(file)
            if request.claim is not None:
                what, file = "an attempt file", request.claim
                self._config.make_file(file)
                if attempt.slots is not None:  # without a wrapper, this process holds them
                    what = "a pipe for the slots"
                    attempt.keeper = self._config.keeper(attempt.slots, file)
        except OSError as error:
            raise cannot_go_on(error, f"cannot make {what}", file.parent) from error
        body = containers.body(request, self._config.environ)
        try:
            made = self._pool.with_retry(
                lambda: create(self._there, request.name, body, self._config.check_owner)
            )
            if not isinstance(made, str):
                self._adopt(attempt, made)
                return
            attempt.id = made
            if request.attach:
                stream = self._pool.with_retry(lambda: self._there.attach(made))
                attempt.capture = Capture(stream, request.log)
            attempt.began = time.time()
            self._pool.with_retry(lambda: self._begin(attempt, request))
        except EngineError as error:
            for own in (file.parent, request.log.parent):
                if _NO_SOURCE in error.words and str(own) in error.words:
                    gone = FileNotFoundError(ENOENT, os.strerror(ENOENT))
                    raise cannot_go_on(gone, "cannot start an attempt", own) from error
            self._refused(attempt, error)
            return
        if self._tracker.began(attempt):
            self._signal(attempt)

    def _begin(self, attempt: ContainerAttempt, request: ContainerRequest) -> None:
        try:
            begin(self._there, attempt.id, request)
        except EngineUnavailable:
            attempt.interrupted = True
            raise

    def _refused(self, attempt: ContainerAttempt, error: EngineError) -> None:
        found, restarted = None, attempt.interrupted
        if attempt.id:
            found = self._pool.with_retry(lambda: self._there.inspect(attempt.id))
        if restarted:
            time.sleep(LATE)
            if self._tracker.has_begun(attempt.name):
                # A killed engine may forget that it has started a container.
                claim = self._tracker.claim_of(attempt.name)
                self._tracker.end(attempt, self._tracker.removed(attempt, claim))
                return
        now = time.time()
        end = exit_status.of_refusal(*attempt.name, error, now, found, restarted=restarted)
        self._tracker.end(attempt, end)

    def _forfeit(self, attempt: ContainerAttempt) -> bool:
        self._tracker.release(attempt.name)
        config = self._config
        name = containers.container_name(config.identity.run_id, *attempt.name)
        labels, image = config.labels(*attempt.name), config.container.image
        held = self._pool.with_retry(
            lambda: take_name(self._there, name, image, labels, config.check_owner)
        )
        if isinstance(held, str):
            self._tracker.release(attempt.name, held)
        elif held is not None:
            self._adopt(attempt, held)
            return False
        return True

    def _adopt(self, attempt: ContainerAttempt, found: Found) -> None:
        if self._tracker.adopt(attempt, found):
            self._signal(attempt)

    def _see(self, job: str, number: int, handle: str | None, container: str | None) -> Seen:
        """The state of one attempt, for `survey`."""
        found = self._there.inspect(container) if container is not None else None
        if found is None or (handle is not None and found["Id"] != handle):
            if handle is None and not self._tracker.has_begun((job, number)):
                return Seen("never")
            return self._gone(ContainerAttempt(job, number, id=handle or ""))
        attempt = ContainerAttempt(job, number, id=found["Id"])
        status = found["State"]["Status"]
        if (found["Config"].get("Labels") or {}).get(containers.ABANDONED):
            self._tracker.release(attempt.name, found["Id"])
            return Seen("forfeited")
        if status == "created" and not exit_status.failed_start(found):
            if handle is None and not self._tracker.has_begun(attempt.name):
                return Seen("never")
            # A killed engine may forget that it has started a container.
            self._tracker.release(attempt.name, found["Id"])
            return self._gone(attempt)
        if status in ALIVE:
            self._adopt(attempt, found)
            return Seen("alive", found["Id"])
        self._tracker.release(attempt.name, found["Id"])
        return Seen("ended", found["Id"], ended=self._tracker.ending(attempt, found))

    def _gone(self, attempt: ContainerAttempt) -> Seen:
        """The end of an attempt of which the engine knows nothing, for `survey`."""
        ended = self._tracker.removed(attempt, self._tracker.claim_of(attempt.name))
        return Seen("ended", ended.handle, ended=ended)

    def _signal(self, attempt: ContainerAttempt) -> None:
        level = attempt.wanted
        name = "SIGKILL" if level == HARD else self._config.stop_signal(attempt.job)
        first, attempt.signalled = not attempt.signalled, True
        with suppress(EngineUnavailable, EngineError):
            # A signal that may have arrived before makes a later refusal worth nothing.
            attempt.too_late = not self._there.signal(attempt.id, name) and first
            attempt.delivered, attempt.delivered_at = level, time.time()

    def _remove(self, container: str, force: bool) -> None:
        with suppress(EngineError):  # `pbt-run --list` shows what is left
            self._pool.with_retry(lambda: self._there.remove(container, force=force))

    # -- what is there -----------------------------------------------------------------------------

    def _connected(self) -> Engine:
        if self._engine is None:
            self._engine = self._connect()
        return self._engine

    def _unavailable(self, error: Exception) -> RuntimeUnavailable:
        where = self._engine.where if self._engine is not None else "docker"
        return RuntimeUnavailable(
            f"the docker engine at `{where}` does not answer: {error}",
            hint="start it, then resume this run: containers that still run are adopted",
        )

    @property
    def _there(self) -> Engine:
        assert self._engine is not None, "`prepare` comes first"
        return self._engine

    @property
    def _tracker(self) -> ContainerTracker:
        assert self._tracking is not None, "`prepare` comes first"
        return self._tracking
