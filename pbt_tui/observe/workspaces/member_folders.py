"""Folders `000`, `001`, … of metadata files, which IsaacGymEnvs and Isaac Lab have in common.

Must not follow a path in a file, and must not report a file while it is being written.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from pbt_tui.files.regular import read_regular
from pbt_tui.observe.workspaces.generation import BestFile, Generation, UnreadableGeneration
from pbt_tui.observe.workspaces.metadata import LARGEST, Metadata, parse

_MEMBER = re.compile(r"[0-9]{3}")
_STEM = re.compile(r"[0-9]{1,12}\.yaml")
PATIENCE = 5
"""Polls after which an unreadable file is reported, unless it is older than `SETTLED`."""
SETTLED = 60.0
"""Seconds after which no trainer is still writing a file: one poll is enough then."""


class _Seen(NamedTuple):
    size: int
    mtime_ns: int


class _NotRead(str):
    """Why a file could not be read; that may change although the file does not."""

    __slots__ = ()


class _Tries(NamedTuple):
    """A file that could not be read so far."""

    polls: int
    """Polls that found it unreadable."""
    why: str
    member: int
    parsed: _Seen | None
    """What was parsed, so that it is not parsed again; None: its bytes could not be read."""


class MemberFolders:
    """Polls every file with `stat`, and parses only changed ones.

    Network file systems have no events, and the time of a directory does not change when a file is
    rewritten in place (R5). 400 files take one or two milliseconds.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen: dict[str, _Seen] = {}
        self._tries: dict[str, _Tries] = {}

    def poll(self) -> list[Generation]:
        """New and rewritten generations in write order."""
        found: list[Generation] = []
        present: set[str] = set()
        for folder in numbered(self.path):
            self._folder(int(folder.name), folder.path, found, present)
        for path in self._seen.keys() - present:  # removed by the trainer; still in the history
            del self._seen[path]
        for path in self._tries.keys() - present:
            del self._tries[path]
        found.sort(key=lambda g: (g.at, g.member, g.generation))
        return found

    def _folder(self, member: int, folder: str, found: list[Generation], present: set[str]) -> None:
        try:
            with os.scandir(folder) as entries:
                names = [e for e in entries if e.name.endswith(".yaml") and _STEM.fullmatch(e.name)]
        except OSError:
            return
        seen = self._seen
        for entry in names:
            try:
                stat = entry.stat()
            except OSError:
                continue
            path = entry.path
            present.add(path)
            now = (stat.st_size, stat.st_mtime_ns)
            if seen.get(path) == now or (not stat.st_size and S_ISREG(stat.st_mode)):
                continue
            tried = self._tries.get(path)
            if tried is not None and tried.parsed == now:
                self._tries[path] = tried._replace(polls=tried.polls + 1)
                continue
            result = self._read(path)
            if isinstance(result, Metadata):
                seen[path] = _Seen(*now)
                self._tries.pop(path, None)
                number = int(entry.name[:-5])
                found.append(_generation(member, number, Path(path), stat.st_mtime, result))
            elif result:
                polls = PATIENCE if is_settled(stat.st_mtime) else tried.polls if tried else 0
                parsed = None if isinstance(result, _NotRead) else _Seen(*now)
                self._tries[path] = _Tries(polls + 1, str(result), member, parsed)

    def _read(self, path: str) -> Metadata | str | None:
        try:
            data = read_regular(path, LARGEST)
        except FileNotFoundError:
            return None
        except OSError as e:
            return _NotRead(e.strerror or type(e).__name__)
        return parse(data)

    def unreadable(self) -> list[UnreadableGeneration]:
        """Files that were unreadable for several polls, so that no trainer is writing them (P4)."""
        return [
            UnreadableGeneration(tries.member, Path(path), tries.why)
            for path, tries in sorted(self._tries.items())
            if tries.polls >= PATIENCE
        ]

    def best(self) -> list[BestFile]:
        return []

    def restarts(self) -> list[tuple[int, float]]:
        return []


def is_settled(mtime: float) -> bool:
    """Whether a file changed so long ago that it is not being written.

    The clock of a file server may differ from ours: a file may count as settled too late or too
    early, and then an alarm comes or goes with a later poll.
    """
    return time.time() - mtime > SETTLED


def numbered(path: Path) -> list[os.DirEntry[str]]:
    """The member folders, whose names are three digits."""
    try:
        with os.scandir(path) as entries:
            found = [e for e in entries if _MEMBER.fullmatch(e.name) and e.is_dir()]
    except OSError:
        return []
    return sorted(found, key=lambda e: e.name)


def _generation(member: int, number: int, path: Path, at: float, data: Metadata) -> Generation:
    return Generation(
        member=member,
        generation=number,
        experiment_name=data.experiment_name,
        frame=data.frame,
        objective=data.objective,
        params=data.params,
        at=at,
        checkpoint=os.path.abspath(path.with_suffix(".pth")),  # noqa: PTH100  # no symlink walk
        unreadable=data.unreadable,
    )
