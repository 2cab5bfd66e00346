"""Talks to a docker engine through docker-py; no other module imports that library.

`runtime` implements the methods of the runtime in terms of `engine`. This module uses docker-py's
low-level API, because the objects of its high-level API inspect every container that they list.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.docker import answers, request
from pbt_tui.runtimes.docker.engine import Found, Stream
from pbt_tui.runtimes.docker.exit_status import seconds
from pbt_tui.runtimes.docker.ownership import Known
from pbt_tui.runtimes.docker.run_config import RunConfig
from pbt_tui.runtimes.docker.runtime import ContainerRuntime
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.spec import Container, Policy, digest

_TIMEOUT = 120
"""Seconds for one answer: to start a container on a busy machine may take long."""
_QUICK = 2.0
"""Seconds for the answer to a ping."""
_LATELY = 600.0
"""Seconds of past events to ask for."""
_HEARD = ["die", "oom", "destroy", "pause", "unpause"]
"""Events to listen to."""
_CONNECTIONS = 32
_HINT = "start it, or name another one in `DOCKER_HOST`"


class DockerRuntime(ContainerRuntime):
    """Runs the attempts of one run directory as containers of the engine that `environ` names.

    `engine_before` is the id of the last executor's engine: what that executor left active is
    `unknown` to any other engine. `known` says which attempts the journal has. `engine_id` and
    `image_digest` are known after `prepare`.

    Raises:
        RuntimeUnavailable: if `cwd` or `train_dir` must not be mounted.
    """

    def __init__(
        self,
        rundir: RunDir,
        container: Container,
        *,
        run_id: str,
        run: str,
        plan: str,
        cwd: Path,
        train_dir: Path,
        policy: Policy,
        known_gpus: tuple[Gpu, ...],
        environ: Mapping[str, str] | None = None,
        engine_before: str | None = None,
        known: Known = lambda job, attempt: True,
        progress: Callable[[str], None] = lambda line: None,
    ) -> None:
        environ = dict(os.environ if environ is None else environ)
        config = RunConfig(
            rundir,
            container,
            request.Identity(run_id, run, plan, str(rundir.path)),
            cwd=cwd,
            train_dir=train_dir,
            policy=policy,
            known_gpus=known_gpus,
            environ=environ,
            known=known,
        )
        super().__init__(
            rundir,
            config,
            engine_before=engine_before,
            progress=progress,
            connect=lambda: connect(environ),
        )


def create(
    context: RunContext, progress: Callable[[str], None] = lambda line: None
) -> DockerRuntime:
    """Creates the runtime of one run directory. Raises `RuntimeUnavailable` as its class does."""
    assert context.container is not None, "the kind needs an image"
    return DockerRuntime(
        context.rundir,
        context.container,
        run_id=context.run_id,
        run=context.state.spec.run,
        plan=digest(context.state.spec),
        cwd=context.cwd,
        train_dir=context.train_dir,
        policy=context.policy,
        known_gpus=context.gpus if context.known else (),
        environ=context.environ,
        engine_before=context.engine_before,
        known=_attempts_of(context.state),
        progress=progress,
    )


def _attempts_of(state: RunState) -> Known:
    def known(job: str, attempt: int) -> bool:
        found = state.by_id.get(job)
        return found is not None and any(a.number == attempt for a in found.attempts)

    return known


def connect(environ: Mapping[str, str]) -> DockerEngine:
    """Connects to the engine of `DOCKER_HOST`, of the current docker context, or the usual socket.

    Raises:
        RuntimeUnavailable: if it does not answer.
    """
    from docker.api import APIClient
    from docker.errors import DockerException
    from docker.utils import kwargs_from_env

    where = environ.get("DOCKER_HOST") or ""
    try:
        settings: dict[str, Any] = kwargs_from_env(environment=dict(environ))
        if not where:
            where = _context(environ) or "unix:///var/run/docker.sock"
            settings["base_url"] = where
        client = APIClient(version="auto", timeout=_TIMEOUT, max_pool_size=_CONNECTIONS, **settings)
    except (DockerException, OSError, ValueError) as error:
        raise down(where, _reason(error)) from error

    def anew() -> Any:
        return APIClient(version=client.api_version, timeout=_QUICK, **settings)

    return DockerEngine(client, where, anew)


def _context(environ: Mapping[str, str]) -> str | None:
    """Address in docker's current context, which is how rootless engines are found; None: none."""
    from docker.context import ContextAPI
    from docker.errors import DockerException

    with suppress(DockerException, OSError, ValueError, KeyError):
        found = ContextAPI.get_context(environ.get("DOCKER_CONTEXT") or None)
        if found is not None and found.Host:
            return str(found.Host).replace("http+unix://", "unix://")
    return None


def down(where: str, why: str) -> RuntimeUnavailable:
    """The error that no engine answers at `where`, with a hint."""
    hint = _HINT
    if "permission denied" in why.lower():
        hint = "join the group that may use it (often `docker`), or run a rootless engine"
    return RuntimeUnavailable(f"no docker engine answers at `{where}`: {why}", hint=hint)


def _reason(error: BaseException) -> str:
    """The message of the system's error, which docker-py wraps in errors of three libraries."""
    inner: BaseException | None = error
    while inner is not None:
        if isinstance(inner, OSError) and inner.strerror:
            return inner.strerror.lower()
        error, inner = inner, inner.__cause__ or inner.__context__
    return str(error)


@contextmanager
def _asking() -> Iterator[None]:
    """Turns errors of docker-py into `EngineUnavailable` and `EngineError`."""
    from docker.errors import APIError, DockerException, StreamParseError

    try:
        yield
    except EngineUnavailable:
        raise
    except APIError as error:
        text = str(error.explanation or error).strip()
        if error.status_code == 503:  # the engine starts or stops
            raise EngineUnavailable(text) from error
        raise EngineError(error.status_code or 500, text) from error
    except Exception as error:
        # Errors of requests are `OSError`s; streams raise errors of urllib3.
        if isinstance(error, OSError) or type(error).__module__.startswith("urllib3."):
            raise EngineUnavailable(_reason(error)) from error
        if isinstance(error, (DockerException, StreamParseError, RecursionError, *_UNREAD)):
            raise answers.unreadable(str(error) or type(error).__name__) from error
        raise


_UNREAD = (ValueError, KeyError, TypeError, AttributeError)
"""What docker-py raises for JSON that it does not expect."""


class _Arriving:
    """A stream of docker-py that ends without an error if the engine stops.

    `kind`: only items of this kind are passed on; None: all of them.
    """

    def __init__(self, stream: Any, kind: Any = None) -> None:
        self._stream = stream
        self._kind = kind

    def __iter__(self) -> Iterator[Any]:
        # After `close`, the layers of docker-py raise different errors for the closed descriptor.
        with suppress(EngineUnavailable, EngineError, ValueError, AttributeError), _asking():
            for item in self._stream:
                if self._kind is None or answers.is_answer(item, self._kind):
                    yield item

    def close(self) -> None:
        with suppress(Exception):
            self._stream.close()


class DockerEngine:
    """`engine.Engine` with docker-py's `APIClient`; all threads share one client."""

    def __init__(self, client: Any, where: str, anew: Callable[[], Any]) -> None:
        self._client = client
        self._anew = anew
        self.where = where

    def info(self) -> Found:
        with _asking():
            found: Found = answers.checked(self._client.info(), answers.EngineInfo)
            return found

    def accepts(self) -> bool:
        from docker.errors import DockerException

        try:
            other = self._anew()
            try:
                return bool(other.ping())
            finally:
                other.close()
        except (DockerException, OSError):
            return False

    def started(self) -> float | None:
        # The engine creates the default bridge at each start; it reports its start nowhere else.
        try:
            with _asking():
                found = answers.checked(
                    self._client.inspect_network("bridge"), answers.InspectedNetwork
                )
                return seconds(found.get("Created"))
        except EngineError:
            return None

    def image(self, name: str) -> Found | None:
        try:
            with _asking():
                found: Found = answers.checked(
                    self._client.inspect_image(name), answers.InspectedImage
                )
                return found
        except EngineError as error:
            if error.status == 404:
                return None
            raise

    def pull(self, name: str) -> Iterator[Found]:
        with _asking():
            for item in self._client.pull(name, stream=True, decode=True):
                yield answers.checked(item, answers.PullStep)

    def create(self, name: str, body: Mapping[str, Any]) -> str:
        with _asking():
            made = self._client.create_container_from_config(dict(body), name=name)
            return str(answers.checked(made, answers.CreatedContainer)["Id"])

    def start(self, container: str) -> None:
        with _asking():
            self._client.start(container)

    def inspect(self, container: str) -> Found | None:
        try:
            with _asking():
                found = self._client.inspect_container(container)
                return cast(Found, answers.checked(found, answers.InspectedContainer))
        except EngineError as error:
            if error.status == 404:
                return None
            raise

    def signal(self, container: str, name: str) -> bool:
        try:
            with _asking():
                self._client.kill(container, signal=name)
        except EngineError as error:
            if error.status not in (404, 409) and "not running" not in error.words:
                raise
            return False
        return True

    def remove(self, container: str, *, force: bool = False) -> None:
        try:
            with _asking():
                self._client.remove_container(container, v=True, force=force)
        except EngineError as error:
            if error.status != 404 and "already in progress" not in error.words:
                raise

    def list(self, labels: Sequence[str]) -> Sequence[Found]:
        with _asking():
            found = self._client.containers(all=True, filters={"label": list(labels)})
            return cast(Sequence[Found], answers.checked(found, list[answers.ListedContainer]))

    def events(self, labels: Sequence[str], since: float) -> Stream:
        filters = {"type": "container", "event": _HEARD, "label": list(labels)}
        with _asking():
            stream = self._client.events(since=f"{since:.3f}", decode=True, filters=filters)
        return _Arriving(stream, answers.ContainerEvent)

    def began(self, container: str) -> bool:
        # Use the engine's clock: for an `until` ahead of it, the call would wait.
        now = self._clock()
        return any(True for _ in self._past(container, "start", now - _LATELY, now))

    def paused_at(self, container: str) -> float | None:
        found = list(self._past(container, "pause", 1.0, self._clock()))
        return answers.event_time(found[-1]) if found else None

    def _clock(self) -> float:
        return seconds(self.info().get("SystemTime")) or time.time()

    def _past(self, container: str, event: str, since: float, until: float) -> Iterator[Found]:
        filters = {"container": container, "event": event}
        with _asking():
            yield from self._client.events(
                since=f"{since:.6f}", until=f"{until:.6f}", decode=True, filters=filters
            )

    def attach(self, container: str) -> Stream:
        with _asking():
            return _Arriving(self._client.attach(container, stream=True, logs=False))

    def logs(self, container: str, *, follow: bool) -> Stream:
        with _asking():
            return _Arriving(self._client.logs(container, stream=True, follow=follow))

    def networks(self, labels: Sequence[str]) -> Mapping[str, Mapping[str, str]]:
        with _asking():
            found = self._client.networks(filters={"label": list(labels)})
            named = [one for one in found if isinstance(one, dict) and "Name" in one]
            return {str(one["Name"]): dict(one.get("Labels") or {}) for one in named}

    def make_network(self, name: str, labels: Mapping[str, str]) -> None:
        with _asking():
            self._client.create_network(name, labels=dict(labels), check_duplicate=True)

    def remove_network(self, name: str) -> None:
        with _asking():
            self._client.remove_network(name)

    def has_file(self, container: str, path: str) -> bool:
        try:
            with _asking():
                stream, _ = self._client.get_archive(container, path)
                for _ in stream:
                    pass
        except EngineError as error:
            if error.status == 404:
                return False
            raise
        return True

    def close(self) -> None:
        with suppress(Exception):
            self._client.close()
