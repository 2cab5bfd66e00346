"""Records side effects of the import: files that it writes, and whether it starts processes.

Runs in the child process, as an audit hook. The hook sees only Python code and not compiled
extensions, and it forbids nothing.
"""

from __future__ import annotations

import os
import sys

from pbt_tui.compiler.suppress import suppress
from pbt_tui.compiler.traceback_origin import Place, of_caller

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

MOST = 20
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_PATHS = {
    "os.mkdir": 1, "os.remove": 1, "os.rmdir": 1, "os.truncate": 1, "os.symlink": 2,
    "os.rename": 2, "os.link": 2,
}  # fmt: skip
"""Audit events that change files, and how many of their leading arguments are paths."""
_STARTING = frozenset(
    ("os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.system", "subprocess.Popen")
)


class ImportAudit:
    """Records from its creation until `stop`."""

    def __init__(self) -> None:
        self.written: dict[str, Place] = {}
        """Paths below the initial working directory, each with the code that wrote it first."""
        self.writes = False
        """Whether it has changed any file but compiled modules, wherever that is."""
        self.started = False
        self.folder = os.path.realpath(os.curdir) + os.sep
        self.looking = True
        sys.addaudithook(self._hook)

    def stop(self) -> None:
        self.looking = False

    def _hook(self, event: str, args: tuple[Any, ...]) -> None:
        if event in _STARTING:
            self.started = True
        elif self.looking and (event == "open" or event in _PATHS):
            with suppress(Exception):  # an exception in the hook would make the audited call fail
                if event != "open":
                    for path in args[: _PATHS[event]]:
                        self._note(path)
                elif args[2] & _WRITING:
                    self._note(args[0])

    def _note(self, path: Any) -> None:
        if not isinstance(path, (str, bytes, os.PathLike)):
            return
        full = os.path.abspath(os.fsdecode(path))  # noqa: PTH100
        if "__pycache__" in full or full.startswith("/dev/"):
            return
        self.writes = True
        if not full.startswith(self.folder) or len(self.written) >= MOST:
            return
        name = full.removeprefix(self.folder)
        if "/." in f"/{name}":  # caches are not reported
            return
        if any(name.startswith(known + os.sep) for known in self.written):
            return
        self.written.setdefault(name, of_caller(sys._getframe(2)))
