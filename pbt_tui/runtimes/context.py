"""The run context: everything that a runtime gets when the executor creates it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal.events import Gpu
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.kind import RuntimeKind
from pbt_tui.spec import Container, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """One run directory and the effective settings of one executor. Paths are absolute."""

    kind: RuntimeKind
    """The kind of the runtime."""
    rundir: RunDir
    """The run directory."""
    state: RunState
    """The state of the run; a runtime may only read it."""
    run_id: str
    """8 hex digits, the same for all executors of the run directory."""
    cwd: Path
    """Folder in which the jobs start."""
    train_dir: Path
    """Root folder of everything that jobs write."""
    policy: Policy
    """Effective policy."""
    container: Container | None
    """Effective container; None: jobs are plain processes."""
    settings: Any | None
    """Effective settings of the engine: the struct of its backend, or None if it has none."""
    environ: Mapping[str, str]
    """The executor's own environment, which plain processes inherit."""
    gpus: tuple[Gpu, ...] = ()
    """GPUs of this machine; empty if jobs run elsewhere."""
    known: bool = False
    """Whether a person listed the GPUs or the executor detected them; else it assumes them."""
    forgotten: str | None = None
    """Name of a host whose attempts a person counts as lost."""

    @property
    def engine_before(self) -> str | None:
        """Id of the last executor's engine if it left attempts active; no other engine has them."""
        before = self.state.executor
        return before.engine_id if before is not None and self.state.active else None

    @property
    def elsewhere(self) -> str | None:
        """The host of the last executor, for people; None if it is this one."""
        before = self.state.executor
        if before is None or before.host == socket.gethostname():
            return None
        if before.host == self.forgotten or before.boot_id == proc.boot_id():
            return None  # given up by a person, or this machine with another name
        return f"host `{before.host}`"
