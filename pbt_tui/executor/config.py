"""How one executor is to go about it: flag over spec over what the run directory had before.

Must not look at this machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.errors import UsageError
from pbt_tui.journal import RunState
from pbt_tui.journal.events import ExecutorStarted
from pbt_tui.spec import Container, Policy, Processes

RuntimeName = str


@dataclass(frozen=True, slots=True)
class ExecutorConfig:
    """The rest is in the run directory."""

    policy: Policy
    cwd: Path
    """Of a run that is new; a resumed one keeps its own."""
    train_dir: Path
    runtime: RuntimeName = "process"
    container: Container | None = None
    """Kept also where jobs are plain processes: a later executor may want it."""
    slurm: Slurm | None = None
    """What SLURM is asked, where it is the runtime."""
    detached: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: dict(os.environ))


def effective_policy(state: RunState, given: Mapping[str, Any], spec: Processes | None) -> Policy:
    """A resumed directory without a spec keeps the policy that it had."""
    if spec is None:
        before = _kept(state.executor, state.spec) if state.executor else state.spec.policy
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


def effective_slurm(
    state: RunState, given: Mapping[str, Any], compiled: Mapping[str, Any]
) -> Slurm:
    """What was given now, over what the directory had or, where it is new, was compiled.

    Jobs are submitted as arrays, also where their files were written one by one.
    """
    before = state.executor.slurm if state.executor is not None else None
    kept = compiled if compiled or before is None else before
    return msgspec.convert({**kept, **given, "files": False}, Slurm)


_OF_A_QUEUE = ("experiments_per_gpu", "max_parallel", "pause_between")


def queue_policy(policy: Policy, jobs: int) -> Policy:
    """SLURM has the places and the order: no slots, no pause, all at once."""
    values = dict(zip(_OF_A_QUEUE, (-1, max(jobs, 1), 0.0), strict=True))
    return msgspec.structs.replace(policy, **values)


def _kept(executor: ExecutorStarted, spec: Processes) -> Policy:
    """The policy of the last executor; what only a queue makes of it is taken out again."""
    if executor.runtime != "slurm":
        return executor.policy
    own = {name: getattr(spec.policy, name) for name in _OF_A_QUEUE}
    return msgspec.structs.replace(executor.policy, **own)


def effective_runtime(
    state: RunState, wanted: RuntimeName | None, container: Container | None, spec: Processes | None
) -> RuntimeName:
    """What was asked for; else what the directory had; else docker where there is an image.

    Never decided by who answers (DESIGN 6.2). Raises `UsageError` for docker without an image.
    """
    if wanted == "docker" and container is None:
        raise UsageError("`--runtime docker` needs an image", hint="pass `--image NAME`")
    if wanted is not None:
        return wanted
    if spec is None and state.executor is not None:
        return state.executor.runtime
    return "docker" if container is not None else "process"
