"""How one executor is to go about it: flag over spec over what the run directory had before.

Must not look at this machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import msgspec

from pbt_tui.errors import UsageError
from pbt_tui.journal import RunState
from pbt_tui.spec import Container, Policy, Processes

Place = Literal["process", "docker"]


@dataclass(frozen=True, slots=True)
class Orders:
    """The rest is in the run directory."""

    policy: Policy
    cwd: Path
    """Of a run that is new; a resumed one keeps its own."""
    train_dir: Path
    runtime: Place = "process"
    container: Container | None = None
    """Kept also where jobs are plain processes: a later executor may want it."""
    detached: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


def effective_policy(state: RunState, given: Mapping[str, Any], spec: Processes | None) -> Policy:
    """A resumed directory without a spec keeps the policy that it had."""
    if spec is None:
        before = state.executor.policy if state.executor else state.spec.policy
    else:
        before = spec.policy
    return msgspec.structs.replace(before, **given)


def effective_container(
    state: RunState, given: Mapping[str, Any], spec: Processes | None
) -> Container | None:
    """The same for the container; None without an image. Raises `UsageError`."""
    if spec is None:
        before = state.executor.container if state.executor else state.spec.container
    else:
        before = spec.container
    if before is not None:
        return msgspec.structs.replace(before, **given)
    if "image" in given:
        return Container(**given)
    if given:
        name = next(iter(given))
        raise UsageError(
            f"`--{name}` is of a container, and no image is set", hint="pass `--image`"
        )
    return None


def effective_runtime(
    state: RunState, wanted: Place | None, container: Container | None, spec: Processes | None
) -> Place:
    """What was asked for; else what the directory had; else docker where there is an image.

    Never decided by who answers (DESIGN 6.2). Raises `UsageError` for docker without an image.
    """
    if wanted == "docker" and container is None:
        raise UsageError("`--runtime docker` needs an image", hint="pass `--image NAME`")
    if wanted is not None:
        return wanted
    if spec is None and state.executor is not None:
        return "docker" if state.executor.runtime == "docker" else "process"
    return "docker" if container is not None else "process"
