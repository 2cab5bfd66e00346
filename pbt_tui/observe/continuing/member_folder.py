"""Reads a member's own folder `NNN`: pairs of metadata and weights, `000012.yaml` and `.pth`.

IsaacGymEnvs, Isaac Lab and rl_games write it. The weights are the sibling of the metadata, never a
path inside it, which may hold in a container only. Must not follow links: a workspace is foreign.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from stat import S_ISDIR, S_ISLNK
from typing import Any, NamedTuple

from pbt_tui.errors import printable
from pbt_tui.files import disk
from pbt_tui.files.faults import reason
from pbt_tui.files.regular import open_regular
from pbt_tui.journal.events import FileStamp, Source, Stamp
from pbt_tui.observe.continuing import weights
from pbt_tui.observe.continuing.candidate import Candidate, Place, Reading, Rejected
from pbt_tui.observe.workspaces.bounded_yaml import Tagged, UnreadableYaml, load
from pbt_tui.observe.workspaces.metadata import LARGEST, number

_STEM = re.compile(r"[0-9]{1,12}")
_MOST_NAMES = 100_000
"""Most names in a folder; trainers keep at most 50 generations."""
_GREATEST = 2**63


class _File(NamedTuple):
    stem: str
    mtime_ns: int


def read(place: Place, most: int) -> Reading:
    """The generations in the folder of a member; see `candidate.Read`."""
    folder = place.workspace / f"{place.member:03d}"
    try:
        files, beside = _listed(folder)
    except (FileNotFoundError, NotADirectoryError):
        return Reading(folder=folder)
    except OSError as e:
        return Reading(problem=f"`{folder}` cannot be read: {reason(e)}", folder=folder)
    usable: list[Candidate] = []
    rejected: list[Rejected] = []
    for file in sorted(files, key=lambda f: (f.mtime_ns, f.stem), reverse=True)[:most]:
        path = folder / f"{file.stem}.yaml"
        try:
            found = pair(path, path.with_suffix(".pth"), file.stem, place)
        except FileNotFoundError:
            continue  # removed meanwhile
        except OSError as e:
            why = f"it cannot be read: {reason(e)}"
            found = Rejected(path.name, why, True, file.mtime_ns)
        if isinstance(found, Candidate):
            usable.append(found)
        else:
            rejected.append(found)
    # Weights are written first: those alone say that a member began to write, and no more.
    rejected += [Rejected(f"{f.stem}.pth", "it has no metadata", False, f.mtime_ns) for f in beside]
    return Reading(tuple(usable), tuple(rejected), folder=folder)


def _listed(folder: Path) -> tuple[list[_File], list[_File]]:
    """The metadata in a folder, and weights without metadata. Raises `OSError`."""
    there = os.lstat(folder)
    if not S_ISDIR(there.st_mode):
        what = "it is a link" if S_ISLNK(there.st_mode) else "it is no folder"
        raise OSError(0, what, str(folder))
    found: dict[str, dict[str, int]] = {".yaml": {}, ".pth": {}}
    with os.scandir(folder) as entries:
        for count, entry in enumerate(entries):
            if count == _MOST_NAMES:
                raise OSError(0, f"it has more than {_MOST_NAMES:,} files", str(folder))
            stem, suffix = os.path.splitext(entry.name)  # noqa: PTH122 - no path object per file
            if suffix in found and _STEM.fullmatch(stem):
                try:
                    found[suffix][stem] = entry.stat(follow_symlinks=False).st_mtime_ns
                except FileNotFoundError:
                    continue
    metadata, pth = found[".yaml"], found[".pth"]
    alone = [_File(stem, at) for stem, at in sorted(pth.items()) if stem not in metadata]
    return [_File(*item) for item in metadata.items()], alone


def pair(path: Path, checkpoint: Path, stem: str, place: Place) -> Candidate | Rejected:
    """One generation.

    Args:
        path: Its metadata.
        checkpoint: Its weights.
        stem: The name of both in the folder of the member, without the suffix.
        place: The member and its population.

    Raises:
        OSError: if the metadata is missing, or one of the files cannot be read.
    """
    fd = open_regular(path, follow=False)
    try:
        there = disk.calls.fstat(fd)
        data = b"" if there.st_size > LARGEST else _read(fd, there.st_size)
    finally:
        disk.let_go(fd)

    def rejected(why: str, *, complete: bool) -> Rejected:
        return Rejected(path.name, why, complete, there.st_mtime_ns)

    if there.st_size > LARGEST:
        return rejected(f"it is larger than {LARGEST // 1024} KiB", complete=True)
    if not data.endswith(b"\n"):
        return rejected("it is cut: it has no newline at its end", complete=False)
    try:
        document = load(data)
    except UnreadableYaml as e:
        return rejected(f"it is no metadata: {e}", complete=True)
    why = _why_not(document, stem, place)
    if why is not None:
        return rejected(why, complete="true_objective" in document if _is_map(document) else True)
    whole = weights.check(checkpoint)
    if isinstance(whole, str):
        return rejected(whole, complete=True)
    stamp = Stamp(FileStamp(there.st_mtime_ns, there.st_size), whole)
    name = document.get("experiment_name")
    source = Source(
        member=place.member,
        generation=int(stem),
        experiment_name=name if isinstance(name, str) else None,
        frame=document["frame"],
        checkpoint=os.path.abspath(checkpoint),  # noqa: PTH100  # no symlink walk
        stamp=stamp,
    )
    return Candidate(source, {key: _plain(v) for key, v in document["params"].items()})


def _read(fd: int, size: int) -> bytes:
    parts = []
    while size > 0 and (part := disk.calls.read(fd, size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _is_map(document: Any) -> bool:
    return isinstance(document, dict)


def _why_not(document: Any, stem: str, place: Place) -> str | None:
    """Why a document is not the metadata of this generation of this member; None if it is."""
    if not isinstance(document, dict):
        return "it is no metadata: not a map"
    for key in ("iteration", "frame", "params", "true_objective"):
        if key not in document:
            return f"it is cut, or of another version: key `{key}` is missing"
    if document["iteration"] != int(stem) or isinstance(document["iteration"], bool | float):
        return f"it says that it is of generation `{printable(str(document['iteration'])):.40}`"
    if not isinstance(document["params"], dict):
        return "it is no metadata: `params` is not a map"
    frame = document["frame"]
    if isinstance(frame, bool) or not isinstance(frame, int) or not 0 <= frame < _GREATEST:
        return f"its frame is no number of frames: `{printable(str(frame)):.40}`"
    interval = _interval(place)
    if interval and frame // interval != int(stem):
        return f"its frame {frame} is not in generation {int(stem)}, of {interval} frames"
    return _written_elsewhere(document, stem, place)


def _interval(place: Place) -> int | None:
    """Frames of a generation, if the command says so in digits."""
    for key in place.style.index_keys:
        text = place.settings.get(f"{key.stem}{place.style.interval_name}", "").replace("_", "")
        if text.isascii() and text.isdigit() and len(text) < len(str(_GREATEST)):
            return int(text)
    return None


def _written_elsewhere(document: Mapping[str, Any], stem: str, place: Place) -> str | None:
    """Whether the trainer wrote the file under another name: into another member's folder, or into
    the workspace of another population. The folders above may differ: a container has its own."""
    for key in ("pbt_checkpoint", "checkpoint"):
        path = document.get(key)
        if not isinstance(path, str):
            continue
        workspace, folder, file = ("", "", "", *path.split("/"))[-3:]
        if folder and folder != f"{place.member:03d}":
            return f"it was written for `{printable(folder):.40}`, another member"
        if workspace and workspace != place.workspace.name:
            return f"it was written for `{printable(workspace):.80}`, another population"
        if file.rpartition(".")[0] != stem:
            return f"it was written as `{printable(file):.40}`"
    return None


def _plain(value: Any) -> Any:
    """A parameter as a number, if it is a scalar of an array library; else as it is."""
    found = number(value) if isinstance(value, Tagged) else None
    return value if found is None else found
