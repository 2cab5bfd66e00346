"""Runtimes: they start and stop attempts. Each kind is one folder, found by name.

Each folder has a `kind.py`, pure data that every package may import. Only the executor imports the
other files. A runtime must not decide anything, and must not read or write the journal.
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
        "osmo": "pbt_tui.runtimes.osmo.kind:KIND",
    },
    RuntimeKind,
)
