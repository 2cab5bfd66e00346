"""The user's own progress patterns: `[tool.pbt.progress]`, regular expressions with named groups.

A pattern that could take long on some line is refused, because Python cannot interrupt a search:
no repeat within a repeat, no choice within one, and few repeats that may end at several places.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from pbt_tui.errors import Diagnostic, Where, printable

COUNTS = {
    "step": "steps", "frame": "frames", "iteration": "iterations", "epoch": "epochs",
    "episode": "episodes",
}  # fmt: skip
"""Groups for what is counted, and the unit that each of them says."""
GROUPS = (*COUNTS, "total", "share", "percent", "objective", "fps", "eta", "generation")
"""All names that a group may have."""
LINE = 400
"""Most characters of a line that a pattern is tried on."""
LONGEST = 500
"""Most characters of a pattern."""
MOST = 50
"""Most patterns of a file."""
OPEN = 2
"""Most repeats that may end at several places, counted together with a beginning that may be
anywhere: the time for a line grows with its length to this power, and once more."""


class ProgressPattern(NamedTuple):
    """One pattern of the settings file."""

    name: str
    """Its key, by which people know it."""
    pattern: re.Pattern[str]
    """The compiled expression."""


def read_patterns(
    table: Any, file: str, prefix: str
) -> tuple[list[ProgressPattern], list[Diagnostic]]:
    """The patterns of a table, and an error with its place for each that is none.

    Args:
        table: The value of `progress` in the settings file.
        file: The file, as it is shown to people.
        prefix: The keys that lead to the table, with a dot at the end.

    Example:
        >>> found, wrong = read_patterns({"mine": r"it (?P<step>[0-9]+)"}, "pbt.toml", "progress.")
        >>> [one.name for one in found], wrong
        (['mine'], [])
    """
    if not isinstance(table, dict):
        where = Where(file, pointer=prefix.rstrip("."))
        return [], [Diagnostic("error", "expected a table of patterns by name", where=where)]
    found: list[ProgressPattern] = []
    wrong: list[Diagnostic] = []
    for name, value in table.items():
        where = Where(file, pointer=f"{prefix}{name}")
        hint: str | None = None
        if not isinstance(value, str):
            message: str | None = "expected a regular expression as text"
        elif len(found) >= MOST:
            message = f"there are more than {MOST} patterns"
        else:
            message, hint = _fault(value)
            if message is None:
                found.append(ProgressPattern(name, re.compile(value)))
        if message is not None:
            wrong.append(Diagnostic("error", message, where=where, hint=hint))
    return found, wrong


def _fault(text: str) -> tuple[str | None, str | None]:
    """Why a pattern is refused, and a hint."""
    if len(text) > LONGEST:
        return f"the pattern has more than {LONGEST} characters", None
    try:
        with warnings.catch_warnings():
            # It warns of sets that a later version of Python reads differently.
            warnings.simplefilter("error", FutureWarning)
            pattern = re.compile(text)
    except (re.error, RecursionError, OverflowError, FutureWarning) as e:
        return f"not a regular expression: {printable(str(e))}", None
    unknown = [name for name in pattern.groupindex if name not in GROUPS]
    known = ", ".join(f"`{name}`" for name in GROUPS)
    if unknown:
        return f"there is no group `{printable(unknown[0])}`", f"known groups: {known}"
    if not set(pattern.groupindex) - {"total"}:
        return "the pattern has no named group", f"name one, as in `(?P<step>[0-9]+)`: {known}"
    slow = _slow(text)
    if slow is not None:
        return (
            f"the pattern could take long: {slow}",
            "write what stands between the numbers, or `[^:]*:` instead of `.*:`",
        )
    return None, None


# -- how long a search may take --------------------------------------------------------------------

_ALL = frozenset(range(129))
"""ASCII, and 128 for everything else."""
_CATEGORIES = {
    "DIGIT": frozenset(b"0123456789") | {128},
    "SPACE": frozenset(b" \t\n\r\f\v\x1c\x1d\x1e\x1f") | {128},
    "WORD": frozenset(k for k in range(128) if chr(k).isalnum() or k == 95) | {128},
}


class _Item(NamedTuple):
    """One character of a match, once or repeated."""

    characters: frozenset[int]
    least: int
    most: int


class _Refused(Exception):
    """Says why."""


def _slow(text: str) -> str | None:
    """Why a search could take long; None: it cannot."""
    from importlib import import_module

    parser = import_module("re._parser")  # it has no types, and no other name
    try:
        items = _items(parser.parse(text))
    except _Refused as e:
        return str(e)
    begins_anywhere = not items or items[0].least == 0 or len(items[0].characters) > 2
    open_ones = sum(_may_end_anywhere(items, k) for k in range(len(items)))
    if open_ones + begins_anywhere > OPEN:
        return f"{open_ones} repeats may each end at several places"
    return None


def _may_end_anywhere(items: Sequence[_Item], k: int) -> bool:
    """Whether a repeat could end earlier and let the rest match in another way."""
    item = items[k]
    if item.most - item.least <= 1:
        return False
    for following in items[k + 1 :]:
        if item.characters & following.characters:
            return True
        if following.least:
            return False
    return False


def _items(tree: Iterable[tuple[Any, Any]]) -> list[_Item]:
    """The characters of a match in order. Raises `_Refused`."""
    found: list[_Item] = []
    for op, value in tree:
        name = str(op)
        if name == "AT":
            continue
        if name == "SUBPATTERN":
            found += _items(value[3])
        elif name == "ATOMIC_GROUP":
            found += _items(value)
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
            found += _repeated(*value)
        elif name == "BRANCH":
            found += _branches(value[1])
        else:
            found.append(_Item(_characters(name, value), 1, 1))
    return found


def _repeated(least: int, most: Any, inner: Iterable[tuple[Any, Any]]) -> list[_Item]:
    items = _items(inner)
    most = int(most)
    if most <= 1:
        return [item._replace(least=item.least * least) for item in items]
    if any(item.least != item.most for item in items):
        raise _Refused("there is a repeat within a repeat")
    if len(items) == 1:
        return [_Item(items[0].characters, least, most)]
    if most > 16:
        raise _Refused("a group of several characters is repeated more than 16 times")
    return [*items * least, *[item._replace(least=0) for item in items] * (most - least)]


def _branches(choices: Iterable[Iterable[tuple[Any, Any]]]) -> list[_Item]:
    """A choice as characters of which each may be missing."""
    found: list[_Item] = []
    for choice in choices:
        items = _items(choice)
        if any(item.most - item.least > 1 for item in items):
            raise _Refused("there is a repeat within a choice")
        longest = max(len(found), len(items))
        nothing = _Item(frozenset(), 0, 0)
        padded = [*items, *[nothing] * (longest - len(items))]
        before = [*found, *[nothing] * (longest - len(found))]
        found = [
            _Item(a.characters | b.characters, 0, max(a.most, b.most))
            for a, b in zip(before, padded, strict=True)
        ]
    return found


def _characters(name: str, value: Any) -> frozenset[int]:
    if name == "LITERAL":
        return frozenset({min(int(value), 128)})
    if name == "NOT_LITERAL":
        return _ALL - {int(value)} if value < 128 else _ALL
    if name == "ANY":
        return _ALL
    if name == "IN":
        return _class(value)
    if name == "CATEGORY":
        return _category(str(value))
    what = name.lower().replace("_", " ")
    raise _Refused(f"it has a part that is not allowed: {what}")


def _class(parts: Sequence[tuple[Any, Any]]) -> frozenset[int]:
    found: frozenset[int] = frozenset()
    negated = False
    for op, value in parts:
        name = str(op)
        if name == "NEGATE":
            negated = True
        elif name == "RANGE":
            low, high = value
            found |= frozenset(range(min(low, 128), min(high, 128) + 1))
        else:
            found |= _characters(name, value)
    return (_ALL - found) | {128} if negated else found


def _category(name: str) -> frozenset[int]:
    kind = name.removeprefix("CATEGORY_")
    if kind.startswith("NOT_"):
        return (_ALL - _CATEGORIES[kind.removeprefix("NOT_")]) | {128}
    return _CATEGORIES[kind]
