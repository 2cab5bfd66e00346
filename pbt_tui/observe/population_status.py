"""The status of a population at one moment: the input of `health` and `idle_reasons`."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.member_steps import MemberSteps
from pbt_tui.observe.rounds import MemberLogState
from pbt_tui.observe.snapshot_types import EventRow, MemberWord
from pbt_tui.observe.workspaces import Generation, UnreadableGeneration
from pbt_tui.populations import STYLES, ExchangeSettings, Style

NOT_YET = frozenset(("waiting", "queued"))
HALTED = frozenset(("suspended", "paused"))
"""States of a member that an engine has stopped for now: it need not write anything."""
RUNNING = HALTED | {"starting", "running", "stopping"}
DEAD = frozenset(("failed", "cancelled", "skipped"))


class MemberAttempt(NamedTuple):
    """The newest attempt of a member's job, as the journal has it."""

    since: float | None = None
    """When it started, or went on after a pause, in Unix seconds; None: it has not started."""
    ended: str | None = None
    """How it ended, as a message says it: `was killed by SIGKILL`; None: it has not."""


@dataclass(frozen=True)
class PopulationStatus:
    """Everything known about one population at one moment."""

    style: str
    """Name of its style."""
    size: int
    """Number of members."""
    members: Mapping[int, MemberSteps]
    """Generations by member."""
    events: Sequence[LineageEvent | EventRow] = ()
    """Restarts and copies, oldest first."""
    relaunched: Sequence[int] = ()
    """Members that began again from scratch."""
    restarting: Collection[int] = ()
    """Members that decided at their newest generation, and may be starting again."""
    states: Mapping[int, MemberWord] = field(default_factory=dict)
    """State of each member's job; empty for a plain workspace, without jobs."""
    attempts: Mapping[int, MemberAttempt] = field(default_factory=dict)
    """The newest attempt of each member; empty for a plain workspace."""
    starts: Mapping[int, float] = field(default_factory=dict)
    """When the newest start of a member wrote its configuration, in Unix seconds."""
    logs: Mapping[int, MemberLogState] = field(default_factory=dict)
    """Newest state in the log of each member."""
    told: Collection[int] = ()
    """Members of which the trainer's own log speaks: they train, with or without a generation."""
    wrong_best: Sequence[int] = ()
    """Numbers of the trainer's best folders that lack the best one that there was."""
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

    @cached_property
    def last(self) -> dict[int, Generation]:
        """The newest generation of each member that has one."""
        return {m: known.steps[-1] for m, known in self.members.items() if known.steps}

    @property
    def longest(self) -> int:
        """The largest number of generations of a member."""
        return max((len(known.steps) for known in self.members.values()), default=0)

    @property
    def over(self) -> bool:
        """Whether the job of every member has ended for good."""
        return bool(self.states) and not any(
            state in RUNNING or state in NOT_YET for state in self.states.values()
        )

    def absent(self) -> list[int]:
        """Members without a generation."""
        present = self.last
        return [m for m in range(self.size) if m not in present]
