"""Failures that are one failure: what differs between jobs is folded away, then counted.

Must not read logs: states and words in, words out.
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
"""Causes of which every case is the same to a person, whatever its detail."""
_FOLDS: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(pattern), word)
    for pattern, word in (
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
    """One failed job, as its newest attempt left it."""

    job: str
    cause: Cause | None
    detail: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    at: float = 0.0
    """Unix seconds of its end."""


class Group(msgspec.Struct, frozen=True):
    """Jobs that failed alike."""

    signature: str
    count: int
    jobs: tuple[str, ...]
    """In the order in which they failed."""
    cause: Cause | None
    detail: str | None
    """Of the first one, unfolded."""
    first_at: float
    last_at: float


def fold(text: str) -> str:
    """`text` on one line, with times, ids, paths, sizes and numbers replaced by their kind."""
    text = " ".join(text.split())
    for pattern, word in _FOLDS:
        text = pattern.sub(word, text)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def signature(
    cause: Cause | None, detail: str | None, exit_code: int | None, signal: int | None
) -> str:
    """One line that is the same for jobs that failed alike, in the words of all other texts."""
    if cause in (None, "exit"):
        head = "failed" if exit_code is None else f"exit {exit_code}"
        return joined(head, fold(detail) if detail and TELLING.search(detail) else "")
    if cause == "signal" and signal is None and exit_code is not None and exit_code > 128:
        signal = exit_code - 128
    words = fold(detail) if detail else ""
    if cause == "signal" and not words and signal is not None:
        words = f"killed by {signal_name(signal)}"
    if cause in ("traceback", "signal"):
        return words or CAUSES[cause]
    if cause == "lost":
        return joined("lost", words or CAUSES[cause])
    return joined(cause_text(cause, exit_code, signal), "" if cause in _ALIKE else words)


def group(failures: Iterable[Failure]) -> list[Group]:
    """The groups, largest first, then the one seen first."""
    found: dict[str, list[Failure]] = {}
    for failure in sorted(failures, key=lambda f: f.at):
        words = signature(failure.cause, failure.detail, failure.exit_code, failure.signal)
        found.setdefault(words, []).append(failure)
    groups = [
        Group(
            words,
            len(alike),
            tuple(f.job for f in alike),
            alike[0].cause,
            alike[0].detail,
            alike[0].at,
            alike[-1].at,
        )
        for words, alike in found.items()
    ]
    groups.sort(key=lambda g: (-g.count, g.first_at))
    return groups


def failures(state: RunState) -> list[Group]:
    """The failed jobs of a run, grouped by what their newest attempt ended of."""
    if not state.counts["failed"]:
        return []
    return group(map(_failure, (job for job in state.jobs if job.phase == "failed")))


def _failure(job: JobState) -> Failure:
    a = job.attempt
    if a is None:
        return Failure(job.spec.id, None, at=job.since)
    return Failure(job.spec.id, a.cause, a.detail, a.exit_code, a.signal, a.ended_at or job.since)
