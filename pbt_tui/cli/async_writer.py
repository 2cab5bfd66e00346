"""Writes console output from a background thread: a blocked pipe cannot block the event loop.

A stopped terminal, or `pbt-run … | less`, no longer reads. Once the pipe is full, each write blocks
until the reader goes on.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import TextIO

ERASE = "\r\x1b[2K"
"""Erases the line of progress on a terminal."""

_PAUSE = 0.02
"""Seconds between two writes."""


class AsyncWriter:
    """Writes texts to one stream, in order. The first text starts the thread, after any fork."""

    def __init__(self, stream: TextIO, lost: Callable[[int], None] | None = None) -> None:
        """`lost` gets the descriptor of the stream once nobody reads it, and redirects it."""
        self._stream = stream
        self._lost = lost or _to_null
        self._texts: SimpleQueue[str | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._over = threading.Event()

    def say(self, text: str) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
            self._thread.start()
        self._texts.put(text)

    def finish(self) -> None:
        """Returns when everything is written; waits for the reader, as any program does."""
        if self._thread is not None:
            self._texts.put(None)
            self._over.set()
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (text := self._texts.get()) is not None:
            self._write(text)
            # A thread that woke for each line of many short jobs would hold up the event loop.
            self._over.wait(_PAUSE)

    def _write(self, text: str) -> None:
        """Writes past the buffer of the stream, whose content after an error is not defined."""
        try:
            descriptor = self._stream.fileno()
        except io.UnsupportedOperation:  # a stream in memory
            self._stream.write(text)
            return
        if not os.isatty(descriptor):
            text = _settled(text)  # the terminal was closed since it was composed
        data = text.encode(self._stream.encoding, self._stream.errors or "strict")
        with contextlib.suppress(OSError):
            self._stream.flush()
        data = data[_write_all(descriptor, data) :]
        if data:  # the reader is gone
            with contextlib.suppress(OSError):
                self._lost(descriptor)
            _write_all(descriptor, data if os.isatty(descriptor) else _settled(text).encode())


def _settled(text: str) -> str:
    """A text without what only a terminal understands; nothing of a line of progress."""
    erased, rest = text.startswith(ERASE), text.removeprefix(ERASE)
    return "" if erased and "\n" not in rest else rest


def _write_all(descriptor: int, data: bytes) -> int:
    """Returns how many bytes were written; fewer than there are once nobody reads them."""
    written = 0
    with contextlib.suppress(OSError):
        while written < len(data):
            written += os.write(descriptor, data[written:])
    return written


def _to_null(descriptor: int) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, descriptor)
    os.close(null)
