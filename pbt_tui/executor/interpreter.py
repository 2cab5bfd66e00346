"""Which Python a job means: a leading `python` or `python3` becomes the one of its environment.

Must not start anything or refuse anything: what cannot be resolved stays as it was written, and
the job's own failure tells. Only these two words are replaced (defect D24: `python2.7` and
`python_wrapper` were, too).
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
"""What the tool installers leave at the top of an environment that is one program's own."""


def resolve(argv: Sequence[str], environ: Mapping[str, str]) -> tuple[tuple[str, ...], str | None]:
    """The command to start, and the folder that comes first on its `PATH` (None: none does).

    `environ` is the whole environment of the job, so that its own `VIRTUAL_ENV` counts. The folder
    is the interpreter's: trainers start themselves again as a bare `python3` (defect R1), and what
    is no Python itself (`torchrun`, a script) mostly starts one. An interpreter given by its path
    stays, and its folder comes first.
    """
    words = tuple(argv)
    first = words[0] if words else ""
    if _BY_PATH.fullmatch(first):
        return words, str(Path(first).parent)
    name = first if first in WORDS else "python3"
    found = interpreter(environ, name)
    if found is None:
        return words, None
    folder = str(Path(found).parent)
    return ((found, *words[1:]) if first in WORDS else words), folder


def interpreter(environ: Mapping[str, str], name: str = "python3") -> str | None:
    """The absolute path that `name` stands for; None where there is none.

    That of the active virtual or conda environment (both: the one earlier on `PATH`); else the one
    that runs us; else, where we live in a tool environment of our own, the one on `PATH`.
    """
    for folder in _active(environ):
        found = _within(folder, name)
        if found is not None:
            return found
    if sys.executable and not _own_tool_environment(Path(sys.prefix)):
        return sys.executable
    path = environ.get("PATH", os.defpath)
    for word in (name, *WORDS):
        found = shutil.which(word, path=path)
        if found is not None:
            return str(Path(found).absolute())
    return None


def first_on_path(folder: str | None, path: str | None) -> str:
    """`path` with `folder` before all else, once; `path` None is the system's default."""
    parts = (os.defpath if path is None else path).split(os.pathsep)
    if folder is None:
        return os.pathsep.join(parts)
    return os.pathsep.join([folder, *(part for part in parts if part != folder)])


def _active(environ: Mapping[str, str]) -> list[Path]:
    """The `bin` folders of the active environments, the one that `PATH` prefers first."""
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
    for word in (name, *WORDS):
        path = folder / word
        if path.is_file() and os.access(path, os.X_OK):
            return str(path)
    return None


def _own_tool_environment(prefix: Path) -> bool:
    return any((prefix / mark).is_file() for mark in _TOOL_MARKS)
