"""Replaces a leading `python` or `python3` of a command by the interpreter of its environment.

Must not start or refuse anything: a command that cannot be resolved stays as it is, and the job
fails with its own error. Only these two names are replaced. Upstream also replaces `python2.7` and
`python_wrapper` (defect D24).
"""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

WORDS = ("python", "python3")
_BY_PATH = re.compile(r"/(?:.*/)?python[0-9.]*")
_TOOL_MARKS = ("pipx_metadata.json", "uv-receipt.toml")
"""Files by which pipx and uv mark an environment that they made for one program."""


def resolve(
    argv: Sequence[str], environ: Mapping[str, str], python: str | None = None
) -> tuple[tuple[str, ...], str | None]:
    """The command to start, and the folder to put first on its `PATH` (None: no folder).

    `environ` is the complete environment of the job, so a `VIRTUAL_ENV` of the job counts. The
    folder is that of the interpreter: trainers restart themselves as plain `python3` (defect R1),
    and other programs (`torchrun`, a script) usually start a Python. A command that begins with the
    path of an interpreter stays, and the folder of that interpreter comes first. `python` is the
    interpreter of the run, if it is not that of the environment.
    """
    command = tuple(argv)
    first = command[0] if command else ""
    if _BY_PATH.fullmatch(first):
        return command, str(Path(first).parent)
    name = first if first in WORDS else "python3"
    found = interpreter(environ, name, python)
    if found is None:
        return command, None
    folder = str(Path(found).parent)
    return ((found, *command[1:]) if first in WORDS else command), folder


class Interpreters:
    """`resolve` for the attempts of one executor: it looks for each interpreter once.

    Args:
        python: the interpreter of the run; None: that of the environment.
    """

    def __init__(self, python: str | None) -> None:
        self._python = python
        self._found: dict[tuple[str | None, ...], tuple[tuple[str, ...], str | None]] = {}

    def resolve(
        self, argv: Sequence[str], environ: Mapping[str, str]
    ) -> tuple[tuple[str, ...], str | None]:
        """The same as `resolve`, with what was found for the same environment before."""
        first = argv[0] if argv else ""
        if _BY_PATH.fullmatch(first):
            return resolve(argv, environ)
        word = first if first in WORDS else ""
        key = (word, *(environ.get(name) for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PATH")))
        found = self._found.get(key)
        if found is None:
            found = self._found[key] = resolve((word,), environ, self._python)
        command, folder = found
        return ((*command, *argv[1:]) if word else tuple(argv)), folder


def interpreter(
    environ: Mapping[str, str], name: str = "python3", python: str | None = None
) -> str | None:
    """The absolute path of the interpreter for `name`; None if there is none.

    First the active virtual or conda environment (of both, the one earlier on `PATH`), then
    `python` if there is one, then the interpreter that runs pbt_tui. If that one belongs to a tool
    environment (pipx, uv), `PATH` is searched instead.
    """
    for folder in _active(environ):
        found = _within(folder, name)
        if found is not None:
            return found
    if python is not None:
        sibling = str(Path(python).with_name(name))
        return sibling if is_same_file(sibling, python) else python
    if sys.executable and not _own_tool_environment(Path(sys.prefix)):
        return sys.executable
    path = environ.get("PATH", os.defpath)
    for candidate in (name, *WORDS):
        found = shutil.which(candidate, path=path)
        if found is not None:
            return str(Path(found).absolute())
    return None


def is_same_file(one: str, other: str) -> bool:
    """Whether both paths lead to one file; False if one of them does not exist."""
    try:
        return Path(one).samefile(other)
    except OSError:
        return False


def is_executable(path: str) -> bool:
    """Whether there is a program at this path."""
    return Path(path).is_file() and os.access(path, os.X_OK)


def first_on_path(folder: str | None, path: str | None) -> str:
    """`path` with `folder` moved to the front; `path` None means the system's default."""
    parts = (os.defpath if path is None else path).split(os.pathsep)
    if folder is None:
        return os.pathsep.join(parts)
    return os.pathsep.join([folder, *(part for part in parts if part != folder)])


def _active(environ: Mapping[str, str]) -> list[Path]:
    """The `bin` folders of the active environments, in the order of `PATH`."""
    path = environ.get("PATH", "").split(os.pathsep)
    folders = [
        Path(prefix) / "bin"
        for prefix in (environ.get("VIRTUAL_ENV"), environ.get("CONDA_PREFIX"))
        if prefix and Path(prefix).is_absolute()
    ]

    def place(folder: Path) -> int:
        return path.index(str(folder)) if str(folder) in path else len(path)

    return sorted(folders, key=place)


def _within(folder: Path, name: str) -> str | None:
    for candidate in (name, *WORDS):
        path = str(folder / candidate)
        if is_executable(path):
            return path
    return None


def _own_tool_environment(prefix: Path) -> bool:
    return any((prefix / mark).is_file() for mark in _TOOL_MARKS)
