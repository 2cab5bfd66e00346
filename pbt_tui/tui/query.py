"""The filter language: `field:value`, `field<number`, a regular expression, `!` for the inverse,
blanks for *and*.

It compiles text to a predicate on jobs.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterable
from difflib import get_close_matches
from typing import Any, NamedTuple

from pbt_tui.journal.state import JobState

Predicate = Callable[[JobState], bool]

_FIELDS: dict[str, Callable[[JobState], Any]] = {
    "state": lambda job: job.shown,
    "job": lambda job: job.spec.id,
    "experiment": lambda job: job.spec.experiment,
    "population": lambda job: job.spec.population or "",
    "member": lambda job: job.spec.member,
    "cause": lambda job: (job.attempts[-1].cause or "") if job.attempts else "",
    "exit": lambda job: job.attempts[-1].exit_code if job.attempts else None,
    "gpu": lambda job: " ".join(job.attempts[-1].gpus) if job.attempts else "",
    "node": lambda job: (job.attempts[-1].node or "") if job.attempts else "",
    "attempt": lambda job: len(job.attempts),
    "index": lambda job: job.index,
}
_ALIASES = {"status": "state", "attempts": "attempt", "name": "job", "gpus": "gpu", "code": "exit"}
FIELDS = (*_FIELDS, "any parameter")
_COMPARISON = re.compile(r"([A-Za-z_][\w.]*)(<=|>=|<|>|=)(.*)")
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


class Filter(NamedTuple):
    """What a text selects."""

    test: Predicate | None
    """Whether a job is shown; None: each one is."""
    problem: str | None = None
    """Why the text cannot be understood; None: it can. No job is shown then."""


class _Misunderstood(Exception):
    """Why a word cannot be understood."""


def compile_filter(text: str, parameters: Callable[[], Iterable[str]] = tuple) -> Filter:
    """The filter for `text`. An incomplete regular expression is taken as plain text.

    Args:
        text: words with blanks between them.
        parameters: returns the names of the jobs' parameters; called if a word names a field that
            not every job has.

    Example:
        >>> compile_filter("lrr:1", lambda: ["lr"]).problem
        'no field `lrr`: did you mean `lr`?'
        >>> compile_filter("").test is None
        True
    """
    try:
        tests = [_term(word, parameters) for word in text.split()]
    except _Misunderstood as e:
        return Filter(lambda job: False, str(e))
    if not tests:
        return Filter(None)
    if len(tests) == 1:
        return Filter(tests[0])
    return Filter(lambda job: all(test(job) for test in tests))


def _term(word: str, parameters: Callable[[], Iterable[str]]) -> Predicate:
    inverse = word.startswith("!") and len(word) > 1
    if inverse:
        word = word[1:]
    test = _positive(word, parameters)
    return (lambda job: not test(job)) if inverse else test


def _positive(word: str, parameters: Callable[[], Iterable[str]]) -> Predicate:
    compared = _COMPARISON.fullmatch(word)
    name, colon, value = word.partition(":")
    if compared and not (colon and len(name) < len(compared[1])):
        return _comparison(_values(compared[1], parameters), compared[2], compared[3])
    if colon and name:
        search, values = _pattern(value).search, _values(name, parameters)
        return lambda job: any(search("" if v is None else str(v)) for v in values(job))
    return _anywhere(word)


def _comparison(values: Callable[[JobState], list[Any]], sign: str, text: str) -> Predicate:
    """A comparison with a number; `=` also compares texts. Holds for no job without a number."""
    bound, holds = _number(text), _OPERATORS[sign]
    if bound is None:
        if sign == "=":
            return lambda job: any(str(v) == text for v in values(job))
        raise _Misunderstood(f"`{sign}` needs a number" + (f": `{text}` is none" if text else ""))

    def test(job: JobState) -> bool:
        numbers = (_number(value) for value in values(job))
        return any(holds(number, bound) for number in numbers if number is not None)

    return test


def _number(value: Any) -> float | None:
    """The value as a number; None if it is none. A text may be one: `"3e-4"`."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return None if math.isnan(number) else number


def _values(name: str, parameters: Callable[[], Iterable[str]]) -> Callable[[JobState], list[Any]]:
    """Returns what a job has under this name: a field, or parameters, by any end of their names."""
    get = _FIELDS.get(_ALIASES.get(name, name))
    if get is not None:
        return lambda job: [get(job)]
    known = set(parameters())
    if not any(k == name or k.endswith("." + name) for k in known):
        names = [*_FIELDS, *_ALIASES, *known, *(k.rpartition(".")[2] for k in known)]
        near = get_close_matches(name, names, n=1, cutoff=0.6)
        meant = f"did you mean `{near[0]}`?" if near else "`?` lists the fields"
        raise _Misunderstood(f"no field `{name}`: {meant}")
    return lambda job: [
        v for k, v in job.spec.params.items() if k == name or k.endswith("." + name)
    ]


def _anywhere(word: str) -> Predicate:
    search = _pattern(word).search

    def test(job: JobState) -> bool:
        if search(job.spec.id) or search(job.shown):
            return True
        attempt = job.attempts[-1] if job.attempts else None
        texts = (attempt.cause, attempt.detail, attempt.queued) if attempt else ()
        return any(search(text) for text in texts if text)

    return test


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(text), re.IGNORECASE)
