"""Making and starting one container, so that no attempt ever runs twice, whoever died in between.

Must not know threads or facts. We start only what we made ourselves, by an id that nobody else can
know; what another left unstarted is removed first, once no start can still be on its way to it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
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
"""Seconds after its making for which a start may still be on its way to an engine that is busy."""
_TAKEN = 409
_LOOK_AGAIN = 0.25


def create(engine: Engine, name: str, body: Mapping[str, Any]) -> str | Found:
    """The new container's id; or what was inspected of one of this name that began, or could not.

    What began may be gone by then. Raises `EngineError`.
    """
    tries = 0
    while tries < _TRIES:
        try:
            return engine.create(name, body)
        except EngineError as error:
            if error.status != _TAKEN:
                raise
        there = engine.inspect(name)
        if there is not None and _just_made(there):
            # Removing it now could end what the engine is about to begin: then both would run.
            time.sleep(_LOOK_AGAIN)
            continue
        if there is not None and not _unmake(engine, there):
            return there
        tries += 1
    raise RuntimeUnavailable(f"container `{name}` comes and goes: is another executor at work?")


def begin(engine: Engine, container: str, request: ContainerRequest) -> None:
    """Confirms the pin, then starts it. Asked again after a silence, it looks first.

    Raises `EngineError`.
    """
    found = engine.inspect(container)
    if found is None:
        raise EngineError(404, "its container was removed")
    given = _pinned(found)
    if given != request.gpus:
        asked = ", ".join(request.gpus) or "none"
        what = ", ".join(given) if given is not None else "a count of GPUs"
        raise EngineError(500, f"the engine pinned GPU {what or 'none'} where {asked} was asked")
    if found["State"]["Status"] == "created" and not exit_status.failed_start(found):
        engine.start(container)


def take_name(
    engine: Engine, name: str, image: str, labels: Mapping[str, str]
) -> str | Found | None:
    """Takes the name of an attempt that is never to start: the id of what now holds it.

    None where nobody could make it, what was inspected where somebody was faster.
    """
    body = {
        "Image": image,
        "Entrypoint": ["-"],
        "Labels": {**labels, containers.ABANDONED: "1"},
    }
    try:
        return create(engine, name, body)
    except EngineError:
        return None  # no image, no room: the same would have been said to anybody


def wrapped(found: Found) -> bool:
    """It writes its log itself."""
    return list(found["Config"].get("Cmd") or ())[:2] == ["-c", containers.WRAPPER]


def _just_made(there: Found) -> bool:
    """Never started yet, by an executor that may have asked for it with its last breath."""
    if there["State"]["Status"] != "created" or exit_status.failed_start(there):
        return False
    made = exit_status.seconds(there.get("Created"))
    return made is not None and abs(time.time() - made) < SETTLE


def _unmake(engine: Engine, there: Found) -> bool:
    """Removes what never started; False if it has started, or tried to.

    A start that a dead executor left under way may be granted after the look, and all of the job
    be over before the removal: only the engine's events still know of it then.
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
    """The device ids that the engine holds; None where it made a count of them."""
    requests = found["HostConfig"].get("DeviceRequests") or []
    if any(one.get("Count") for one in requests):
        return None
    return tuple(device for one in requests for device in one.get("DeviceIDs") or ())
