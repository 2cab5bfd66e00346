"""The project of a run module: its root folder, paths relative to it, its git revision.

Must not know run modules or specs. Reads files, starts no program.
"""

from __future__ import annotations

import os
from pathlib import Path

from pbt_tui.files.folders import names
from pbt_tui.files.regular import TEXT_BYTES, read_head, read_regular

MARKS = ("pyproject.toml", "pbt.toml", ".git")
"""A folder that holds one of these is the root of a project; the nearest one counts."""
_FIRST = 8192
"""Bytes that hold the first lines of a process list: run, suffix, module and seed."""


def project_root(file: str | None) -> Path | None:
    """The nearest folder above `file` that is the root of a project; None where there is none."""
    if file is None:
        return None
    folder = os.path.dirname(os.path.abspath(file))  # noqa: PTH100, PTH120 - resolves no link
    while True:
        if any(os.path.lexists(f"{folder}/{mark}") for mark in MARKS):
            return Path(folder)
        above = os.path.dirname(folder)  # noqa: PTH120
        if above == folder:
            return None
        folder = above


def portable(target: str) -> str:
    """The name of a run module for its spec: a file is named from the root of its project.

    A dotted name stays, and so does a file that no project holds.
    """
    file = next((p for p in (target, f"{target}.py") if os.path.isfile(p)), None)  # noqa: PTH113
    if file is None or not (file.endswith(".py") and (target.endswith(".py") or os.sep in target)):
        return target
    root = project_root(file)
    return os.path.relpath(file, root) if root is not None else target


def from_here(module: str, spec: Path) -> str:
    """The path, from the current folder, of the module that the file `spec` names."""
    if not module.endswith(".py") or os.path.isfile(module):  # noqa: PTH113
        return module
    root = project_root(str(spec))
    path = os.path.join(root or "", module)  # noqa: PTH118
    return os.path.relpath(path) if os.path.isfile(path) else module  # noqa: PTH113


def same_module(one: str, other: str) -> bool:
    """`./runs/ant.py` and `runs.ant` are one module, and so is `/home/ada/project/runs/ant.py`."""
    if Path(one).is_absolute() != Path(other).is_absolute():
        inner, whole = sorted((one, other), key=lambda name: Path(name).is_absolute())
        return f".{_dotted(whole)}".endswith(f".{_dotted(inner)}")
    return _dotted(one) == _dotted(other)


def _dotted(module: str) -> str:
    return module.removesuffix(".py").removeprefix("./").replace("/", ".")


def recorded_seed(out: Path, module: str, suffix: str) -> int | None:
    """The seed that the spec of this module below `out` was compiled with; None: without one.

    Without a suffix, that of the only spec of the module is taken: a module may set its own. This
    is asked before the module is imported, so that only the first lines of each file are read.
    """
    found: dict[str, int | None] = {}
    for folder in sorted(names(out)) if out.is_dir() else ():
        try:
            first = read_head(f"{out}/{folder}/processes.json", _FIRST).split(b"\n")
        except OSError:
            continue
        keys = dict(line.rstrip(b",\r").partition(b":")[::2] for line in first)
        name = keys.get(b'"module"', b"").decode(errors="replace").strip('"')
        if same_module(name, module):
            seed = keys.get(b'"seed"', b"")
            whole = seed.removeprefix(b"-").isdigit() and len(seed) < 20
            own = keys.get(b'"suffix"', b"").decode(errors="replace").strip('"')
            if whole or own not in found:  # a damaged file takes no seed from another one
                found[own] = int(seed) if whole else None
    if suffix in found or suffix:
        return found.get(suffix)
    return next(iter(found.values())) if len(found) == 1 else None


def revision(folder: Path) -> str | None:
    """The commit that is checked out in the repository of `folder`; None where there is none."""
    for root in (folder, *folder.parents):
        git = root / ".git"
        if not os.path.lexists(git):
            continue
        try:
            if git.is_file():  # of a worktree or a submodule
                git = root / _text(git).removeprefix("gitdir:").strip()
            common = git / "commondir"
            shared = git / _text(common).strip() if common.is_file() else git
            head = _text(git / "HEAD").strip()
            if not head.startswith("ref: "):
                return head
            name = head.removeprefix("ref: ")
            for place in (git, shared):
                if (place / name).is_file():
                    return _text(place / name).strip()
            packed = _text(shared / "packed-refs").splitlines()
            lines = (line.partition(" ") for line in packed)
            return next((commit for commit, _, ref in lines if ref == name), None)
        except (OSError, UnicodeDecodeError):
            return None
    return None


def _text(path: Path) -> str:
    """Raises `OSError`, and `UnicodeDecodeError`."""
    return read_regular(path, TEXT_BYTES).decode()
