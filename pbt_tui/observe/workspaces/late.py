"""Workspaces below a folder that only the trainer's configuration names: looked up on disk.

Isaac Lab and rl_games write `logs/rl_games/<configuration>/<workspace>`. The command seldom says
the configuration's name, so that a spec records `logs/rl_games` alone.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from pbt_tui.observe.workspaces import generation
from pbt_tui.observe.workspaces.generation import (
    BestFile,
    Change,
    Generation,
    Latest,
    Reader,
    Start,
    UnreadableGeneration,
)
from pbt_tui.populations import Style
from pbt_tui.settings.argv import settings

MOST_NAMED = 6
"""Folders that one message names."""


class Lookup(NamedTuple):
    """Where a workspace is now; `path` is None while no folder, or more than one, can be it."""

    path: Path | None
    recorded: Path
    name: str
    candidates: tuple[Path, ...] = ()
    """The workspaces of that name below different configurations, where there are several."""

    @property
    def problem(self) -> str | None:
        """Why there is no path, as a message says it."""
        if self.path is not None:
            return None
        if not self.candidates:
            return f"workspace `{self.name}` not found below `{self.recorded}`"
        found = [f"`{path.parent.name}`" for path in self.candidates[:MOST_NAMED]]
        more = len(self.candidates) - len(found)
        shown = ", ".join(found) + (f" and {more} more" if more else "")
        return (
            f"{len(self.candidates)} configurations below `{self.recorded}` have a workspace "
            f"`{self.name}`: {shown}"
        )


def look_up(style: Style, recorded: Path, argv: Sequence[str]) -> Lookup:
    """Finds the workspace of a population whose spec records `recorded`.

    Args:
        style: The population's style.
        recorded: The workspace as the spec has it, absolute.
        argv: The command of a member.
    """
    # The compiler made the path from `train_dir` as text: `train_dir/..` need not be on disk.
    recorded = Path(os.path.normpath(recorded))
    name = style.name_below(settings(tuple(argv)))
    if name is None:
        return Lookup(recorded, recorded, recorded.name)
    if Path(name).is_absolute():
        return Lookup(Path(name), recorded, name)
    candidates: list[Path] = []
    with suppress(OSError), os.scandir(recorded) as entries:
        member = re.compile(style.generation_files[0])
        for entry in sorted(entries, key=lambda e: e.name):
            if not entry.is_dir():
                continue
            if member.fullmatch(entry.name):  # the recorded folder is the workspace itself
                return Lookup(recorded, recorded, name)
            if (below := Path(entry.path, name)).is_dir():
                candidates.append(below)
    if len(candidates) == 1:
        return Lookup(candidates[0], recorded, name)
    return Lookup(None, recorded, name, tuple(candidates))


class LateReader:
    """Reads nothing until the workspace is there, and then as the reader of its style does."""

    def __init__(
        self, style: Style, recorded: Path, argv: Sequence[str], made: Callable[[Path], Reader]
    ) -> None:
        self.path = recorded
        self.problem: str | None = None
        """Why the workspace is not known."""
        self._style, self._argv, self._made = style, tuple(argv), made
        self._reader: Reader | None = None
        self._resolve()

    def _resolve(self) -> Reader | None:
        """Once one workspace is found it stays: another one beside it is another population's."""
        if self._reader is None:
            found = look_up(self._style, self.path, self._argv)
            self.problem = found.problem
            if found.path is not None:
                self.path, self._reader = found.path, self._made(found.path)
        return self._reader

    def poll(self) -> list[Generation]:
        reader = self._resolve()
        return reader.poll() if reader else []

    def best(self) -> list[BestFile]:
        return self._reader.best() if self._reader else []

    def unreadable(self) -> list[UnreadableGeneration]:
        return self._reader.unreadable() if self._reader else []

    def restarts(self) -> list[tuple[int, float]]:
        return self._reader.restarts() if self._reader else []

    def starts(self) -> Sequence[Start]:
        return generation.starts(self._reader) if self._reader else ()

    def latest(self) -> Mapping[int, Latest]:
        return generation.latest(self._reader) if self._reader else {}

    def changes(self) -> Sequence[Change]:
        return generation.changes(self._reader) if self._reader else ()

    def size(self) -> int | None:
        return generation.size(self._reader) if self._reader else None

    def kept(self) -> Sequence[Generation]:
        return generation.kept(self._reader) if self._reader else ()

    def weights(self, one: Generation) -> str | None:
        return generation.weights(self._reader, one) if self._reader else None
