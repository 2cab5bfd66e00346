"""Raises `KeyboardInterrupt` for SIGINT, but not inside an import.

Libraries in C and the import system are not made for an exception at every place: an interrupt in
the middle of an import was seen to crash the process, to be lost, and to appear as another error.
"""

from __future__ import annotations

import atexit
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType

_AGAIN = 0.01
"""Seconds until an interrupt that came inside an import is tried again."""


def defer_in_imports() -> None:
    """Replaces Python's own handler of SIGINT; leaves any other handler alone."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if handler is not _interrupt:  # somebody has installed another one since
        if callable(handler):
            handler(signal.SIGINT, frame)
    elif _importing(frame):
        signal.signal(signal.SIGALRM, _interrupt)
        signal.setitimer(signal.ITIMER_REAL, _AGAIN)
        # At its end, Python gives SIGALRM its default action back, which would end the process.
        atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)
    else:
        raise KeyboardInterrupt


def _importing(frame: FrameType | None) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
