"""The ancestry of a generation: from which generations its weights come, back to the first.

Pure. A copy leads to the donor's generation; a decision that was not carried out leads nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.population_lineage import PopulationLineage
from pbt_tui.observe.workspaces import Generation

Origin = Literal["log", "file", "inferred"]
"""Where a fact comes from: a log, a file of the trainer, or our inference."""
_ORIGINS: dict[str, Origin] = {"log": "log", "file": "file", "metadata": "inferred"}


@dataclass(frozen=True, slots=True)
class Step:
    """A generation, and the one from which its weights come."""

    generation: Generation
    """The generation."""
    parent: Generation | None
    """The generation that was trained on; None: it began from scratch, or that is unknown."""
    before: Generation | None
    """The member's own generation before it; None: it has none."""
    event: LineageEvent | None
    """The event that leads to the parent; None: the member just went on."""

    @property
    def origin(self) -> Origin:
        """Where the parent is known from."""
        return "file" if self.event is None else _ORIGINS[self.event.source]


def step(lineage: PopulationLineage, generation: Generation) -> Step:
    """The generation from which the weights of another come.

    Args:
        lineage: the lineage that has the generation.
        generation: any of its generations.
    """
    steps = lineage.steps[generation.member]
    place = steps.position(generation)
    before = steps.steps[place - 1] if place else None
    if before is None:
        return Step(generation, None, None, None)
    parent: Generation | None = before
    last: LineageEvent | None = None
    for event in lineage.decided(before):
        if event.applied is False:
            continue
        last = event
        if event.kind == "relaunch":
            parent = None
        elif event.kind == "exploit":
            parent = _donor(lineage, event, before, generation)
    return Step(generation, parent, before, last)


def line(lineage: PopulationLineage, generation: Generation) -> list[Step]:
    """The ancestry of a generation, the oldest first; the last step is its own.

    Args:
        lineage: the lineage that has the generation.
        generation: any of its generations.
    """
    found: list[Step] = []
    seen: set[int] = set()
    now: Generation | None = generation
    while now is not None and id(now) not in seen:  # times of a foreign disk may form a circle
        seen.add(id(now))
        found.append(step(lineage, now))
        now = found[-1].parent
    return found[::-1]


def _donor(
    lineage: PopulationLineage, event: LineageEvent, before: Generation, after: Generation
) -> Generation | None:
    """The donor's generation: its last version that was there when the member came up again."""
    if event.donor is None or event.donor_generation is None or event.donor not in lineage.steps:
        return None
    versions = lineage.steps[event.donor].versions(event.donor_generation)
    there = [g for g in versions if g.at <= before.at] or [g for g in versions if g.at < after.at]
    return there[-1] if there else None
