"""Rules for every module: a docstring, a telling name, at most 400 lines, no `print`."""

from __future__ import annotations

import ast
import re
import sys
import tempfile
from pathlib import Path

import pytest

from tests.architecture.codebase import OURS, ROOT, Module, modules

LONGEST = 400
NAMELESS = {"utils", "util", "misc", "base", "manager", "managers", "helpers", "helper", "common"}
MACHINE = re.compile(
    "|".join(
        rf"(?<![\w.>~$}}]){re.escape(str(path))}/"
        for path in {ROOT, ROOT.parent, Path.home(), Path(sys.prefix)}
        if len(path.parts) > 1 and path != Path(tempfile.gettempdir())
    )
)
"""Paths that exist on this machine only, wherever the tests run."""
TEXTS = (".py", ".md", ".json", ".toml", ".yaml", ".yml", ".tcss", ".txt", ".cfg", "")
SOURCES = modules("pbt_tui", "examples", "docs", "benchmarks")


def wrong(module: Module) -> list[str]:
    """The rules that one module breaks, as messages."""
    path, tree = module.path, module.tree
    found = []
    if not ast.get_docstring(tree):
        found.append(f"{path}: does not say what it is: no docstring")
    if NAMELESS & {path.stem, *path.parent.parts}:
        found.append(f"{path}: a name that says nothing")
    lines = module.source.count("\n")
    if lines > LONGEST:
        found.append(f"{path}: {lines} lines: more than {LONGEST}")
    if path.parts[:2] != ("pbt_tui", "cli") and path.parts[0] == "pbt_tui":
        found += [
            f"{path}:{node.lineno}: `print` outside the command line"
            for node in ast.walk(tree)
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "print"
        ]
    return found


def test_modules_keep_to_the_rules() -> None:
    assert [line for module in SOURCES for line in wrong(module)] == []


def test_tests_are_small_too() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for path in (ROOT / "tests").rglob("*.py")
        if (lines := path.read_bytes().count(b"\n")) > LONGEST
    }
    assert long == {}


@pytest.mark.parametrize(
    ("path", "source"),
    [
        ("pbt_tui/journal/file.py", "import os\n"),
        ("pbt_tui/journal/utils.py", '"""Things."""\n'),
        ("pbt_tui/helpers/file.py", '"""Things."""\n'),
        ("pbt_tui/journal/file.py", '"""Long."""\n' + "x = 1\n" * LONGEST),
        ("pbt_tui/journal/file.py", '"""Loud."""\nprint(1)\n'),
    ],
)
def test_a_planted_fault_is_found(path: str, source: str) -> None:
    assert wrong(Module(Path(path), source)) != []


def _texts() -> list[Path]:
    """Every text that belongs to the repository."""
    left = ".coverage"  # by `make coverage`
    own = [path for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(left)]
    for folder in (*OURS, "schemas", ".ci", ".github"):
        own += [path for path in (ROOT / folder).rglob("*") if path.is_file()]
    return [
        path for path in own if path.suffix in TEXTS and "__pycache__" not in path.parts
        and path.name != ".git"
    ]  # fmt: skip


def test_no_path_of_one_machine() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in _texts()
        if (match := MACHINE.search(path.read_text(encoding="utf-8", errors="replace")))
    ]
    assert found == []


def test_a_planted_path_is_found() -> None:
    assert MACHINE.search(f"see `{ROOT}/README.md`")
    assert MACHINE.search(f"{Path.home()}/x")
    assert not MACHINE.search(f"https://example.org{Path.home()}/x")
    assert not MACHINE.search(f"<train_dir>{ROOT}/x")


def test_texts_end_with_one_newline() -> None:
    screens = ROOT / "tests"
    wrong_ends = [
        str(path.relative_to(ROOT))
        for path in _texts()
        if (data := path.read_bytes())
        and (not data.endswith(b"\n") or data.endswith(b"\n\n"))
        and not (path.is_relative_to(screens) and path.suffix != ".py")
    ]
    assert wrong_ends == []
