"""`pbt-run` on a disk where one call fails, whichever thread makes it, or where it is killed there.

A kind of call is a function of `files.disk` and a kind of file: `open logs/JOB.log`. The fault
happens at the first call of its kind. The environment says what to do:

    PBT_FAULT_SEEN   file that gets a line for each new kind of call, and one once the fault happens
    PBT_FAULT_AT     kind of call; empty: none fails
    PBT_FAULT        name of the fault, as in `faulty_disk.FAULTS`
"""

from __future__ import annotations

import errno
import os
import re
import signal
import threading
from collections.abc import Callable
from typing import Any, NoReturn

from pbt_tui.files import disk
from pbt_tui.files.disk import Disk
from tests.faults.faulty_disk import CALLS, happen

HAPPENED = "the fault happened"
_KINDS = (
    (re.compile(r"\b[abc]\.[0-9]+(?![0-9])"), "JOB"),
    (re.compile(r"[0-9a-f]{8,}"), "ID"),
    (re.compile(r"[0-9]+"), "N"),
)


class KindDisk(Disk):
    """The real file system, but for the first call of one kind."""

    def __init__(self, folder: str, seen: str, at: str, fault: str) -> None:
        self._folder = folder
        self._seen = os.open(seen, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        self._at = at
        self._fault = fault
        self._lock = threading.Lock()
        self._kinds: set[str] = set()
        self._files: dict[int, str] = {}
        """Descriptor to kind of file, for what is open."""
        self._full = False
        for name in CALLS:
            setattr(self, name, self._wrapped(name, getattr(os, name)))

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            file = self._named(args[0])
            kind = f"{name} {file}"
            with self._lock:
                new = kind not in self._kinds
                self._kinds.add(kind)
            if new:
                os.write(self._seen, f"{kind}\n".encode())

            def do() -> Any:
                found = real(*args, **options)
                if name == "open":
                    self._files[found] = file
                return found

            if self._full and name == "write":
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            if not new or kind != self._at:
                return do()
            os.write(self._seen, f"{HAPPENED}\n".encode())
            self._full = self._fault == "torn" and name == "write"
            return happen(self._fault, name, args, do, die)

        return call

    def _named(self, where: Any) -> str:
        if isinstance(where, int):
            return self._files.get(where, "?")
        path = os.path.relpath(where, self._folder)
        if path.startswith(".."):
            return "outside"
        for pattern, kind in _KINDS:
            path = pattern.sub(kind, path)
        return path


def die() -> NoReturn:
    """Ends this process at once."""
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("a killed process goes on")


if __name__ == "__main__":
    given = os.environ
    disk.calls = KindDisk(
        os.getcwd(),  # noqa: PTH109
        given.pop("PBT_FAULT_SEEN"),
        given.pop("PBT_FAULT_AT"),
        given.pop("PBT_FAULT"),
    )
    from pbt_tui.cli.run import entry

    entry()
