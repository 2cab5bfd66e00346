"""Worker threads for blocking engine calls. Results wake the event loop through an eventfd.

Must not know what is asked. An engine that does not answer is asked again, since a restart of it is
nobody's failure. An error that a worker cannot handle is raised in the loop's thread, by `check`.
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
from pbt_tui.runtimes.engine_errors import EngineUnavailable

Answer = TypeVar("Answer")

IN_FLIGHT = 4
"""Starts at a time: more only add latency."""
AGAIN = 0.25
"""Seconds between two questions to an engine that does not answer."""


class Closing(Exception):
    """The runtime is being let go of."""


def _silent(error: Exception) -> RuntimeUnavailable:
    return RuntimeUnavailable(f"the engine does not answer: {error}")


class WorkerPool:
    """Threads that belong to one runtime.

    Args:
        patience: Seconds for which an engine that does not answer is asked again.
        unavailable: Makes the error that is raised after that, out of the engine's last one.
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
        self._broken: BaseException | None = None
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._starts = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="starts")
        self._now = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="now")
        self._threads: list[threading.Thread] = []

    def start(self, work: Callable[..., None], *args: object) -> None:
        """Queued, a few at a time; work that has not begun when the pool finishes never does."""
        self._starts.submit(self._guard, work, *args)

    def run_now(self, work: Callable[..., None], *args: object) -> None:
        """Beside the starts, without waiting for them; still done when the pool finishes."""
        self._now.submit(self._guard, work, *args)

    def thread(self, work: Callable[[], None]) -> None:
        one = threading.Thread(target=self._guard, args=(work,), daemon=True)
        self._threads.append(one)
        one.start()

    def with_retry(self, ask: Callable[[], Answer]) -> Answer:
        """Asks until the engine answers. Raises `RuntimeUnavailable` once patience is over."""
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
        return self._wake

    def wake(self) -> None:
        if not self.closing.is_set():
            os.eventfd_write(self._wake, 1)

    def check(self) -> None:
        """Clears the wake-up; raises an error that a worker could not handle."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        if self._broken is not None:
            raise self._broken

    def finish(self) -> None:
        """Waits for the starts that have begun, and for all that was given to `run_now`."""
        self.closing.set()
        self._starts.shutdown(wait=True, cancel_futures=True)
        self._now.shutdown(wait=True)

    def close(self) -> None:
        for one in self._threads:
            one.join(5.0)
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
