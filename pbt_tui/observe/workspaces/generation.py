"""What readers of workspaces return: one `Generation` per step of a member, for every format."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

Key = tuple[int, str, int]


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One PBT step of a member, as its files have it."""

    member: int
    """Index of the member."""
    generation: int
    """Number of the generation."""
    experiment_name: str
    """Name of the start that wrote it: members restart, and numbers may fall (R5)."""
    frame: int | None
    """Frames trained by then; None: unknown."""
    objective: float | None
    """The objective; None if it is not finite or unknown."""
    params: dict[str, Any]
    """Parameters as JSON values; a non-finite float is text."""
    at: float
    """Modification time of the file, in Unix seconds."""
    checkpoint: str | None
    """Path of the weights beside the file; never the path in the metadata, which may be valid in a
    container only."""
    step: int | None = None
    """For Sample-Factory, the train step in the checkpoint's name, which jumps when weights are
    copied."""
    unreadable: bool = False
    """Whether the objective is a Python object, which other members cannot read (P3)."""

    @property
    def key(self) -> Key:
        """The identity of the step; the number alone is not unique (R5)."""
        number = self.generation if self.step is None else self.step
        return (self.member, self.experiment_name, number)


class BestFile(NamedTuple):
    """One file of a `best<N>` folder."""

    folder: int
    """Number of the folder."""
    objective: float
    """The objective in the file's name."""
    generation: int
    """The generation in the file's name."""
    member: int
    """The member in the file's name."""
    at: float
    """Modification time of the file, in Unix seconds."""


class UnreadableGeneration(NamedTuple):
    """A file that stays unreadable (P4)."""

    member: int | None
    """Index of the member; None: the file is about all members."""
    path: Path
    """The file."""
    why: str
    """Why it cannot be read."""


class Reader(Protocol):
    """Polls one workspace; fast if nothing changed."""

    path: Path
    """The workspace."""

    def poll(self) -> list[Generation]:
        """New and rewritten generations since the last call, in write order. No `OSError`."""

    def best(self) -> list[BestFile]:
        """Files that the trainer keeps as its best; empty if the format has none."""

    def unreadable(self) -> list[UnreadableGeneration]:
        """Files that are neither empty nor readable for several polls."""

    def restarts(self) -> list[tuple[int, float]]:
        """(member, Unix seconds) of starts that wrote a file of their own, in order."""
