"""A folder that was away comes back to a place where somebody made it anew."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def merge(folder: Path, away: Path) -> list[tuple[str, bytes]]:
    """Moves all files of `folder` into `away` until `folder` is gone; their names and contents.

    Processes may write into `folder` meanwhile, and nothing of that is lost.
    """
    found = []
    while folder.exists():
        for path in [path for path in folder.rglob("*") if path.is_file()]:
            text = path.read_bytes()
            found.append((path.name, text))
            target = away / path.relative_to(folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("ab") as file:  # a shim may have added its last line here
                file.write(text)
            path.unlink()
        for path in sorted(folder.rglob("*"), reverse=True):
            with suppress(OSError):
                path.rmdir()
        with suppress(OSError):  # another file has come meanwhile
            folder.rmdir()
    return found
