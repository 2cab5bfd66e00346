"""Output that the engine has: all of it if the image has no shell, else what the wrapper could not
write to the log.

Must not stop reading while a container writes: a full disk may cost output, but never the job.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from pbt_tui.errors import NotOurs
from pbt_tui.files import disk
from pbt_tui.files.permissions import open_log
from pbt_tui.files.regular import read_head
from pbt_tui.files.writing import write_all
from pbt_tui.runtimes.docker.engine import Engine, Found, Stream

_HEAD = 4096
_AWAY = ("nonexistent directory", "directory nonexistent", "no such file or directory")
"""How busybox, dash and bash say that there is no folder for a file."""
_COULD_NOT = (1, 2, 126, 127)
"""Codes of a shell or an init process that could not exec the job."""


class Capture:
    """A thread that writes one stream to one log until the stream ends.

    Args:
        stream: output of a container.
        log: the log.
        anew: whether the stream has all output from the first byte, so that the log is overwritten:
            after a crash of the executor or a restart of the engine.
    """

    def __init__(self, stream: Stream, log: Path, *, anew: bool = False) -> None:
        self.ended: float | None = None
        """When the stream ended, in Unix seconds; None before."""
        self._stream = stream
        self._log = log
        self._anew = anew
        self._thread = threading.Thread(target=self._run, name="captured", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether the stream has ended."""
        return not self._thread.is_alive()

    def finish(self, seconds: float) -> None:
        """Waits for the rest of the stream, which ends a moment after its container."""
        self._thread.join(seconds)

    def is_cut(self, finished: float | None) -> bool:
        """Whether the stream ended before its container, because the engine stopped."""
        return self.ended is not None and finished is not None and self.ended < finished

    def close(self) -> None:
        """Ends the stream."""
        self._stream.close()

    def _run(self) -> None:
        fd = None
        with suppress(OSError, NotOurs):
            fd = open_log(self._log)
            if self._anew:
                disk.calls.ftruncate(fd, 0)
        try:
            for data in self._stream:
                if fd is not None:
                    with suppress(OSError):
                        write_all(fd, data)
        finally:
            self.ended = time.time()
            if fd is not None:
                disk.calls.close(fd)


def excuse(engine: Engine, found: Found, log: Path) -> str | None:
    """The error of a job that could not start; None if it did start.

    Messages of the wrapper's shell begin with its `$0`, which is the path of the log; those of the
    init process, for an image without a shell, with `[FATAL tini (`. If the log is empty, the
    engine has the message. If the disk is full, there is no message, and this returns one.
    """
    if found["State"]["ExitCode"] not in _COULD_NOT:
        return None
    try:
        message = read_head(log, _HEAD)
    except FileNotFoundError:  # its folder was moved away
        message = b""
    except OSError:
        return None
    if not message:
        message = b"".join(engine.logs(found["Id"], follow=False))[:_HEAD]
    for mark in (f"{log}: ".encode(), b"[FATAL tini ("):
        if message.startswith(mark):
            return message.removeprefix(mark).decode("utf-8", "replace").strip()
    with suppress(OSError):
        if not message and not os.statvfs(log).f_bavail:
            return "no space left on the disk of the log"
    return None


def was_away(message: str | None, log: Path) -> bool:
    """Whether the wrapper found no folder for the log, by its shell's message (`excuse`).

    Example:
        >>> was_away("1: cannot create /r/a.log: Directory nonexistent", Path("/r/a.log"))
        True
    """
    return message is not None and message.lower().endswith(
        tuple(f"{log}: ".lower() + how for how in _AWAY)
    )
