"""Reads one JSON document that a trainer wrote, within a bound on its depth."""

from __future__ import annotations

from typing import Any

import msgspec

from pbt_tui.errors import printable

DEEPEST = 32
"""Most arrays and objects that contain each other."""


class UnreadableJson(ValueError):
    """The document is not JSON, or is nested too deeply; `str()` says why."""


def load(data: bytes) -> Any:
    """The value of the document.

    Raises:
        UnreadableJson: if there is none.

    Example:
        >>> load(b'{"learning_rate": 1e-4}')
        {'learning_rate': 0.0001}
    """
    try:
        found = msgspec.json.decode(data)
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.MsgspecError, UnicodeError) as e:
        raise UnreadableJson(f"{printable(str(e)):.200}") from None
    level, depth = [found], 0
    while level := [v for value in level for v in _children(value)]:
        depth += 1
        if depth > DEEPEST:
            raise _too_deep()
    return found


def _children(value: Any) -> Any:
    return value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()


def _too_deep() -> UnreadableJson:
    return UnreadableJson(f"nested more than {DEEPEST} levels deep")
