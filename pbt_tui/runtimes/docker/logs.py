"""The output that the engine holds: all of it where the image has no shell, else what the wrapper
could not put into the log.

Must not judge what it says, nor stop reading while a container writes: a full disk costs output,
never the job.
"""

from __future__ import annotations

import os
import threading
import time
from contextlib import suppress
from pathlib import Path

from pbt_tui.runtimes.docker.engine import Engine, Found, Stream

_HEAD = 4096
_COULD_NOT = (1, 2, 126, 127)
"""Codes of a shell, or an init process, that could not become the job."""


class Capture:
    """A thread that writes one stream to one log until it ends.

    `anew`: the stream begins with the first byte that there ever was (after a crash, after an
    engine restart), so what the log holds is written once more.
    """

    def __init__(self, stream: Stream, log: Path, *, anew: bool = False) -> None:
        self.ended: float | None = None
        """When the stream was over, Unix seconds."""
        self._stream = stream
        self._log = log
        self._flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | (os.O_TRUNC if anew else 0)
        self._thread = threading.Thread(target=self._run, name="captured", daemon=True)
        self._thread.start()

    @property
    def over(self) -> bool:
        return not self._thread.is_alive()

    def finish(self, seconds: float) -> None:
        """Waits for the rest: the stream ends a moment after its container."""
        self._thread.join(seconds)

    def is_cut(self, finished: float | None) -> bool:
        """The stream was over before its container: the engine went away, and there is more."""
        return self.ended is not None and finished is not None and self.ended < finished

    def close(self) -> None:
        self._stream.close()

    def _run(self) -> None:
        fd = None
        with suppress(OSError):
            fd = os.open(self._log, self._flags | os.O_CLOEXEC, 0o644)
        try:
            for data in self._stream:
                if fd is not None:
                    with suppress(OSError):
                        _write(fd, data)
        finally:
            self.ended = time.time()
            if fd is not None:
                os.close(fd)


def excuse(engine: Engine, found: Found, log: Path) -> str | None:
    """What was said in place of a job that could not begin; None where it did begin.

    The wrapper's shell calls itself by its `$0`, the log's own path; the init process of an image
    without a shell calls itself `[FATAL tini (`. Words that the log could not take are with the
    engine. Of a full disk nobody could say anything: then we do.
    """
    if found["State"]["ExitCode"] not in _COULD_NOT:
        return None
    try:
        with log.open("rb") as file:
            message = file.read(_HEAD)
        if not message:
            message = b"".join(engine.logs(found["Id"], follow=False))[:_HEAD]
        disk = os.statvfs(log)
    except OSError:
        return None
    for mark in (f"{log}: ".encode(), b"[FATAL tini ("):
        if message.startswith(mark):
            return message.removeprefix(mark).decode("utf-8", "replace").strip()
    return "no space left on the disk of the log" if not (message or disk.f_bavail) else None


def _write(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
