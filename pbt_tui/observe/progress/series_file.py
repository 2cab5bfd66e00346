"""`series.jsonl`: what each attempt had reached at its end. Only the executor's process appends.

A line that is appended twice is harmless, because the newest line of a job counts. A line that does
not parse is skipped, and so is the last one without its newline.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from pbt_tui.files import disk
from pbt_tui.files.appending import append_lines
from pbt_tui.files.regular import open_regular
from pbt_tui.observe.log_reader import Follower
from pbt_tui.observe.progress.metric_names import is_loss
from pbt_tui.observe.progress.progress_types import Finished, Number, Progress

LINE_BYTES = 64 * 1024
"""More bytes than a line has."""


class Reached(NamedTuple):
    """The numbers of a job by which jobs are compared."""

    objective: float | None
    """The objective; None: unknown, or no finite number."""
    is_loss: bool
    """Whether a smaller objective is a better one."""
    share: float | None
    """Share of the training that is done, from 0 to 1; None: unknown."""


class _Numbers(msgspec.Struct, frozen=True):
    """The part of a progress by which jobs are compared."""

    share: float | None = None
    objective: Number | None = None
    objective_name: str | None = None


class _Head(msgspec.Struct, frozen=True):
    """The part of a line that is kept in memory."""

    job: str
    attempt: Annotated[int, msgspec.Meta(ge=0, le=2**53)]
    progress: _Numbers


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
    """Follows `series.jsonl`: holds where the newest line of each job is, and what it compares by.

    The rest of a line is read from the file on demand.

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
        # Arrays, because a large run has 100,000 lines.
        self._places: dict[str, int] = {}
        self._attempts = array("q")
        self._offsets = array("q")
        self._sizes = array("i")
        self._objectives = array("d")
        self._shares = array("d")
        self._losses = bytearray()
        self.has_objective = False
        """Whether a line has told an objective."""

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
                self._keep(head, line.offset, len(line.raw))
        return bool(lines)

    def _keep(self, head: _Head, offset: int, size: int) -> None:
        place = self._places.get(head.job)
        if place is None:
            place = self._places[head.job] = len(self._places)
            for values in (self._attempts, self._offsets, self._sizes):
                values.append(0)
            for numbers in (self._objectives, self._shares):
                numbers.append(math.nan)
            self._losses.append(0)
        known = head.progress
        self._attempts[place], self._offsets[place] = head.attempt, offset
        self._sizes[place] = size
        self.has_objective |= known.objective is not None
        self._objectives[place] = math.nan if known.objective is None else float(known.objective)
        self._shares[place] = math.nan if known.share is None else known.share
        self._losses[place] = _is_loss(known.objective_name)

    def attempt(self, job: str) -> int | None:
        """The newest attempt of a job that has a line; None: the job has none."""
        place = self._places.get(job)
        return None if place is None else self._attempts[place]

    def reached(self, job: str) -> Reached | None:
        """What the newest line of a job compares by, without reading the file; None: it has none.

        Example:
            >>> FinishedReader(Path("_pbt/series.jsonl")).reached("ants_0") is None
            True
        """
        place = self._places.get(job)
        if place is None:
            return None
        return Reached(
            _finite(self._objectives[place]),
            bool(self._losses[place]),
            _finite(self._shares[place]),
        )

    def best(self, *, is_loss: bool) -> tuple[str, float] | None:
        """The job with the best objective, and the objective; None: no line has one.

        Args:
            is_loss: Whether the objectives to compare are losses; others are left out.
        """
        sign = -1.0 if is_loss else 1.0
        found, most = -1, -math.inf
        for place, (value, loss) in enumerate(zip(self._objectives, self._losses, strict=True)):
            if loss == is_loss and math.isfinite(value) and sign * value > most:
                found, most = place, sign * value
        if found < 0:
            return None
        return next(islice(self._places, found, None)), sign * most

    def of(self, job: str) -> Finished | None:
        """The newest line of a job; None: it has none, or the file is gone."""
        place = self._places.get(job)
        if place is None:
            return None
        try:
            fd = open_regular(self.path)
        except OSError:
            return None
        try:
            data = disk.calls.pread(fd, self._sizes[place], self._offsets[place])
        except OSError:
            return None
        finally:
            disk.let_go(fd)
        try:
            return _decoder.decode(data)
        except _UNREADABLE:
            return None


def reached(progress: Progress) -> Reached:
    """What a progress compares by.

    Args:
        progress: The newest values of a job.

    Example:
        >>> reached(Progress(objective=0.5, objective_name="loss", share=0.25))
        Reached(objective=0.5, is_loss=True, share=0.25)
    """
    objective = None if progress.objective is None else _finite(float(progress.objective))
    share = None if progress.share is None else _finite(progress.share)
    return Reached(objective, _is_loss(progress.objective_name), share)


@lru_cache(256)
def _is_loss(name: str | None) -> bool:
    return is_loss(name or "")


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


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
