"""Parses a metadata file of IsaacGymEnvs, Isaac Lab or rl_games, and bounds the values in it.

Must not run code that a file names (P3): `bounded_yaml` reads each document that `plain_yaml` does
not.
"""

from __future__ import annotations

import itertools
import math
import re
import struct
from typing import Any, NamedTuple

from pbt_tui.errors import printable
from pbt_tui.observe.workspaces.bounded_yaml import Tagged, UnreadableYaml, load
from pbt_tui.observe.workspaces.plain_yaml import load_plain

LARGEST = 256 * 1024
"""Most bytes of a metadata file; usual ones have 600."""
_LONGEST = 500
"""Most characters of a text."""
_MOST_PARAMS = 1000
_PLACE = re.compile(r"\b[0-9]{3}/[0-9]{1,12}\.yaml\Z", re.ASCII)
_PLACE_LENGTH = 22
"""Most characters of such a place, with the one before it."""
_EXACT = 2**53
"""Integers up to it are floats, too."""
_NEEDED = {"frame", "params", "true_objective"}
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
    """Whether other members cannot read or rank the objective: it is a Python object, or no finite
    number."""
    written: str | None = None
    """The objective as the file has it, unless it is a finite number or a Python object."""
    place: str | None = None
    """Where the trainer wrote the file: `001/000006.yaml`; None: the file does not say."""


def parse(data: bytes) -> Metadata | str | None:
    """The metadata; None if the file is not written yet; else why it cannot be read.

    A file that is being written has 0 bytes. An incomplete one (P4) lacks a key, or the end of its
    last line: `true_objective: 7` may become `true_objective: 71.5`.
    """
    if not data.strip():
        return None
    if len(data) > LARGEST:
        return f"larger than {LARGEST // 1024} KiB"
    document: Any = load_plain(data)
    is_plain = document is not None
    if not is_plain:
        try:
            document = load(data)
        except UnreadableYaml as e:
            return f"not YAML: {e}"
    if not isinstance(document, dict):
        return "not a map"
    if not document.keys() >= _NEEDED:
        missing = next(k for k in ("frame", "params", "true_objective") if k not in document)
        return f"key `{missing}` is missing"
    if data[-1:] != b"\n":
        return "its last line has no end"
    raw = document["true_objective"]
    name = document.get("experiment_name", "")
    params = document["params"]
    objective = number(raw)
    tagged = isinstance(raw, Tagged)
    place = _PLACE.search(str(document.get("pbt_checkpoint"))[-_PLACE_LENGTH:])
    if not isinstance(params, dict):
        params = {}
    elif not is_plain or len(params) > _MOST_PARAMS:
        params = plain_params(params)
    return Metadata(
        _integer(document["frame"]),
        _integer(document.get("iteration")),
        name[:_LONGEST] if type(name) is str else str(plain(name))[:_LONGEST],
        objective,
        params,
        tagged or objective is None,
        None if tagged or objective is not None else printable(str(plain(raw)))[:40],
        place[0] if place else None,
    )


def another(found: Metadata, member: int, generation: int) -> str | None:
    """Why the metadata is not that of this generation, although it lies there; None if it is."""
    if found.generation is not None and found.generation != generation:
        return f"says generation {found.generation}, and its name {generation}"
    if found.place is not None:
        folder, _, name = found.place.partition("/")
        if (int(folder), int(name.removesuffix(".yaml"))) != (member, generation):
            return f"was written as `{found.place}`"
    return None


def number(value: Any) -> float | None:
    """`value` as a finite float, also from a 0-d tensor or a numpy scalar; else None."""
    if type(value) is float:  # most are
        return value if math.isfinite(value) else None
    if isinstance(value, Tagged):
        value = _decode(value)
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    if isinstance(value, str) and len(value) > _LONGEST:
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def _integer(value: Any) -> int | None:
    if type(value) is int and abs(value) <= _EXACT:
        return value
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
