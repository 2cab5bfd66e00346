"""Parses a metadata file of IsaacGymEnvs, Isaac Lab or rl_games, and bounds the values in it.

Must not run code that a file names (P3): `bounded_yaml` reads the document.
"""

from __future__ import annotations

import itertools
import math
import struct
from typing import Any, NamedTuple

from pbt_tui.observe.workspaces.bounded_yaml import Tagged, UnreadableYaml, load

LARGEST = 256 * 1024
"""Most bytes of a metadata file; usual ones have 600."""
_LONGEST = 500
"""Most characters of a text."""
_MOST_PARAMS = 1000
_GREATEST = 2**63
"""A number of frames or generations is smaller."""


class Metadata(NamedTuple):
    """The content of a metadata file."""

    frame: int | None
    """Frames trained by then; None: unknown."""
    generation: int | None
    """Number of the generation; None: unknown."""
    experiment_name: str
    """Name of the start that wrote it."""
    objective: float | None
    """The objective; None if it is not finite or cannot be decoded."""
    params: dict[str, Any]
    """Parameters as JSON values."""
    unreadable: bool
    """Whether the objective is a Python object, which other members cannot read."""


def parse(data: bytes) -> Metadata | str | None:
    """The metadata; None if the file is not written yet; else why it cannot be read.

    A file that is being written has 0 bytes. An incomplete one (P4) lacks a key.
    """
    if not data.strip():
        return None
    if len(data) > LARGEST:
        return f"larger than {LARGEST // 1024} KiB"
    try:
        document = load(data)
    except UnreadableYaml as e:
        return f"not YAML: {e}"
    if not isinstance(document, dict):
        return "not a map"
    missing = [k for k in ("frame", "params", "true_objective") if k not in document]
    if missing:
        return f"key `{missing[0]}` is missing"
    raw = document["true_objective"]
    params = document["params"]
    return Metadata(
        _integer(document["frame"]),
        _integer(document.get("iteration")),
        str(plain(document.get("experiment_name", "")))[:_LONGEST],
        number(raw),
        plain_params(params) if isinstance(params, dict) else {},
        isinstance(raw, Tagged),
    )


def number(value: Any) -> float | None:
    """`value` as a finite float, also from a 0-d tensor or a numpy scalar; else None."""
    if isinstance(value, Tagged):
        value = _decode(value)
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    if isinstance(value, str) and len(value) > _LONGEST:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _integer(value: Any) -> int | None:
    found = number(value)
    return None if found is None or abs(found) >= _GREATEST else int(found)


def plain_params(params: dict[str, Any]) -> dict[str, Any]:
    """Parameters as JSON values of a bounded size."""
    return {k[:_LONGEST]: plain(v) for k, v in itertools.islice(params.items(), _MOST_PARAMS)}


def plain(value: Any, depth: int = 0) -> Any:
    """`value` as a JSON value of a bounded size; anything else becomes a short text."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int):
        return value if abs(value) < _GREATEST else hex(value)[:80]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, str):
        return value[:_LONGEST]
    if isinstance(value, Tagged):
        found = number(value)
        return plain(value.value, depth + 1) if found is None else found
    if isinstance(value, list | tuple) and depth < 3:
        return [plain(v, depth + 1) for v in value[:50]]
    return str(value)[:80] if not isinstance(value, dict | list | tuple) else "…"


_STORAGES = {
    b"DoubleStorage": "<d",
    b"FloatStorage": "<f",
    b"HalfStorage": "<e",
    b"LongStorage": "<q",
    b"IntStorage": "<i",
    b"ShortStorage": "<h",
}


def _decode(value: Tagged) -> Any:
    """The number in a 0-d tensor or a numpy scalar, decoded without torch and numpy."""
    if value.tag.endswith(("float", "int", "str")):
        return value.value
    try:
        if "_rebuild_" in value.tag:
            return _tensor(value.value)
        if value.tag.endswith("scalar"):
            kind, data = value.value
            return _unpack(_order(kind) + _code(kind), data)
    except (LookupError, TypeError, ValueError, AttributeError, OverflowError, struct.error):
        pass
    return None


def _tensor(arguments: Any) -> float | None:
    """The number in `storage, offset, size, …`: the pickle ends with a count and raw elements."""
    storage = arguments[0]
    while isinstance(storage, Tagged | list):
        storage = storage.value if isinstance(storage, Tagged) else storage[0]
    if not isinstance(storage, bytes):
        return None
    offset = arguments[1]
    if b"BFloat16Storage" in storage:
        data = _elements(storage, 2)
        return _unpack("<f", b"\0\0" + data[2 * offset : 2 * offset + 2])
    for name, code in _STORAGES.items():
        if name in storage:
            size = struct.calcsize(code)
            data = _elements(storage, size)
            return _unpack(code, data[size * offset : size * (offset + 1)])
    return None


def _elements(storage: bytes, size: int) -> bytes:
    for count in range(1, len(storage) // size + 1):
        begin = len(storage) - count * size
        if begin >= 8 and struct.unpack_from("<q", storage, begin - 8)[0] == count:
            return storage[begin:]
    return storage[-size:]


def _code(kind: Tagged) -> str:
    arguments = kind.value["args"] if isinstance(kind.value, dict) else kind.value
    codes = {"f8": "d", "f4": "f", "f2": "e", "i8": "q", "i4": "i", "i2": "h", "i1": "b"}
    return codes[str(arguments[0]).lstrip("<>=|")]


def _order(kind: Tagged) -> str:
    state = kind.value.get("state") if isinstance(kind.value, dict) else None
    state = state.value if isinstance(state, Tagged) else state
    return ">" if isinstance(state, list) and len(state) > 1 and state[1] == ">" else "<"


def _unpack(code: str, data: bytes) -> float:
    return float(struct.unpack(code, data)[0])
