"""The transition table, as data: what each event means to a job in each phase.

Must not act: `apply` obeys it, the tests read it, and the diagram in `docs/architecture.md` is
drawn from it. A missing entry is an illegal decision.
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
