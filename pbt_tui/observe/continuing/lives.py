"""The lives of members in the history: what a member wrote before it began from scratch is another.

The history has a line where a life begins. Its place among the lines of generations tells which of
them belong to the new life: their times do not, because several machines write them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from pbt_tui.files import disk, writing
from pbt_tui.files.permissions import fit
from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.workspaces import Generation


class _Begun(msgspec.Struct, frozen=True):
    members: tuple[int, ...] | None
    """The members whose life begins; None: all of the population."""
    attempt: int
    """The attempt that begins it."""


class _Line(msgspec.Struct, frozen=True):
    population: str
    generation: Generation | None = None
    begun: _Begun | None = None


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(_Line)


def record(path: Path, population: str, members: Sequence[int] | None, attempt: int) -> None:
    """Appends the beginning of a life to the history. Raises `OSError`.

    Args:
        path: `populations.jsonl`.
        population: Id of the population.
        members: The members that begin; None: all.
        attempt: Number of the attempt that begins.
    """
    chosen = None if members is None else tuple(members)
    line = _encoder.encode(_Line(population, begun=_Begun(chosen, attempt)))
    fd = writing.open_append(path)
    try:
        fit(fd, path.parent)
        writing.write_all(fd, b"\n" + line + b"\n")
    finally:
        disk.calls.close(fd)


class Lives:
    """Follows the history and has, for each member, the generations of its present life."""

    def __init__(self, path: Path) -> None:
        self._file = Follower(path, first=1 << 40)
        self._members: dict[str, dict[int, dict[tuple[object, ...], Generation]]] = {}

    def of(self, population: str, member: int | None = None) -> list[Generation]:
        """The generations of the present life of a member, in the order of their lines.

        Costs what was added to the history since the last call, and what is returned.

        Args:
            population: Id of the population.
            member: Index of the member; None: all members, one after the other.
        """
        self._follow()
        members = self._members.get(population, {})
        chosen = list(members) if member is None else [member]
        return [g for index in chosen for g in members.get(index, {}).values()]

    def _follow(self) -> None:
        while lines := self._file.lines():
            for line in lines:
                try:
                    entry = _decoder.decode(line.raw)
                except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
                    continue  # cut by a crash, or of another kind
                self._take(entry)

    def _take(self, entry: _Line) -> None:
        members = self._members.setdefault(entry.population, {})
        if entry.begun is not None:
            for member in list(members) if entry.begun.members is None else entry.begun.members:
                members.pop(member, None)
        elif (generation := entry.generation) is not None:
            g = generation
            identity = (*g.key, g.frame, g.objective)
            # The first line counts: a copy of the files is there again, with the times of the copy.
            members.setdefault(g.member, {}).setdefault(identity, g)
