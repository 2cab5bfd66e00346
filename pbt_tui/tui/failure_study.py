"""Finds out, in short steps, what differs between a group of failures and the good jobs.

A run of some thousand jobs takes one step. Must not import Textual.
"""

from __future__ import annotations

import time
from collections.abc import Generator

from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe import failure_differences
from pbt_tui.observe.failure_differences import FailureFindings, Nearest
from pbt_tui.observe.failure_grouping import Group

_SHARE = 20
"""A study that took t seconds is repeated after 20 t at the earliest."""


class FailureStudy:
    """One group and one of its jobs."""

    def __init__(self) -> None:
        self.findings: FailureFindings | None = None
        """What is known of the group; None: not yet."""
        self.near: Nearest | None = None
        """The good job that is nearest to the job; None: not yet, or there is none."""
        self.is_done = False
        """Whether both are known."""
        self._of: tuple[str, str] = ("", "")
        """Signature of the group, and id of the job."""
        self._made_of: tuple[int, int] = (0, 0)
        """The state and its newest event when the work began."""
        self._work: Generator[None, None, None] | None = None
        self._took = 0.0
        self._again_at = 0.0

    def turn_to(self, group: Group, job: JobState, state: RunState) -> None:
        """Begins the work for a group and a job, unless its result is there and new enough."""
        made_of = id(state), state.seq
        before, self._of = self._of, (group.signature, job.spec.id)
        if before[0] != group.signature or self._made_of[0] != made_of[0]:
            self.findings = self.near = None
        elif self._made_of != made_of and self._work is None:
            if time.perf_counter() < self._again_at and before == self._of:
                return
        elif before == self._of:
            return
        if before[1] != job.spec.id:
            self.near = None
        if self.findings is not None and self._made_of == made_of:
            self._work = self._search(job, self.findings)
        else:
            self._work = self._all(group, job, state)
        self._made_of = made_of
        self.is_done = False
        self._took = 0.0

    def advance(self, seconds: float) -> bool:
        """Works for about that long; returns whether everything is known."""
        if self._work is None:
            return True
        start = time.perf_counter()
        while time.perf_counter() - start < seconds:
            try:
                next(self._work)
            except StopIteration:
                self._work = None
                self.is_done = True
                break
        now = time.perf_counter()
        self._took += now - start
        self._again_at = now + _SHARE * self._took
        return self.is_done

    def _all(self, group: Group, job: JobState, state: RunState) -> Generator[None, None, None]:
        found = yield from failure_differences.study(group, state)
        self.findings = found
        yield from self._search(job, found)

    def _search(self, job: JobState, found: FailureFindings) -> Generator[None, None, None]:
        self.near = yield from failure_differences.search(job, found.good)
