"""JSON Schemas made from the types, so that the two cannot drift apart.

Must not read or write files: types in, a document out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Notes = Mapping[tuple[str, str], str]
"""(type, field) → what the type's source says about the field."""


Contents = Mapping[tuple[str, str], Any]
"""(type, field) → the type of an object that the type itself leaves open."""


def schema(
    types: Iterable[Any],
    ident: str,
    title: str,
    notes: Notes | None = None,
    contents: Contents | None = None,
) -> bytes:
    """The schema of a document that is one of `types`, as bytes to be committed.

    `contents` are shown where a field is open to the code, because another package owns its type.
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
    head = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": ident,
        "title": title,
    }
    body = tops[0] if len(tops) == 1 else {"anyOf": list(tops)}
    data = msgspec.json.encode({**head, **body, "$defs": dict(sorted(defs.items()))})
    return msgspec.json.format(data, indent=2) + b"\n"
