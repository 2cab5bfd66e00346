"""Tells whether a file of weights is whole, without PyTorch.

PyTorch writes a zip archive whose last 22 bytes are its end record; a writer that was killed leaves
an archive without one. Must not open links.
"""

from __future__ import annotations

from pathlib import Path

from pbt_tui.files import disk
from pbt_tui.files.regular import open_regular
from pbt_tui.journal.events import FileStamp

_END = 22
"""Bytes of the end record of a zip archive without a comment."""


def check(path: Path) -> FileStamp | str:
    """The stamp of a whole file, else why it is not whole.

    A file of another format than zip is whole if it has content: nothing in it marks its end.

    Raises:
        OSError: if the file is there and cannot be read, or is not a regular file.
    """
    try:
        fd = open_regular(path, follow=False)
    except FileNotFoundError:
        return "its weights are missing"
    try:
        there = disk.calls.fstat(fd)
        head = disk.calls.pread(fd, 4, 0)
        tail = disk.calls.pread(fd, _END, max(0, there.st_size - _END))
    finally:
        disk.let_go(fd)
    if not head:
        return "its weights are empty"
    if not head.strip(b"\0"):
        return "its weights are cut: they begin with zeros"
    if head == b"PK\3\4"[: len(head)] and not _is_end(tail):
        return "its weights are cut: the archive has no end"
    return FileStamp(there.st_mtime_ns, there.st_size)


def _is_end(tail: bytes) -> bool:
    return len(tail) == _END and tail.startswith(b"PK\5\6") and tail.endswith(b"\0\0")
