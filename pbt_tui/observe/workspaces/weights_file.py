"""What a file of weights says of itself without being loaded: whether it is whole, and its frame.

Must not run what a pickle names: it reads the operations of the pickle and performs none.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pbt_tui.files.regular import open_regular

_ZIP = b"PK\x03\x04"
_END = b"PK\x05\x06"
_TAIL = 22 + 65535
"""Most bytes from the end record of a zip archive to the end of the file."""
_LARGEST_PICKLE = 4 << 20
_NUMBERS = frozenset(("BININT", "BININT1", "BININT2", "INT", "LONG", "LONG1", "LONG4"))
_TEXTS = frozenset(("BINUNICODE", "SHORT_BINUNICODE", "UNICODE", "BINUNICODE8"))
_RECALLS = frozenset(("BINGET", "LONG_BINGET", "GET"))
_MEMOS = frozenset(("MEMOIZE", "BINPUT", "LONG_BINPUT", "PUT"))


def is_whole(path: str | Path) -> bool:
    """Whether there is a regular file that is neither empty nor a zip archive without its end.

    A trainer that dies while it writes leaves such an archive. Costs two short reads.
    """
    try:
        fd = open_regular(path)
    except OSError:
        return False
    try:
        size = os.fstat(fd).st_size
        if os.pread(fd, len(_ZIP), 0) != _ZIP:
            return size > 0
        begin = max(0, size - _TAIL)
        return _END in os.pread(fd, _TAIL, begin)
    except OSError:
        return False
    finally:
        os.close(fd)


def _numbers(operations: Iterable[tuple[Any, Any, int | None]]) -> Iterator[tuple[str, int]]:
    """Each number that follows a text, as the value of a key follows it in a dictionary."""
    memo: dict[int, str] = {}
    memos = 0
    text: str | None = None
    for operation, argument, _ in operations:
        if operation.name in _TEXTS:
            text = argument
        elif operation.name in _MEMOS:
            if text is not None:
                memo[memos if argument is None else int(argument)] = text
            memos += 1
        elif operation.name in _RECALLS:
            text = memo.get(int(argument))
        else:
            if text is not None and operation.name in _NUMBERS:
                yield text, argument
            text = None


def frame_inside(path: str | Path) -> int | None:
    """The frame that rl_games stores with the weights; None: the file does not say.

    IsaacGymEnvs, Isaac Lab and rl_games write it with `torch.save`, as a pickle in a zip archive.
    """
    import pickletools  # late: for the few files whose times do not say enough
    import zipfile

    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116
            return None
        with zipfile.ZipFile(path) as archive:
            entry = next(i for i in archive.infolist() if i.filename.endswith("/data.pkl"))
            if entry.file_size > _LARGEST_PICKLE:
                return None
            data = archive.read(entry)
        found = {
            int(number) for key, number in _numbers(pickletools.genops(data)) if key == "frame"
        }
    except (OSError, StopIteration, zipfile.BadZipFile, zipfile.LargeZipFile):
        return None
    except Exception:  # a damaged pickle may raise anything
        return None
    return found.pop() if len(found) == 1 else None
