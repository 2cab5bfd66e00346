"""Files are created, marked, appended to and removed as regular files, and all of their bytes."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import BinaryIO

import pytest

from pbt_tui.files import disk, folders
from pbt_tui.files.atomic import replace
from pbt_tui.files.faults import fault_kind
from pbt_tui.files.regular import read_head, read_own, read_pieces, read_regular
from pbt_tui.files.writing import create, mark, open_append


def test_short_writes_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(disk.calls, "write", lambda fd, data: real(fd, data[:3]))
    replace(tmp_path / "a", b"0123456789", sync=True)
    assert create(tmp_path / "b", b"0123456789")
    monkeypatch.undo()
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() == b"0123456789"


def test_short_reads_are_continued(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").write_bytes(b"0123456789")
    real = os.read
    monkeypatch.setattr(disk.calls, "read", lambda fd, most: real(fd, min(most, 3)))
    assert read_regular(tmp_path / "a", 10) == b"0123456789"
    assert read_own(tmp_path / "a", 100) == b"0123456789"
    assert read_head(tmp_path / "a", 7) == b"0123456"
    assert list(read_pieces(tmp_path / "a", 10)) == [b"012", b"345", b"678", b"9"]
    for read in (read_regular, read_pieces):
        with pytest.raises(OSError, match="larger than 9 bytes"):
            list(read(tmp_path / "a", 9))


def test_a_file_that_grows_is_not_read_for_ever(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"0123456789")

    def grow(file: BinaryIO) -> None:
        for piece in read_pieces(path, 1 << 20):
            file.write(b"x" * 2 * len(piece))

    with path.open("ab", buffering=0) as file, pytest.raises(OSError, match="larger than 1 MiB"):
        grow(file)


def test_a_huge_file_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(1 << 40)
    monkeypatch.setattr(disk.calls, "read", lambda fd, most: pytest.fail("read"))
    with pytest.raises(OSError, match="larger than 1 MiB"):
        read_regular(tmp_path / "huge", 1 << 20)
    with pytest.raises(OSError, match="larger than 1 MiB"):
        list(read_pieces(tmp_path / "huge", 1 << 20))


def test_a_file_of_unknown_size_is_read_to_its_end() -> None:
    assert read_regular("/proc/self/status", 1 << 20).startswith(b"Name:")


def test_a_file_is_created_once(tmp_path: Path) -> None:
    assert create(tmp_path / "a", b"first")
    assert not create(tmp_path / "a", b"second")
    (tmp_path / "b").symlink_to(tmp_path / "c")
    assert not create(tmp_path / "b", b"through a link")
    assert (tmp_path / "a").read_bytes() == b"first"
    assert not (tmp_path / "c").exists()


def test_half_a_new_file_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int, data: bytes) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(disk.calls, "write", full)
    with pytest.raises(OSError, match="No space left"):
        create(tmp_path / "a", b"first")
    assert not (tmp_path / "a").exists()


@pytest.mark.parametrize("make", [mark, open_append])
def test_nothing_is_written_through_a_link(tmp_path: Path, make: object) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / "link").symlink_to(tmp_path / "mine")
    assert callable(make)
    with pytest.raises(OSError, match="symbolic links") as found:
        make(tmp_path / "link")
    assert fault_kind(found.value) == "foreign"
    assert (tmp_path / "mine").read_bytes() == b"mine"


def test_a_link_in_the_place_of_the_temporary_file_is_removed(tmp_path: Path) -> None:
    (tmp_path / "mine").write_bytes(b"mine")
    (tmp_path / ".a").symlink_to(tmp_path / "mine")
    replace(tmp_path / "a", b"new", sync=False)
    assert (tmp_path / "mine").read_bytes() == b"mine"
    assert (tmp_path / "a").read_bytes() == b"new"


def test_a_fifo_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(OSError, match="No such device") as found:
        open_append(tmp_path / "fifo")
    assert fault_kind(found.value) == "foreign"
    with pytest.raises(OSError, match="not a regular file"):
        read_regular(tmp_path / "fifo", 10)
    with pytest.raises(OSError, match="not a regular file"):
        list(read_pieces(tmp_path / "fifo", 10))


def test_folders_are_made_and_removed(tmp_path: Path) -> None:
    folders.make_all(tmp_path / "a" / "b")
    folders.make_all(tmp_path / "a" / "b")
    (tmp_path / "a" / "b" / "file").touch()
    (tmp_path / "kept").mkdir()
    (tmp_path / "kept" / "file").touch()
    (tmp_path / "a" / "link").symlink_to(tmp_path / "kept")
    folders.remove_tree(tmp_path / "a")
    assert folders.names(tmp_path) == ["kept"]
    assert (tmp_path / "kept" / "file").exists(), "a link is not followed"
    folders.remove(tmp_path / "nothing")
    with pytest.raises(OSError, match="File exists"):
        folders.make(tmp_path / "kept" / "file")
    with pytest.raises(OSError, match="No such file"):
        folders.make_all(Path("/proc/nothing/here"))


def test_a_file_system_that_cannot_sync_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(code: int) -> None:
        def fsync(fd: int) -> None:
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(disk.calls, "fsync", fsync)

    refuses(errno.EINVAL)
    folders.sync(tmp_path)
    refuses(errno.EIO)
    with pytest.raises(OSError, match="Input/output error"):
        folders.sync(tmp_path)
