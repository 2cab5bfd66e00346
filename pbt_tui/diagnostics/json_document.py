"""Reads JSON that a person may have broken, and explains why it is invalid.

It does not depend on the type of document. Slow and thorough: used only after the fast decoder has
rejected the file.
"""

from __future__ import annotations

import codecs
import json
from collections import Counter
from typing import Any

from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable

_DEEPEST = 100
_MOST_KEYS = 20
"""Number of duplicate keys that are named."""


class _ConstantError(ValueError):
    pass


def read(data: bytes) -> tuple[Any, list[Diagnostic]]:
    """The document and its duplicate keys (PBT804), or None and the reason (PBT801)."""
    if data.startswith(codecs.BOM_UTF8):
        message = "begins with a byte order mark, which JSON does not have"
        return None, [finding("PBT801", message, hint="save it as UTF-8 without a mark")]
    try:
        text = data.decode()
    except UnicodeDecodeError as e:
        line = data.count(b"\n", 0, e.start) + 1
        message = f"not UTF-8: byte 0x{data[e.start]:02x}"
        return None, [finding("PBT801", message, where=Where(line=line))]
    if not text.strip():
        return None, [finding("PBT801", "not JSON: the file is empty")]
    try:
        document, twice = _parse(text)
    except json.JSONDecodeError as e:
        message = f"not JSON: {e.msg[:1].lower()}{e.msg[1:]}, column {e.colno}"
        return None, [finding("PBT801", message, where=Where(line=e.lineno))]
    except RecursionError:
        return None, [_too_deep()]
    except ValueError as e:
        message = str(e) if isinstance(e, _ConstantError) else "a number has too many digits"
        return None, [finding("PBT801", f"not JSON: {message}")]
    if _deeper(document, _DEEPEST):
        return None, [_too_deep()]
    if half := _half_a_character(document, text):
        return None, [half]
    lines = text.split("\n")
    found = [_given_twice(name, lines, top=name in twice[-1]) for name in _all(twice)]
    if len(found) > _MOST_KEYS:
        found = [*found[:_MOST_KEYS], finding("PBT804", "and so are other keys")]
    return document, found


def _parse(text: str) -> tuple[Any, list[list[str]]]:
    """The document, and for each object its duplicate keys; the outermost object is the last."""
    twice: list[list[str]] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(items)
        more = len(made) < len(items)
        twice.append([n for n, k in Counter(n for n, _ in items).items() if k > 1] if more else [])
        return made

    document = json.loads(text, object_pairs_hook=pairs, parse_constant=_constant)
    return document, twice


def _all(twice: list[list[str]]) -> list[str]:
    return list(dict.fromkeys(name for names in twice for name in names))[: _MOST_KEYS + 1]


def _constant(word: str) -> Any:
    raise _ConstantError(f"`{word}` is not a number")


def _too_deep() -> Diagnostic:
    return finding("PBT801", f"nested more than {_DEEPEST} levels deep")


def _deeper(value: Any, left: int) -> bool:
    level = [value]
    while level and left:
        level = [
            child
            for parent in level
            if isinstance(parent, dict | list)
            for child in (parent.values() if isinstance(parent, dict) else parent)
        ]
        left -= 1
    return bool(level)


def _half_a_character(document: Any, text: str) -> Diagnostic | None:
    """An unpaired surrogate such as `\\ud800`: some JSON readers accept it, but it is not text."""
    try:
        json.dumps(document, ensure_ascii=False).encode()
    except UnicodeEncodeError as e:
        escape = f"\\u{ord(e.object[e.start]):04x}"
        line = text.count("\n", 0, text.lower().find(escape)) + 1
        message = f"not JSON: `{escape}` is half a character"
        return finding("PBT801", message, where=Where(line=line))
    return None


def _given_twice(name: str, lines: list[str], *, top: bool) -> Diagnostic:
    """With its line, if the file has the standard layout: one top-level key or one job a line."""
    message = f"key `{printable(name)}` is given twice in one object"
    key = f"{json.dumps(name, ensure_ascii=False)}:"
    begin = [n for n, line in enumerate(lines, 1) if line.lstrip("{").startswith(key)]
    line = begin[1] if top and len(begin) > 1 else None
    if not top:
        several = (n for n, line in enumerate(lines, 1) if line.count(key) > 1)
        line = next((n for n in several if _has_twice(name, lines[n - 1])), None)
    return finding("PBT804", message, where=Where(line=line))


def _has_twice(name: str, line: str) -> bool:
    try:
        _, twice = _parse(line.strip().removesuffix(","))
    except ValueError:
        return False
    return any(name in names for names in twice)
