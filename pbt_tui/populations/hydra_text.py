"""Writes values as Hydra reads them on a command line."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

_PLAIN = re.compile(r"[A-Za-z0-9_./:+%@-]+").fullmatch
"""Text that Hydra's grammar takes without quotes."""
_OTHER_TYPE = re.compile(r"null|none|true|false|[+-]?(inf|nan)", re.IGNORECASE).fullmatch
"""Text that would be read as another type without quotes."""


class NotHydra(ValueError):
    """A value that no argument of Hydra can hold; `str()` says why."""


def value_text(value: Any, *, again: bool = False) -> str:
    """The value as the right side of an override.

    Args:
        value: None, a boolean, a number, text, or a list of them.
        again: Whether the trainer splits its arguments at each `=` when it restarts itself.

    Raises:
        NotHydra: if no override can hold it.

    Example:
        >>> value_text(None), value_text(1e-05), value_text([1, "a b"])
        ('null', '1e-05', "[1,'a b']")
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else str(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(value_text(item, again=again) for item in value) + "]"
    if isinstance(value, str):
        return _text(value, again=again)
    raise NotHydra("it is neither a number nor text")


def _text(value: str, *, again: bool) -> str:
    if again and "=" in value:
        raise NotHydra("it contains `=`, at which the trainer splits its arguments")
    if "\\" in value or "${" in value or not value.isprintable():
        raise NotHydra("it contains a backslash, `${` or a control character")
    if _PLAIN(value) and not _OTHER_TYPE(value):
        return value
    return "'" + value.replace("'", "\\'") + "'"


def overrides(params: Mapping[str, Any], *, again: bool = False) -> Iterator[str]:
    """One override for each parameter. Raises `NotHydra`, which names the parameter."""
    for name, value in params.items():
        if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.@/-]*", name):
            raise NotHydra(f"parameter `{name:.80}`: Hydra takes no such name")
        try:
            yield f"{name}={value_text(value, again=again)}"
        except NotHydra as e:
            raise NotHydra(f"parameter `{name:.80}`: {e}") from None
