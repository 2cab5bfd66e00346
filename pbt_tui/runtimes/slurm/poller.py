"""Polls SLURM's queue and the attempt files in two threads, and writes `queue.json` for screens.

One call of `squeue` covers all tasks. There is at most one in `poll_floor` seconds, and none while
no task is submitted. After a failed or slow call the interval doubles, and `queue.json` keeps the
last answer and marks it as stale. `tracker` interprets the answers.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.files.atomic import replace
from pbt_tui.observe.queue_status import Queue, encode
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.slurm import client, squeue
from pbt_tui.runtimes.slurm.tracker import Task, TaskTracker

FILES = 1.0
"""Seconds between two scans of the attempt files."""
RARELY = 300.0
"""Longest interval in seconds between two calls to a controller that does not answer."""
SLOW = 2.0
"""Seconds after which an answer counts as slow."""


class Poller:
    """Decides when to poll, and hands the answers to the tracker.

    Args:
        tasks: the tasks to follow.
        settings: intervals.
        environ: environment for calls.
        picture: path of `queue.json`.
        closing: set once the runtime is closing.
        again: cancels tasks again that SLURM still lists after a cancel.
    """

    def __init__(
        self,
        tasks: TaskTracker,
        settings: Slurm,
        environ: Mapping[str, str],
        picture: Path,
        closing: threading.Event,
        *,
        again: Callable[[Iterable[Task]], None],
    ) -> None:
        self._tasks = tasks
        self._settings = settings
        self._environ = client.for_us(environ)
        self._picture = picture
        self._closing = closing
        self._cancel_again = again
        self._bell = threading.Event()
        self._hurried = False
        self._last = -1e9
        """When SLURM was last asked, in monotonic seconds."""
        self._trouble = 0
        """Failed or slow calls in a row."""
        self._error: str | None = None
        self._answered: float | None = None
        self._has_sacct = True
        self._drawn = b""

    def hurry(self) -> None:
        """Polls as soon as `poll_floor` allows."""
        self._hurried = True
        self._bell.set()

    def stir(self) -> None:
        """Computes again when the next poll is due."""
        self._bell.set()

    # -- threads -----------------------------------------------------------------------------------

    def files(self) -> None:
        """Thread: scans the attempt files."""
        while not self._closing.wait(FILES):
            self._tasks.scan()

    def queue(self) -> None:
        """Thread: polls the queue when that is due."""
        while not self._closing.is_set():
            arrays = self._tasks.arrays()
            wait = self._due() - time.monotonic() if arrays else None
            if wait is None:
                self._draw()
            if wait is None or wait > 0:
                self._bell.wait(wait)
                self._bell.clear()
                continue
            self._hurried = False
            self.look(arrays)

    def _due(self) -> float:
        if self._hurried and not self._trouble:
            return self._last + self._settings.poll_floor
        return self._last + self._interval()

    def _interval(self) -> float:
        some = any(task.runs for task in self._tasks.current())
        usual = self._settings.poll if some else self._settings.poll_pending
        usual = max(usual, self._settings.poll_floor)
        return min(usual * 2**self._trouble, max(RARELY, usual)) if self._trouble else usual

    # -- one poll ----------------------------------------------------------------------------------

    def look(self, arrays: list[str]) -> None:
        """Polls the queue once."""
        began = self._last = time.monotonic()
        try:
            lines = squeue.parse(self._ask(arrays))
        except (EngineUnavailable, EngineError) as error:
            self._trouble += 1
            self._error = str(error)
        else:
            took = time.monotonic() - began
            self._trouble = self._trouble + 1 if took > SLOW else 0
            self._error, self._answered = None, time.time()
            lines |= self._remembered()
            self._tasks.saw(lines)
            self._cancel_again(self._tasks.unheard(began))
        self._draw()

    def _ask(self, arrays: list[str]) -> str:
        try:
            return client.ask(squeue.question(arrays), self._environ)
        except EngineError as error:
            if squeue.UNKNOWN in error.words:
                return ""  # SLURM no longer has any of them
            raise

    def _remembered(self) -> dict[str, squeue.SqueueRow]:
        """Rows of `sacct` for tasks that the controller no longer has; empty without accounting."""
        forgotten = self._tasks.unknown() if self._has_sacct else []
        if not forgotten:
            return {}
        try:
            text = client.ask(squeue.of_the_past(t.id for t in forgotten), self._environ)
        except (EngineUnavailable, EngineError):
            self._has_sacct = False
            return {}
        return squeue.past(text)

    def _draw(self) -> None:
        """Writes `queue.json` if its content changed."""
        arrays = self._tasks.arrays()
        ahead = self._due() - time.monotonic()
        if self._answered is None and not arrays and self._error is None:
            return
        drawn = encode(
            Queue(
                polled_at=self._answered,
                next_at=time.time() + max(ahead, 0.0) if arrays else None,
                floor=self._settings.poll_floor,
                stale=self._error is not None,
                error=self._error,
                attempts=self._tasks.places(),
            )
        )
        if drawn != self._drawn:
            self._drawn = drawn
            with suppress(OSError):  # screens can do without it
                replace(self._picture, drawn, sync=False)
