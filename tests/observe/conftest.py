"""Recorded workspaces, brought back to disk in the order in which they were written."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

DATA = Path(__file__).parent.parent / "data" / "workspaces"
BEGIN = 1_760_000_000.0


class Recorded:
    """One tree of `tests/data/workspaces`; a millisecond of the record is `scale` seconds."""

    def __init__(self, name: str, root: Path, scale: float = 0.1) -> None:
        record = json.loads((DATA / f"{name}.json").read_text())
        self.files: list[tuple[str, float, str]] = record["files"]
        self.stdout: list[str] = record["stdout"]
        self.root = root
        self.scale = scale
        first = next(p for p, _, _ in self.files if "/000/" in p)
        self.path: Path = root / first.split("/000/")[0]

    def write(self, path: str, at: float, text: str) -> Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        os.utime(target, (BEGIN + at * self.scale, BEGIN + at * self.scale))
        return target

    def replay(self) -> Iterator[Path]:
        for path, at, text in self.files:
            yield self.write(path, at, text)

    def all(self) -> Path:
        for _ in self.replay():
            pass
        return self.path

    def log(self, path: Path) -> Path:
        path.write_text("\n".join(self.stdout) + "\n")
        return path


@pytest.fixture
def isaacgymenvs(tmp_path: Path) -> Recorded:
    return Recorded("isaacgymenvs", tmp_path / "ige")


@pytest.fixture
def isaaclab(tmp_path: Path) -> Recorded:
    return Recorded("isaaclab", tmp_path / "lab")
