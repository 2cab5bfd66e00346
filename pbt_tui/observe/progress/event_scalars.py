"""Finds the scalars in the records of TensorBoard: the few fields of its messages that hold them.

A scalar is a `simple_value` (version 1), or a tensor of one number (version 2). A message that is
no valid one has no scalars, and a nested one is read to a fixed depth only.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import NamedTuple

VALUES = 1000
"""Most values of one record that are read."""
TAG = 200
"""Most bytes of a tag."""
_FLOATS = {1: struct.Struct("<f"), 2: struct.Struct("<d")}
"""DT_FLOAT and DT_DOUBLE of tensors."""
_DOUBLE = struct.Struct("<d")
_FLOAT = struct.Struct("<f")
Field = tuple[int, int | bytes]


class Scalar(NamedTuple):
    """One value of one tag."""

    tag: str
    """Name of the series."""
    step: int
    """The step that the trainer gave."""
    at: float
    """When it was written, in Unix seconds."""
    value: float
    """The value, which may be NaN or infinite."""


def scalars(record: bytes) -> list[Scalar]:
    """The scalars of an `Event`; empty for one without any, and for bytes that are none.

    Args:
        record: The data of one record.
    """
    at, step = 0.0, 0
    summary: bytes | None = None
    try:
        for number, value in _fields(record):
            if number == 1 and isinstance(value, bytes) and len(value) == 8:
                at = _DOUBLE.unpack(value)[0]
            elif number == 2 and isinstance(value, int):
                step = value if value < 1 << 63 else 0
            elif number == 5 and isinstance(value, bytes):
                summary = value
        if summary is None:
            return []
        found = []
        for number, value in _fields(summary):
            if number == 1 and isinstance(value, bytes) and (one := _value(value)) is not None:
                found.append(Scalar(one[0], step, at, one[1]))
                if len(found) >= VALUES:
                    break
        return found
    except (ValueError, struct.error):
        return []


def _value(data: bytes) -> tuple[str, float] | None:
    """Tag and number of a `Summary.Value`; None: it is no scalar."""
    tag: str | None = None
    number: float | None = None
    for field, value in _fields(data):
        if field == 1 and isinstance(value, bytes) and len(value) <= TAG:
            tag = value.decode("utf-8", "replace")
        elif field == 2 and isinstance(value, bytes) and len(value) == 4:
            number = _FLOAT.unpack(value)[0]
        elif field == 8 and isinstance(value, bytes):
            number = _tensor(value)
    return None if tag is None or number is None else (tag, number)


def _tensor(data: bytes) -> float | None:
    """The number of a `TensorProto` that has one; None: it has none, or several."""
    kind = 0
    found: float | None = None
    for field, value in _fields(data):
        if field == 1 and isinstance(value, int):
            kind = value
        elif field == 2 and isinstance(value, bytes) and len(value) > 16:
            return None  # a shape of several dimensions
        elif field == 4 and isinstance(value, bytes) and kind in _FLOATS:
            if len(value) == _FLOATS[kind].size:
                found = _FLOATS[kind].unpack(value)[0]
        elif field in (5, 6) and isinstance(value, bytes):
            one = _FLOAT if field == 5 else _DOUBLE
            if len(value) == one.size:
                found = one.unpack(value)[0]
    return found


def _fields(data: bytes) -> Iterator[Field]:
    """Number and value of each field of a message. Raises `ValueError` if it is none."""
    at, end = 0, len(data)
    while at < end:
        key, at = _varint(data, at)
        kind, number = key & 7, key >> 3
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
            continue
        if kind == 2:
            length, at = _varint(data, at)
        elif kind in (1, 5):
            length = 8 if kind == 1 else 4
        else:
            raise ValueError
        if at + length > end:
            raise ValueError
        yield number, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data) or shift > 63:
            raise ValueError
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
