"""A workspace in memory: the folders of the members of a population, as trainers leave them.

Files have a time and a content. The content says what really happened (`written`), which no
executor can read: it is for the checks.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace


@dataclass(slots=True)
class Weights:
    """A checkpoint file."""

    at: float
    """When it was last changed, by the clock of the file server."""
    written: int
    """Number of this write; later writes have higher numbers."""
    frame: int
    """Frames that the weights have seen."""
    whole: bool = False
    """Whether its last byte is there: while it is written, it is cut."""
    corrupt: bool = False
    """Whether no trainer can load it, although it is whole."""


@dataclass(slots=True)
class Metadata:
    """The metadata file beside a checkpoint."""

    at: float
    """When it was last changed, by the clock of the file server."""
    written: int
    """Number of the write of the weights that it describes."""
    frame: int
    """Frames that it names."""
    experiment_name: str
    """The start that wrote it."""
    params: dict[str, int]
    """The parameters that the weights were trained with."""
    whole: bool = False
    """Whether its last line is there: while it is written, it is empty."""


@dataclass(slots=True)
class Pair:
    """The two files of one generation number."""

    weights: Weights | None = None
    metadata: Metadata | None = None

    @property
    def fits(self) -> bool:
        """Whether both files are whole and of the same write: a member can go on from them."""
        return (
            self.weights is not None
            and self.metadata is not None
            and self.weights.whole
            and self.metadata.whole
            and self.weights.written == self.metadata.written
        )

    @property
    def mixed(self) -> bool:
        """Whether the two files are of different writes: the later trainer died between them."""
        if self.weights is None or self.metadata is None:
            return False
        return self.weights.written != self.metadata.written


Folder = dict[int, Pair]
"""Generation number to files."""


@dataclass
class SimWorkspace:
    """The folders of all members."""

    place: int = 0
    """Where the run directory is: each move and each copy has a number of its own."""
    folders: dict[int, Folder] = field(default_factory=dict)
    """Member to its folder."""
    aside: dict[tuple[int, int], Folder] = field(default_factory=dict)
    """(member, attempt) to the folder that was moved aside before that attempt began."""
    hidden_until: float = 0.0
    """Until then the executor does not see the workspace: its mount is late."""
    lost: bool = False
    """Whether it has been moved away under the trainers that write to it."""

    def path(self, member: int, generation: int) -> str:
        """The path of the weights of a generation."""
        return f"/p{self.place}/{member:03d}/{generation:06d}.pth"

    def find(self, path: str) -> tuple[int, int, Pair] | None:
        """Member, generation and files of a path of weights; None where there are no weights."""
        parts = path.split("/")
        if len(parts) != 4 or parts[1] != f"p{self.place}":
            return None
        member, generation = int(parts[2]), int(parts[3].removesuffix(".pth"))
        pair = self.folders.get(member, {}).get(generation)
        return None if pair is None or pair.weights is None else (member, generation, pair)

    def pairs(self, member: int) -> Iterator[tuple[int, Pair]]:
        """Number and files of the generations of a member, in the order of their numbers."""
        yield from sorted(self.folders.get(member, {}).items())

    def move_aside(self, member: int, attempt: int) -> None:
        """Moves what a member left out of its way, before an attempt from scratch."""
        if member in self.folders and (member, attempt) not in self.aside:
            self.aside[member, attempt] = self.folders.pop(member)

    def prune(self, member: int, most: int) -> None:
        """Removes all but the highest numbers, as Isaac Lab does."""
        folder = self.folders[member]
        for number in sorted(folder)[: max(len(folder) - most, 0)]:
            del folder[number]

    def copied(self, place: int, now: float | None, dice: random.Random) -> SimWorkspace:
        """A copy at another place, with the times of its files or, from `now` on, with new ones."""
        made = SimWorkspace(place)
        files = sum(2 for folder in self.folders.values() for _ in folder)
        at = (now or 0.0) - 0.001 * files
        for member, folder in self.folders.items():
            made.folders[member] = copy = {}
            for number in dice.sample(list(folder), len(folder)):
                weights, metadata = folder[number].weights, folder[number].metadata
                pair = Pair(
                    None if weights is None else replace(weights),
                    None if metadata is None else replace(metadata),
                )
                if now is not None and pair.mixed:
                    pair.metadata = None  # with new times, nobody can tell it from a whole one
                copy[number] = pair
                both = [f for f in (pair.weights, pair.metadata) if f is not None]
                if now is not None:
                    for file in dice.sample(both, len(both)):
                        at += 0.001
                        file.at = at
        return made
