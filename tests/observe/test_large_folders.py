"""A large folder is not listed for each new generation, and nothing in it is missed for long."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pbt_tui.observe.workspaces import member_folders
from pbt_tui.observe.workspaces.isaaclab import IsaacLab
from tests.observe.test_member_folders import write


class Watched:
    """A folder with many generations, which a reader has read."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root = root
        self.lists = self.changes = 0
        scandir = os.scandir

        def counted(path: str) -> os._ScandirIterator[str]:
            self.lists += os.path.basename(path) == "000"  # noqa: PTH119
            return scandir(path)

        monkeypatch.setattr(member_folders, "_LARGE", 10)
        monkeypatch.setattr(os, "scandir", counted)
        self.reader = IsaacLab(root)
        assert self.polled(*range(1, 11)) == list(range(1, 11))
        assert self.lists == 1

    def polled(self, *numbers: int) -> list[int]:
        """Writes generations, and returns the numbers of those that a poll finds."""
        for number in numbers:
            write(self.root, 0, number)
        self.changes += bool(numbers)
        at = 1_000_000 + self.changes  # long ago: else each poll of some seconds looks again
        os.utime(self.root / "000", (at, at))
        return [g.generation for g in self.reader.poll()]


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Watched:
    return Watched(tmp_path, monkeypatch)


def test_the_next_generations_are_found_with_few_lists(watched: Watched) -> None:
    for number in range(11, 11 + 2 * member_folders._MOST):
        assert watched.polled(number) == [number]
        assert watched.polled() == []
    assert watched.lists <= 3


def test_another_generation_is_found_by_the_next_poll(watched: Watched) -> None:
    assert watched.polled(11) == [11]
    assert watched.polled(15) == [15]
    assert watched.lists == 2


def test_what_is_added_beside_the_next_generation_is_found_later(watched: Watched) -> None:
    assert watched.polled(11, 99) == [11]
    found: list[int] = []
    for number in range(12, 12 + member_folders._MOST):
        found += watched.polled(number)
    assert 99 in found


def test_it_is_also_found_if_no_further_generation_comes(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member_folders, "_LATEST", 5)
    assert watched.polled(11, 99) == [11]
    assert [watched.polled() for _ in range(6)].count([99]) == 1


def test_weights_of_a_removed_generation_are_gone_at_once(watched: Watched) -> None:
    first = next(g for g in IsaacLab(watched.root).poll() if g.generation == 1)
    assert watched.reader.weights(first) is not None
    for end in (".yaml", ".pth"):
        (watched.root / "000" / "000001").with_suffix(end).unlink()
    assert watched.polled(11) == [11]
    assert watched.reader.weights(first) is None
