"""Finds the jobs of a spec whose texts name a place that the run has left.

Must not change a text: what a job is given was reviewed as it stands.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.spec import Container, Processes

_BREAKS = re.compile(r"[\s=:,;'\"()\[\]{}<>|&]+")
"""What separates a path from the rest of an argument: `--dir=PATH`, `SRC:DST`."""


@dataclass(frozen=True, slots=True)
class Held:
    """What still names the old place."""

    what: str
    """`argv` or `env` of jobs, a `mount` or a `workspace`."""
    jobs: tuple[str, ...]
    """Ids of the jobs, in plan order; empty: all of them."""


def holding(
    spec: Processes,
    container: Container | None,
    old: Sequence[Path],
    new: Sequence[Path],
    cwd: Path,
) -> list[Held]:
    """What names a folder of `old`, or something below it, and nothing of `new`.

    Args:
        spec: the spec.
        container: the effective container.
        old: the folders that the run has left.
        new: the folders that it has now: they may lie in the old ones.
        cwd: the folder in which the jobs start, for relative paths.

    Example:
        >>> from pbt_tui.spec import FORMAT, Job, Policy
        >>> job = Job("a", "e", "a", ("sh", "--dir=/old/x"), {}, "", {})
        >>> spec = Processes(FORMAT, "r", "m", "t", Policy(), None, (), (job,))
        >>> holding(spec, None, [Path("/old")], [Path("/new")], Path("/new"))
        [Held(what='argv', jobs=('a',))]
    """
    names = _Names(old, new, cwd)
    found = []
    for what, texts in (
        ("argv", {job.id: job.argv for job in spec.jobs}),
        ("env", {job.id: tuple(job.env.values()) for job in spec.jobs}),
    ):
        jobs = tuple(job for job, given in texts.items() if names.any_in(given))
        if jobs:
            found.append(Held(what, jobs))
    mounts = [m for c in (container, spec.container) if c is not None for m in c.mounts]
    if names.any_in([text for mount in mounts for text in (mount.source, mount.target)]):
        found.append(Held("a mount", ()))
    members = [p.members for p in spec.populations if names.any_in([p.workspace])]
    if members:
        found.append(Held("the workspace", tuple(job for jobs in members for job in jobs)))
    return found


class _Names:
    def __init__(self, old: Sequence[Path], new: Sequence[Path], cwd: Path) -> None:
        self._old = [text for text in map(os.path.normpath, old) if text != "/"]
        self._new = [os.path.normpath(path) for path in new]
        self._cwd = cwd
        self._inside = [
            re.compile(rf"(?<![\w.-]){re.escape(text)}(?![\w.-])") for text in self._old
        ]
        self._known: dict[str, bool] = {}

    def any_in(self, texts: Iterable[str]) -> bool:
        return any(self._holds(text) for text in texts)

    def _holds(self, text: str) -> bool:
        known = self._known.get(text)
        if known is None:
            known = self._known[text] = any(map(self._is_old, _BREAKS.split(text))) or (
                # A path with a blank in it is not found in the pieces.
                any(p.search(text) for p in self._inside) and not any(n in text for n in self._new)
            )
        return known

    def _is_old(self, piece: str) -> bool:
        if "/" not in piece and piece != "..":
            return False
        path = os.path.normpath(self._cwd / Path(piece.removeprefix("file://")))
        if any(_within(path, new) for new in self._new):
            return False
        return any(_within(path, old) for old in self._old)


def _within(path: str, folder: str) -> bool:
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
