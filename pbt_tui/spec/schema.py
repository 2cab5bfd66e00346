"""JSON Schemas made from the types, so that the two cannot drift apart.

Must not read or write files: types in, a document out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

Notes = Mapping[tuple[str, str], str]
"""(type, field) → what the type's source says about the field."""


def schema(types: Iterable[Any], ident: str, title: str, notes: Notes | None = None) -> bytes:
    """The schema of a document that is one of `types`, as bytes to be committed."""
    tops, defs = msgspec.json.schema_components(list(types), ref_template="#/$defs/{name}")
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
