"""Tells the errors of the file layer apart, and says what each means to a person.

Must not decide whether a run goes on: `RunError` is what callers raise when it cannot.
"""

from __future__ import annotations

import errno
import os
from os import PathLike
from typing import Literal

from pbt_tui.errors import RunError, Where

FaultKind = Literal["ours", "full", "gone", "foreign"]
"""ours: a bug of pbt_tui; full: the disk or a limit of the machine; gone: a file, folder or device
that should be there is not; foreign: it is there, and this user may not use it, or it is not what
pbt_tui writes."""

_OURS = frozenset((errno.EBADF, errno.EFAULT, errno.ESPIPE))
_MACHINE = frozenset((errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EAGAIN, errno.ENOLCK))
"""The machine is out of descriptors, memory, processes or locks."""
_FULL = _MACHINE | {errno.ENOSPC, errno.EDQUOT, errno.EMLINK}
_FOREIGN = frozenset(
    (
        *(errno.EACCES, errno.EPERM, errno.EROFS, errno.ELOOP, errno.EEXIST, errno.EISDIR),
        *(errno.EFBIG, errno.ENAMETOOLONG, errno.ENOTEMPTY, errno.ENXIO, errno.EXDEV),
        errno.EINVAL,  # a name that the file system does not allow
    )
)

_HINTS = {
    "full": "running jobs keep running; free disk space, then run the directory again to pick them "
    "up",
    "gone": "running jobs keep running; once it is back, run the directory again to pick them up",
    "foreign": (
        "running jobs keep running; once this user may write there, run the directory again to "
        "pick them up"
    ),
}


class ForeignFile(OSError):
    """The file is there, but is not as pbt_tui writes it: no regular file, or larger."""


def fault_kind(error: OSError) -> FaultKind:
    """The kind of an error of the file layer.

    A network file system may return any error: one that is in no list counts as `gone`.

    Example:
        >>> fault_kind(OSError(28, "No space left on device"))
        'full'
    """
    if isinstance(error, ForeignFile) or error.errno in _FOREIGN:
        return "foreign"
    if error.errno in _FULL:
        return "full"
    return "ours" if error.errno in _OURS else "gone"


def reason(error: OSError) -> str:
    """The error in lower case, for the end of a message.

    Example:
        >>> reason(OSError(28, "No space left on device"))
        'no space left on device'
    """
    if error.errno == errno.ELOOP:
        return "it is a link"
    text = error.strerror or str(error) or type(error).__name__
    return text if text.isupper() else text[:1].lower() + text[1:]


def cannot_go_on(error: OSError, what: str, path: str | PathLike[str]) -> RunError:
    """The error of a run that cannot go on, because a file or folder of it cannot be used.

    Args:
        error: what the system said.
        what: what could not be done, such as `cannot write the journal`.
        path: the file or folder.

    Raises:
        OSError: `error` itself, if it is a bug of pbt_tui.

    Example:
        >>> print(cannot_go_on(OSError(28, "No space left on device"), "cannot write", "/a"))
        `/a`: cannot write: no space left on device
    """
    kind = fault_kind(error)
    if kind == "ours":
        raise error
    if error.errno in _MACHINE:  # no file is to blame
        hint = "running jobs keep running; free the resource, then run the directory again to "
        hint += "continue"
        return RunError(f"{what}: {reason(error)}", hint=hint)
    return RunError(
        f"{what}: {reason(error)}", where=Where(file=os.fspath(path)), hint=_HINTS[kind]
    )
