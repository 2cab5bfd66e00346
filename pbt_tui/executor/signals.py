"""INT, TERM and HUP, turned into requests that the loop finds in its inbox.

Must not stop anything itself.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any


@contextmanager
def caught(on_stop: Callable[[], None], *, detached: bool) -> Iterator[int]:
    """Calls `on_stop` for each of them; yields a descriptor that is readable when one came.

    A detached executor has no terminal to lose: it goes on after HUP, and so does one that was
    started to ignore it (`nohup`).
    """
    signal_fd, tell = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def handle(number: int, frame: Any) -> None:
        on_stop()

    deaf = detached or signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    before[signal.SIGHUP] = signal.signal(signal.SIGHUP, signal.SIG_IGN if deaf else handle)
    old = signal.set_wakeup_fd(tell, warn_on_full_buffer=False)
    try:
        yield signal_fd
    finally:
        signal.set_wakeup_fd(old)
        for number, handler in before.items():
            signal.signal(number, handler)
        os.close(signal_fd)
        os.close(tell)


def drain(signal_fd: int) -> None:
    with suppress(BlockingIOError):
        while os.read(signal_fd, 1024):
            pass
