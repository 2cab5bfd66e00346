"""Reads the records of a TensorBoard event file from where it stopped: the file may be growing.

A record is its length in 8 bytes, their masked CRC32C, the data, and their masked CRC32C. A length
whose checksum does not fit is damage: the reader searches for the next record that fits. Nothing is
read beyond a budget, whatever a length says. The `tensorboard` package reads these files, too, but
needs more than 50 MB of other packages.
"""

from __future__ import annotations

import struct
from pathlib import Path

from pbt_tui.files import disk
from pbt_tui.files.regular import open_regular

RECORD = 64 * 1024
"""Most bytes of a record that is read; larger ones hold images, and are skipped."""
LARGEST = 1 << 30
"""Bytes of the largest record that is believed and skipped."""
BUDGET = 256 * 1024
"""Most bytes that one call reads by default."""
HEAD = 12
FOOT = 4
_LENGTH = struct.Struct("<QI")
_CHECKSUM = struct.Struct("<I")


def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = (value >> 1) ^ (0x82F63B78 if value & 1 else 0)
        found.append(value)
    return tuple(found)


_TABLE = _table()


def masked_crc(data: bytes) -> int:
    """The checksum of TensorFlow's records: CRC32C (Castagnoli), rotated and with a constant added.

    Args:
        data: The bytes.

    Example:
        >>> hex(masked_crc(b"123456789"))
        '0xc78ab0e5'
    """
    value = 0xFFFFFFFF
    table = _TABLE
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    value ^= 0xFFFFFFFF
    return (((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF


class EventRecords:
    """Follows one event file.

    Args:
        path: The file.
        first: Most bytes from the end that the first calls read; the reader looks for the first
            whole record there. None: all of the file.
    """

    def __init__(self, path: Path, *, first: int | None = None) -> None:
        self.path = path
        """The file."""
        self.damaged = 0
        """Number of places where no record fitted, or its data were changed."""
        self._first = first
        self._offset: int | None = None
        self._inode = 0
        self._lost = False

    def read(self, budget: int = BUDGET) -> list[bytes]:
        """The data of new records, from at most `budget` bytes; call again until it returns none.

        Args:
            budget: Bytes, at least twice as many as `RECORD`.
        """
        try:
            fd = open_regular(self.path)
        except OSError:
            return []
        try:
            seen = disk.calls.fstat(fd)
            begin = self._offset
            if begin is None or seen.st_ino != self._inode or seen.st_size < begin:
                first = seen.st_size if self._first is None else self._first
                begin = max(0, seen.st_size - first)
                self._lost = begin > 0
                self._inode = seen.st_ino
            self._offset = begin
            data = disk.calls.pread(fd, max(2 * RECORD, budget), begin)
        except OSError:
            return []
        finally:
            disk.let_go(fd)
        return self._split(data, begin, seen.st_size)

    def _split(self, data: bytes, begin: int, size: int) -> list[bytes]:
        found: list[bytes] = []
        at = 0
        while at + HEAD <= len(data):
            length, checksum = _LENGTH.unpack_from(data, at)
            if length > LARGEST or masked_crc(data[at : at + 8]) != checksum:
                self.damaged += not self._lost
                self._lost = True
                at = _next(data, at + 1)
                continue
            end = at + HEAD + length + FOOT
            if length > RECORD:
                if begin + end > size:
                    break  # it is still being written
                at = end  # may be beyond what was read
                self._lost = False
                continue
            if end > len(data):
                break
            record = data[at + HEAD : end - FOOT]
            if masked_crc(record) == _CHECKSUM.unpack_from(data, end - FOOT)[0]:
                found.append(record)
                self._lost = False
                at = end
            elif self._lost:
                at = _next(data, at + 1)  # the bytes only looked like a length
            else:
                self.damaged += 1
                at = end
        self._offset = begin + at
        return found


def _next(data: bytes, at: int) -> int:
    """Where the next record may begin: a length below 2^32 has four zeros in its second half."""
    found = data.find(b"\0\0\0\0", at + 4)
    return found - 4 if found >= 0 else max(at, len(data) - HEAD + 1)
