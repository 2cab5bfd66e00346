"""No module needs itself: there is no circle of imports, late ones and those for types counted."""

from __future__ import annotations

from pathlib import Path

from house import Module, modules


def graph(ours: list[Module]) -> dict[str, set[str]]:
    """By module, the modules of ours that it names in an import."""
    by_name = {_dotted(module.path): module for module in ours}
    found: dict[str, set[str]] = {}
    for name, module in by_name.items():
        targets = found[name] = set()
        for each in module.imports():
            target = each.target
            while target and target not in by_name:  # a name inside of a module
                target = target.rpartition(".")[0]
            targets.add(target)
        targets -= {"", name}
    return found


def in_circles(edges: dict[str, set[str]]) -> list[str]:
    """The modules that lead back to themselves, whatever the length of the way."""
    return [name for name in sorted(edges) if name in _reached(name, edges)]


def _reached(start: str, edges: dict[str, set[str]]) -> set[str]:
    seen: set[str] = set()
    ahead = [start]
    while ahead:
        new = edges[ahead.pop()] - seen
        seen |= new
        ahead += new
    return seen


def _dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def test_no_module_leads_back_to_itself() -> None:
    assert in_circles(graph(modules("pbt_tui"))) == []


def test_a_planted_circle_is_found() -> None:
    ours = [
        Module(Path("pbt_tui/a.py"), "def late():\n    from pbt_tui.b import B"),
        Module(Path("pbt_tui/b.py"), "from pbt_tui import c"),
        Module(Path("pbt_tui/c.py"), "if TYPE_CHECKING:\n    from pbt_tui.a import A"),
        Module(Path("pbt_tui/d.py"), "import pbt_tui.a"),
    ]
    assert in_circles(graph(ours)) == ["pbt_tui.a", "pbt_tui.b", "pbt_tui.c"]
