"""Keeps generations that a trainer removes: by hard links in `_pbt/kept/`, never in its own folder.

A foreign name in a member's folder stops the clean-up of IsaacGymEnvs. A hard link outlives removal
but not rewriting: a trainer that writes the same name again writes into the same file. So the name
of a link has the stamp of its file, and a link whose file has another one is gone.
"""

from __future__ import annotations

import os
import re
import zlib
from collections.abc import Collection, Iterable
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG
from typing import NamedTuple

from pbt_tui.files import folders
from pbt_tui.files.faults import reason
from pbt_tui.files.permissions import make_folder
from pbt_tui.journal.events import FileStamp, Source, Stamp
from pbt_tui.observe.continuing.candidate import Candidate, Place
from pbt_tui.observe.continuing.member_folder import pair

FOLDER = "kept"
"""The name of the folder in a run directory."""
_NAME = re.compile(
    r"(?P<population>[A-Za-z0-9_-]+)\.(?P<member>[0-9]{3,6})\.(?P<generation>[0-9]{1,18})"
    r"\.(?P<metadata>[0-9]+-[0-9]+|none)\.(?P<weights>[0-9]+-[0-9]+)\.pth"
)


CHANGED = "its files changed meanwhile"
"""Why a generation is not kept whose trainer removed it, or wrote it again."""


class Pin(NamedTuple):
    """A generation that is kept."""

    population: str
    """Its population, as the names of its files have it."""
    member: int
    """Index of the member that wrote it."""
    generation: int
    """Its number."""
    stamp: Stamp
    """Times and sizes that its files had."""
    weights: Path
    """The link to its weights."""
    metadata: Path | None
    """The link to its metadata; None: the trainer writes none."""


def pin(folder: Path, population: str, source: Source) -> str | None:
    """Keeps a generation; harmless if it is kept already.

    Args:
        folder: The folder `kept` of the run directory; it is made if it is missing.
        population: Id of the population.
        source: The generation, with the path of its weights and its stamp.

    Returns:
        Why it is not kept: another disk, another owner, or files that changed meanwhile. None: it
        is kept.
    """
    if source.checkpoint is None or source.stamp is None or source.stamp.weights is None:
        return "its files are not known"
    wanted = _pin(folder, population, source, source.stamp)
    made = [(Path(source.checkpoint), wanted.weights, source.stamp.weights)]
    if wanted.metadata is not None and source.stamp.metadata is not None:
        beside = Path(source.checkpoint).with_suffix(".yaml")
        made.append((beside, wanted.metadata, source.stamp.metadata))
    why = None
    try:
        make_folder(folder)
        for path, link, _ in made:
            with suppress(FileExistsError):
                folders.link(path, link)
        if not all(_stamp(link) == stamp for _, link, stamp in made):
            why = CHANGED
    except FileNotFoundError as e:
        why = CHANGED if folder.is_dir() else reason(e)
    except OSError as e:
        why = reason(e)
    if why is not None:
        release(wanted)
    return why


def pins(folder: Path) -> list[Pin]:
    """What is kept and has not been written again. An unreadable folder holds nothing."""
    try:
        names = folders.names(folder)
    except OSError:
        return []
    found = (_read(folder, name) for name in sorted(names))
    return [pin for pin in found if pin is not None]


def pins_of(folder: Path, population: str) -> list[Pin]:
    """What is kept of a population."""
    return [pin for pin in pins(folder) if pin.population == _slug(population)]


def is_unchanged(known: Pin) -> bool:
    """Whether the files of a pin are there, and nobody has written into them."""
    try:
        if _stamp(known.weights) != known.stamp.weights:
            return False
        return known.metadata is None or _stamp(known.metadata) == known.stamp.metadata
    except OSError:
        return False


def candidates(folder: Path, population: str, place: Place) -> list[Candidate]:
    """The kept generations of a member, as `Read` returns those in its own folder."""
    found: list[Candidate] = []
    for each in pins_of(folder, population):
        if each.member != place.member or each.metadata is None:
            continue
        with suppress(OSError):
            read = pair(each.metadata, each.weights, f"{each.generation:06d}", place)
            if isinstance(read, Candidate) and read.stamp == each.stamp:
                found.append(read)
    return found


def release(unneeded: Pin) -> None:
    """Removes the links of a pin; what cannot be removed stays."""
    for path in (unneeded.weights, unneeded.metadata):
        if path is not None:
            with suppress(OSError):
                folders.remove(path)


def release_others(folder: Path, population: str, needed: Collection[Stamp]) -> None:
    """Releases the pins of a population but those with these stamps, and links that are gone."""
    whole = pins(folder)
    for each in whole:
        if each.population == _slug(population) and each.stamp not in needed:
            release(each)
    _remove_gone(folder, {path for each in whole for path in (each.weights, each.metadata)})


def release_life(folder: Path, population: str, members: Collection[int] | None) -> None:
    """Releases the pins of members that begin from scratch; None: of all members."""
    for each in pins_of(folder, population):
        if members is None or each.member in members:
            release(each)


def _remove_gone(folder: Path, whole: Iterable[Path | None]) -> None:
    there = set(whole)
    with suppress(OSError):
        for name in folders.names(folder):
            path = folder / name
            if path not in there and _NAME.fullmatch(f"{path.stem}.pth"):
                folders.remove(path)


def _slug(population: str) -> str:
    """An id as a part of a file name; ids that differ stay different."""
    text = re.sub(r"[^A-Za-z0-9_-]", "_", population)[:60]
    return text if text == population else f"{text}-{zlib.crc32(population.encode()):08x}"


def _pin(folder: Path, population: str, source: Source, stamp: Stamp) -> Pin:
    parts = (
        _slug(population),
        f"{source.member:03d}",
        f"{source.generation:06d}",
        _text(stamp.metadata),
        _text(stamp.weights),
    )
    weights = folder / (".".join(parts) + ".pth")
    metadata = weights.with_suffix(".yaml") if stamp.metadata is not None else None
    return Pin(parts[0], source.member, source.generation, stamp, weights, metadata)


def _read(folder: Path, name: str) -> Pin | None:
    """The pin whose weights have this name; None if it is none, or its files changed."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    stamp = Stamp(_parsed(found["metadata"]), _parsed(found["weights"]))
    weights = folder / name
    metadata = weights.with_suffix(".yaml") if stamp.metadata is not None else None
    numbers = int(found["member"]), int(found["generation"])
    read = Pin(found["population"], *numbers, stamp, weights, metadata)
    return read if is_unchanged(read) else None


def _stamp(path: Path) -> FileStamp | None:
    there = os.lstat(path)
    return FileStamp(there.st_mtime_ns, there.st_size) if S_ISREG(there.st_mode) else None


def _text(stamp: FileStamp | None) -> str:
    return "none" if stamp is None else f"{stamp.mtime_ns}-{stamp.size}"


def _parsed(text: str) -> FileStamp | None:
    if text == "none":
        return None
    mtime_ns, _, size = text.partition("-")
    return FileStamp(int(mtime_ns), int(size))
