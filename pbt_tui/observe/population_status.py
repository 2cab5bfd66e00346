"""Everything that is known of a population at one moment, for those who judge it.

Must not know where any of it was read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.member_logs import MemberLogState
from pbt_tui.observe.snapshot_types import MemberWord
from pbt_tui.observe.trainer_settings import Settings
from pbt_tui.observe.workspaces import BestFile, Generation, UnreadableGeneration
from pbt_tui.spec import Style

NOT_YET = frozenset(("waiting", "queued"))
RUNNING = frozenset(("starting", "running", "stopping"))
DEAD = frozenset(("failed", "cancelled", "skipped"))


@dataclass(frozen=True, slots=True)
class PopulationStatus:
    """One population, one moment."""

    style: Style
    size: int
    generations: Mapping[int, Sequence[Generation]]
    """By member, in write order."""
    events: Sequence[LineageEvent] = ()
    states: Mapping[int, MemberWord] = field(default_factory=dict)
    """Empty for a plain workspace, where nobody knows of processes."""
    words: Mapping[int, MemberLogState] = field(default_factory=dict)
    best: Sequence[BestFile] = ()
    unreadable: Sequence[UnreadableGeneration] = ()
    settings: Settings = field(default_factory=Settings)
    now: float = 0.0
    """Unix seconds; for a plain workspace, that of its newest file."""

    def present(self) -> list[int]:
        """Members that have written anything."""
        return [m for m, steps in self.generations.items() if steps]

    def absent(self) -> list[int]:
        """Members that have not."""
        return [m for m in range(self.size) if not self.generations.get(m)]
