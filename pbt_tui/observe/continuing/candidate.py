"""What a reader finds on disk that a member could continue from, and what it has to reject."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from pbt_tui.journal.events import Source, Stamp
from pbt_tui.populations import Style


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
