"""Makes the folder in which one input is read: nothing of the input before it is left."""

from __future__ import annotations

import shutil
from pathlib import Path


def fresh(folder: Path) -> Path:
    """The same folder, empty."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return folder


def put(path: Path, data: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
