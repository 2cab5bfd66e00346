"""Creates the folders and files of a run directory with fixed permissions, whatever the umask.

Other users can never write to them. The one exception is a shared run directory: its folders have
the mode 2770, so that the members of its group may leave requests, and its files have 660. A log is
never written through a link, because another user may have prepared the link.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from pbt_tui.errors import NotOurs, Where
from pbt_tui.files import disk, folders

OTHERS = stat.S_IWGRP | stat.S_IWOTH
"""The permissions that other users never get, unless the run directory is shared."""
SHARED = 0o2770
"""Mode of the folders of a shared run directory: new files in them keep its group."""
_OF_GROUP = stat.S_ISGID | stat.S_IWGRP
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
_OLD = os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY


def make_folders(path: Path, inner: Iterable[Path], *, share: bool) -> None:
    """Makes the run directory and its folders where they are missing.

    Args:
        path: the run directory.
        inner: the folders in it.
        share: whether a new run directory is shared with its group. Folders that are made above it
            can then be read by the group.

    Raises:
        OSError: if a folder cannot be made.
    """
    above: list[Path] = []
    folder = path.parent
    while not folder.exists():
        above.append(folder)
        folder = folder.parent
    for folder in reversed(above):
        folders.make(folder)
        if share:
            disk.calls.chmod(folder, stat.S_IMODE(folder.stat().st_mode) | 0o2050)
    make_folder(path, share=share)
    for folder in inner:
        make_folder(folder)


def make_folder(folder: Path, *, share: bool = False) -> None:
    """Makes a folder of a run directory; shared if the folder above it is. It may exist already.

    Raises:
        OSError: if it cannot be made.
    """
    if folder.is_dir():
        return
    folders.make(folder, 0o777 & ~OTHERS)
    if share or is_shared(folder.parent):
        disk.calls.chmod(folder, SHARED)


def is_shared(folder: str | Path) -> bool:
    """Whether the members of its group may write in the folder, and new files keep the group."""
    return disk.calls.stat(folder).st_mode & _OF_GROUP == _OF_GROUP


def fit(fd: int, folder: str | Path) -> None:
    """Sets the mode of a file that this process created with the mode 644 in `folder`.

    In a shared folder, its group may write the file. In the folder of another user, that user may
    read it: root leaves requests there.
    """
    there = disk.calls.stat(folder)
    if disk.calls.fstat(fd).st_uid != os.geteuid():
        return
    if there.st_mode & _OF_GROUP == _OF_GROUP:
        disk.calls.fchmod(fd, 0o660)
    elif there.st_uid != os.geteuid():
        disk.calls.fchmod(fd, 0o644)


def open_log(path: str | Path) -> int:
    """Opens a log for appending, or creates it, and returns its descriptor.

    Raises:
        NotOurs: if it is a link, no regular file, or has several names: then its content may
            belong elsewhere, and nothing may be written to it.
        OSError: if it cannot be opened.
    """
    try:
        fd = disk.calls.open(path, _NEW, 0o644)
    except FileExistsError:
        return _open_old(path)
    fit(fd, os.path.dirname(path) or ".")  # noqa: PTH120 - once an attempt
    return fd


def _open_old(path: str | Path) -> int:
    refuse_link(path)
    fd = disk.calls.open(path, _OLD)
    os.set_blocking(fd, True)
    return fd


def refuse_link(path: str | Path) -> None:
    """Raises `NotOurs` if there is something at `path` which is not a file with one name.

    Raises:
        OSError: if it cannot be looked at.
    """
    try:
        there = os.lstat(path)
    except FileNotFoundError:
        return
    if stat.S_ISLNK(there.st_mode):
        what = "it is a link"
    elif not stat.S_ISREG(there.st_mode):
        what = "it is not a regular file"
    elif there.st_nlink > 1:
        what = "it has several names (hard links)"
    else:
        return
    raise NotOurs(
        f"nothing is written here: {what}",
        where=Where(file=os.fspath(path)),
        hint="find out who put it there, and remove it; then run the directory again",
    )


@cache
def umask() -> int:
    """The umask of this process, as it was when it was first asked for."""
    try:
        text = Path("/proc/self/status").read_text()
        found = re.search(r"^Umask:\s*([0-7]+)$", text, re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        found = None
    if found is not None:
        return int(found[1], 8)
    mask = os.umask(0o077)  # there is no call that only reads it
    os.umask(mask)
    return mask


def umask_in(folder: str | Path) -> int:
    """The umask with which another program should create files in a folder of a run directory."""
    return 0o007 if is_shared(folder) else umask() | OTHERS
