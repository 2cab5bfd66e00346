"""The parameters in which jobs or members differ, those that are equal, and texts of their values.

Pure. Two values are the same if a trainer would read the same from them: `3e-4` and 0.0003 are, and
so are 1, 1.0 and the text `1`.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterator, Mapping, Sequence
from typing import NamedTuple

from pbt_tui.tui.text import cells, cut, safe

NONE = "—"
"""What stands where a job does not have a parameter."""
LONGEST = 18
"""Cells of a value at most."""
_DEEPEST = 12
"""Levels of mappings and lists in each other that are compared: what is deeper counts as equal."""
_MOST = 2000
"""Parameters of one job at most."""
_LONGEST_VALUE = 4096
"""Characters of a value that are compared as text."""
_NUMBER = re.compile(
    r"[+-]?([0-9]{1,40}\.?[0-9]{0,40}|\.[0-9]{1,40})(e[+-]?[0-9]{1,4})?", re.IGNORECASE
)


class ParameterColumn(NamedTuple):
    """A parameter in which some differ."""

    name: str
    """Its whole name."""
    title: str
    """Its name in the table: the last part, where no other parameter of the table has the same."""
    texts: tuple[str, ...]
    """Its value for each of those that are compared: different texts for different values."""
    whole: tuple[str, ...]
    """The same, not cut."""
    order: tuple[tuple[int, float, str], ...]
    """What its values are sorted by: numbers, then texts, then where it is missing."""
    width: int
    """Cells of its column."""


class ParameterDifferences(NamedTuple):
    """What differs between those that are compared, and what does not."""

    columns: tuple[ParameterColumn, ...]
    """The parameters that differ."""
    same: tuple[tuple[str, str], ...]
    """Name and value of each parameter that has the same value for all."""


def differences(compared: Sequence[Mapping[str, object]]) -> ParameterDifferences:
    """Compares parameters.

    Args:
        compared: the parameters of each job or member.

    Example:
        >>> found = differences([{"lr": 3e-4, "seed": 1}, {"lr": "0.0003", "seed": 2}])
        >>> found.same
        (('lr', '0.0003'),)
        >>> [(column.title, column.texts) for column in found.columns]
        [('seed', ('1', '2'))]
    """
    flats = [dict(_flat(params)) for params in compared]
    names = list(dict.fromkeys(name for params in flats for name in params))
    last = Counter(name.rpartition(".")[2] for name in names)
    same: list[tuple[str, str]] = []
    columns: list[ParameterColumn] = []
    counting: list[ParameterColumn] = []
    for name in names:
        short = name.rpartition(".")[2]
        title = safe(short if short and last[short] == 1 else name)
        keys = [value_key(params[name]) if name in params else None for params in flats]
        if len(set(keys)) == 1 and keys[0] is not None:
            same.append((title, _texts([keys[0]], 2 * LONGEST)[0]))
            continue
        texts = tuple(_texts(keys, LONGEST))
        width = max(min(LONGEST, cells(title)), *map(cells, texts))
        column = ParameterColumn(
            name, title, texts, tuple(_texts(keys, _LONGEST_VALUE)), tuple(map(_order, keys)), width
        )
        (counting if _counts(keys) else columns).append(column)
    return ParameterDifferences((*columns, *counting), tuple(same))


def value_key(value: object) -> Hashable:
    """What a value is compared by: equal for values that a trainer reads as the same.

    Args:
        value: any JSON value.

    Example:
        >>> value_key("3e-4") == value_key(0.0003), value_key("1") == value_key(1.0)
        (True, True)
        >>> value_key(True) == value_key(1)
        False
    """
    return _key(value, 0)


def _key(value: object, depth: int) -> Hashable:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float):
        return value if isinstance(value, int) else _float_key(value)
    if isinstance(value, str):
        return _text_key(value)
    if depth >= _DEEPEST:
        return "…"
    if isinstance(value, list | tuple):
        return ("list", *(_key(one, depth + 1) for one in value))
    if isinstance(value, Mapping):
        pairs = sorted(value.items())
        return ("mapping", *((str(name), _key(one, depth + 1)) for name, one in pairs))
    return str(value)


def _float_key(value: float) -> Hashable:
    """A number without what was lost in its last digits: 0.8 * 1.2 is 1.2 * 0.8."""
    return float(f"{value:.12g}") if math.isfinite(value) else str(value)


def _text_key(value: str) -> Hashable:
    if len(value) <= 90 and _NUMBER.fullmatch(value):
        if value.lstrip("+-").isdecimal():
            return int(value)
        number = float(value)
        return _float_key(number) if math.isfinite(number) else value
    return value if len(value) <= _LONGEST_VALUE else (value[:_LONGEST_VALUE], hash(value))


def distinct(texts: Sequence[str], width: int) -> list[str]:
    """Texts of at most `width` cells, different ones for different texts.

    What all have in common at their beginning is left out first.

    Args:
        texts: the texts; equal ones stay equal.
        width: cells, 6 or more.

    Example:
        >>> distinct(["/data/of/robots/ant.yaml", "/data/of/robots/cube.yaml"], 12)
        ['…/ant.yaml', '…/cube.yaml']
    """
    every = list(dict.fromkeys(texts))
    shown = every
    if max(map(cells, every), default=0) > width:
        start = max(0, _in_common(every) - 1)
        shown = [f"…{text[start:]}" if start > 1 else text for text in every]
        cuts = [cut(text, width) for text in shown]
        if len(set(cuts)) < len(every):  # they differ near the end
            cuts = [
                text if cells(text) <= width else "…" + _tail(text, width - 1) for text in shown
            ]
        shown = cuts
    used: set[str] = set()
    found: dict[str, str] = {}
    for whole, text in zip(every, shown, strict=True):
        one, count = text, 2
        while one in used:
            one = cut(text, width - len(f"~{count}")) + f"~{count}"
            count += 1
        used.add(one)
        found[whole] = one
    return [found[text] for text in texts]


def _in_common(texts: Sequence[str]) -> int:
    """Characters that all have at their beginning; 0 for one text."""
    first, last = min(texts), max(texts)
    if first == last:
        return 0
    ends = (k for k, (a, b) in enumerate(zip(first, last, strict=False)) if a != b)
    return next(ends, min(len(first), len(last)))


def _tail(text: str, width: int) -> str:
    """The last characters, in at most `width` cells."""
    kept = text[-width:]
    while cells(kept) > width:
        kept = kept[1:]
    return kept


def _flat(params: Mapping[str, object]) -> Iterator[tuple[str, object]]:
    """The parameters with dotted names for what is in mappings."""
    stack: list[tuple[str, object, int]] = [(n, v, 0) for n, v in reversed(list(params.items()))]
    count = 0
    while stack and count < _MOST:
        name, value, depth = stack.pop()
        if isinstance(value, Mapping) and value and depth < _DEEPEST:
            inner = ((f"{name}.{key}", one, depth + 1) for key, one in value.items())
            stack += reversed(list(inner))
            continue
        count += 1
        yield name, value


def _counts(keys: Sequence[Hashable]) -> bool:
    """Whether it only counts the jobs, as an index does."""
    numbers = [key for key in keys if isinstance(key, int)]
    if len(numbers) < len(keys) or len(keys) < 3:
        return False
    return sorted(numbers) == list(range(min(numbers), min(numbers) + len(numbers)))


def _order(key: Hashable) -> tuple[int, float, str]:
    if key is None:
        return (2, 0.0, "")
    if isinstance(key, int | float):
        return (0, max(-1e308, min(1e308, key)), "")
    return (1, 0.0, str(key))


def _texts(keys: Sequence[Hashable], width: int) -> list[str]:
    """The texts of a column, as short as they can be while different values look different."""
    every = [key for key in dict.fromkeys(keys) if key is not None]
    numbers = [key for key in every if isinstance(key, int | float)]
    shown: dict[Hashable, str] = {number: _number(number, 4) for number in numbers}
    for digits in (6, 9, 13):
        alike = Counter(shown[number] for number in numbers)
        for number in numbers:
            if alike[shown[number]] > 1:
                shown[number] = _number(number, digits)
    for key in every:
        if key not in shown:
            shown[key] = _word(key)
    fitted = dict(zip(every, distinct(_apart([shown[k] for k in every]), width), strict=True))
    return [NONE if key is None else fitted[key] for key in keys]


def _apart(texts: Sequence[str]) -> list[str]:
    """The same texts; of different values that look alike, all but the first are marked."""
    seen: Counter[str] = Counter()
    found = []
    for text in texts:
        seen[text] += 1
        found.append(text if seen[text] == 1 else f"{text}~{seen[text]}")
    return found


def _number(value: float, digits: int) -> str:
    if isinstance(value, int) and abs(value) < 10_000_000:
        return str(value)
    try:
        return f"{value:.{digits}g}"
    except OverflowError:  # an integer that no float holds
        return str(value)


def _word(key: Hashable) -> str:
    if isinstance(key, tuple):
        if key and key[0] == "list":
            return f"[{', '.join(map(_plain, key[1:]))}]"
        if key and key[0] == "mapping":
            pairs = (f"{name}: {_plain(one)}" for name, one in key[1:])
            return safe(f"{{{', '.join(pairs)}}}")
        return safe(str(key[0]))
    text = safe(str(key))
    return repr(text) if not text or text in (NONE, "-") or text != text.strip() else text


def _plain(key: Hashable) -> str:
    return _number(key, 4) if isinstance(key, int | float) else _word(key)
