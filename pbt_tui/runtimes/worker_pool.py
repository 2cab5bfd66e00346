"""The threads that ask an engine, so that the loop never waits for one; and the wake-up for it.

Must not know what is asked. A silent engine is waited for, since a restart of it is nobody's
failure; what goes wrong for good is raised in the loop's thread, never lost in one of ours.
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
from pbt_tui.runtimes.docker.engine import EngineUnavailable

Answer = TypeVar("Answer")

IN_FLIGHT = 4
"""Starts at a time: more only add latency."""
AGAIN = 0.25
"""Seconds between two questions to an engine that is silent."""


class Closing(Exception):
    """The runtime is being let go of."""


class WorkerPool:
    """`patience` is in seconds: for so long a silent engine is asked again."""

    def __init__(self, patience: float) -> None:
        self.patience = patience
        self.where = "docker"
        """The engine's address, for messages."""
        self.closing = threading.Event()
        self._broken: BaseException | None = None
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._starts = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="starts")
        self._errands = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="errands")
        self._threads: list[threading.Thread] = []

    def start(self, work: Callable[..., None], *args: object) -> None:
        """In its turn, a few at a time; what has not begun when we close never does."""
        self._starts.submit(self._guard, work, *args)

    def errand(self, work: Callable[..., None], *args: object) -> None:
        """At once, beside the starts; also done while we close."""
        self._errands.submit(self._guard, work, *args)

    def thread(self, work: Callable[[], None]) -> None:
        one = threading.Thread(target=self._guard, args=(work,), daemon=True)
        self._threads.append(one)
        one.start()

    def patiently(self, ask: Callable[[], Answer]) -> Answer:
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

    def unavailable(self, error: Exception) -> RuntimeUnavailable:
        return RuntimeUnavailable(
            f"the docker engine at `{self.where}` does not answer: {error}",
            hint="start it, then resume this run: containers that still run are adopted",
        )

    def fileno(self) -> int:
        return self._wake

    def wake(self) -> None:
        if not self.closing.is_set():
            os.eventfd_write(self._wake, 1)

    def check(self) -> None:
        """Takes back the wake-up; raises what a thread could not cope with."""
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)
        if self._broken is not None:
            raise self._broken

    def finish(self) -> None:
        """Waits for what was begun, and for all errands."""
        self.closing.set()
        self._starts.shutdown(wait=True, cancel_futures=True)
        self._errands.shutdown(wait=True)

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
