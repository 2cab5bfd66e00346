"""Reads a workflow file, ours or anybody's, into its types; each fault has its line and its key.

A scalar is the text that is written in the file. Where it has no quotes and YAML would make it
another text, that is a fault: the service takes what YAML makes of it. Templates are read with
their default values. Must not render a template.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import msgspec

from pbt_tui.backends.osmo import templating
from pbt_tui.backends.osmo.osmo_index import MOST_TASKS
from pbt_tui.backends.osmo.workflow import WorkflowFile
from pbt_tui.backends.osmo.yaml_document import (
    MappingNode,
    Node,
    ScalarNode,
    UnreadableDocument,
    load,
    looks_like,
)
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable

MOST_BYTES = 16 << 20
"""More bytes than a workflow has."""
SECTIONS = ("version", "default-values", "workflow")
_TRUE = frozenset(("true", "yes", "on"))
_TASK = r"/workflow/(?:groups/\d+/)?tasks/\d+"
_FLAG = re.compile(
    rf"{_TASK}/(?:lead|privileged|hostNetwork|files/\d+/base64)"
    r"|/workflow/groups/\d+/(?:barrier|ignoreNonleadStatus)"
)
_NUMBER = re.compile(r"/workflow/resources/[^/]+/(?:cpu|gpu)")
_TIME = re.compile(rf"/workflow/timeout/\w+|{_TASK}/checkpoint/\d+/frequency")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)
_COMMENT = re.compile(r"^  # (max_tasks|shared): (.{1,400})$", re.MULTILINE)
_CODES = {
    "environment": "PBT920",
    "exitActions": "PBT922",
    "timeout": "PBT923",
    "memory": "PBT914",
    "storage": "PBT914",
    "cpu": "PBT915",
    "gpu": "PBT916",
    "volumeMounts": "PBT917",
    "files": "PBT928",
    "image": "PBT925",
}
"""Key → the code of a finding about its value; any other key has PBT901."""


@dataclass(slots=True)
class WorkflowReading:
    """A workflow file, and what is wrong with it."""

    document: WorkflowFile | None = None
    """The workflow; None if the service would not read it either."""
    found: list[Diagnostic] = field(default_factory=list)
    lines: dict[str, int] = field(default_factory=dict)
    """JSON pointer → line of the key or of the item."""
    defaults: dict[str, str] = field(default_factory=dict)
    """Default values of a template, by name."""
    max_tasks: int = MOST_TASKS
    """Tasks that a workflow may have, as a comment of the file says."""
    shared: tuple[str, ...] = ()
    """Folders that the pool mounts into each task, as comments of the file say."""

    def line_of(self, pointer: str | None) -> int | None:
        """The line of a key, or of the nearest one around it."""
        while pointer:
            if pointer in self.lines:
                return self.lines[pointer]
            pointer = pointer.rpartition("/")[0]
        return None

    def placed(self, found: list[Diagnostic]) -> list[Diagnostic]:
        """The findings with the lines of their pointers, in the order of the file."""
        whole = [
            replace(d, where=replace(d.where, line=d.where.line or self.line_of(d.where.pointer)))
            for d in found
        ]
        return sorted(whole, key=lambda d: d.where.line or 0)


def read(data: bytes) -> WorkflowReading:
    """The workflow in these bytes, and the faults of its form; `document_rules` has the others.

    Example:
        >>> text = b"workflow:\\n  name: a\\n  tasks:\\n  - {name: b, image: c:1, command: [d]}"
        >>> read(text).document.workflow.tasks[0].command
        ('d',)
    """
    made = WorkflowReading()
    try:
        text = _text(data)
        made.defaults = default_values(text)
        node = load(templating.with_variables(text, made.defaults).encode())
    except UnreadableDocument as e:
        made.found = [_unreadable(e, data)]
        return made
    _comments(text, made)
    if not isinstance(node, MappingNode) or not _sections(node, made):
        if not made.found:
            made.found = [finding("PBT901", "expected the section `workflow:`, got no sections")]
        return made
    raw = _Plain(made).mapping(node, "")
    try:
        made.document = msgspec.convert(raw, WorkflowFile)
    except msgspec.ValidationError as e:
        made.found += _faults(raw, str(e))
    made.found = made.placed(made.found)
    return made


def _unreadable(e: UnreadableDocument, data: bytes) -> Diagnostic:
    """Why a file is no YAML: often because it is a template."""
    at, lines = Where(line=e.line), data[:MOST_BYTES].decode(errors="replace").split("\n")
    line = lines[e.line - 1] if e.line is not None and e.line <= len(lines) else ""
    for mark in templating.marks(line):
        if mark.sort == "token":
            continue
        shown = f"`{printable(mark.text[:60])}`"
        message = f"{shown} is code of a template: OSMO runs it"
        if mark.sort == "variable":
            message = f"{shown} is a variable of a template, and `default-values` does not have it"
        return finding("PBT902", message, where=at, hint="render the template first")
    return finding("PBT901", str(e), where=at)


def _text(data: bytes) -> str:
    if len(data) > MOST_BYTES:
        raise UnreadableDocument(f"larger than {MOST_BYTES >> 20} MiB")
    if data.startswith(b"\xef\xbb\xbf"):
        raise UnreadableDocument("begins with a byte order mark", 1)
    try:
        return data.decode()
    except UnicodeDecodeError as e:
        line = data.count(b"\n", 0, e.start) + 1
        raise UnreadableDocument(f"not UTF-8: byte 0x{data[e.start]:02x}", line) from None


_SECTION = re.compile(r"^default-values:.*?(?=^[^\s#]|\Z)", re.DOTALL | re.MULTILINE)


def default_values(text: str) -> dict[str, str]:
    """The default values of a template, as Jinja writes them into the text.

    The service renders the text before it reads YAML: `image: {{ image }}` needs no quotes.
    """
    return {
        name.text: _as_python(value)
        for name, value in _default_nodes(text)
        if isinstance(value, ScalarNode) and "\n" not in value.text
    }


def default_objects(text: str) -> dict[str, Any]:
    """The default values of a template as the objects that Jinja gets."""
    return {name.text: _object(value) for name, value in _default_nodes(text)}


def _default_nodes(text: str) -> Sequence[tuple[ScalarNode, Node]]:
    found = _SECTION.search(text) if "\ndefault-values:" in f"\n{text}" else None
    node = load(found[0].encode()) if found else None
    values = node.items[0][1] if isinstance(node, MappingNode) and node.items else None
    return values.items if isinstance(values, MappingNode) else ()


def _object(node: Node) -> Any:
    if isinstance(node, MappingNode):
        return {name.text: _object(value) for name, value in node.items}
    if not isinstance(node, ScalarNode):
        return [_object(item) for item in node.items]
    sort = looks_like(node.text) if node.plain else "str"
    if sort == "null":
        return None
    if sort == "bool":
        return node.text.lower() in _TRUE
    if sort == "int" and _INTEGER.fullmatch(node.text) and len(node.text) < 300:
        return int(node.text)
    try:
        return float(node.text) if sort == "float" else node.text
    except ValueError:
        return node.text


def _as_python(node: ScalarNode) -> str:
    sort = looks_like(node.text) if node.plain else "str"
    if sort == "bool":
        return str(node.text.lower() in _TRUE)
    if sort == "float" and _changed(node.text, sort):
        return _float(node.text)
    return "None" if sort == "null" else node.text


def _float(text: str) -> str:
    try:
        return str(float(text))
    except ValueError:
        return text


def _comments(text: str, made: WorkflowReading) -> None:
    """What `pbt-compile` knows of the service, in comments before the first key."""
    head = text[: text.find("\n  name:")]
    for key, value in _COMMENT.findall(head[:65536]):
        try:
            known = json.loads(value)
        except ValueError:
            continue
        if key == "shared" and isinstance(known, str):
            made.shared += (known,)
        elif key == "max_tasks" and type(known) is int and known > 0:
            made.max_tasks = known


def _sections(node: MappingNode, made: WorkflowReading) -> bool:
    """Checks the keys in column 0: the service cuts the file there, before it reads YAML."""
    for key, _ in node.items:
        at = Where(line=key.line, pointer=f"/{printable(key.text)[:80]}")
        if key.text not in SECTIONS:
            message = f"there is no section `{printable(key.text[:80])}`"
            made.found.append(finding("PBT901", message, where=at))
        elif not key.plain or key.column:
            message = f"`{key.text}:` has to begin a line, without quotes: the service looks for it"
            made.found.append(finding("PBT901", message, where=at))
    if not any(key.text == "workflow" for key, _ in node.items):
        message = "there is no section `workflow`"
        made.found.append(finding("PBT901", message, where=Where(line=node.line)))
    return not made.found


class _Plain:
    """Makes plain values of nodes, and notes their lines."""

    def __init__(self, made: WorkflowReading) -> None:
        self._made = made

    def mapping(self, node: MappingNode, pointer: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key, value in node.items:
            here = f"{pointer}/{key.text.replace('~', '~0').replace('/', '~1')}"
            if key.text in found:
                first = self._made.lines[here]
                message = f"key `{printable(key.text[:80])}` is there twice, first in line {first}"
                self._tell("PBT924", message, key.line, here, "YAML keeps the last one")
            elif key.plain and _changed(key.text, looks_like(key.text)) and pointer:
                message = f"key `{printable(key.text)}` is no text without quotes"
                self._tell("PBT924", message, key.line, here, f'write `"{printable(key.text)}"`')
            self._made.lines[here] = key.line
            if here in ("/default-values", "/version"):
                found[key.text] = None
                continue
            found[key.text] = self._value(value, here)
        return found

    def _value(self, node: Node, pointer: str) -> Any:
        if isinstance(node, ScalarNode):
            return self._scalar(node, pointer)
        if isinstance(node, MappingNode):
            return self.mapping(node, pointer)
        items = []
        for i, item in enumerate(node.items):
            here = f"{pointer}/{i}"
            self._made.lines[here] = item.line
            items.append(self._value(item, here))
        return items

    def _scalar(self, node: ScalarNode, pointer: str) -> Any:
        text = node.text
        sort = looks_like(text) if node.plain else "str"
        if node.plain and sort == "null":
            return None
        if _FLAG.fullmatch(pointer):
            word = text.lower()
            if sort == "bool" or word in ("true", "false"):
                return word in _TRUE
        elif _NUMBER.fullmatch(pointer):
            if _INTEGER.fullmatch(text) and len(text) < 16:
                return int(text)
        elif node.plain and _TIME.fullmatch(pointer) and sort == "int" and _INTEGER.fullmatch(text):
            return f"{text}s"
        if node.plain and _changed(text, sort):
            shown = printable(text[:80])
            message = f"`{shown}` without quotes is no text: YAML reads {_NAMES.get(sort, sort)}"
            self._tell("PBT924", message, node.line, pointer, f'write `"{shown}"`')
        return text

    def _tell(self, code: str, message: str, line: int, pointer: str, hint: str) -> None:
        at = Where(line=line, pointer=pointer)
        self._made.found.append(finding(code, message, where=at, hint=hint))


_NAMES = {
    "bool": "a boolean",
    "int": "another number",
    "float": "a number that is written otherwise",
    "timestamp": "a date",
    "null": "nothing",
}


def _changed(text: str, sort: str) -> bool:
    """Whether the service gets another text than is written."""
    if sort == "int":
        return not _INTEGER.fullmatch(text) or text == "-0"
    if sort == "float":
        try:
            return str(float(text)) != text
        except ValueError:
            return True
    return sort != "str"


def _faults(raw: dict[str, Any], why: str) -> Iterator[Diagnostic]:
    """The faults of a document that is none, with the code of their keys."""
    from pbt_tui.diagnostics.schema_errors import schema_faults

    faults = schema_faults(raw, "osmo-workflow-1")
    if not faults:
        yield finding("PBT901", why[:1].lower() + why[1:])
    for d in faults:
        parts = (d.where.pointer or "").split("/")
        codes = [_CODES[part] for part in parts if part in _CODES]
        known = d.message != "there is no such key"
        message = d.message.partition(", got ")[0] if "environment" in parts else d.message
        yield replace(d, message=message, code=codes[-1] if codes and known else "PBT901")
