"""Generates JSON Schemas from the types, so that schemas and types cannot differ.

Must not read or write files.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Notes = Mapping[tuple[str, str], str]
"""(type, field) → the docstring of the field."""


Contents = Mapping[tuple[str, str], Any]
"""(type, field) → the type of the objects in a field that is declared as `Any`."""


def schema(
    types: Iterable[Any],
    address: str,
    title: str,
    notes: Notes | None = None,
    contents: Contents | None = None,
) -> bytes:
    """The schema of a document that is one of `types`, as the bytes of a file.

    `address` is where programs load it from. `contents` gives the type of each field that is
    declared as `Any`, because another package owns that type.
    """
    within = contents or {}
    everything = [*types, *within.values()]
    tops, defs = msgspec.json.schema_components(everything, ref_template="#/$defs/{name}")
    tops = tops[: len(tops) - len(within)]
    for (owner, name), kind in within.items():
        ref = {"$ref": f"#/$defs/{kind.__name__}"}
        defs[owner]["properties"][name] = {"anyOf": [ref, {"type": "null"}], "default": None}
    for (owner, name), text in (notes or {}).items():
        prop = defs.get(owner, {}).get("properties", {}).get(name)
        if prop is not None:
            prop["description"] = text
    for each in defs.values():
        if "description" in each:  # msgspec removes the indentation from 0.23 on
            each["description"] = each["description"].replace("\n    ", "\n")
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": address,
        "title": title,
    }
    body = tops[0] if len(tops) == 1 else {"anyOf": list(tops)}
    data = msgspec.json.encode({**head, **body, "$defs": dict(sorted(defs.items()))})
    return msgspec.json.format(data, indent=2) + b"\n"
