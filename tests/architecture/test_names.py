"""Names of modules and classes are unique, and imports have no cycles."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest

from tests.architecture.codebase import Module, modules

OURS = modules("pbt_tui")

KINDS = ("backends", "populations", "runtimes")
"""Each folder in these is a kind, and kinds have modules of the same names: `slurm/rules.py`."""
CONTRACTS = ("pbt_tui/runtimes/kind.py",)
"""What each kind's module of that name keeps to."""
PAIRS = ("tui/render", "tui/screens", "tui/widgets")
"""What is drawn, the screen that shows it and the widget that holds it may have one name."""


def home(module: Module) -> str:
    """Two modules of one name are well where this is the same."""
    parts = module.path.parts[1:-1]
    if (parts and parts[0] in KINDS and len(parts) > 1) or str(module.path) in CONTRACTS:
        return "a folder of each kind"
    if "/".join(parts) in PAIRS:
        return "drawing, screen and widget"
    return str(module.path)


def repeated_modules(ours: Iterable[Module]) -> dict[str, list[str]]:
    """Module name -> the places that share it, where that is no exception."""
    found: dict[str, list[Module]] = defaultdict(list)
    for module in ours:
        if module.path.name != "__init__.py":
            found[module.path.stem].append(module)
    return {
        name: [str(m.path) for m in same]
        for name, same in sorted(found.items())
        if len({home(m) for m in same}) > 1
    }


def repeated_classes(ours: Iterable[Module]) -> dict[str, list[str]]:
    """Public class -> the modules that define one of that name."""
    found: dict[str, list[str]] = defaultdict(list)
    for module in ours:
        for node in ast.walk(module.tree):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                found[node.name].append(str(module.path))
    return {name: places for name, places in sorted(found.items()) if len(places) > 1}


def imports(ours: Iterable[Module]) -> dict[str, set[str]]:
    """Module -> the modules that it imports: late ones too, and those for types alone."""
    by_name = {dotted(module.path): module for module in ours}
    return {
        name: {
            target
            for each in module.imports()
            if (target := nearest(each.target, by_name)) not in (None, name)
        }
        for name, module in by_name.items()
    }


def dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def nearest(target: str, known: Mapping[str, Module]) -> str | None:
    """The module that an import names: `pbt_tui.spec` for `pbt_tui.spec.Job`."""
    while target and target not in known:
        target = target.rpartition(".")[0]
    return target or None


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """The modules that reach each other (Tarjan's strongly connected components), sorted."""
    number: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        number[node] = low[node] = len(number)
        stack.append(node)
        for target in sorted(graph.get(node, ())):
            if target not in number:
                visit(target)
                low[node] = min(low[node], low[target])
            elif target in stack:
                low[node] = min(low[node], number[target])
        if low[node] == number[node]:
            at = stack.index(node)
            part = sorted(stack[at:])
            del stack[at:]
            if len(part) > 1 or node in graph.get(node, ()):
                found.append(part)

    for node in sorted(graph):
        if node not in number:
            visit(node)
    return sorted(found)


def packages(graph: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """The same between the packages and single modules of `pbt_tui`."""
    found: dict[str, set[str]] = defaultdict(set)
    for name, targets in graph.items():
        own = package(name)
        found[own] |= {package(target) for target in targets} - {own}
    return found


def package(name: str) -> str:
    """`observe` for `pbt_tui.observe.logs`; kinds of runtimes as data are one of their own."""
    if name in ("pbt_tui.runtimes", "pbt_tui.runtimes.kind"):
        return "kinds of runtimes"
    return f"{name}.".split(".")[1] or "__init__"


def test_no_two_modules_share_a_name() -> None:
    assert repeated_modules(OURS) == {}


def test_no_two_public_classes_share_a_name() -> None:
    assert repeated_classes(OURS) == {}


def test_no_modules_import_in_a_circle() -> None:
    assert circles(imports(OURS)) == []


def test_no_packages_import_in_a_circle() -> None:
    assert circles(packages(imports(OURS))) == []


def made(**sources: str) -> list[Module]:
    """Modules with these sources; `a__b` is the module `b` in the folder `a`."""
    return [
        Module(Path("pbt_tui", *name.split("__")).with_suffix(".py"), source)
        for name, source in sources.items()
    ]


@pytest.mark.parametrize(
    ("names", "is_well"),
    [
        (("backends__slurm__rules", "backends__ngc__rules"), True),
        (("backends__slurm__rules", "runtimes__slurm__rules"), True),
        (("backends__slurm__rules", "compiler__rules"), False),
        (("backends__rules", "backends__ngc__rules"), False),
        (("runtimes__kind", "runtimes__slurm__kind"), True),
        (("tui__render__job", "tui__screens__job"), True),
        (("tui__job", "tui__screens__job"), False),
        (("observe__places", "cli__places"), False),
    ],
)
def test_a_planted_module_name_is_found(names: tuple[str, str], is_well: bool) -> None:
    assert (repeated_modules(made(**dict.fromkeys(names, ""))) == {}) == is_well


def test_a_planted_class_name_is_found() -> None:
    found = repeated_classes(made(a="class Place: ...", b="class Place: ...\nclass _Own: ..."))
    assert found == {"Place": ["pbt_tui/a.py", "pbt_tui/b.py"]}
    assert repeated_classes(made(a="class _Own: ...", b="class _Own: ...")) == {}


def test_a_planted_circle_is_found() -> None:
    late = "def f():\n    from pbt_tui.y.b import f"
    graph = imports(made(x__a=late, y__b="import pbt_tui.z", z="from pbt_tui.x.a import f"))
    assert circles(graph) == [["pbt_tui.x.a", "pbt_tui.y.b", "pbt_tui.z"]]
    assert circles(packages(graph)) == [["x", "y", "z"]]
    typing = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import pbt_tui.b"
    assert circles(imports(made(a=typing, b="import pbt_tui.a"))) == [["pbt_tui.a", "pbt_tui.b"]]
