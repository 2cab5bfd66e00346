"""The system calls of the file layer, in one object that tests replace.

Must not do anything but call the system: the other modules of this package say what a call means.
Python repeats a call that a signal interrupted, unless the signal handler raises.
"""

from __future__ import annotations

import os


class Disk:
    """Each function is one system call on a path or a descriptor, as in `os`."""

    open = staticmethod(os.open)
    close = staticmethod(os.close)
    read = staticmethod(os.read)
    pread = staticmethod(os.pread)
    write = staticmethod(os.write)
    ftruncate = staticmethod(os.ftruncate)
    fsync = staticmethod(os.fsync)
    fdatasync = staticmethod(os.fdatasync)
    fstat = staticmethod(os.fstat)
    fstatvfs = staticmethod(os.fstatvfs)
    chmod = staticmethod(os.chmod)
    fchmod = staticmethod(os.fchmod)
    stat = staticmethod(os.stat)
    listdir = staticmethod(os.listdir)
    mkdir = staticmethod(os.mkdir)
    mkfifo = staticmethod(os.mkfifo)
    rename = staticmethod(os.rename)
    link = staticmethod(os.link)
    unlink = staticmethod(os.unlink)
    rmdir = staticmethod(os.rmdir)


calls = Disk()
"""What every module of this package calls; a test sets another object here."""


def let_go(fd: int) -> None:
    """Closes a descriptor that was only read, or whose file is synced: an error says nothing then.

    Linux closes the descriptor also where it reports an error.
    """
    try:  # noqa: SIM105 - several times for each job, and `suppress` takes twice as long
        calls.close(fd)
    except OSError:
        pass
