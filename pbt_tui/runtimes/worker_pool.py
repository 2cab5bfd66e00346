"""Worker threads for blocking engine calls. Results wake the event loop through an eventfd.

A worker asks an engine that does not answer again, because the engine may just be restarting.
`check` raises errors that a worker did not handle, in the loop's thread.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.files.faults import cannot_go_on
from pbt_tui.runtimes.engine_errors import EngineUnavailable

Answer = TypeVar("Answer")

IN_FLIGHT = 4
"""Starts in parallel: more of them only add latency."""
AGAIN = 0.25
"""Seconds between two calls to an engine that does not answer."""


class Closing(Exception):
    """The runtime is closing."""


def _silent(error: Exception) -> RuntimeUnavailable:
    return RuntimeUnavailable(f"the engine does not answer: {error}")


class WorkerPool:
    """The threads of one runtime.

    Args:
        patience: Seconds for which workers try an engine that does not answer.
        unavailable: Makes the error to raise after that, from the engine's last error.
    """

    def __init__(
        self,
        patience: float = 0.0,
        *,
        unavailable: Callable[[Exception], RuntimeUnavailable] = _silent,
    ) -> None:
        self.patience = patience
        self.unavailable = unavailable
        self.closing = threading.Event()
        """Set once the runtime is closing."""
        self._broken: BaseException | None = None
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._starts = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="starts")
        self._now = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="now")
        self._threads: list[threading.Thread] = []

    def start(self, work: Callable[..., None], *args: object) -> None:
        """Queues work, of which `IN_FLIGHT` run in parallel; `finish` drops what has not begun."""
        self._starts.submit(self._guard, work, *args)

    def run_now(self, work: Callable[..., None], *args: object) -> None:
        """Runs work without waiting for queued starts; `finish` waits until it is done."""
        self._now.submit(self._guard, work, *args)

    def thread(self, work: Callable[[], None]) -> None:
        """Runs work in a thread of its own, for as long as the pool lives."""
        thread = threading.Thread(target=self._guard, args=(work,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def with_retry(self, ask: Callable[[], Answer]) -> Answer:
        """Calls `ask` until the engine answers.

        Raises:
            RuntimeUnavailable: if it does not answer within `patience`.
            Closing: if the pool closes meanwhile.
        """
        end = time.monotonic() + self.patience
        while True:
            try:
                return ask()
            except EngineUnavailable as error:
                if time.monotonic() >= end:
                    raise self.unavailable(error) from error
                if self.closing.wait(AGAIN):
                    raise Closing from error

    def fileno(self) -> int:
        """A descriptor that is readable after `wake`."""
        return self._wake

    def wake(self) -> None:
        """Wakes the event loop."""
        if not self.closing.is_set():
            os.eventfd_write(self._wake, 1)

    def check(self) -> None:
        """Clears the wake-up, and raises an error that a worker did not handle."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        if isinstance(self._broken, OSError) and self._broken.filename:
            what = "cannot use a file of the run"
            raise cannot_go_on(self._broken, what, self._broken.filename) from self._broken
        if self._broken is not None:
            raise self._broken

    def finish(self) -> None:
        """Waits for the starts that have begun, and for all work of `run_now`."""
        self.closing.set()
        self._starts.shutdown(wait=True, cancel_futures=True)
        self._now.shutdown(wait=True)

    def close(self) -> None:
        """Joins the threads and closes the descriptor."""
        for thread in self._threads:
            thread.join(5.0)
        os.close(self._wake)

    def _guard(self, work: Callable[..., None], *args: object) -> None:
        try:
            work(*args)
        except Closing:
            pass
        except BaseException as error:
            if not self.closing.is_set():
                self._broken = self._broken or error
                self.wake()
