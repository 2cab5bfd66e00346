"""Folders `000`, `001`, … of metadata files, which IsaacGymEnvs and Isaac Lab have in common.

Must not follow a path in a file, and must not report a file while it is being written.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from pbt_tui.files.regular import read_regular
from pbt_tui.observe.workspaces.generation import BestFile, Generation, Key, UnreadableGeneration
from pbt_tui.observe.workspaces.metadata import LARGEST, Metadata, another, parse
from pbt_tui.observe.workspaces.settling import PATIENCE, TICK, is_settled
from pbt_tui.observe.workspaces.weights_file import frame_inside, is_whole

_MEMBER = re.compile(r"[0-9]{3}")
_STEM = re.compile(r"[0-9]{1,12}\.yaml")
EVERY = 512
"""Most files of a workspace whose times each poll reads."""
_SWEPT = 64
"""In a larger workspace, the files of earlier generations whose times one poll reads."""
_TURNS = 2
"""In a larger workspace, the polls among which the folders take turns: it reads the times of the
files that a member may write again next."""


_LARGE = 256
"""Names in a folder from which on it costs more to list it than to look for the next generation."""
_MOST = 16
"""New generations of a large folder after which it is listed."""
_LATEST = 600
"""Polls after the first of them after which it is listed."""


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
    parsed: _Seen | None
    """What was parsed, so that it is not parsed again; None: its bytes could not be read."""


class _Folder:
    """The folder of one member."""

    __slots__ = (
        *("added", "changed", "explained", "likely_names", "listed", "member", "newest", "path"),
        *("seen", "tries", "unread", "waited"),
    )

    def __init__(self, path: str) -> None:
        self.path = path
        self.member = int(os.path.basename(path))  # noqa: PTH119
        self.changed: int | None = None
        """When an entry had been added or removed last, in nanoseconds; None: it may be now."""
        self.explained: int | None = None
        """When it had been changed last by a generation that was found without a list."""
        self.added = 0
        """Generations that were found so since it was listed."""
        self.waited = 0
        """Polls since the first of them."""
        self.listed: set[str] = set()
        """All names in it when it was listed, and those of the generations found since."""
        self.unread: dict[str, None] = {}
        """Names of metadata files whose content has not been read."""
        self.seen: dict[str, tuple[_Seen, Key]] = {}
        """Name of a metadata file to what was read, in the order of reading."""
        self.tries: dict[str, _Tries] = {}
        self.newest = 0
        """Number of the generation that was written last."""
        self.likely_names: list[str] | None = None
        """What `likely` returns; None: `newest` or the files that were read have changed."""

    def refresh(self) -> list[Key]:
        """Finds new names; returns the generations whose files were removed.

        Raises:
            OSError: if the folder cannot be read.
        """
        changed = os.stat(self.path).st_mtime_ns  # noqa: PTH116
        self.waited += bool(self.added)
        if self.waited < _LATEST and (changed == self.changed or self._is_explained(changed)):
            return []
        self.added = self.waited = 0
        self.likely_names = None
        with os.scandir(self.path) as entries:
            names = {entry.name for entry in entries}
        for name in sorted(names - self.listed):
            if name.endswith(".yaml") and _STEM.fullmatch(name):
                self.unread[name] = None
        gone = [self.seen.pop(name)[1] for name in self.listed - names if name in self.seen]
        for name in self.listed - names:
            self.unread.pop(name, None)
            self.tries.pop(name, None)
        self.listed = names
        self.changed = changed if is_settled(changed / 1e9, TICK) else None
        return gone

    def _is_explained(self, changed: int) -> bool:
        """Whether the next generation is why a large folder changed, so that it need not be listed.

        Members add one generation after the other. What else was added or removed since the last
        poll is found when the folder changes for another reason, and after some generations.
        """
        if len(self.listed) < _LARGE or self.added >= _MOST:
            return False
        name = f"{self.newest + 1:06d}.yaml"
        if name not in self.listed and os.path.exists(f"{self.path}/{name}"):  # noqa: PTH110
            self.listed.add(name)
            self.unread[name] = None
            self.added += 1
            self.explained = changed
        elif changed != self.explained:
            return False
        if is_settled(changed / 1e9, TICK):
            self.changed = changed
        return True

    def likely(self) -> Sequence[str]:
        """Names of files that were read and that the member may write again next."""
        if self.likely_names is None:
            near = (1, self.newest - 1, self.newest, self.newest + 1, self.newest + 2)
            names = (f"{number:06d}.yaml" for number in near)
            self.likely_names = [name for name in names if name in self.seen]
        return self.likely_names


class MemberFolders:
    """Polls the times of files, and parses only changed files.

    Network file systems have no events, and the time of a folder does not change when a file is
    rewritten in place (R5). In a large workspace, each poll looks at the files that are new or
    likely to be written again, and at some of the others in turn.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._folders: dict[str, _Folder] = {}
        self._held: dict[Key, tuple[_Folder, str]] = {}
        """Generation to the file that has it now."""
        self._listed: tuple[int, list[str]] | None = None
        """When an entry had been added or removed last, in nanoseconds, and the names of the member
        folders then; None: they are to be listed."""
        self._sweep: Iterator[tuple[_Folder, str]] = iter(())
        self._turn = 0
        self._broken: dict[str, UnreadableGeneration] = {}
        """Folders of members that cannot be read."""

    def poll(self) -> list[Generation]:
        """New and rewritten generations in write order."""
        self._list()
        found: list[Generation] = []
        for folder, name in self._due():
            if (generation := self._look(folder, name)) is not None:
                found.append(generation)
        found.sort(key=lambda g: (g.at, g.member, g.generation))
        for generation in found:
            folder = self._folders[f"{generation.member:03d}"]
            folder.newest, folder.likely_names = generation.generation, None
        return found

    def _list(self) -> None:
        """Lists the folders, and each that changed."""
        names, self._broken = self._members()
        for name in self._folders.keys() - names:  # moved aside, or the disk is not there now
            for _, key in self._folders.pop(name).seen.values():
                self._held.pop(key, None)
        for name in names:
            folder = self._folders.get(name)
            if folder is None:
                folder = self._folders[name] = _Folder(os.path.join(self.path, name))  # noqa: PTH118
            try:
                for key in folder.refresh():
                    self._held.pop(key, None)
            except FileNotFoundError:
                continue
            except OSError as e:
                self._broken[name] = _broken(folder.path, e)

    def _members(self) -> tuple[list[str], dict[str, UnreadableGeneration]]:
        """Names of the member folders, which are three digits, and those that are unreadable."""
        names: list[str] = []
        broken: dict[str, UnreadableGeneration] = {}
        try:
            changed = os.stat(self.path).st_mtime_ns  # noqa: PTH116
            if self._listed is not None and self._listed[0] == changed:
                return self._listed[1], broken
            with os.scandir(self.path) as entries:
                for entry in entries:
                    if not _MEMBER.fullmatch(entry.name):
                        continue
                    try:
                        if entry.is_dir():
                            names.append(entry.name)
                    except OSError as e:  # a link that leads to itself
                        broken[entry.name] = _broken(entry.path, e)
        except OSError:
            self._listed = None
            return [], {}
        names.sort()
        is_final = not broken and is_settled(changed / 1e9, TICK)
        self._listed = (changed, names) if is_final else None
        return names, broken

    def _due(self) -> list[tuple[_Folder, str]]:
        """The files that this poll looks at."""
        folders = list(self._folders.values())
        due = [(folder, name) for folder in folders for name in folder.unread]
        if sum(len(folder.seen) for folder in folders) <= EVERY:
            return due + [(folder, name) for folder in folders for name in folder.seen]
        self._turn += 1
        for folder in folders[self._turn % _TURNS :: _TURNS]:
            due += [(folder, name) for name in folder.likely()]
        swept = list(itertools.islice(self._sweep, _SWEPT))
        if len(swept) < _SWEPT:
            self._sweep = ((f, name) for f in folders for name in list(f.seen))
        return due + [(folder, name) for folder, name in swept if name in folder.seen]

    def _look(self, folder: _Folder, name: str) -> Generation | None:
        """The generation in a file, if that file is new or changed and can be read."""
        path = f"{folder.path}/{name}"
        try:
            stat = os.stat(path)  # noqa: PTH116
        except OSError:
            return None
        size, at = stat.st_size, stat.st_mtime_ns
        known = folder.seen.get(name)
        if known is not None and known[0].mtime_ns == at and known[0].size == size:
            return None
        if not size and S_ISREG(stat.st_mode):
            return None
        now = _Seen(size, at)
        tried = folder.tries.get(name)
        if tried is not None and tried.parsed == now:
            folder.tries[name] = tried._replace(polls=tried.polls + 1)
            return None
        number = int(name[:-5])
        result = read_metadata(path)
        why = result if isinstance(result, str) else None
        if isinstance(result, Metadata):
            why = another(result, folder.member, number)
            if why is None:
                generation = as_generation(folder.member, number, path, stat.st_mtime, result)
                self._hold(folder, name, now, generation.key)
                return generation
        if why:
            polls = PATIENCE if is_settled(stat.st_mtime) else tried.polls if tried else 0
            parsed = None if isinstance(result, _NotRead) else now
            folder.tries[name] = _Tries(polls + 1, str(why), parsed)
            folder.unread[name] = None
        return None

    def _hold(self, folder: _Folder, name: str, seen: _Seen, key: Key) -> None:
        if (old := folder.seen.get(name)) is not None:
            self._held.pop(old[1], None)
        folder.seen[name] = (seen, key)
        folder.tries.pop(name, None)
        folder.unread.pop(name, None)
        self._held[key] = (folder, name)

    def weights(self, generation: Generation) -> str | None:
        """Path of the weights beside the metadata, if both still are of this generation.

        A trainer writes the weights first. Weights that are newer than the metadata are of the next
        generation with this number, unless the folder is a copy: then the frame in them decides.
        """
        folder, name = self._held.get(generation.key, (None, ""))
        if folder is None:
            return None
        metadata = f"{folder.path}/{name}"
        path = metadata.removesuffix(".yaml") + ".pth"
        try:
            said, kept = os.stat(metadata), os.stat(path)  # noqa: PTH116
        except OSError:
            return None
        known = folder.seen.get(name)
        if known is None or known[0] != (said.st_size, said.st_mtime_ns):
            return None
        if not is_whole(path):
            return None
        if kept.st_mtime_ns > said.st_mtime_ns:
            inside = frame_inside(path)
            copied = abs(said.st_mtime - generation.at) > _EQUAL
            if inside != generation.frame if inside is not None else not copied:
                return None
        return os.path.abspath(path)  # noqa: PTH100  # no symlink walk

    def unreadable(self) -> list[UnreadableGeneration]:
        """Files that were unreadable for several polls, so that no trainer is writing them (P4),
        and folders of members that cannot be read.
        """
        return [self._broken[name] for name in sorted(self._broken)] + [
            UnreadableGeneration(folder.member, Path(folder.path, name), tries.why)
            for folder in self._folders.values()
            for name, tries in sorted(folder.tries.items())
            if tries.polls >= PATIENCE
        ]

    def best(self) -> list[BestFile]:
        return []

    def restarts(self) -> list[tuple[int, float]]:
        return []


_EQUAL = 1e-3
"""Seconds between two times that are the same time, one of them a rounded number."""


def _broken(path: str, error: OSError) -> UnreadableGeneration:
    why = error.strerror or type(error).__name__
    return UnreadableGeneration(int(os.path.basename(path)), Path(path), why)  # noqa: PTH119


def read_metadata(path: str) -> Metadata | str | None:
    """What `parse` returns for a file; None also if there is none."""
    try:
        data = read_regular(path, LARGEST)
    except FileNotFoundError:
        return None
    except OSError as e:
        return _NotRead(e.strerror or type(e).__name__)
    return parse(data)


def as_generation(member: int, number: int, path: str, at: float, data: Metadata) -> Generation:
    """The generation in the metadata at `path`, which was written at `at`."""
    return Generation(
        member=member,
        generation=number,
        experiment_name=data.experiment_name,
        frame=data.frame,
        objective=data.objective,
        params=data.params,
        at=at,
        checkpoint=os.path.abspath(path.removesuffix(".yaml") + ".pth"),  # noqa: PTH100
        unreadable=data.unreadable,
        written=data.written,
    )
