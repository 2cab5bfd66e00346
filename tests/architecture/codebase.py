"""The codebase as its tests see it: modules, packages, documents, and what a module imports."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OURS = ("pbt_tui", "examples", "docs", "benchmarks", "tests")
"""The folders with Python of this repository."""


@dataclass(frozen=True)
class Import:
    """One imported name; `target` includes it: `pbt_tui.journal.file.Tail`."""

    target: str
    line: int
    typing_only: bool
    """Whether it is below `if TYPE_CHECKING`, and therefore never executed."""


@dataclass(frozen=True)
class Module:
    path: Path
    """From the root of the repository."""
    source: str

    @property
    def package(self) -> str:
        """`journal` for `pbt_tui/journal/file.py`, `errors` for `pbt_tui/errors.py`."""
        return self.path.parts[1].removesuffix(".py")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.source)

    def imports(self) -> Iterator[Import]:
        """Every import of the module, including those inside functions."""
        unseen = _typing_only(self.tree)
        for node in ast.walk(self.tree):
            late = isinstance(node, ast.Import | ast.ImportFrom) and node.lineno in unseen
            if isinstance(node, ast.Import):
                for alias in node.names:
                    yield Import(alias.name, node.lineno, late)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{self.path}:{node.lineno}: relative import"
                for alias in node.names:
                    yield Import(f"{node.module}.{alias.name}", node.lineno, late)


def _typing_only(tree: ast.Module) -> set[int]:
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
            for each in node.body:
                lines.update(range(each.lineno, (each.end_lineno or each.lineno) + 1))
    return lines


def modules(*folders: str) -> list[Module]:
    """The Python modules below `folders`."""
    return [
        Module(path.relative_to(ROOT), path.read_text(encoding="utf-8"))
        for folder in folders
        for path in sorted((ROOT / folder).rglob("*.py"))
    ]


def documents() -> list[Path]:
    """All Markdown pages, from the root of the repository."""
    pages = [*ROOT.glob("*.md")]
    for folder in ("docs", "examples", "benchmarks", "tests"):
        pages += (ROOT / folder).rglob("*.md")
    return sorted(page.relative_to(ROOT) for page in pages)


@dataclass(frozen=True)
class Fence:
    """One fenced block of a page; `language` and `title` are the words after the fence."""

    language: str
    title: str
    text: str
    line: int


def fences(page: str) -> list[Fence]:
    found = []
    pattern = r"^```(\w*)[ ]?(.*)\n((?:.*\n)*?)```$"
    for match in re.finditer(pattern, page, re.MULTILINE):
        line = page.count("\n", 0, match.start()) + 1
        found.append(Fence(match[1], match[2].strip(), match[3], line))
    return found
