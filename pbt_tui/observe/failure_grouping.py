"""Groups failures with the same cause: replaces what differs between jobs, then counts.

Must not read logs: it reads the state only.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import msgspec

from pbt_tui.journal.state import JobState, RunState
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
    folded = fold(detail) if detail else ""
    if cause == "signal" and not folded and signal is not None:
        folded = f"killed by {signal_name(signal)}"
    if cause in ("traceback", "signal"):
        return folded or CAUSES[cause]
    if cause == "lost":
        return joined("lost", folded or CAUSES[cause])
    return joined(cause_text(cause, exit_code, signal), "" if cause in _ALIKE else folded)


def _tells(detail: str) -> bool:
    """Whether a line reads like an error. In another language than English, every line may."""
    return bool(TELLING.search(detail)) or not detail.isascii()


def group(failures: Iterable[Failure]) -> list[Group]:
    """The groups: the largest first, and of equal ones the earliest."""
    by_signature: dict[str, list[Failure]] = {}
    for failure in sorted(failures, key=lambda f: f.at):
        line = signature(failure.cause, failure.detail, failure.exit_code, failure.signal)
        by_signature.setdefault(line, []).append(failure)
    groups = [
        Group(
            line,
            len(alike),
            tuple(f.job for f in alike),
            alike[0].cause,
            alike[0].detail,
            alike[0].at,
            alike[-1].at,
        )
        for line, alike in by_signature.items()
    ]
    groups.sort(key=lambda g: (-g.count, g.first_at))
    return groups


def failures(state: RunState) -> list[Group]:
    """The failed jobs of a run, grouped by the end of their newest attempt."""
    if not state.counts["failed"]:
        return []
    return group(map(_failure, (job for job in state.jobs if job.phase == "failed")))


def _failure(job: JobState) -> Failure:
    a = job.attempt
    if a is None:
        return Failure(job.spec.id, None, at=job.since)
    return Failure(job.spec.id, a.cause, a.detail, a.exit_code, a.signal, a.ended_at or job.since)
