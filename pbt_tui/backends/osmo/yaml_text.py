"""Writes a workflow as YAML: block style, and each scalar in double quotes as in JSON.

Quoted, a scalar is the text that it looks like, also where YAML has numbers, dates and booleans.
Must not import a YAML library: their output differs between versions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

_HIDDEN = re.compile(r"[^\x20-\x7e]")
"""Every other character may be one that YAML does not accept, or reads as the end of a line."""
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
PLAIN = frozenset(("yes", "no", "on", "off", "true", "false", "null", "y", "n"))
"""Words that are no text for YAML."""


def scalar(text: str) -> str:
    """A text in double quotes, as JSON and YAML read it.

    Example:
        >>> print(scalar('a "b"\\n\u2028\U0001f600'))
        "a \\"b\\"\\n\\u2028😀"
    """
    quoted = json.dumps(text, ensure_ascii=False)
    return quoted if quoted.isascii() and quoted.isprintable() else _HIDDEN.sub(_escape, quoted)


def _escape(found: re.Match[str]) -> str:
    c = found[0]
    if c.isprintable():
        return c
    code = ord(c)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def encode(document: dict[str, Any], comments: tuple[str, ...] = ()) -> bytes:
    """The bytes of a document of dictionaries, lists and text; keys named like fields stay plain.

    Args:
        document: Its only key is that of the section.
        comments: Lines that follow the first line, as comments.

    Example:
        >>> print(encode({"workflow": {"name": "a", "tasks": [{"name": "010"}]}}).decode(), end="")
        workflow:
          name: "a"
          tasks:
          - name: "010"
    """
    lines = list(_mapping(document, ""))
    lines[1:1] = [f"  # {comment}" for comment in comments]
    return "".join(f"{line}\n" for line in lines).encode()


def _mapping(value: dict[str, Any], indent: str) -> Iterator[str]:
    for key, inner in value.items():
        name = key if _KEY.fullmatch(key) and key.lower() not in PLAIN else scalar(key)
        if isinstance(inner, str):
            yield f"{indent}{name}: {scalar(inner)}"
        elif isinstance(inner, dict):
            yield f"{indent}{name}:"
            yield from _mapping(inner, f"{indent}  ")
        else:
            yield f"{indent}{name}:"
            yield from _sequence(inner, indent)


def _sequence(value: list[Any], indent: str) -> Iterator[str]:
    for inner in value:
        if isinstance(inner, str):
            yield f"{indent}- {scalar(inner)}"
        else:
            first, *rest = _mapping(inner, f"{indent}  ")
            yield f"{indent}- {first.lstrip(' ')}"
            yield from rest
