"""An engine is two folders, its backend and its runtime, and the lines that register them."""

from __future__ import annotations

import pytest

from tests.architecture.codebase import ROOT

COMMANDS = "pbt_tui/cli/"
"""A command that takes a file of an engine as its target may name it: it is no part of running on
the engine."""
REGISTERED = {
    "osmo": [
        "pbt_tui/backends/__init__.py",
        "pbt_tui/diagnostics/__init__.py",
        "pbt_tui/runtimes/__init__.py",
    ]
}


def lines_outside(engine: str) -> list[str]:
    """The file of each line under `pbt_tui/`, outside of an engine's folders, that names it."""
    own = tuple(f"pbt_tui/{part}/{engine}/" for part in ("backends", "runtimes"))
    return [
        name
        for path in sorted((ROOT / "pbt_tui").rglob("*"))
        if not (name := path.relative_to(ROOT).as_posix()).startswith((*own, COMMANDS))
        and path.is_file()
        for line in path.read_bytes().lower().splitlines()
        if path.suffix != ".pyc" and engine.encode() in line
    ]


@pytest.mark.parametrize("engine", REGISTERED)
def test_an_engine_is_named_where_it_is_registered_and_nowhere_else(engine: str) -> None:
    assert lines_outside(engine) == REGISTERED[engine]
