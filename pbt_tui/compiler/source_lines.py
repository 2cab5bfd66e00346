"""Finds the line of a run module that names a parameter, in the syntax tree.

Must not execute the module. Prefers no line to a wrong one: it returns None if several lines could
be meant, or if a loop, a function or an import produces the parameter.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import lru_cache

from pbt_tui.files.regular import TEXT_BYTES, read_regular

_NAMED = (
    *(ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef),
    *(ast.ExceptHandler, ast.MatchAs, ast.MatchStar),
)
_HARMLESS = frozenset({"generate_params", "items", "copy"})
"""Methods that do not change their object."""


def in_file(file: str, line: int, param: str) -> int | None:
    """`of_param` for the content of `file`; None if the file cannot be read."""
    try:
        return of_param(read_regular(file, TEXT_BYTES), line, param)
    except (OSError, RecursionError):
        return None


def of_name(file: str, name: str) -> int | None:
    """The line of the last assignment to `name` at the top level of a module, or None."""
    try:
        body = ast.parse(read_regular(file, TEXT_BYTES)).body
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    bound = ((name, node) for node in body for name in _bound_by(node))
    return next((node.lineno for n, node in reversed(list(bound)) if n == name), None)


def _bound_by(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.Assign | ast.AnnAssign):
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id


def of_param(source: bytes | str, line: int, param: str) -> int | None:
    """The line that names `param` for the call `Experiment(…)` that begins in `line`.

    That is a key of a dictionary or the name in a `(name, values)` pair. It stands in the call, or
    in the value of a variable that the call uses and that the module binds only once. None if
    there is no such line, or more than one.
    """
    module = _module(source)
    calls = [call for call in module.calls if call.lineno == line]
    own = [call for call in calls if _called(call) == "Experiment"]
    if not own:
        own = [c for c in calls if not any(c is not o and c in ast.walk(o) for o in calls)]
    if len(own) != 1:
        return None
    lines: set[int] = set()
    reached: set[str] = set()
    waiting: list[ast.AST] = _parameters(own[0])
    while waiting:
        for node in _outside_values(waiting.pop()):
            if (isinstance(node, ast.Constant) and node.value == param) or (
                isinstance(node, ast.keyword) and node.arg == param
            ):
                lines.add(node.lineno)
            elif isinstance(node, ast.Name) and node.id not in reached:
                reached.add(node.id)
                if node.id in module.values:
                    waiting.append(module.values[node.id])
    return lines.pop() if len(lines) == 1 else None


def _parameters(call: ast.Call) -> list[ast.AST]:
    """The arguments of a call that may name parameters: of an `Experiment`, its parameters only."""
    if _called(call) != "Experiment":
        return list(call.args)
    named = [k.value for k in call.keywords if k.arg == "param_generator"]
    return [*call.args[2:3], *named]


def _called(call: ast.Call) -> str | None:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else None


def _outside_values(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes that may name a parameter, keywords of `dict`, and variables. Leaves out values."""
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            yield from _outside_values(value) if key is None else (key,)
    elif isinstance(node, ast.Tuple) and len(node.elts) == 2 and (heads := _heads(node.elts[0])):
        yield from heads
    elif isinstance(node, ast.Call):
        if _called(node) == "dict":
            yield from node.keywords
        for part in (node.func, *node.args):
            yield from _outside_values(part)
    elif isinstance(node, ast.Name):
        yield node
    elif not isinstance(node, ast.Constant):
        for inner in ast.iter_child_nodes(node):
            yield from _outside_values(inner)


def _heads(node: ast.expr) -> list[ast.expr]:
    """The text nodes of `"seed"` or of `("mode", "async")`."""
    heads = node.elts if isinstance(node, ast.Tuple) else [node]
    texts = all(isinstance(h, ast.Constant) and isinstance(h.value, str) for h in heads)
    return heads if texts else []


class _Module:
    """The calls of a module, and the values of names that are bound once and never changed."""

    def __init__(self, tree: ast.AST) -> None:
        self.calls: list[ast.Call] = []
        self.values: dict[str, ast.expr] = {}
        count: dict[str, int] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Call):
                self.calls.append(node)
            if isinstance(node, ast.Assign):
                target = node.targets[0]
                if len(node.targets) == 1 and isinstance(target, ast.Name):
                    self.values[target.id] = node.value
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                if node.value is not None:
                    self.values[node.target.id] = node.value
            for name in _bound(node):
                count[name] = count.get(name, 0) + 1
            for name in _changed(node):
                count[name] = 2
        self.values = {name: value for name, value in self.values.items() if count[name] == 1}


@lru_cache(maxsize=1)
def _module(source: bytes | str) -> _Module:
    try:
        return _Module(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return _Module(ast.Module([], []))


def _bound(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        yield node.id
    elif isinstance(node, ast.arg):
        yield node.arg
    elif isinstance(node, ast.alias):
        yield (node.asname or node.name).partition(".")[0]
    elif isinstance(node, _NAMED):
        yield node.name or ""
    elif isinstance(node, ast.Global | ast.Nonlocal):
        yield from node.names * 2


def _changed(node: ast.AST) -> Iterator[str]:
    """Names whose values this node changes, or may change through a method."""
    inner: ast.AST | None = None
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        inner = None if node.func.attr in _HARMLESS else node.func.value
    elif isinstance(node, ast.Subscript | ast.Attribute) and not isinstance(node.ctx, ast.Load):
        inner = node.value
    while isinstance(inner, ast.Subscript | ast.Attribute):
        inner = inner.value
    if isinstance(inner, ast.Name):
        yield inner.id
