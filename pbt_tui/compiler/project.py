"""The project of a run module: its root folder, paths relative to it, its git revision.

Must not know run modules or specs. Reads files, starts no program.
"""

from __future__ import annotations

import os
from pathlib import Path

MARKS = ("pyproject.toml", "pbt.toml", ".git")
"""A folder that holds one of these is the root of a project; the nearest one counts."""


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


def revision(folder: Path) -> str | None:
    """The commit that is checked out in the repository of `folder`; None where there is none."""
    for root in (folder, *folder.parents):
        git = root / ".git"
        if not os.path.lexists(git):
            continue
        try:
            if git.is_file():  # of a worktree or a submodule
                git = root / git.read_text("utf-8").removeprefix("gitdir:").strip()
            common = git / "commondir"
            shared = git / common.read_text("utf-8").strip() if common.is_file() else git
            head = (git / "HEAD").read_text("utf-8").strip()
            if not head.startswith("ref: "):
                return head
            name = head.removeprefix("ref: ")
            for place in (git, shared):
                if (place / name).is_file():
                    return (place / name).read_text("utf-8").strip()
            packed = (shared / "packed-refs").read_text("utf-8").splitlines()
            lines = (line.partition(" ") for line in packed)
            return next((commit for commit, _, ref in lines if ref == name), None)
        except (OSError, UnicodeDecodeError):
            return None
    return None
