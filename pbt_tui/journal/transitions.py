"""The transition table, as data: what each move does to a job in each phase.

`apply` follows it, the tests check each cell, and the diagram in `docs/architecture.md` is
generated from it. A missing entry is an illegal move.
"""

from __future__ import annotations

from typing import Final, Literal

Phase = Literal[
    "waiting", "starting", "running", "stopping", "succeeded", "failed", "cancelled", "skipped"
]
Move = Literal[
    "scheduled", "started", "stop", "kill", "ended", "cancel asked", "skipped", "retry asked"
]
Special = Literal["same", "flag", "by outcome"]
"""`same`: the phase stays; `flag`: it stays, and the job becomes cancelled once its attempt ends;
`by outcome`: the outcome of the attempt decides."""

ACTIVE: Final[frozenset[Phase]] = frozenset(("starting", "running", "stopping"))
ENDED: Final[frozenset[Phase]] = frozenset(("succeeded", "failed", "cancelled", "skipped"))

_ENDED_ROW: Final[dict[Move, Phase | Special]] = {"cancel asked": "same", "retry asked": "waiting"}

TABLE: Final[dict[Phase, dict[Move, Phase | Special]]] = {
    "waiting": {
        "scheduled": "starting",
        "cancel asked": "cancelled",
        "skipped": "skipped",
        "retry asked": "same",
    },
    "starting": {
        "started": "running",
        "stop": "stopping",
        "ended": "by outcome",
        "cancel asked": "flag",
        "retry asked": "same",
    },
    "running": {
        "started": "same",
        "stop": "stopping",
        "ended": "by outcome",
        "cancel asked": "flag",
        "retry asked": "same",
    },
    "stopping": {
        "started": "same",
        "kill": "same",
        "ended": "by outcome",
        "cancel asked": "flag",
        "retry asked": "same",
    },
    "succeeded": _ENDED_ROW,
    "failed": _ENDED_ROW,
    "cancelled": _ENDED_ROW,
    "skipped": _ENDED_ROW,
}
