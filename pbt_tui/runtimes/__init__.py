"""WHAT ATTEMPTS ARE STARTED WITH: one folder a kind, found by name.

Each folder has a `kind.py`, pure data that every package may import; its other files belong to the
executor. Must not know the journal's files or the scheduler.
"""

from __future__ import annotations

from pbt_tui.registry import Registry
from pbt_tui.runtimes.kind import RuntimeKind

__all__ = ["RUNTIMES", "RuntimeKind"]

RUNTIMES: Registry[RuntimeKind] = Registry(
    "runtime",
    "pbt_tui.runtimes",
    {
        "process": "pbt_tui.runtimes.process.kind:KIND",
        "docker": "pbt_tui.runtimes.docker.kind:KIND",
        "slurm": "pbt_tui.runtimes.slurm.kind:KIND",
    },
    RuntimeKind,
)
