"""What a runtime is made from: everything that is settled before an executor starts anything.

Must not decide anything. A runtime takes what it needs from here, and asks nobody else.
"""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal.events import Gpu
from pbt_tui.runtimes.kind import RuntimeKind
from pbt_tui.spec import Container, Policy


@dataclass(frozen=True, slots=True, kw_only=True)
class RunContext:
    """One run directory and the effective settings of one executor. Paths are absolute."""

    kind: RuntimeKind
    rundir: RunDir
    state: RunState
    """Read it, never write it."""
    run_id: str
    """8 hex digits, the same for all executors of the run directory."""
    cwd: Path
    train_dir: Path
    policy: Policy
    container: Container | None
    settings: Any | None
    """What the engine is asked: the struct of its backend, None where there is none."""
    environ: Mapping[str, str]
    """The executor's own environment, which plain processes inherit."""
    gpus: tuple[Gpu, ...] = ()
    """Of this machine; none where jobs run elsewhere."""
    known: bool = False
    """The GPUs were listed or seen, not taken on trust."""

    @property
    def engine_before(self) -> str | None:
        """The engine of the last executor, where it left attempts active: only it knows them."""
        before = self.state.executor
        return before.engine_id if before is not None and self.state.active else None

    @property
    def elsewhere(self) -> str | None:
        """The host of the last executor in words, where that is not this one."""
        before = self.state.executor
        if before is None or before.host == socket.gethostname():
            return None
        return f"host `{before.host}`"
