"""Making and starting one container, so that no attempt ever runs twice, whoever died in between.

Must not know threads or facts. We start only what we made ourselves, by an id that nobody else can
know; what another left unstarted is removed first, so that a start still under way finds nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.executor import containers
from pbt_tui.executor.containers import Request
from pbt_tui.executor.runtimes import endings
from pbt_tui.executor.runtimes.engine import Engine, Found, Refused

ALIVE = ("running", "paused", "restarting")
_TRIES = 10
_TAKEN = 409


def create(engine: Engine, name: str, body: Mapping[str, Any]) -> str | Found:
    """The new container's id; or what was inspected of one of this name that began, or could not.

    Raises `Refused`.
    """
    for _ in range(_TRIES):
        try:
            return engine.create(name, body)
        except Refused as error:
            if error.status != _TAKEN:
                raise
        there = engine.inspect(name)
        if there is not None and not _unmake(engine, there):
            return there
    raise RuntimeUnavailable(f"container `{name}` comes and goes: is another executor at work?")


def begin(engine: Engine, container: str, request: Request) -> None:
    """Confirms the pin, then starts it. Asked again after a silence, it looks first.

    Raises `Refused`.
    """
    found = engine.inspect(container)
    if found is None:
        raise Refused(404, "its container was removed")
    given = _pinned(found)
    if given != request.gpus:
        asked = ", ".join(request.gpus) or "none"
        what = ", ".join(given) if given is not None else "a count of GPUs"
        raise Refused(500, f"the engine pinned GPU {what or 'none'} where {asked} was asked")
    if found["State"]["Status"] == "created" and not endings.failed_start(found):
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
    except Refused:
        return None  # no image, no room: the same would have been said to anybody


def wrapped(found: Found) -> bool:
    """It writes its log itself."""
    return list(found["Config"].get("Cmd") or ())[:2] == ["-c", containers.WRAPPER]


def _unmake(engine: Engine, there: Found) -> bool:
    """Removes what never started; False if it has started, or tried to."""
    if there["State"]["Status"] != "created" or endings.failed_start(there):
        return False
    try:
        engine.remove(there["Id"])
    except Refused as error:
        if error.status != _TAKEN:
            raise
    return True


def _pinned(found: Found) -> tuple[str, ...] | None:
    """The device ids that the engine holds; None where it made a count of them."""
    requests = found["HostConfig"].get("DeviceRequests") or []
    if any(one.get("Count") for one in requests):
        return None
    return tuple(device for one in requests for device in one.get("DeviceIDs") or ())
