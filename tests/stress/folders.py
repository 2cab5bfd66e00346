"""Disks and folders of a stressed run: one is full, one comes back where it was made anew."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def full(disk: Path) -> Iterator[None]:
    """Within, a small disk has no byte left."""
    filler = disk / "filler"
    with suppress(OSError), filler.open("wb") as file:
        while file.write(bytes(1 << 20)):
            file.flush()
    with suppress(OSError), filler.open("ab", buffering=0) as file:
        while file.write(bytes(1024)):
            pass
    yield
    filler.unlink(missing_ok=True)


def merge(folder: Path, away: Path) -> list[tuple[str, bytes]]:
    """Moves all files of `folder` into `away` until `folder` is gone; their names and contents.

    Processes may write into `folder` meanwhile. A file that `away` lacks is renamed, so that what
    they write is kept.
    """
    found = []
    while folder.exists():
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            text = path.read_bytes()
            found.append((path.name, text))
            target = away / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                path.rename(target)
                continue
            with target.open("ab") as file:  # a shim may have added its last line here
                file.write(text)
            path.unlink()
        for path in sorted(folder.rglob("*"), reverse=True):
            with suppress(OSError):
                path.rmdir()
        with suppress(OSError):  # another file has come meanwhile
            folder.rmdir()
    return found
