"""Writes console output from a background thread: a blocked pipe cannot block the event loop.

A stopped terminal, or `pbt-run … | less`, no longer reads. Once the pipe is full, each write blocks
until the reader goes on.
"""

from __future__ import annotations

import contextlib
import os
import threading
from queue import SimpleQueue
from typing import TextIO


class AsyncWriter:
    """Writes texts to one stream, in order. The first text starts the thread, after any fork."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._texts: SimpleQueue[str | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def say(self, text: str) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
            self._thread.start()
        self._texts.put(text)

    def finish(self) -> None:
        """Returns when everything is written; waits for the reader, as any program does."""
        if self._thread is not None:
            self._texts.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (text := self._texts.get()) is not None:
            _write(self._stream, text)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        # The reader is gone. All further output goes to /dev/null, as does the flush at exit.
        with contextlib.suppress(OSError, ValueError):
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, stream.fileno())
            os.close(null)
