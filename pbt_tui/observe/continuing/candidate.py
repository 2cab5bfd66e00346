"""What a reader finds on disk that a member could continue from, and what it has to reject."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

from pbt_tui.errors import BrokenKind
from pbt_tui.journal.events import Source, Stamp
from pbt_tui.populations import STYLES, Style
from pbt_tui.settings.argv import settings


class Place(NamedTuple):
    """Where to look, and for whom."""

    workspace: Path
    """The workspace, as it was found on disk."""
    member: int
    """Index of the member; 0 where one job trains all members."""
    style: Style
    """The style of the population."""
    settings: Mapping[str, str]
    """The settings in the command of the job."""

    @classmethod
    def of(cls, workspace: Path, member: int, style: Style, argv: Sequence[str]) -> Place:
        """The place of a member, with the settings in the command of its job."""
        return cls(workspace, member, style, settings(tuple(argv)))


class Candidate(NamedTuple):
    """A generation whose files are complete, as far as each of them tells."""

    source: Source
    """Which generation it is, where its weights are, and the stamp of its files."""
    params: Mapping[str, Any] = {}
    """Its parameters, with the types of the metadata."""

    @property
    def stamp(self) -> Stamp:
        return self.source.stamp or Stamp()

    @property
    def written(self) -> int:
        """When its newer file was written, in nanoseconds since the epoch."""
        return self.stamp.written

    @property
    def is_torn(self) -> bool:
        """Whether the weights are newer than the metadata: the trainer was writing both again."""
        metadata, weights = self.stamp.metadata, self.stamp.weights
        return metadata is not None and weights is not None and weights.mtime_ns > metadata.mtime_ns


class Rejected(NamedTuple):
    """Files of a generation that no attempt can continue from."""

    name: str
    """Name of the file in its folder."""
    why: str
    """Why they are rejected, for people."""
    complete: bool
    """Whether a generation was complete here once; else its first file was being written."""
    at: int = 0
    """When the file was written, in nanoseconds since the epoch."""


class Reading(NamedTuple):
    """All that is on disk."""

    usable: tuple[Candidate, ...] = ()
    """Candidates in no order."""
    rejected: tuple[Rejected, ...] = ()
    """What is not whole, the newest first."""
    problem: str | None = None
    """Why the disk could not be read. None: it was read, or there is no such folder."""
    folder: Path | None = None
    """The folder that was read, for messages."""


Read = Callable[[Place, int], Reading]
"""The function that `Style.saved` names: it reads at most so many of the files that were written
last, and raises no `OSError`."""


def loaded(style: Style, place: str) -> Any:
    """The function at `module:function`, which a style names.

    Raises:
        BrokenKind: if it is a function of an installed style and cannot be loaded.
    """
    module, _, name = place.partition(":")
    try:
        return getattr(import_module(module), name)
    except Exception as e:  # code of another package may raise anything
        if style.name in STYLES.built_in:
            raise
        message = f"cannot be loaded: {type(e).__name__}: {e}"
        raise BrokenKind("function of style", style.name, place, f"{message:.300}") from e
