"""What a run says, from a thread of its own: a reader that stalls must never stall the run.

Must not know what is said. A terminal that was stopped and `pbt-run … | less` take no more words
once a pipe is full; whoever writes waits, and the loop may not.
"""

from __future__ import annotations

import contextlib
import os
import threading
from queue import SimpleQueue
from typing import TextIO


class AsyncWriter:
    """Words for one stream, in order. The thread begins with the first of them: after a fork."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._words: SimpleQueue[str | None] = SimpleQueue()
        self._thread: threading.Thread | None = None

    def say(self, text: str) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="voice", daemon=True)
            self._thread.start()
        self._words.put(text)

    def finish(self) -> None:
        """Returns when all is said: then, as any program, we wait for our reader."""
        if self._thread is not None:
            self._words.put(None)
            self._thread.join()
            self._thread = None

    def _run(self) -> None:
        while (text := self._words.get()) is not None:
            _write(self._stream, text)


def _write(stream: TextIO, text: str) -> None:
    try:
        stream.write(text)
        stream.flush()
    except OSError:
        # Whatever is said from here on goes nowhere, also what the interpreter flushes at its end.
        with contextlib.suppress(OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)
