"""Reads one YAML document that a trainer wrote, within bounds on depth, nodes and text.

Must not run code that a file names: each Python tag becomes an inert value (P3). The values are
made from the events of PyYAML's parser: its composer recurses in C, and its constructors raise
whatever a scalar makes them raise. The work is proportional to the size of the file, which the
caller bounds.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from pbt_tui.errors import printable

if TYPE_CHECKING:
    import yaml

DEEPEST = 32
"""Most collections that contain each other; in metadata with a tensor there are six."""
MOST_NODES = 10_000
"""Most values, with an alias counted as all that it stands for. 100 characters are one more."""
_LONGEST_NUMBER = 100
"""Most characters of a number; a longer scalar is text."""
_MOST_DIRECTIVES = 100
"""libyaml compares each `%TAG` with all before it."""
_STANDARD = "tag:yaml.org,2002:"
_COLLECTIONS = frozenset(("map", "omap", "pairs", "seq", "set"))


class Tagged(NamedTuple):
    """A YAML value with a tag of Python or of an application, which is never constructed."""

    tag: str
    """The tag."""
    value: Any
    """Its arguments as plain values."""


class UnreadableYaml(ValueError):
    """The document is not YAML, or exceeds a bound; `str()` says why, with line and column."""


def load(data: bytes) -> Any:
    """The value of the only document in `data`: None, a number, text, bytes, a list, a dictionary
    with text as keys, or `Tagged`. Dates stay text.

    Raises:
        UnreadableYaml: if there is none.

    Example:
        >>> load(b"frame: 900\\nparams: {lr: 1.0e-3}\\n")
        {'frame': 900, 'params': {'lr': 0.001}}
        >>> load(b"- !!int x\\n")
        Traceback (most recent call last):
        pbt_tui.observe.workspaces.bounded_yaml.UnreadableYaml: line 1, column 3: not `!!int`: `x`
    """
    if b"\0" in data:
        raise UnreadableYaml("not text: it contains a byte 0")
    if data.count(b"%TAG") > _MOST_DIRECTIVES:
        raise UnreadableYaml(f"more than {_MOST_DIRECTIVES} directives")
    import yaml  # late: heavy, and needed for new files only

    try:
        return _Builder(yaml).build(data)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        place = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        why = printable(f"{e.problem or e.context or 'not YAML'}")
        raise UnreadableYaml(f"{place}{why:.200}") from None
    except (yaml.YAMLError, UnicodeError) as e:
        why = printable(str(e).partition("\n")[0] or type(e).__name__)
        raise UnreadableYaml(f"{why:.200}") from None


class _Anchor(NamedTuple):
    value: Any
    size: int
    height: int


class _Open:
    """A collection whose end has not been read yet; a map has keys and values in turn."""

    __slots__ = ("event", "height", "is_map", "items", "size")

    def __init__(self, event: Any, is_map: bool) -> None:
        self.event = event
        self.is_map = is_map
        self.items: list[Any] = []
        self.size = 1
        self.height = 1


class _Builder:
    """Makes the value of a document from its events, without recursion."""

    def __init__(self, module: Any) -> None:
        self._yaml = module
        loader = getattr(module, "CSafeLoader", module.SafeLoader)  # in C it is ten times faster
        self._loader: type[yaml.SafeLoader] = loader
        self._stack: list[_Open] = []
        self._anchors: dict[str, _Anchor | None] = {}
        """Anchored values; None while the end of the value has not been read."""
        self._size = 0
        self._documents: list[Any] = []

    def build(self, data: bytes) -> Any:
        """The value; see `load`."""
        y = self._yaml
        events: Iterator[Any] = y.parse(data, Loader=self._loader)
        for event in events:
            kind = type(event)
            if kind is y.ScalarEvent:
                self._add(self._scalar(event), event, self._counted(event, _size(event.value)), 0)
            elif kind is y.SequenceStartEvent or kind is y.MappingStartEvent:
                self._begin(event, kind is y.MappingStartEvent)
            elif kind is y.SequenceEndEvent or kind is y.MappingEndEvent:
                self._end()
            elif kind is y.AliasEvent:
                self._alias(event)
            elif kind is y.DocumentStartEvent and self._documents:
                raise self._error(event, "a second document")
        if not self._documents:
            raise UnreadableYaml("no document")
        return self._documents[0]

    def _begin(self, event: Any, is_map: bool) -> None:
        if len(self._stack) == DEEPEST:
            raise self._too_deep(event)
        self._counted(event, 1)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(event, is_map))

    def _end(self) -> None:
        done = self._stack.pop()
        value: Any = done.items
        if done.is_map:
            value = {}
            for key, item in zip(done.items[::2], done.items[1::2], strict=True):
                if isinstance(key, list | dict | Tagged):
                    raise self._error(done.event, "a key that is not a scalar")
                value[key if isinstance(key, str) else str(key)] = item
        tag = _short(done.event.tag)
        if tag is not None and tag not in _COLLECTIONS:
            if done.event.tag.startswith(_STANDARD) and not tag.startswith("python/"):
                raise self._error(done.event, f"a collection is not `!!{printable(tag):.80}`")
            value = Tagged(tag.removeprefix("python/"), value)
        self._add(value, done.event, done.size, done.height)

    def _alias(self, event: Any) -> None:
        name = f"`*{printable(event.anchor):.80}`"
        if event.anchor not in self._anchors:
            raise self._error(event, f"{name} names nothing")
        found = self._anchors[event.anchor]
        if found is None:
            raise self._error(event, f"{name} refers to the value that contains it")
        if len(self._stack) + found.height > DEEPEST:
            raise self._too_deep(event)
        self._counted(event, found.size)
        self._put(found.value, found.size, found.height)

    def _add(self, value: Any, event: Any, size: int, height: int) -> None:
        if event.anchor:
            self._anchors[event.anchor] = _Anchor(value, size, height)
        self._put(value, size, height)

    def _put(self, value: Any, size: int, height: int) -> None:
        if not self._stack:
            self._documents.append(value)
            return
        into = self._stack[-1]
        into.items.append(value)
        into.size += size
        into.height = max(into.height, height + 1)

    def _counted(self, event: Any, size: int) -> int:
        self._size += size
        if self._size > MOST_NODES:
            raise self._error(event, f"more than {MOST_NODES:,} values")
        return size

    def _too_deep(self, event: Any) -> UnreadableYaml:
        return self._error(event, f"nested more than {DEEPEST} levels deep")

    def _error(self, event: Any, why: str) -> UnreadableYaml:
        mark = event.start_mark
        return UnreadableYaml(f"line {mark.line + 1}, column {mark.column + 1}: {why}")

    def _scalar(self, event: Any) -> Any:
        text: str = event.value
        if not text.isascii():  # half a character cannot be written again
            text = text.encode("utf-8", "replace").decode()
        tag = _short(event.tag)
        if tag is None:
            return self._plain(text) if event.implicit[0] else text
        if not event.tag.startswith(_STANDARD) or tag.startswith("python/"):
            return Tagged(tag.removeprefix("python/"), text)
        try:
            return self._standard(tag, text)
        except (ValueError, KeyError):
            what = f"not `!!{printable(tag):.80}`: `{printable(text):.80}`"
            raise self._error(event, what) from None

    def _plain(self, text: str) -> Any:
        """The value of a scalar without a tag: of the type that its text looks like, else text."""
        if len(text) > _LONGEST_NUMBER:
            return text
        resolvers = self._loader.yaml_implicit_resolvers
        for tag, pattern in resolvers.get(text[:1], ()):
            if pattern.match(text):
                try:
                    return self._standard(tag.removeprefix(_STANDARD), text)
                except (ValueError, KeyError):
                    return text
        return text

    def _standard(self, tag: str, text: str) -> Any:
        """The value of a scalar of a standard type. Raises ValueError or KeyError."""
        if tag == "null":
            return None
        if tag == "bool":
            return self._loader.bool_values[text.lower()]
        if tag == "int":
            return _integer(text)
        if tag == "float":
            return _float(text)
        if tag == "binary":
            return binascii.a2b_base64(text.encode("ascii"))
        if tag == "timestamp" and not self._loader.timestamp_regexp.match(text):
            raise ValueError(text)
        if tag not in ("str", "timestamp", "merge", "value"):
            raise ValueError(tag)
        return text


def _short(tag: str | None) -> str | None:
    """A tag as people write it, without `!` or `!!`; None without a tag."""
    if tag is None or tag == "!":
        return None
    return tag.removeprefix(_STANDARD) if tag.startswith(_STANDARD) else tag.removeprefix("!")


def _size(text: str) -> int:
    return 1 + len(text) // 100


def _integer(text: str) -> int:
    """An integer of YAML 1.1, as PyYAML reads it: `0b1`, `0x1f`, `017`, `1:30` and `1_000`."""
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(text)
    digits = text.replace("_", "")
    sign = -1 if digits[:1] == "-" else 1
    digits = digits.removeprefix("-") if sign < 0 else digits.removeprefix("+")
    if ":" in digits:
        value = 0
        for part in digits.split(":"):
            value = value * 60 + int(part)
        return sign * value
    if digits.startswith(("0b", "0x")):
        return sign * int(digits, 0)
    return sign * int(digits, 8 if len(digits) > 1 and digits[0] == "0" else 10)


def _float(text: str) -> float:
    """A float of YAML 1.1, as PyYAML reads it: `.inf`, `.nan`, `1:30.5` and `1_000.0`."""
    if len(text) > _LONGEST_NUMBER:
        raise ValueError(text)
    digits = text.replace("_", "").lower()
    if digits.lstrip("+-") in (".inf", ".nan"):
        return float(digits.replace(".", ""))
    if ":" not in digits:
        return float(digits)
    sign = -1.0 if digits[0] == "-" else 1.0
    value = 0.0
    for part in digits.lstrip("+-").split(":"):
        value = value * 60 + float(part)
    return sign * value
