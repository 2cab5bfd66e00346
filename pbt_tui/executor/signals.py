"""Turns SIGINT and SIGTERM into stop requests in the inbox of the event loop.

SIGHUP stops nothing: the command line lets the executor outlive its terminal.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def caught(on_stop: Callable[[], None]) -> Iterator[int]:
    """Calls `on_stop` for each signal; yields a descriptor that becomes readable with a signal."""
    signal_fd, write_fd = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def handle(number: int, frame: Any) -> None:
        on_stop()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    old = signal.set_wakeup_fd(write_fd, warn_on_full_buffer=False)
    try:
        yield signal_fd
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(signal_fd)
        os.close(write_fd)


def drain(signal_fd: int) -> None:
    """Empties the descriptor."""
    with suppress(BlockingIOError):
        while os.read(signal_fd, 1024):
            pass
