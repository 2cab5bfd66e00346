"""What readers of workspaces return, for every format: above all a `Generation` for each step of a
member.

A reader of another package needs only the methods of `Reader`. `generation.starts(reader)` and the
functions beside it ask a reader for what not every format has.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import msgspec

Key = tuple[int, str, int, int | None, float | None]
"""Member, name of the start, number, frame and objective: what the file of a generation says.

Neither a copy of the folder nor a move of it changes a key. A file that is written again with the
same number has another one."""


class Generation(msgspec.Struct, frozen=True, kw_only=True):
    """One PBT step of a member, as its files have it."""

    member: int
    """Index of the member."""
    generation: int
    """Number of the generation."""
    experiment_name: str
    """Name of the start that wrote it: members restart, and numbers may fall (R5). A command may
    give all starts of a member one name."""
    frame: int | None
    """Frames trained by then; None: unknown."""
    objective: float | None
    """The objective; None if it is no finite number, or unknown."""
    params: dict[str, Any]
    """Parameters as JSON values; a non-finite float is text."""
    at: float
    """Modification time of the file, in Unix seconds."""
    checkpoint: str | None
    """Path of the weights beside the file when it was read; never the path in the metadata, which
    may be valid in a container only. Other weights may lie there now: `weights` says so."""
    step: int | None = None
    """For Sample-Factory, the train step in the checkpoint's name, which jumps when weights are
    copied."""
    unreadable: bool = False
    """Whether other members cannot read or rank the objective: it is a Python object (P3), or no
    finite number."""
    written: str | None = None
    """The objective as the file has it, unless it is a finite number or a Python object."""

    @property
    def key(self) -> Key:
        """The identity of the generation; neither the number nor the name is unique (R5).

        A step of Sample-Factory is: its objective is in the log alone, which may be gone.
        """
        if self.step is not None:
            return (self.member, self.experiment_name, self.step, self.frame, None)
        return (self.member, self.experiment_name, self.generation, self.frame, self.objective)


class BestFile(NamedTuple):
    """One file of a `best<N>` folder."""

    folder: int
    """Number of the folder: the member that copies into it the best that it has seen."""
    objective: float
    """The objective in the file's name."""
    generation: int
    """The generation in the file's name: that of the folder's member when it copied the file."""
    member: int
    """The member in the file's name: whose weights they are."""
    at: float
    """Modification time of the file, in Unix seconds."""
    frame: int | None = None
    """The frame in the file's name, of the folder's member too; None: the name has none."""
    checkpoint: str | None = None
    """Path of the weights beside it; None: there are none."""


class LoadedCheckpoint(NamedTuple):
    """The checkpoint that a start of a member loaded, as its configuration names it."""

    path: str
    """The path in the configuration, which may be valid in a container only."""
    member: int | None
    """Whose generation it is: the donor, or the member itself; None: the path does not say."""
    generation: int | None
    """Number of the generation; None: the path does not say."""


class Start(NamedTuple):
    """One start of a member's process that wrote a configuration of its own."""

    member: int
    """Index of the member."""
    at: float
    """When the configuration was written, in Unix seconds."""
    name: str = ""
    """The `experiment_name` of the generations that it writes; empty: unknown."""
    loaded: LoadedCheckpoint | None = None
    """What it loaded; None: it began from scratch, or its configuration does not say."""
    size: int | None = None
    """Number of members in its configuration; None: unknown."""
    folder: str = ""
    """Path of its folder; empty: unknown."""
    scratch: bool = False
    """Whether its configuration says that it loaded no checkpoint."""


class Latest(NamedTuple):
    """What the trainer's log said last of a member, which may be newer than each checkpoint."""

    member: int
    """Index of the member."""
    at: float | None
    """When it said so, in Unix seconds; None: the log has no times."""
    frame: int | None = None
    """Frames trained; None: the log does not say."""
    objective: float | None = None
    """The objective; None: the log does not say, or it is not finite."""
    params: Mapping[str, Any] = {}
    """Parameters that it trains with, as JSON values; empty: unknown."""


class Change(NamedTuple):
    """Parameters of a member that its trainer changed, as its log says."""

    member: int
    """Index of the member."""
    at: float | None
    """When, in Unix seconds; None: the log has no times."""
    params: Mapping[str, tuple[float, float]]
    """Name of a parameter to its value before and after; empty: it only copied those of a donor."""
    donor: int | None = None
    """Index of the member whose weights and parameters it took first; None: it kept its own."""
    first: bool = False
    """Whether it is the mutation with which a member begins."""


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


def starts(reader: Reader) -> Sequence[Start]:
    """The starts of the members, in order: `reader.starts()`, or `restarts()` without it."""
    if (found := getattr(reader, "starts", None)) is not None:
        return found()  # type: ignore[no-any-return]
    return [Start(member, at) for member, at in reader.restarts()]


def latest(reader: Reader) -> Mapping[int, Latest]:
    """The newest values by member: `reader.latest()`; empty without it."""
    found = getattr(reader, "latest", None)
    return {} if found is None else found()


def changes(reader: Reader) -> Sequence[Change]:
    """Changed parameters, in order: `reader.changes()`; empty without it."""
    found = getattr(reader, "changes", None)
    return () if found is None else found()


def size(reader: Reader) -> int | None:
    """Number of members in the trainers' configuration: `reader.size()`; None without it."""
    found = getattr(reader, "size", None)
    return None if found is None else found()


def kept(reader: Reader) -> Sequence[Generation]:
    """Generations whose weights the trainer keeps as its best: `reader.kept()`; empty without it.

    They may lie in folders of their own, and may be older than all that the reader has seen.
    """
    found = getattr(reader, "kept", None)
    return () if found is None else found()


def weights(reader: Reader, generation: Generation) -> str | None:
    """Path of a file that holds the weights of `generation` now: `reader.weights(generation)`.

    None: the file is gone, or it holds another generation's. Without the method, the path of the
    generation if there is a file.
    """
    if (found := getattr(reader, "weights", None)) is not None:
        return found(generation)  # type: ignore[no-any-return]
    path = generation.checkpoint
    return path if path is not None and os.path.isfile(path) else None  # noqa: PTH113
