"""Reads one YAML document into nodes that know their lines, within bounds on depth and size.

Must not construct anything but text: a node holds the text of a scalar as it is written, and
whether it had quotes. The work is proportional to the size of the file, which the caller bounds.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pbt_tui.errors import printable

DEEPEST = 32
"""Most collections that contain each other; a workflow has nine."""
MOST_NODES = 400_000
"""Most values of a document, with an alias counted as all that it stands for."""
_STANDARD = "tag:yaml.org,2002:"
_MOST_DIRECTIVES = 20


class UnreadableDocument(ValueError):
    """The document is not YAML, or exceeds a bound; `line` says where, from 1."""

    def __init__(self, why: str, line: int | None = None) -> None:
        super().__init__(why)
        self.line = line


@dataclass(slots=True)
class ScalarNode:
    """A text as it is written."""

    text: str
    line: int
    plain: bool
    """Whether it has no quotes, so that YAML may read a number or the like."""
    column: int = 0


@dataclass(slots=True)
class SequenceNode:
    """A list."""

    items: list[Node]
    line: int


@dataclass(slots=True)
class MappingNode:
    """Keys and their values, in the order of the file; a key may be there twice."""

    items: list[tuple[ScalarNode, Node]]
    line: int


Node = ScalarNode | SequenceNode | MappingNode


@dataclass(slots=True)
class _Open:
    """A collection whose end has not been read yet; a map has keys and values in turn."""

    is_map: bool
    line: int
    anchor: str | None
    items: list[Node] = field(default_factory=list)
    size: int = 1
    height: int = 1


def load(data: bytes) -> Node:
    """The only document in `data`.

    Raises:
        UnreadableDocument: if there is none.

    Example:
        >>> load(b"a: 010").items[0][1]
        ScalarNode(text='010', line=1, plain=True, column=3)
    """
    if b"\0" in data:
        line = data.count(b"\n", 0, data.index(b"\0")) + 1
        raise UnreadableDocument("not text: it contains a byte 0", line)
    if data.count(b"\n%") + data.startswith(b"%") > _MOST_DIRECTIVES:
        raise UnreadableDocument(f"more than {_MOST_DIRECTIVES} directives")
    import yaml  # late: compiling needs none

    try:
        return _Builder(yaml).build(data)
    except yaml.MarkedYAMLError as e:
        mark = e.problem_mark or e.context_mark
        why = printable(f"{e.problem or e.context or 'not YAML'}")
        column = f", column {mark.column + 1}" if mark else ""
        raise UnreadableDocument(f"{why:.200}{column}", mark.line + 1 if mark else None) from None
    except yaml.reader.ReaderError as e:
        at = e.position if isinstance(e.position, int) else 0
        line = data.count(b"\n", 0, at) + 1
        raise UnreadableDocument(f"{printable(str(e.reason)):.200}", line) from None
    except (yaml.YAMLError, UnicodeError) as e:
        why = printable(str(e).partition("\n")[0] or type(e).__name__)
        raise UnreadableDocument(f"{why:.200}") from None


class _Builder:
    """Makes nodes from the events of PyYAML's parser, without recursion."""

    def __init__(self, module: Any) -> None:
        self._yaml = module
        self._loader = getattr(module, "CSafeLoader", module.SafeLoader)
        self._stack: list[_Open] = []
        self._anchors: dict[str, tuple[Node, int, int] | None] = {}
        self._size = 0
        self._document: Node | None = None

    def build(self, data: bytes) -> Node:
        y = self._yaml
        for event in y.parse(data, Loader=self._loader):
            kind = type(event)
            if kind is y.ScalarEvent:
                self._check_tag(event, "str")
                mark = event.start_mark
                text = event.value
                if not text.isascii():  # half a character is no text
                    text = text.encode("utf-8", "replace").decode()
                plain = bool(event.implicit[0]) and event.tag is None
                node = ScalarNode(text, mark.line + 1, plain, mark.column)
                self._count(event, 1)
                self._add(node, event.anchor, 1, 0)
            elif kind is y.SequenceStartEvent or kind is y.MappingStartEvent:
                self._begin(event, kind is y.MappingStartEvent)
            elif kind is y.SequenceEndEvent or kind is y.MappingEndEvent:
                self._end()
            elif kind is y.AliasEvent:
                self._alias(event)
            elif kind is y.DocumentStartEvent and self._document is not None:
                raise self._error(event, "a second document")
        if self._document is None:
            raise UnreadableDocument("the file is empty")
        return self._document

    def _begin(self, event: Any, is_map: bool) -> None:
        if len(self._stack) == DEEPEST:
            raise self._error(event, f"nested more than {DEEPEST} levels deep")
        self._check_tag(event, "map" if is_map else "seq")
        self._count(event, 1)
        if event.anchor:
            self._anchors[event.anchor] = None
        self._stack.append(_Open(is_map, event.start_mark.line + 1, event.anchor))

    def _end(self) -> None:
        done = self._stack.pop()
        node: Node = SequenceNode(done.items, done.line)
        if done.is_map:
            pairs: list[tuple[ScalarNode, Node]] = []
            for key, value in zip(done.items[::2], done.items[1::2], strict=True):
                if not isinstance(key, ScalarNode):
                    why = "a key that is not text"
                    raise UnreadableDocument(why, key.line)
                if key.plain and key.text == "<<":
                    why = "merge keys (`<<`) are not supported: write the keys out"
                    raise UnreadableDocument(why, key.line)
                pairs.append((key, value))
            node = MappingNode(pairs, done.line)
        self._add(node, done.anchor, done.size, done.height)

    def _alias(self, event: Any) -> None:
        name = f"`*{printable(event.anchor):.80}`"
        if event.anchor not in self._anchors:
            raise self._error(event, f"{name} names nothing")
        found = self._anchors[event.anchor]
        if found is None:
            raise self._error(event, f"{name} refers to the value that contains it")
        node, size, height = found
        if len(self._stack) + height > DEEPEST:
            raise self._error(event, f"nested more than {DEEPEST} levels deep")
        self._count(event, size)
        self._put(node, size, height)

    def _add(self, node: Node, anchor: str | None, size: int, height: int) -> None:
        if anchor:
            self._anchors[anchor] = (node, size, height)
        self._put(node, size, height)

    def _put(self, node: Node, size: int, height: int) -> None:
        if not self._stack:
            self._document = node
            return
        into = self._stack[-1]
        into.items.append(node)
        into.size += size
        into.height = max(into.height, height + 1)

    def _count(self, event: Any, size: int) -> None:
        self._size += size
        if self._size > MOST_NODES:
            raise self._error(event, f"more than {MOST_NODES:,} values")

    def _check_tag(self, event: Any, wanted: str) -> None:
        tag = event.tag
        if tag is not None and tag not in ("!", f"{_STANDARD}{wanted}"):
            raise self._error(event, f"tag `{printable(tag):.80}` is not supported")

    def _error(self, event: Any, why: str) -> UnreadableDocument:
        return UnreadableDocument(why, event.start_mark.line + 1)


def looks_like(text: str) -> str:
    """What YAML reads in a scalar without quotes: `str`, `int`, `bool`, `null` and so on.

    Example:
        >>> looks_like("yes"), looks_like("12:30"), looks_like("1e-3")
        ('bool', 'int', 'str')
    """
    import yaml

    if len(text) > 100:
        return "str"
    resolvers = yaml.SafeLoader.yaml_implicit_resolvers
    for tag, pattern in (*resolvers.get(text[:1], ()), *resolvers.get(None, ())):
        if pattern.match(text):
            return str(tag).removeprefix(_STANDARD)
    return "str"
