"""Everything that is known of a population at one moment, for those who judge it.

Must not know where any of it was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.member_logs import MemberLogState
from pbt_tui.observe.snapshot_types import MemberWord
from pbt_tui.observe.workspaces import BestFile, Generation, UnreadableGeneration
from pbt_tui.populations import STYLES, ExchangeSettings, Style

NOT_YET = frozenset(("waiting", "queued"))
RUNNING = frozenset(("starting", "running", "stopping"))
DEAD = frozenset(("failed", "cancelled", "skipped"))


@dataclass(frozen=True, slots=True)
class PopulationStatus:
    """One population, one moment."""

    style: str
    size: int
    generations: Mapping[int, Sequence[Generation]]
    """By member, in write order."""
    events: Sequence[LineageEvent] = ()
    states: Mapping[int, MemberWord] = field(default_factory=dict)
    """Empty for a plain workspace, where nobody knows of processes."""
    logs: Mapping[int, MemberLogState] = field(default_factory=dict)
    best: Sequence[BestFile] = ()
    unreadable: Sequence[UnreadableGeneration] = ()
    settings: ExchangeSettings = field(default_factory=ExchangeSettings)
    missing: str | None = None
    """Why the workspace is not known, where it is to be looked up below the recorded folder."""
    now: float = 0.0
    """Unix seconds; for a plain workspace, that of its newest file."""

    @property
    def trainer(self) -> Style:
        """What its style says of the trainer."""
        return STYLES.get(self.style)

    def present(self) -> list[int]:
        """Members that have written anything."""
        return [m for m, steps in self.generations.items() if steps]

    def absent(self) -> list[int]:
        """Members that have not."""
        return [m for m in range(self.size) if not self.generations.get(m)]
