"""The filter language: `field:value`, a regular expression, `!` for the inverse, blanks for *and*.

It compiles text to a predicate on jobs.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from pbt_tui.journal.state import JobState

Predicate = Callable[[JobState], bool]

_FIELDS: dict[str, Callable[[JobState], str]] = {
    "state": lambda job: job.shown,
    "job": lambda job: job.spec.id,
    "experiment": lambda job: job.spec.experiment,
    "population": lambda job: job.spec.population or "",
    "cause": lambda job: (job.attempts[-1].cause or "") if job.attempts else "",
    "gpu": lambda job: " ".join(job.attempts[-1].gpus) if job.attempts else "",
    "node": lambda job: (job.attempts[-1].node or "") if job.attempts else "",
    "attempt": lambda job: str(len(job.attempts)),
}
FIELDS = (*_FIELDS, "any parameter")


def compile_filter(text: str) -> Predicate | None:
    """The predicate for `text`; None if it is empty. Never fails: an incomplete regular expression
    is taken as plain text."""
    tests = [_term(word) for word in text.split()]
    if not tests:
        return None
    if len(tests) == 1:
        return tests[0]
    return lambda job: all(test(job) for test in tests)


def _term(word: str) -> Predicate:
    inverse = word.startswith("!") and len(word) > 1
    if inverse:
        word = word[1:]
    name, colon, value = word.partition(":")
    test = _field(name, value) if colon and name else _anywhere(word)
    return (lambda job: not test(job)) if inverse else test


def _field(name: str, value: str) -> Predicate:
    search = _pattern(value).search
    get = _FIELDS.get(name)
    if get is not None:
        return lambda job: search(get(job)) is not None
    return lambda job: any(
        search(str(v)) is not None
        for k, v in job.spec.params.items()
        if k == name or k.endswith("." + name)
    )


def _anywhere(word: str) -> Predicate:
    search = _pattern(word).search

    def test(job: JobState) -> bool:
        if search(job.spec.id) or search(job.shown):
            return True
        attempt = job.attempts[-1] if job.attempts else None
        words = (attempt.cause, attempt.detail, attempt.queued) if attempt else ()
        return any(search(text) for text in words if text)

    return test


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(text), re.IGNORECASE)
