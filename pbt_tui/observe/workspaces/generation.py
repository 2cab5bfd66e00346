"""What a reader of a workspace gives: one value per step of a member, whatever the format.

Must not know any format.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

Key = tuple[int, str, int]


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One PBT step of a member, as its file said it."""

    member: int
    generation: int
    experiment_name: str
    """Of the life that wrote it: members restart, and numbers run backwards (R5)."""
    frame: int | None
    objective: float | None
    """None where it is not a finite number, or not known."""
    params: dict[str, Any]
    """JSON values; a non-finite float is text."""
    at: float
    """Modification time of the file, Unix seconds."""
    checkpoint: str | None
    """The sibling here; never the path in the metadata, which may be a container's."""
    step: int | None = None
    """Sample-Factory: the train step in the checkpoint's name (jumps when weights are copied)."""
    unreadable: bool = False
    """The objective was written as a Python object: the other members cannot read it (P3)."""

    @property
    def key(self) -> Key:
        """What makes it the same step; the number alone does not (R5)."""
        number = self.generation if self.step is None else self.step
        return (self.member, self.experiment_name, number)


class BestFile(NamedTuple):
    """One file of a `best<N>` folder."""

    folder: int
    objective: float
    generation: int
    member: int
    at: float


class UnreadableGeneration(NamedTuple):
    """A file that has not become readable for a while (P4)."""

    member: int
    path: Path
    why: str


class Reader(Protocol):
    """One workspace, looked at again and again; cheap where nothing changed."""

    path: Path

    def poll(self) -> list[Generation]:
        """What is new or rewritten since the last call, in write order; never raises OSError."""

    def best(self) -> list[BestFile]:
        """What the trainer itself holds for its best; empty where the format has none."""

    def unreadable(self) -> list[UnreadableGeneration]:
        """Files complained about: not empty, not readable, for several looks."""

    def restarts(self) -> list[tuple[int, float]]:
        """(member, Unix seconds) of starts that left a trace of their own, in order."""
