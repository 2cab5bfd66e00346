"""The image of a run: pulls and inspects it, and checks that containers can get GPUs.

All of this happens in `prepare`: so a launch never waits for a pull, and an error that concerns
every job is reported once.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress

from pbt_tui.errors import RuntimeUnavailable, printable
from pbt_tui.runtimes.docker import request, wrapper
from pbt_tui.runtimes.docker.engine import Engine, Found
from pbt_tui.runtimes.docker.request import Identity, Image
from pbt_tui.runtimes.engine_errors import EngineError
from pbt_tui.spec import Container

_REPORT_EVERY = 1.0
"""Seconds between two lines of progress."""
_NOWHERE = "/pbt-probe"
"""A command that no image has: its start fails, but only after the engine granted the devices."""


def ready(engine: Engine, container: Container, progress: Callable[[str], None]) -> Found:
    """The inspected image; pulls it if it is missing and the spec allows that.

    Raises `RuntimeUnavailable`.
    """
    name = container.image
    found = engine.image(name)
    if found is None and container.pull == "never":
        raise RuntimeUnavailable(
            f"image `{printable(name)}` is not there, and `--pull never` was given",
            hint=f"build it, or fetch it with `docker pull {printable(name)}`",
        )
    if found is None:
        try:
            failure = pull(engine.pull(name), name, progress)
        except EngineError as error:
            failure = error.words
        if failure is not None:
            raise RuntimeUnavailable(
                f"image `{printable(name)}` cannot be pulled: {printable(failure)}",
                hint="build it on this machine, or log in to its registry: `docker login`",
            )
        found = engine.image(name)
    if found is None:
        raise RuntimeUnavailable(f"image `{printable(name)}` is not there after its pull")
    return found


def pull(objects: Iterable[Found], name: str, progress: Callable[[str], None]) -> str | None:
    """Follows a pull and reports its progress; returns the engine's error, or None."""
    layers: dict[str, tuple[int, int]] = {}
    done: set[str] = set()
    progress(f"pulling `{printable(name)}`")
    reported_at = time.monotonic()
    for item in objects:
        if item.get("error"):
            return str(item["error"])
        layer, status = item.get("id"), item.get("status") or ""
        numbers = item.get("progressDetail") or {}
        if layer and status == "Downloading" and numbers.get("total"):
            layers[layer] = (int(numbers.get("current") or 0), int(numbers["total"]))
        elif layer and status in ("Pull complete", "Already exists"):
            done.add(layer)
        if time.monotonic() >= reported_at + _REPORT_EVERY and layers:
            reported_at = time.monotonic()
            loaded, total = (sum(n) / 1e6 for n in zip(*layers.values(), strict=True))
            progress(
                f"pulling `{printable(name)}`: {loaded:.0f} of {total:.0f} MB, "
                f"{len(done)} of {len(done | set(layers))} layers done"
            )
    progress(f"pulled `{printable(name)}`")
    return None


def facts(found: Found, info: Found, *, shell: bool) -> Image:
    """What a create request needs to know about the image, and about the engine of `info`."""
    config = found.get("Config") or {}
    digests = found.get("RepoDigests") or ()
    return Image(
        entrypoint=tuple(config.get("Entrypoint") or ()),
        shell=shell,
        init=info.get("InitBinary") == wrapper.INIT,
        user=config.get("User") or "",
        stop_signal=config.get("StopSignal") or "SIGTERM",
        digest=digests[0] if digests else found.get("Id"),
    )


def probe(
    engine: Engine, image: str, identity: Identity, gpus: Sequence[str], capabilities: Sequence[str]
) -> bool:
    """Whether the image has a shell; with `gpus`, also checks that containers can get them.

    To find out, it creates a container and removes it again.

    Raises:
        RuntimeUnavailable: if the engine cannot create it, has no NVIDIA runtime, or lacks one of
            the devices.
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
        return engine.has_file(made, wrapper.SHELL)
    except EngineError as error:
        raise RuntimeUnavailable(f"the engine cannot inspect the image: {error.words}") from error
    finally:
        with suppress(EngineError):
            engine.remove(made, force=True)


def _grant(engine: Engine, made: str, gpus: Sequence[str]) -> None:
    try:
        engine.start(made)
    except EngineError as error:
        if _NOWHERE in error.words:
            return  # the engine granted the devices, and then did not find the command
        text = printable(" ".join(error.words.split()))
        if "could not select device driver" in text:
            raise RuntimeUnavailable(
                f"the engine cannot give GPUs to containers: {text}",
                hint="install the NVIDIA Container Toolkit and restart the engine",
            ) from error
        raise RuntimeUnavailable(
            f"the engine cannot give GPU {', '.join(f'`{gpu}`' for gpu in gpus)} to a container: "
            f"{text}",
            hint="name the devices that are there with `--gpus`",
        ) from error
