"""Creates and starts one container, so that no attempt runs twice, also if an executor dies.

An executor starts only a container that it created itself, by an id that no other executor knows.
It removes a container that another executor left unstarted, but only once no start request for it
can still be in flight.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.runtimes.docker import exit_status
from pbt_tui.runtimes.docker import request as containers
from pbt_tui.runtimes.docker.engine import Engine, Found
from pbt_tui.runtimes.docker.request import ContainerRequest
from pbt_tui.runtimes.engine_errors import EngineError

ALIVE = ("running", "paused", "restarting")
_TRIES = 10
SETTLE = 5.0
"""Seconds after its creation for which a start request to a busy engine may still be in flight."""
_TAKEN = 409
_LOOK_AGAIN = 0.25


def create(
    engine: Engine, name: str, body: Mapping[str, Any], ours: Callable[[Found], None]
) -> str | Found:
    """Creates a container and returns its id.

    If a container of this name has started or failed to start, returns it as inspected; it may be
    gone by then. `ours` is asked about a container before anything is done to it.

    Raises:
        EngineError: if the engine refuses.
        RuntimeUnavailable: if another process creates and removes the name again and again; what
            `ours` raises.
    """
    tries = 0
    while tries < _TRIES:
        try:
            return engine.create(name, body)
        except EngineError as error:
            if error.status != _TAKEN:
                raise
        there = engine.inspect(name)
        if there is not None:
            ours(there)
        if there is not None and _just_made(there):
            # A start request for it may still be in flight: to remove it now could let both run.
            time.sleep(_LOOK_AGAIN)
            continue
        if there is not None and not _unmake(engine, there):
            return there
        tries += 1
    raise RuntimeUnavailable(f"container `{name}` comes and goes: is another executor at work?")


def begin(engine: Engine, container: str, request: ContainerRequest) -> None:
    """Checks that the engine pinned the right GPUs, then starts a container.

    May be called again after the engine did not answer: it does not start a container twice.

    Raises:
        EngineError: if the engine refuses, or pinned other GPUs.
    """
    found = engine.inspect(container)
    if found is None:
        raise EngineError(404, "its container was removed")
    given = _pinned(found)
    if given != request.gpus:
        asked = ", ".join(request.gpus) or "none"
        what = ", ".join(given) if given is not None else "a count of GPUs"
        raise EngineError(500, f"the engine pinned GPU {what or 'none'} instead of {asked}")
    if found["State"]["Status"] == "created" and not exit_status.failed_start(found):
        engine.start(container)


def take_name(
    engine: Engine,
    name: str,
    image: str,
    labels: Mapping[str, str],
    ours: Callable[[Found], None],
) -> str | Found | None:
    """Claims an attempt that must never start: creates a container and returns its id.

    Returns None if no executor could create it, and the inspected container if one has started.
    """
    body = {
        "Image": image,
        "Entrypoint": ["-"],
        "Labels": {**labels, containers.ABANDONED: "1"},
    }
    try:
        return create(engine, name, body, ours)
    except EngineError:
        return None  # without image or disk space, a start would fail, too


def _just_made(there: Found) -> bool:
    """Whether it has not started, and a dead executor's start request may still be in flight."""
    if there["State"]["Status"] != "created" or exit_status.failed_start(there):
        return False
    made = exit_status.seconds(there.get("Created"))
    return made is not None and abs(time.time() - made) < SETTLE


def _unmake(engine: Engine, there: Found) -> bool:
    """Removes a container that never started; False if it has started, or failed to.

    The start request of a dead executor may arrive after the inspection, and the job may even end
    before the removal. Then only the engine's events show that it started.
    """
    if there["State"]["Status"] != "created" or exit_status.failed_start(there):
        return False
    try:
        engine.remove(there["Id"])
    except EngineError as error:
        if error.status != _TAKEN:
            raise
        return True
    return not engine.began(there["Id"])


def _pinned(found: Found) -> tuple[str, ...] | None:
    """The device ids that the engine recorded; None if it recorded a count."""
    requests = found["HostConfig"].get("DeviceRequests") or []
    if any(request.get("Count") for request in requests):
        return None
    return tuple(device for request in requests for device in request.get("DeviceIDs") or ())
