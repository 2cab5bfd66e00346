"""Explains why bytes are not a valid document: not JSON, another version, or located faults.

Slow and thorough: used only after msgspec has rejected the document.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where


@dataclass(frozen=True, slots=True)
class Kind:
    """The expected format of a file, and the function that finds its faults."""

    format: str
    type: Any
    faults: Callable[[Any], list[Diagnostic]]


def why_not(data: bytes, kind: Kind) -> list[Diagnostic]:
    """At least one finding that explains why `data` is invalid; `where` does not name the file."""
    from pbt_tui.diagnostics.json_document import read

    document, found = read(data)
    if found and document is None:
        return found
    if isinstance(document, dict):
        version = document.get("format")
        if isinstance(version, str) and version != kind.format:
            at = Where(pointer="/format")
            message = f"format is `{version}`, this is `{kind.format}`"
            hint = "write it again with `pbt-compile`"
            if version.partition("/")[0] == kind.format.partition("/")[0]:
                hint += ", or use the version that wrote it"
            return [*found, finding("PBT802", message, where=at, hint=hint)]
    return found + _faults(document, kind)


def _faults(document: Any, kind: Kind) -> list[Diagnostic]:
    found = kind.faults(document)
    if not found:  # msgspec is stricter than the schema: integers beyond 64 bits and the like
        try:
            msgspec.convert(document, kind.type)
        except msgspec.ValidationError as e:
            message, _, path = str(e).partition(" - at `")
            pointer = path.rstrip("`").replace("$", "").replace("[", "/").replace("]", "")
            at = Where(pointer=pointer.replace(".", "/") or None)
            return [finding("PBT803", message[:1].lower() + message[1:], where=at)]
        return [finding("PBT803", "holds a number or text that JSON readers do not agree on")]
    return found
