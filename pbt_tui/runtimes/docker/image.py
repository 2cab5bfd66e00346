"""The image of a run: there, or fetched with progress; what it brings; whether GPUs go into it.

Must not know attempts. All of it belongs to `prepare`: a launch never waits for a pull, and what
every job would be refused for is said once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from pbt_tui.errors import RuntimeUnavailable, printable
from pbt_tui.runtimes.docker import request
from pbt_tui.runtimes.docker.engine import Engine, Found
from pbt_tui.runtimes.docker.request import Identity, Image
from pbt_tui.runtimes.engine_errors import EngineError
from pbt_tui.spec import Container

_TOLD_EVERY = 1.0
"""Seconds between two lines of progress."""
_NOWHERE = "/pbt-probe"
"""A command that no image has: its start fails after the devices were granted."""


def ready(engine: Engine, container: Container, progress: Callable[[str], None]) -> Found:
    """The inspected image, pulled if it is missing and may be. Raises `RuntimeUnavailable`."""
    name = container.image
    found = engine.image(name)
    if found is None and container.pull == "never":
        raise RuntimeUnavailable(
            f"image `{printable(name)}` is not there, and `--pull never` was given",
            hint=f"build it, or fetch it with `docker pull {printable(name)}`",
        )
    if found is None:
        try:
            words = pull(engine.pull(name), name, progress)
        except EngineError as error:
            words = error.words
        if words is not None:
            raise RuntimeUnavailable(
                f"image `{printable(name)}` cannot be pulled: {printable(words)}",
                hint="build it on this machine, or log in to its registry: `docker login`",
            )
        found = engine.image(name)
    if found is None:
        raise RuntimeUnavailable(f"image `{printable(name)}` is not there after its pull")
    return found


def pull(objects: Iterable[Found], name: str, progress: Callable[[str], None]) -> str | None:
    """Follows a pull to its end: the engine's words where it failed."""
    layers: dict[str, tuple[int, int]] = {}
    done: set[str] = set()
    progress(f"pulling `{printable(name)}`")
    told = time.monotonic()
    for one in objects:
        if one.get("error"):
            return str(one["error"])
        layer, status = one.get("id"), one.get("status") or ""
        numbers = one.get("progressDetail") or {}
        if layer and status == "Downloading" and numbers.get("total"):
            layers[layer] = (int(numbers.get("current") or 0), int(numbers["total"]))
        elif layer and status in ("Pull complete", "Already exists"):
            done.add(layer)
        if time.monotonic() >= told + _TOLD_EVERY and layers:
            told = time.monotonic()
            here, whole = (sum(n) / 1e6 for n in zip(*layers.values(), strict=True))
            progress(
                f"pulling `{printable(name)}`: {here:.0f} of {whole:.0f} MB, "
                f"{len(done)} of {len(done | set(layers))} layers done"
            )
    progress(f"pulled `{printable(name)}`")
    return None


def facts(found: Found, *, shell: bool) -> Image:
    """What of the inspected image a request needs."""
    config = found.get("Config") or {}
    digests = found.get("RepoDigests") or ()
    return Image(
        entrypoint=tuple(config.get("Entrypoint") or ()),
        shell=shell,
        user=config.get("User") or "",
        stop_signal=config.get("StopSignal") or "SIGTERM",
        digest=digests[0] if digests else found.get("Id"),
    )


def probe(
    engine: Engine, image: str, identity: Identity, gpus: Sequence[str], capabilities: Sequence[str]
) -> bool:
    """Whether the image has a shell; with `gpus`, also that the engine gives them to containers.

    Both can only be learnt from a container: one is made, and removed again. Raises
    `RuntimeUnavailable` where there is no NVIDIA runtime, or not these devices.
    """
    name = f"pbt-{identity.run_id}-probe"
    with suppress(EngineError):
        engine.remove(name, force=True)
    body = {
        "Image": image,
        "Entrypoint": [_NOWHERE],
        "Cmd": ["-"],
        "Labels": {
            request.RUN_ID: identity.run_id,
            request.RUN: identity.run,
            request.PROBE: "1",
        },
        "HostConfig": {
            "NetworkMode": "none",
            "DeviceRequests": request.device_requests(gpus, capabilities),
        },
    }
    try:
        made = engine.create(name, body)
    except EngineError as error:
        raise RuntimeUnavailable(f"the engine cannot make a container: {error.words}") from error
    try:
        if gpus:
            _grant(engine, made, gpus)
        return engine.has_file(made, request.SHELL)
    except EngineError as error:
        raise RuntimeUnavailable(f"the engine cannot look into the image: {error.words}") from error
    finally:
        with suppress(EngineError):
            engine.remove(made, force=True)


def _grant(engine: Engine, made: str, gpus: Sequence[str]) -> None:
    try:
        engine.start(made)
    except EngineError as error:
        if _NOWHERE in error.words:
            return  # it came as far as the command
        words = printable(" ".join(error.words.split()))
        if "could not select device driver" in words:
            raise RuntimeUnavailable(
                f"the engine cannot give GPUs to containers: {words}",
                hint="install the NVIDIA Container Toolkit and restart the engine",
            ) from error
        raise RuntimeUnavailable(
            f"the engine cannot give GPU {', '.join(f'`{gpu}`' for gpu in gpus)} to a container: "
            f"{words}",
            hint="name the devices that are there with `--gpus`",
        ) from error
