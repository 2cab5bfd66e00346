"""The threads that find out what members go on from: one for each workspace.

A workspace may lie on a disk that is slow, late or hangs. The loop never waits for it: it asks, a
thread reads, and the answer wakes the loop. A thread that hangs stops no other one. Where a
generation is missing that was there before, the thread looks again for a while.
"""

from __future__ import annotations

import heapq
import os
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, NamedTuple

from pbt_tui.executor import continuing
from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import JobState
from pbt_tui.populations import STYLES

if TYPE_CHECKING:
    from pbt_tui.observe.continuing import Continuation, Question
    from pbt_tui.observe.continuing.lives import Lives

Answers = Callable[["Question"], "Continuation"]
"""`observe.continuing.answer`, or what a test puts in its place."""


class OpenQuestion(NamedTuple):
    """A question on its way; ordered by the time at which it is due."""

    due: float
    """When to read, in monotonic seconds."""
    after: int
    """Name of the question: the `seq` of the event that raised it."""
    job: str
    attempt: int
    since: float
    """When it was asked first, in monotonic seconds."""
    question: Question


class ReaderThreads:
    """Asks the threads of one run; `close` ends them.

    Args:
        state: The state of the run, of which the threads get nothing.
        rundir: The run directory.
        answer: Answers a question; None: `observe.continuing.answer`.
    """

    def __init__(self, state: RunState, rundir: RunDir, answer: Answers | None = None) -> None:
        self._state = state
        self._rundir = rundir
        self._answer = answer
        continued = continuing.continued(state.spec)
        self._population = {
            name: p for p in state.spec.populations if p.id in continued for name in p.members
        }
        self._newest: dict[str, int] = {}
        """Job → the newest question that was asked about it."""
        self._found: SimpleQueue[ev.ContinuationKnown] = SimpleQueue()
        self._threads: dict[Path, WorkspaceThread] = {}
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._closed = False

    def fileno(self) -> int:
        """A descriptor that is readable when `answers` has something."""
        return self._wake

    def ask(self, jobs: Iterable[JobState]) -> None:
        """Asks about unread jobs, the newest question first: stops at the first one asked before.

        Call it once the event that raised the question is durable: an earlier look would be too
        early, because the member may have been writing.
        """
        for job in jobs:
            if self._newest.get(job.spec.id) == job.question:
                return
            self._newest[job.spec.id] = job.question
            population = self._population[job.spec.id]
            question = continuing.question(self._state, self._rundir, population, job)
            now = time.monotonic()
            asked = OpenQuestion(
                now, job.question, job.spec.id, len(job.attempts) + 1, now, question
            )
            self._thread(question.recorded).inbox.put(asked)

    def answers(self) -> list[ev.ContinuationKnown]:
        """What was found out since the last call."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        found: list[ev.ContinuationKnown] = []
        with suppress(Empty):
            while True:
                found.append(self._found.get_nowait())
        return found

    def make_ready(self, job: JobState, attempt: int) -> None:
        """Puts aside what an attempt must not go on from. Raises `RunError` if that fails.

        The loop waits for it, unlike for an answer: it has to happen after the decision is durable
        and before the launch, and a stop that arrives in between would find neither. It renames at
        most the folder of an attempt from scratch and what a killed trainer was writing; no other
        attempt touches the workspace. A thread has just read the same folder, so its disk answered.
        """
        population = self._population.get(job.spec.id)
        if population is None:
            return
        own = job.attempts[attempt - 1].anew
        if not own and STYLES.get(population.style).leftovers is None:
            return  # nothing to put aside
        from pbt_tui.observe.continuing.aside import make_ready

        question = continuing.question(self._state, self._rundir, population, job)
        make_ready(question._replace(anew=own), attempt, self._rundir.populations)

    def close(self) -> None:
        """Ends the threads; one that hangs in its disk is left to it."""
        self._closed = True
        for thread in self._threads.values():
            thread.inbox.put(None)
        for thread in self._threads.values():
            thread.join(0.5)
        if not any(thread.is_alive() for thread in self._threads.values()):
            os.close(self._wake)

    def _thread(self, workspace: Path) -> WorkspaceThread:
        thread = self._threads.get(workspace)
        if thread is None:
            from pbt_tui.observe.continuing import answer

            own = self._answer or answer
            thread = WorkspaceThread(own, self._rundir.populations, self._tell, self._is_newest)
            self._threads[workspace] = thread
            thread.start()
        return thread

    def _is_newest(self, asked: OpenQuestion) -> bool:
        return not self._closed and self._newest.get(asked.job) == asked.after

    def _tell(self, fact: ev.ContinuationKnown) -> None:
        if not self._closed:
            self._found.put(fact)
            os.eventfd_write(self._wake, 1)


class WorkspaceThread(threading.Thread):
    """Answers the questions about one workspace, one after the other."""

    def __init__(
        self,
        answer: Answers,
        history: Path,
        tell: Callable[[ev.ContinuationKnown], None],
        is_newest: Callable[[OpenQuestion], bool],
    ) -> None:
        super().__init__(name="workspace", daemon=True)
        self.inbox: SimpleQueue[OpenQuestion | None] = SimpleQueue()
        """New questions; None ends the thread."""
        self._answer = answer
        self._history = history
        self._tell = tell
        self._is_newest = is_newest
        self._due: list[OpenQuestion] = []
        self._lives: Lives | None = None

    def run(self) -> None:
        while self._take():
            while self._due and self._due[0].due <= time.monotonic():
                self._look(heapq.heappop(self._due))

    def _take(self) -> bool:
        """Waits for a question, or until one is due again; False: the thread is to end."""
        wait = max(self._due[0].due - time.monotonic(), 0.0) if self._due else None
        with suppress(Empty):
            asked = self.inbox.get(timeout=wait)
            if asked is None:
                return False
            heapq.heappush(self._due, asked)
        return True

    def _look(self, asked: OpenQuestion) -> None:
        if not self._is_newest(asked):
            return
        waited = time.monotonic() - asked.since
        found = self._answered(asked.question._replace(waited=waited))
        if found.again_after is not None:
            due = time.monotonic() + found.again_after
            heapq.heappush(self._due, asked._replace(due=due))
        else:
            self._tell(continuing.answered(asked.job, asked.attempt, asked.after, found))

    def _answered(self, question: Question) -> Continuation:
        """The answer. A style of another package may raise anything: then a person is asked."""
        from pbt_tui.observe.continuing import Continuation
        from pbt_tui.observe.continuing.lives import Lives

        if self._lives is None:
            self._lives = Lives(self._history)
        try:
            alone = STYLES.get(question.style).members_are_jobs
            known = self._lives.of(question.population, question.member if alone else None)
            return self._answer(question._replace(history=known))
        except Exception as e:
            what = f"{type(e).__name__}: {e}"
            return Continuation(refused=f"style `{question.style}` cannot read it: {what:.300}")
