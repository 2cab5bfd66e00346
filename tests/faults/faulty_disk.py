"""A disk that counts its calls, and lets one of them fail or end the executor.

A call is known by its function, by the file that it concerns, and by how often both came before:
so the same call is found again in another run, whatever the timing.
"""

from __future__ import annotations

import errno
import os
import re
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

from pbt_tui.files.disk import Disk

CALLS = sorted(name for name in vars(Disk) if not name.startswith("_"))
FAULTS = (
    *("ENOSPC", "EIO", "EINTR", "ESTALE", "EACCES"),
    *("short", "torn", "crash before", "crash after"),
)
"""Errors; `short`: half is written; `torn`: half is written, then the disk is full."""
OF_WRITES = ("short", "torn")
_NEW = re.compile(r"\._pbt\.[0-9a-f]{8}")
"""A run directory that is being made: its name is drawn anew each time."""
_REQUEST = re.compile(r"[0-9]+-[0-9]+")


class Crash(BaseException):
    """The executor died: nothing of it may run on."""


class Call(NamedTuple):
    """One call of a run."""

    name: str
    file: str
    nth: int

    def __str__(self) -> str:
        return f"{self.name}({self.file}) #{self.nth}"


def happen(
    fault: str,
    name: str,
    args: tuple[Any, ...],
    do: Callable[[], Any],
    die: Callable[[], NoReturn],
) -> Any:
    """What the executor meets instead of a call.

    Args:
        fault: one of `FAULTS`.
        name: the function.
        args: its arguments.
        do: makes the call.
        die: ends the executor.

    Raises:
        OSError: the error of that name.
    """
    if fault in OF_WRITES:
        return do() if name != "write" else os.write(args[0], args[1][: max(1, len(args[1]) // 2)])
    if fault.startswith("crash"):
        if fault == "crash after":
            do()
        die()
    if name == "close":  # Linux closes a descriptor also where it reports an error
        do()
    code = getattr(errno, fault)
    path = (os.fspath(args[0]),) if not isinstance(args[0], int) else ()
    raise OSError(code, os.strerror(code), *path)


class FaultyDisk(Disk):
    """Works on the real file system, but for the call `at`, where `fault` happens.

    Only the calls of the main thread are counted. Those of other threads fail after a crash.
    """

    def __init__(
        self, folder: Path, at: Call | None = None, fault: str = "", others: str = ""
    ) -> None:
        """`others`: the error of every call of the other threads."""
        self._folder = folder
        self._at = at
        self._fault = fault
        self._others = others
        self._main = threading.main_thread()
        self._files: dict[int, str] = {}
        """Descriptor to file, for what is open."""
        self._counts: Counter[tuple[str, str]] = Counter()
        self.reached = False
        """Whether the fault happened."""
        self.crashed = False
        self._full = False
        self.seen: list[Call] = []
        """The calls of the main thread."""
        for name in CALLS:
            setattr(self, name, self._wrapped(name, getattr(os, name)))

    def close_all(self) -> None:
        """Closes what a dead process would leave to the kernel; so its locks are gone, too."""
        for fd in list(self._files):
            os.close(fd)
        self._files.clear()

    def _wrapped(self, name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **options: Any) -> Any:
            return self._call(name, real, args, options)

        return call

    def _call(
        self, name: str, real: Callable[..., Any], args: tuple[Any, ...], options: dict[str, Any]
    ) -> Any:
        def do() -> Any:
            found = real(*args, **options)
            if name == "open":
                self._files[found] = self._named(args[0])
            elif name == "close":
                self._files.pop(args[0], None)
            return found

        if threading.current_thread() is not self._main:
            code = "EIO" if self.crashed else self._others
            if code and name != "close":
                raise OSError(getattr(errno, code), os.strerror(getattr(errno, code)))
            return do()
        if self.crashed:
            if name == "close":
                return do()
            raise Crash
        file = self._named(args[0])
        this = Call(name, file, self._counts[name, file])
        self._counts[name, file] += 1
        self.seen.append(this)
        if self._full and name == "write":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if this != self._at:
            return do()
        self.reached = True
        return self._happen(name, args, do)

    def _happen(self, name: str, args: tuple[Any, ...], do: Callable[[], Any]) -> Any:
        self._full = self._fault == "torn" and name == "write"
        return happen(self._fault, name, args, do, self._die)

    def _die(self) -> NoReturn:
        self.crashed = True
        raise Crash

    def _named(self, where: Any) -> str:
        if isinstance(where, int):
            return self._files.get(where, "?")
        path = os.path.relpath(where, self._folder)
        return _REQUEST.sub("request", _NEW.sub("new", path))


def points(seen: list[Call]) -> list[Call]:
    """Each call once, in the order of a run."""
    return list(dict.fromkeys(seen))
