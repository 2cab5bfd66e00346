"""The events of a population's lineage: which member copied which, and how sure that is.

Logs have precedence over configurations of starts, and those over metadata, because no metadata
says who was copied (P16). Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Literal

import msgspec

from pbt_tui.observe.workspaces import Generation

Kind = Literal["exploit", "mutate", "restart", "relaunch"]
Source = Literal["log", "file", "metadata"]


class LineageEvent(msgspec.Struct, frozen=True, kw_only=True):
    """A member continued with other weights or other parameters, started again, or began anew."""

    kind: Kind
    """`exploit`: it copied a donor; `mutate`: it changed parameters; `restart`: it went on with its
    own weights and parameters; `relaunch`: it began again from scratch."""
    member: int
    """Index of the member."""
    donor: int | None = None
    """Index of the member that it copied; None: none, or unknown."""
    generation: int | None = None
    """Its newest generation when it decided; for a relaunch, the first one after it."""
    donor_generation: int | None = None
    """The generation that it copied, which is not always the donor's newest (R4)."""
    source: Source
    """Where the event was found: in a log, in the configuration of a start, or in metadata."""
    confidence: float
    """From 0 to 1, which is certain."""
    at: float | None = None
    """When the first generation after it was written, in Unix seconds; None before that."""
    applied: bool | None = None
    """Whether the member went on with what it decided; None: unknown, or not yet. A decision that
    was not carried out changes nothing in the lineage (R2, R7)."""
    experiment_name: str | None = None
    """`experiment_name` of the generation when it decided: with the frame, it tells generations of
    the same number apart. None: that generation is not known."""
    frame: int | None = None
    """Frame of the generation when it decided; None: unknown."""


def by_member(generations: Iterable[Generation]) -> dict[int, list[Generation]]:
    """The generations of each member in write order, which may differ from their numbers."""
    members: dict[int, list[Generation]] = defaultdict(list)
    for generation in sorted(generations, key=lambda g: (g.at, g.generation)):
        members[generation.member].append(generation)
    return dict(sorted(members.items()))
