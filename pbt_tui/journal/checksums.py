"""The checksum at the end of each line of a journal: the key `crc`, always the last one.

It is the CRC-32 of all bytes of the file before the key, as 8 hex digits. So the checksum of one
line also covers the lines before it, and a reader checks a page of lines with one call: its time
does not grow with the number of lines. Lines of earlier versions have no `crc`.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator

KEY = b',"crc":"'
_DIGITS = re.compile(rb"[0-9a-f]{8}")
_SUFFIX = len(KEY) + 10
"""Bytes of the key, its value, and the end of the object."""


def sealed(body: bytes, crc: int) -> tuple[bytes, int]:
    """A line with its checksum and newline, and the checksum of the file after it.

    Args:
        body: the line, a JSON object without a newline.
        crc: the checksum of the file before it; 0 for the first line.

    Example:
        >>> sealed(b'{"seq":1}', 0)
        (b'{"seq":1,"crc":"8c63767c"}\\n', 877713188)
        >>> damaged(b'{"seq":1,"crc":"8c63767c"}\\n', 0)
        >>> damaged(b'{"seq":2,"crc":"8c63767c"}\\n', 0)
        0
    """
    head = body[:-1]
    value = zlib.crc32(head, crc)
    end = b'%b%08x"}\n' % (KEY, value)
    return head + end, zlib.crc32(end, value)


def damaged(lines: bytes, crc: int) -> int | None:
    """Index of the first line whose checksum does not fit; None if all that are there do.

    Args:
        lines: whole lines.
        crc: the checksum of the file before them.
    """
    count = lines.count(b"\n")
    keys = lines.count(KEY)
    last = lines[lines.rfind(b"\n", 0, -1) + 1 : -1]
    if keys == 0 and not _nearly(last):
        return None
    if keys == count and _has(last):
        end = len(lines) - 1 - _SUFFIX
        if zlib.crc32(memoryview(lines)[:end], crc) == _value(last):
            return None
    for index, (line, before) in enumerate(_walk(lines, crc)):
        if _has(line):
            if zlib.crc32(line[:-_SUFFIX], before) != _value(line):
                return index
        elif _nearly(line):
            return index
    return None


def is_whole(line: bytes, crc: int) -> bool:
    """Whether `line`, without its newline, has a checksum that fits."""
    return _has(line) and zlib.crc32(line[:-_SUFFIX], crc) == _value(line)


def _walk(lines: bytes, crc: int) -> Iterator[tuple[bytes, int]]:
    """Each line without its newline, with the checksum of the file before it."""
    for line in lines.split(b"\n")[:-1]:
        yield line, crc
        crc = zlib.crc32(b"\n", zlib.crc32(line, crc))


def _has(line: bytes) -> bool:
    return (
        line[-_SUFFIX : -_SUFFIX + len(KEY)] == KEY
        and line.endswith(b'"}')
        and _DIGITS.fullmatch(line, len(line) - 10, len(line) - 2) is not None
    )


def _value(line: bytes) -> int:
    return int(line[-10:-2], 16)


def _nearly(line: bytes) -> bool:
    """Whether the line ends with a damaged checksum.

    Either the end of the line is one edit away from a checksum, or its last key is that of a
    checksum, with any value.
    """
    if line.endswith(b"}}"):  # then the last object is another; JSON tells a brace too many
        return False
    if b'"' not in line[line.rfind(KEY) + len(KEY) : -2] and KEY in line and line.endswith(b'"}'):
        return True
    for length, needed in ((_SUFFIX, _SUFFIX - 1), (_SUFFIX - 1,) * 2, (_SUFFIX + 1, _SUFFIX)):
        text = line[-length:]
        if len(text) == length and _from(text, 1) + _from(text, -1) >= needed:
            return True
    return False


def _from(text: bytes, step: int) -> int:
    """How many bytes fit the form of a checksum, counted from the begin (1) or the end (-1)."""
    form = KEY + b"0" * 8 + b'"}'
    fits = 0
    for have, want in zip(text[::step], form[::step], strict=False):
        if have != want and not (want == 0x30 and have in b"0123456789abcdef"):
            break
        fits += 1
    return fits
