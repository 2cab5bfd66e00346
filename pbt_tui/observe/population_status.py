"""The status of a population at one moment: the input of `health` and `idle_reasons`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.member_logs import MemberLogState
from pbt_tui.observe.snapshot_types import MemberWord
from pbt_tui.observe.workspaces import BestFile, Generation, UnreadableGeneration
from pbt_tui.populations import STYLES, ExchangeSettings, Style

NOT_YET = frozenset(("waiting", "queued"))
HALTED = frozenset(("suspended", "paused"))
"""States of a member that an engine has stopped for now: it need not write anything."""
RUNNING = HALTED | {"starting", "running", "stopping"}
DEAD = frozenset(("failed", "cancelled", "skipped"))


@dataclass(frozen=True, slots=True)
class PopulationStatus:
    """Everything known about one population at one moment."""

    style: str
    """Name of its style."""
    size: int
    """Number of members."""
    generations: Mapping[int, Sequence[Generation]]
    """Generations by member, in write order."""
    events: Sequence[LineageEvent] = ()
    """Restarts and copies, oldest first."""
    states: Mapping[int, MemberWord] = field(default_factory=dict)
    """State of each member's job; empty for a plain workspace, without jobs."""
    logs: Mapping[int, MemberLogState] = field(default_factory=dict)
    """Newest state in the log of each member."""
    best: Sequence[BestFile] = ()
    """Files in the trainer's best folders."""
    unreadable: Sequence[UnreadableGeneration] = ()
    """Files that stay unreadable."""
    settings: ExchangeSettings = field(default_factory=ExchangeSettings)
    """When members exchange."""
    missing: str | None = None
    """Why the workspace is not known, where it is to be looked up below the recorded folder."""
    now: float = 0.0
    """Unix seconds; for a plain workspace, the time of its newest file."""

    @property
    def trainer(self) -> Style:
        """The style, which describes the trainer."""
        return STYLES.get(self.style)

    def present(self) -> list[int]:
        """Members with a generation."""
        return [m for m, steps in self.generations.items() if steps]

    def absent(self) -> list[int]:
        """Members without a generation."""
        return [m for m in range(self.size) if not self.generations.get(m)]
