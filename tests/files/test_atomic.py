"""A file is replaced as a whole, or not at all."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pbt_tui.files import disk
from pbt_tui.files.atomic import replace


@pytest.mark.parametrize("sync", [False, True])
def test_it_is_there_and_nothing_beside_it(tmp_path: Path, sync: bool) -> None:
    path = tmp_path / "x.json"
    replace(path, b"one", sync=sync)
    replace(path, b"two", sync=sync)
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_no_reader_ever_finds_half(tmp_path: Path) -> None:
    path, done, halves = tmp_path / "x", threading.Event(), set[bytes]()
    replace(path, b"0" * 100_000, sync=False)

    def read() -> None:
        while not done.is_set():
            found = path.read_bytes()
            if len(found) != 100_000 or len(set(found)) != 1:
                halves.add(found)

    reader = threading.Thread(target=read)
    reader.start()
    for i in range(300):
        replace(path, b"%d" % (i % 10) * 100_000, sync=False)
    done.set()
    reader.join()
    assert not halves


@pytest.mark.parametrize("step", ["rename", "fsync"])
def test_what_fails_leaves_the_old_and_no_litter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    path = tmp_path / "x"
    replace(path, b"old", sync=True)

    def full(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(disk.calls, step, full)
    with pytest.raises(OSError, match="No space left"):
        replace(path, b"new", sync=True)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_only_who_asks_for_it_waits_for_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(disk.calls, "fsync", synced.append)
    replace(tmp_path / "x", b"a", sync=False)
    assert not synced
    replace(tmp_path / "x", b"a", sync=True)
    assert len(synced) == 2, "the file, and the folder that holds its name"
