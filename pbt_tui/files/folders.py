"""Makes, lists, syncs and removes folders, removes and renames files, and makes named pipes.

Must not know what is in a folder.
"""

from __future__ import annotations

import errno
import os
from os import PathLike
from pathlib import Path

from pbt_tui.files import disk

_NO_SYNC = (errno.EINVAL, errno.ENOTSUP)
"""What a file system says that cannot sync a folder."""


def make(folder: Path, mode: int = 0o777) -> None:
    """Makes a folder, unless it is there.

    Raises:
        OSError: if that fails, or if something else has this name.
    """
    try:
        disk.calls.mkdir(folder, mode)
    except OSError:
        # For a folder that is there, some file systems say another error than `FileExistsError`.
        if not folder.is_dir():
            raise


def make_all(folder: Path) -> None:
    """Makes a folder and those above it, unless they are there. Raises `OSError`."""
    try:
        make(folder)
    except FileNotFoundError:
        if folder.parent == folder:
            raise
        make_all(folder.parent)
        make(folder)


def names(folder: str | PathLike[str]) -> list[str]:
    """What is in a folder, in no order. Raises `OSError`, also if there is no folder."""
    return disk.calls.listdir(folder)


def changed(folder: str | PathLike[str]) -> int:
    """When something was last made, removed or renamed in a folder, in nanoseconds since the epoch.

    Raises:
        OSError: if there is no such folder, or it cannot be looked at.
    """
    return disk.calls.stat(folder).st_mtime_ns


def require(folder: str | PathLike[str]) -> None:
    """Raises `OSError` if there is no such folder: then nothing is known about its files."""
    disk.calls.stat(folder)


def sync(folder: str | PathLike[str]) -> None:
    """Syncs a folder: without it, a new file may be missing after a crash of the machine.

    Raises:
        OSError: if that fails, but not where the file system cannot do it.
    """
    fd = disk.calls.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        disk.calls.fsync(fd)
    except OSError as e:
        if e.errno not in _NO_SYNC:
            raise
    finally:
        disk.let_go(fd)


def remove(path: str | PathLike[str]) -> None:
    """Removes a file, or a link; nothing happens if there is none. Raises `OSError`."""
    try:
        disk.calls.unlink(path)
    except FileNotFoundError:
        return


def remove_folder(folder: str | PathLike[str]) -> None:
    """Removes an empty folder. Raises `OSError`."""
    disk.calls.rmdir(folder)


def remove_tree(folder: Path) -> None:
    """Removes a folder of ours with all that is in it; follows no link.

    Raises:
        OSError: at the first file that cannot be removed.
    """
    for name in disk.calls.listdir(folder):
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            remove_tree(path)
        else:
            remove(path)
    disk.calls.rmdir(folder)


def rename(path: str | PathLike[str], to: str | PathLike[str]) -> None:
    """Renames a file or folder; a file that is at `to` is replaced. Raises `OSError`."""
    disk.calls.rename(path, to)


def link(path: str | PathLike[str], to: str | PathLike[str]) -> None:
    """Gives a file a second name; a link is not followed. Raises `OSError`."""
    disk.calls.link(path, to, follow_symlinks=False)


def open_to_all(folder: str | PathLike[str]) -> None:
    """Lets every user read and write in a folder. Raises `OSError`."""
    disk.calls.chmod(folder, 0o777)


def make_pipe(path: Path, *, everyone: bool) -> None:
    """Makes a named pipe in place of an old one; `everyone` may open it. Raises `OSError`."""
    try:
        disk.calls.mkfifo(path, 0o600)
    except FileExistsError:
        remove(path)
        disk.calls.mkfifo(path, 0o600)
    if everyone:
        disk.calls.chmod(path, 0o666)
