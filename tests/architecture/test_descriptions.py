"""One home for a fact: what the types say of themselves, and what must not be said again."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.architecture.codebase import ROOT

STATE = ROOT / "pbt_tui" / "journal" / "state.py"


def described(source: str) -> dict[str, bool]:
    """Field, or attribute that `__init__` sets → whether a text follows it."""
    found = {}
    for kind in (node for node in ast.parse(source).body if isinstance(node, ast.ClassDef)):
        for body in _bodies(kind):
            for node, after in zip(body, [*body[1:], None], strict=True):
                name = _field(node, in_class=body is kind.body)
                if name is not None:
                    found[f"{kind.name}.{name}"] = isinstance(after, ast.Expr) and isinstance(
                        after.value, ast.Constant
                    )
    return found


def _bodies(kind: ast.ClassDef) -> Iterator[list[ast.stmt]]:
    yield kind.body
    for node in kind.body:
        if isinstance(node, ast.FunctionDef) and node.name == "__init__":
            yield node.body


def _field(node: ast.stmt, *, in_class: bool) -> str | None:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    match targets:
        case [ast.Name(id=name)] if isinstance(node, ast.AnnAssign) and in_class:
            return name
        case [ast.Attribute(value=ast.Name(id="self"), attr=name)]:
            return name
    return None


def test_every_field_of_the_state_is_described() -> None:
    fields = described(STATE.read_text(encoding="utf-8"))
    assert len(fields) > 50
    assert [name for name, has in fields.items() if not has] == []


def test_a_field_without_a_description_is_found() -> None:
    source = 'class A:\n    a: int\n    """Said."""\n    b: int = 0\n'
    source += "    def __init__(self) -> None:\n        self.c = 1\n"
    assert described(source) == {"A.a": True, "A.b": False, "A.c": False}
