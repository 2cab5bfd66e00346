"""The run context: everything that a runtime gets when the executor creates it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbt_tui.errors import Diagnostic, printable
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
    """The environment that plain processes inherit: that of the executor's shell, but for what is
    kept of the last executor's."""
    python: str | None = None
    """The interpreter of plain processes; None: that of `environ`."""
    gpus: tuple[Gpu, ...] = ()
    """GPUs of this machine; empty if jobs run elsewhere."""
    known: bool = False
    """Whether a person listed the GPUs or the executor detected them; else it assumes them."""
    masked: bool = False
    """Whether the GPUs are those that `CUDA_VISIBLE_DEVICES` shows."""
    notes: tuple[Diagnostic, ...] = ()
    """What the executor keeps of the last one although its own shell differs."""
    forgotten: str | None = None
    """Name of a host whose attempts a person counts as lost."""
    from_scratch: bool = False
    """Whether all members begin from scratch, so that older generations are moved aside."""

    @property
    def engine_before(self) -> str | None:
        """Id of the last executor's engine if it left attempts active; no other engine has them."""
        before = self.state.executor
        return before.engine_id if before is not None and self.state.active else None

    @property
    def elsewhere(self) -> str | None:
        """Where the last executor started attempts, as `Seen.detail`; None if on this host."""
        before, here = self.state.executor, socket.gethostname()
        if before is None or before.host == here:
            return None
        if before.host == self.forgotten or before.boot_id == proc.boot_id():
            return None  # given up by a person, or this machine with another name
        host = printable(before.host)
        return f"started on host `{host}`, this is `{here}`: only `{host}` can say what still runs"
