"""`series.jsonl`: what each attempt had reached at its end. Only the executor's process appends.

A line that is appended twice is harmless, because the newest line of a job counts. A line that does
not parse is skipped, and so is the last one without its newline.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec

from pbt_tui.files import disk
from pbt_tui.files.appending import append_lines
from pbt_tui.files.regular import open_regular
from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.progress.progress_types import Finished

LINE_BYTES = 64 * 1024
"""More bytes than a line has."""


class _Head(msgspec.Struct, frozen=True):
    """The part of a line by which it is found."""

    job: str
    attempt: int


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(Finished)
_head = msgspec.json.Decoder(_Head)
_UNREADABLE = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def append(path: Path, ended: Iterable[Finished]) -> str | None:
    """Appends a line for each attempt; says why it could not, and then appends none.

    Args:
        path: `series.jsonl` of a run directory.
        ended: The attempts.
    """
    data = b"".join(_encoder.encode(one) + b"\n" for one in ended)
    return append_lines(path, data) if data else None


class FinishedReader:
    """Follows `series.jsonl`: holds where the newest line of each job is, and decodes on demand.

    Example:
        >>> reader = FinishedReader(Path("_pbt/series.jsonl"))
        >>> reader.poll()
        False
        >>> reader.of("ants_0") is None
        True
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        """The file."""
        self._file = Follower(path, first=1 << 40)
        self._places: dict[str, tuple[int, int, int]] = {}

    def __len__(self) -> int:
        return len(self._places)

    def poll(self, budget: int = 8 << 20) -> bool:
        """Reads at most `budget` new bytes; returns whether there were new lines.

        Call it again until it returns False.
        """
        lines = self._file.lines(budget)
        for line in lines:
            if len(line.raw) < LINE_BYTES:
                try:
                    head = _head.decode(line.raw)
                except _UNREADABLE:
                    continue
                self._places[head.job] = (head.attempt, line.offset, len(line.raw))
        return bool(lines)

    def attempt(self, job: str) -> int | None:
        """The newest attempt of a job that has a line; None: the job has none."""
        found = self._places.get(job)
        return None if found is None else found[0]

    def of(self, job: str) -> Finished | None:
        """The newest line of a job; None: it has none, or the file is gone."""
        found = self._places.get(job)
        if found is None:
            return None
        try:
            fd = open_regular(self.path)
        except OSError:
            return None
        try:
            data = disk.calls.pread(fd, found[2], found[1])
        except OSError:
            return None
        finally:
            disk.let_go(fd)
        try:
            return _decoder.decode(data)
        except _UNREADABLE:
            return None


def read_all(path: Path) -> dict[str, Finished]:
    """The newest line of each job; empty if the file is missing."""
    file = Follower(path, first=1 << 40)
    found: dict[str, Finished] = {}
    while lines := file.lines():
        for line in lines:
            if len(line.raw) < LINE_BYTES:
                try:
                    one = _decoder.decode(line.raw)
                except _UNREADABLE:
                    continue
                found[one.job] = one
    return found
