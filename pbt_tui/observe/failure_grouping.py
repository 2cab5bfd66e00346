"""Groups failures with the same cause: replaces what differs between jobs, then counts.

Must not read logs: it reads the state only.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

import msgspec

from pbt_tui.journal.state import Attempt, JobState, RunState
from pbt_tui.journal.status_text import CAUSES, cause_text, joined, signal_name
from pbt_tui.observe.causes import TELLING
from pbt_tui.spec import Cause

_LONGEST = 160
_ALIKE: tuple[Cause, ...] = ("oom", "cuda_oom", "shm", "timeout")
"""Causes whose failures are one group, whatever their details."""
_FOLDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), name)
    for pattern, name in (
        (r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?", "<time>"),
        (r"\b\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?\b", "<time>"),
        (r"\b\d{4}-\d\d-\d\d\b", "<date>"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "<id>"),
        (r"\b0x[0-9a-fA-F]+\b", "<hex>"),
        (r"(?<![\w/.])(?:~|\.{1,2})?(?:/[\w.@+=,%~-]+){2,}/?", "<path>"),
        (r"\b(?=[0-9a-f]*[a-f])(?=[0-9a-f]*\d)[0-9a-f]{8,}\b", "<id>"),
        (r"[-+]?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?\s*(?:[KMGT]i?B|[kmgt]b|bytes)\b", "<size>"),
        (r"(?:(?<![\w.])[-+])?\d+(?:[._,]\d+)*(?:[eE][-+]?\d+)?", "<n>"),
    )
)


class Failure(msgspec.Struct, frozen=True):
    """One failed job, with the end of its newest attempt."""

    job: str
    """Id of the job."""
    cause: Cause | None
    """What made the attempt end."""
    detail: str | None = None
    """One line for people about the cause."""
    exit_code: int | None = None
    """Exit code of the attempt."""
    signal: int | None = None
    """Number of the signal that ended it."""
    at: float = 0.0
    """When it ended, in Unix seconds."""


class Group(msgspec.Struct, frozen=True):
    """Jobs that failed alike."""

    signature: str
    """One line that is the same for all of them."""
    count: int
    """Number of jobs."""
    jobs: tuple[str, ...]
    """Ids of the jobs, in the order in which they failed."""
    cause: Cause | None
    """Cause of the first failure."""
    detail: str | None
    """Detail of the first failure, unchanged."""
    first_at: float
    """When the first job failed, in Unix seconds."""
    last_at: float
    """When the last job failed, in Unix seconds."""
    times: tuple[float, ...] = ()
    """When each job failed, in Unix seconds, in their order."""

    def histogram(self, begin: float, end: float, cells: int) -> tuple[int, ...]:
        """How many jobs failed in each of `cells` equal parts of the time from `begin` to `end`.

        What failed before or after counts in the first or the last part.

        Example:
            >>> one = Group("exit 1", 3, ("a", "b", "c"), "exit", None, 1.0, 9.0, (1.0, 8.0, 9.0))
            >>> one.histogram(0.0, 10.0, 5)
            (1, 0, 0, 0, 2)
        """
        if cells <= 0:
            return ()
        step = max(end - begin, 0.0) / cells
        edges = [bisect_left(self.times, begin + step * k) if step else 0 for k in range(1, cells)]
        edges = [0, *edges, len(self.times)]
        return tuple(after - before for before, after in pairwise(edges))


def fold(text: str) -> str:
    """`text` on one line, with placeholders for times, ids, paths, sizes and numbers."""
    text = " ".join(text.split())
    for pattern, name in _FOLDS:
        text = pattern.sub(name, text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def signature(
    cause: Cause | None, detail: str | None, exit_code: int | None, signal: int | None
) -> str:
    """One line that is the same for jobs that failed alike, from the texts of `status_text`."""
    if cause in (None, "exit"):
        head = "failed" if exit_code is None else f"exit {exit_code}"
        return joined(head, fold(detail) if detail and _tells(detail) else "")
    if cause == "signal" and signal is None and exit_code is not None and exit_code > 128:
        signal = exit_code - 128
    folded = fold(detail) if detail and cause not in _ALIKE else ""
    if cause == "signal" and not folded and signal is not None:
        folded = f"killed by {signal_name(signal)}"
    if cause in ("traceback", "signal"):
        return folded or CAUSES[cause]
    if cause == "lost":
        return joined("lost", folded or CAUSES[cause])
    return joined(cause_text(cause, exit_code, signal), folded)


def _tells(detail: str) -> bool:
    """Whether a line reads like an error. In another language than English, every line may."""
    return bool(TELLING.search(detail)) or not detail.isascii()


def group(failures: Iterable[Failure]) -> list[Group]:
    """The groups: the largest first, and of equal ones the earliest."""
    by_signature: dict[str, list[Failure]] = {}
    for failure in failures:
        by_signature.setdefault(_signature_of(failure), []).append(failure)
    return _ordered(_made(line, alike) for line, alike in by_signature.items())


def failures(state: RunState) -> list[Group]:
    """The failed jobs of a run, grouped by the end of their newest attempt."""
    if not state.counts["failed"]:
        return []
    return group(map(_failure, (job for job in state.jobs if job.phase == "failed")))


class FailureGroups:
    """The groups of a run that goes on: only jobs that have changed are looked at again."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        # Lists with an entry for each job: tables of the failures take ten times the memory.
        self._lines: list[str | None] = [None] * len(state.jobs)
        """The signature of each failed job, by plan index; None: it has not failed."""
        self._ends: list[Attempt | None] = [None] * len(state.jobs)
        """The attempt that each failed job ended with: an attempt that has ended never changes."""
        self._texts: dict[str, str] = {}
        """Each signature once, for all jobs that have it."""
        self._counts: Counter[str] = Counter()
        self._groups: dict[str, Group] = {}
        """The groups that have not changed since they were made."""
        self._sorted: list[Group] | None = []
        self._begin: float | None = None
        self.renew()

    def renew(self) -> None:
        """Looks at every job."""
        self.update(range(len(self._state.jobs)))

    def update(self, jobs: Iterable[int]) -> None:
        """Looks at the jobs with these plan indices, which may have changed."""
        for index in jobs:
            job, before = self._state.jobs[index], self._lines[index]
            if job.phase != "failed":
                if before is not None:
                    self._changed(before, -1)
                    self._lines[index] = self._ends[index] = None
                continue
            end = job.attempt
            if before is not None:
                if self._ends[index] is end:
                    continue
                self._changed(before, -1)
            line = _signature_of(_failure(job))
            line = self._texts.setdefault(line, line)
            self._lines[index], self._ends[index] = line, end
            self._changed(line, 1)

    def _changed(self, line: str, more: int) -> None:
        self._counts[line] += more
        self._groups.pop(line, None)
        self._sorted = None

    @property
    def groups(self) -> list[Group]:
        """As `failures` makes them; a group that has not changed is the same object as before."""
        if self._sorted is None:
            missing = {line for line, count in self._counts.items() if count} - self._groups.keys()
            alike: dict[str, list[JobState]] = {line: [] for line in missing}
            for job, line in zip(self._state.jobs, self._lines, strict=True) if missing else ():
                if line in alike:
                    alike[line].append(job)
            for line, jobs in alike.items():
                self._groups[line] = _made_of(line, jobs)
            self._sorted = _ordered(self._groups.values())
        return self._sorted

    @property
    def begin(self) -> float:
        """When the first attempt of the run was scheduled, in Unix seconds."""
        if self._begin is None:
            first = (job.attempts[0].scheduled_at for job in self._state.jobs if job.attempts)
            self._begin = min(first, default=None)
        return self._state.at if self._begin is None else self._begin


def _signature_of(failure: Failure) -> str:
    return signature(failure.cause, failure.detail, failure.exit_code, failure.signal)


def _made(line: str, alike: list[Failure]) -> Group:
    """The group of these failures; of equal times, the order of the list stays."""
    alike = sorted(alike, key=lambda f: f.at)
    return _group(line, alike[0], alike[-1].at, (f.job for f in alike), (f.at for f in alike))


def _made_of(line: str, alike: list[JobState]) -> Group:
    """As `_made`, of failed jobs; it makes no other object for each of them."""
    alike.sort(key=_failed_at)
    first, last_at = _failure(alike[0]), _failed_at(alike[-1])
    return _group(line, first, last_at, (j.spec.id for j in alike), map(_failed_at, alike))


def _group(
    line: str, first: Failure, last_at: float, jobs: Iterable[str], times: Iterable[float]
) -> Group:
    names = tuple(jobs)
    return Group(
        line, len(names), names, first.cause, first.detail, first.at, last_at, tuple(times)
    )


def _ordered(groups: Iterable[Group]) -> list[Group]:
    return sorted(groups, key=lambda g: (-g.count, g.first_at, g.signature))


def _failure(job: JobState) -> Failure:
    a = job.attempt
    if a is None:
        return Failure(job.spec.id, None, at=job.since)
    return Failure(job.spec.id, a.cause, a.detail, a.exit_code, a.signal, _failed_at(job))


def _failed_at(job: JobState) -> float:
    a = job.attempt
    return job.since if a is None else a.ended_at or job.since
