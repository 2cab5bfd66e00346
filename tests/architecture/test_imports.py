"""Every import obeys the import table of the architecture page: packages import downwards only."""

from __future__ import annotations

import ast
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.architecture.codebase import Module, modules


class May(NamedTuple):
    """What a package may import: our packages or single modules of them, and third-party ones."""

    ours: tuple[str, ...]
    third: tuple[str, ...] = ()


_STATE = tuple(
    f"journal.{name}"
    for name in (
        *("events", "state", "transitions", "ready_queue", "slots", "device_health"),
        *("status_text", "groups", "needed_jobs"),
    )
)
"""The journal without its files: events, state, the indexes that the fold keeps, and the words."""

_KINDS = ("registry", "runtimes.RUNTIMES", "runtimes.RuntimeKind", "runtimes.kind")
"""The kinds of runtimes as data: every package may read them."""

TABLE = {
    "__init__": May(("description",)),
    "errors": May(()),
    "machine_slots": May(()),
    "registry": May(("errors",)),
    "naming": May(("errors",)),
    "run_module_types": May(()),
    "arguments": May(("errors", "naming", "populations", "settings.argv")),
    "description": May(("errors", "naming", "populations", "arguments", "run_module_types")),
    "spec": May(("errors",), ("msgspec",)),
    "populations": May(("errors", "registry", "spec")),
    "diagnostics": May(("__init__", "errors", "spec"), ("msgspec", "jsonschema")),
    "settings": May(("errors", "spec", "files"), ("msgspec",)),
    "backends": May(
        ("errors", "spec", "files", "diagnostics", "settings", "populations"),
        ("msgspec", "yaml", "jinja2"),
    ),
    "compiler": May(
        (
            "__init__",
            "errors",
            "files",
            "description",
            "arguments",
            "naming",
            "diagnostics",
            "settings",
            "spec",
            "backends",
            "populations",
        ),
        ("msgspec",),
    ),
    "files": May(("errors",)),
    "journal": May(("errors", "spec", "files", "backends.slurm.index"), ("msgspec",)),
    "scheduler": May(("errors", "spec", *_STATE)),
    "observe": May(
        (
            "errors",
            "spec",
            "settings.argv",
            "settings.progress_patterns",
            "settings.settings_file",
            "registry",
            "populations",
            "files",
            "journal.garbage",
            *_STATE,
        ),
        ("msgspec", "yaml", "pynvml"),
    ),
    "runtimes": May(
        (
            "registry",
            "errors",
            "machine_slots",
            "spec",
            "files",
            "backends",
            "journal",
            "scheduler.fit",
            "observe",
        ),
        ("msgspec",),
    ),
    "executor": May(
        (
            "errors",
            "machine_slots",
            "spec",
            "files",
            "backends",
            "journal",
            "scheduler",
            "observe",
            "runtimes",
            "populations",
        ),
        ("msgspec",),
    ),
    "demo": May(
        (
            "errors",
            "spec",
            "files",
            "journal",
            "observe",
            "runtimes",
            "executor",
        ),
        ("msgspec",),
    ),
    "web": May(("errors", "files"), ("textual", "textual_serve", "aiohttp")),
    # `rich` is the part of Textual's line API that has another name.
    "tui": May(
        (
            *("errors", "spec", "files", "journal", "observe", "populations"),
            *("scheduler.explain", "scheduler.explain_idle"),
            "diagnostics.redaction",
        ),
        ("textual", "rich", "msgspec"),
    ),
}
EVERYTHING = ("cli", "launcher", "__main__")
"""They may import every package, late: `test_weight.py` checks that they do it late."""
DOCKER = Path("pbt_tui/runtimes/docker/client.py")

PURE = ("spec", "scheduler", "errors")
PURE_JOURNAL = (
    "events",
    "state",
    "transitions",
    "ready_queue",
    "slots",
    "device_health",
    "drained_gpus",
    "due_stops",
    "fold",
    "outcome",
    "status_text",
)
HARMLESS = {
    *("__future__", "abc", "bisect", "collections", "contextlib", "copy", "dataclasses", "enum"),
    *("functools", "gc", "hashlib", "heapq", "io", "itertools", "json", "math", "operator"),
    *("re", "shlex", "string", "textwrap", "typing"),
}
"""Of the standard library: nothing that touches the world or the clock."""
HARMLESS_NAMES = {"signal.Signals"}
"""Single names of modules that do."""


def wrong(module: Module) -> list[str]:
    """Each import that the table does not allow, in words."""
    found = []
    for each in module.imports():
        top, _, rest = each.target.partition(".")
        place = f"{module.path}:{each.line}"
        if top in sys.stdlib_module_names:
            continue
        if top != "pbt_tui":
            if module.path == DOCKER and top == "docker":
                continue
            if top == "docker" or (
                module.package not in EVERYTHING and top not in TABLE[module.package].third
            ):
                found.append(f"{place}: `{module.package}` must not import `{top}`")
        elif module.package not in EVERYTHING:
            allowed = (module.package, *TABLE[module.package].ours, *_KINDS)
            rest = rest or "__init__"
            if not any(rest == name or rest.startswith(f"{name}.") for name in allowed):
                found.append(f"{place}: `{module.package}` must not import `pbt_tui.{rest}`")
    return found


def worldly(module: Module) -> list[str]:
    """What would let a pure module touch the world, read a clock, or throw dice."""
    found = [
        f"{module.path}:{node.lineno}: a pure module calls `{name}`"
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Call)
        and (name := ast.unparse(node.func)) in ("open", "io.open", "print", "input", "__import__")
    ]
    for each in module.imports():
        top = each.target.partition(".")[0]
        if top in sys.stdlib_module_names and top not in HARMLESS and not each.typing_only:
            if each.target in HARMLESS_NAMES:
                continue
            found.append(f"{module.path}:{each.line}: a pure module imports `{top}`")
    return found


def _is_pure(module: Module) -> bool:
    return module.package in PURE or (
        module.package == "journal" and module.path.stem in PURE_JOURNAL
    )


OURS = modules("pbt_tui")


@pytest.mark.parametrize("package", sorted({module.package for module in OURS}))
def test_packages_import_downwards_only(package: str) -> None:
    assert package in TABLE or package in EVERYTHING, "a package without a row in the table"
    assert [line for module in OURS if module.package == package for line in wrong(module)] == []


def test_pure_packages_do_no_io() -> None:
    assert [line for module in OURS if _is_pure(module) for line in worldly(module)] == []


def test_nothing_imports_the_command_line() -> None:
    """`python -m pbt_tui.cli.run` is a command line, not an import."""
    upward = [
        f"{module.path}:{each.line}"
        for module in OURS
        if module.package not in EVERYTHING
        for each in module.imports()
        if each.target.startswith(("pbt_tui.cli", "pbt_tui.launcher"))
    ]
    assert upward == []


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("pbt_tui/tui/app.py", "from pbt_tui.executor.loop import Loop"),
        ("pbt_tui/tui/app.py", "def late():\n    import pbt_tui.executor"),
        ("pbt_tui/tui/app.py", "from pbt_tui.scheduler import decide"),
        ("pbt_tui/tui/app.py", "from pbt_tui import executor"),
        ("pbt_tui/tui/app.py", "from pbt_tui.demo.recording_clock import SPEED"),
        ("pbt_tui/scheduler/decide.py", "from pbt_tui.journal.file import Tail"),
        ("pbt_tui/scheduler/decide.py", "from pbt_tui.journal import Journal"),
        ("pbt_tui/scheduler/decide.py", "import msgspec"),
        ("pbt_tui/runtimes/process/runtime.py", "import docker"),
        ("pbt_tui/cli/run.py", "from docker import APIClient"),
        ("pbt_tui/observe/log_reader.py", "import textual"),
        ("pbt_tui/journal/fold.py", "from pbt_tui.scheduler.decide import decide"),
        ("pbt_tui/compiler/load.py", "from pbt_tui.journal.events import Gpu"),
        ("pbt_tui/spec/codec.py", "import jsonschema"),
    ],
)
def test_a_planted_import_is_found(path: str, line: str) -> None:
    assert wrong(Module(Path(path), line)) != []


@pytest.mark.parametrize(
    "line",
    [
        "import os",
        "from time import time",
        "def late():\n    import random",
        "open('file')",
        "print()",
    ],
)
def test_a_planted_door_to_the_world_is_found(line: str) -> None:
    assert worldly(Module(Path("pbt_tui/scheduler/decide.py"), line)) != []


def test_docker_has_one_home() -> None:
    assert wrong(Module(DOCKER, "import docker")) == []
