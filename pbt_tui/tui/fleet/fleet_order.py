"""Which runs a list shows, and in which order: a filter, problems only, older runs, sorting."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from pbt_tui.observe.fleet_types import FleetRun
from pbt_tui.tui.fleet.runs_reader import ListedRun

_RANK = {"no_executor": 0, "failures": 1, "unreadable": 2}
_STATE_RANK = {"live": 3, "held": 4, "no_executor": 5, "closed": 6, "unreadable": 7}
_COMPARISON = re.compile(r"([a-z]+)(<=|>=|<|>|=)(.+)")


class RunOrder(NamedTuple):
    """One way to sort the list."""

    name: str
    """What it sorts by, for people."""
    key: Callable[[FleetRun], float | str]
    """The value to sort by, smallest first."""


def share(run: FleetRun) -> float:
    """The share of jobs that have ended, from 0 to 1."""
    counts = run.counts
    open_jobs = counts.waiting + counts.running
    ended = counts.succeeded + counts.failed + counts.cancelled + counts.skipped
    return ended / (open_jobs + ended) if open_jobs + ended else 0.0


def _latest(moment: float | None) -> float:
    return math.inf if moment is None else -moment


ORDERS: dict[str, RunOrder] = {
    "p": RunOrder("problems", lambda run: _RANK.get(run.problem or "", _STATE_RANK[run.state])),
    "n": RunOrder("name", lambda run: run.run),
    "c": RunOrder("last change", lambda run: _latest(run.changed_at)),
    "t": RunOrder("start", lambda run: _latest(run.opened_at)),
    "r": RunOrder("running", lambda run: -run.counts.running),
    "f": RunOrder("failed", lambda run: -run.counts.failed),
    "d": RunOrder("done", lambda run: -share(run)),
    "e": RunOrder("time left", lambda run: run.eta.seconds if run.eta else math.inf),
    "b": RunOrder("best", lambda run: -run.best.objective if run.best else math.inf),
    "h": RunOrder("host", lambda run: run.host or "\U0010ffff"),
}
"""Letter after `s` -> the order."""
_TEXTS: dict[str, Callable[[FleetRun], str | None]] = {
    "run": lambda run: run.run,
    "state": lambda run: run.state,
    "verdict": lambda run: run.verdict,
    "problem": lambda run: run.problem,
    "host": lambda run: run.host,
    "runtime": lambda run: run.runtime,
    "owner": lambda run: run.owner,
    "path": lambda run: run.path,
    "why": lambda run: run.why,
}
_NUMBERS: dict[str, Callable[[FleetRun], float | None]] = {
    "waiting": lambda run: run.counts.waiting,
    "running": lambda run: run.counts.running,
    "succeeded": lambda run: run.counts.succeeded,
    "failed": lambda run: run.counts.failed,
    "cancelled": lambda run: run.counts.cancelled,
    "skipped": lambda run: run.counts.skipped,
    "best": lambda run: run.best.objective if run.best else None,
}
FIELDS = (*_TEXTS, *_NUMBERS)
"""The fields that a filter may name."""
_ANYWHERE = ("run", "state", "verdict", "host", "owner", "why")
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
}


class FleetOrder:
    """The rows of a list."""

    def __init__(self) -> None:
        self.text = ""
        """The filter; empty: there is none."""
        self.wrong: str | None = None
        """Why the filter cannot be understood; None: it can."""
        self.problems_only = False
        """Whether only runs with problems are shown."""
        self.with_older = False
        """Whether runs that `--fresh` has moved aside are shown."""
        self.sort = "p"
        """Letter of the order."""
        self.reverse = False
        """Whether the order is reversed."""
        self.rows: list[ListedRun] = []
        """What is shown."""
        self.older = 0
        """Number of older runs."""

    def update(self, runs: Iterable[ListedRun]) -> None:
        """Chooses and sorts the runs."""
        known = list(runs)
        test = self._test()
        self.older = sum(1 for row in known if row.found.is_older)
        kept = [
            row
            for row in known
            if (self.with_older or not row.found.is_older)
            and (not self.problems_only or (row.run is not None and row.run.problem is not None))
            and (row.run is None or test(row.run))
        ]
        if self.text or self.problems_only:  # a run that was not read yet cannot be told to match
            kept = [row for row in kept if row.run is not None]
        self.rows = self._sorted(kept)

    def place_of(self, path: Path) -> int | None:
        """The row of a run; None: it is not shown."""
        return next((i for i, row in enumerate(self.rows) if row.found.path == path), None)

    def _sorted(self, rows: Sequence[ListedRun]) -> list[ListedRun]:
        key = ORDERS[self.sort].key
        read = [(row, row.run) for row in rows if row.run is not None]
        read.sort(key=lambda pair: (_latest(pair[1].changed_at), pair[1].run))
        read.sort(key=lambda pair: key(pair[1]), reverse=self.reverse)
        if self.sort == "p":
            read.sort(key=lambda pair: pair[1].older)
        else:  # of those that cannot be read there is nothing to sort by
            read.sort(key=lambda pair: pair[1].state == "unreadable")
        unread = sorted((row for row in rows if row.run is None), key=lambda row: row.name)
        return [row for row, _ in read] + unread

    def _test(self) -> Callable[[FleetRun], bool]:
        self.wrong = None
        tests = []
        for word in self.text.split():
            inverse = word.startswith("!") and len(word) > 1
            test = self._term(word[1:] if inverse else word)
            tests.append((test, not inverse))
        return lambda run: all(test(run) == wanted for test, wanted in tests)

    def _term(self, word: str) -> Callable[[FleetRun], bool]:
        compared = _COMPARISON.fullmatch(word)
        if compared is not None:
            return self._comparison(*compared.groups())
        name, colon, value = word.partition(":")
        if colon and name:
            get = _TEXTS.get(name)
            if get is None:
                self._misunderstood(name)
                return lambda run: False
            search = _pattern(value).search
            return lambda run: search(get(run) or "") is not None
        search = _pattern(word).search
        return lambda run: any(search(_TEXTS[field](run) or "") for field in _ANYWHERE)

    def _comparison(self, name: str, sign: str, value: str) -> Callable[[FleetRun], bool]:
        get, holds = _NUMBERS.get(name), _COMPARE[sign]
        if get is None:
            self._misunderstood(name)
            return lambda run: False
        try:
            bound = float(value)
        except ValueError:
            self.wrong = f"`{sign}` needs a number: `{value}` is none"
            return lambda run: False

        def test(run: FleetRun) -> bool:
            number = get(run)
            return number is not None and holds(number, bound)

        return test

    def _misunderstood(self, name: str) -> None:
        from difflib import get_close_matches

        near = get_close_matches(name, FIELDS, n=1, cutoff=0.6)
        meant = f"did you mean `{near[0]}`?" if near else f"there are {', '.join(FIELDS)}"
        self.wrong = f"no field `{name}`: {meant}"


def in_order(runs: Iterable[ListedRun]) -> list[FleetRun]:
    """All runs, older ones too, in the order of a list."""
    order = FleetOrder()
    order.with_older = True
    order.update(runs)
    return [row.run for row in order.rows if row.run is not None]


def _pattern(text: str) -> re.Pattern[str]:
    try:
        return re.compile(text, re.IGNORECASE)
    except re.error:
        return re.compile(re.escape(text), re.IGNORECASE)
