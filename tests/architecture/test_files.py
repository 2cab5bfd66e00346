"""Only the file layer opens, makes, renames and removes files: tests can then fault every call."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.architecture.codebase import Module, modules

OURS = modules("pbt_tui")

EXCEPTIONS = {
    "pbt_tui/cli/error_boundary.py::bug": "the traceback of a bug, for a report",
    "pbt_tui/compiler/import_failure.py::_merge_marker": "a module of the user, which was loaded",
    "pbt_tui/executor/ports.py::_last": "/proc",
    "pbt_tui/description.py::generate_experiments": "a folder of a trainer, made as upstream does",
    "pbt_tui/launcher.py::ensure_dir_exists": "upstream's function, for callers outside",
    "pbt_tui/diagnostics/schema_errors.py::load_schema": "a file of this package",
}
"""Module, or module and function, and why it may use the system itself."""

_SYSTEM = {
    *("open", "rename", "renames", "replace", "unlink", "remove", "rmdir", "removedirs"),
    *("mkdir", "makedirs", "mkfifo", "link", "symlink", "truncate", "listdir", "chmod", "chown"),
    *("utime", "fsync", "fdatasync", "ftruncate"),
}
"""Functions of `os` for the file layer alone."""
_PATH = {
    *("read_text", "read_bytes", "write_text", "write_bytes", "rename", "unlink", "mkdir", "touch"),
    *("rmdir", "symlink_to", "hardlink_to", "chmod", "lchmod"),
}
"""Methods of `Path`, which no other class here has."""
_WHOLE_MODULES = ("shutil.", "tempfile.")
_NO_FILES = ("os.devnull", "'/proc")
"""In the text of a call that concerns no file of anybody."""
_OF_OTHERS = ("shutil.which", "shutil.get_terminal_size")


def _touches(call: ast.Call) -> bool:
    """Whether a call opens, makes, renames or removes a file."""
    if any(name in ast.unparse(call) for name in _NO_FILES):
        return False
    function = ast.unparse(call.func)
    owner, _, name = function.rpartition(".")
    if function in ("open", "io.open"):
        return True
    if function.startswith(_WHOLE_MODULES):
        return function not in _OF_OTHERS
    if owner == "os":
        return name in _SYSTEM
    if owner.endswith(("folders", "disk.calls", "ready_queue")):
        return False
    if name == "open":  # `Path.open` with a mode or without arguments; webbrowsers have others
        return not call.args or (
            isinstance(call.args[0], ast.Constant)
            and str(call.args[0].value).strip("rwxabt+") == ""
        )
    if name == "replace":  # that of a string has two arguments, that of a dataclass has keywords
        return bool(owner) and len(call.args) == 1 and not call.keywords
    return name in _PATH


def wrong(module: Module) -> list[str]:
    """Each call that only the file layer may make, as `path:line: call`."""
    found = []
    for function, node in _calls(module.tree, ""):
        names = (module.path.as_posix(), f"{module.path.as_posix()}::{function}")
        if _touches(node) and not any(name in EXCEPTIONS for name in names):
            found.append(f"{names[1]}:{node.lineno}: {ast.unparse(node)}")
    return found


def _calls(tree: ast.AST, function: str) -> list[tuple[str, ast.Call]]:
    """Every call with the name of the innermost function around it."""
    found = []
    for node in ast.iter_child_nodes(tree):
        inner = node.name if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if isinstance(node, ast.Call):
            found.append((function, node))
        found += _calls(node, inner)
    return found


def test_only_the_file_layer_touches_files() -> None:
    assert [line for module in OURS if module.package != "files" for line in wrong(module)] == []


@pytest.mark.parametrize(
    "line",
    [
        "open('x')",
        "path.open('rb')",
        "path.open()",
        "os.open(path, 0)",
        "path.read_bytes()",
        "path.write_text('x')",
        "aside.rename(path)",
        "aside.replace(path)",
        "os.replace(aside, path)",
        "path.unlink(missing_ok=True)",
        "folder.mkdir(parents=True)",
        "shutil.rmtree(folder)",
        "tempfile.NamedTemporaryFile()",
    ],
)
def test_a_planted_call_is_found(line: str) -> None:
    assert wrong(Module(Path("pbt_tui/journal/file.py"), line)) != []


@pytest.mark.parametrize(
    "line",
    [
        "os.open(os.devnull, os.O_RDWR)",
        "open(f'/proc/{pid}/stat')",
        "text.replace('a', 'b')",
        "replace(d, code='x')",
        "self.view.open(path)",
        "file.read(10)",
    ],
)
def test_other_calls_are_not(line: str) -> None:
    assert wrong(Module(Path("pbt_tui/journal/file.py"), line)) == []


def test_every_exception_is_needed() -> None:
    unused = set(EXCEPTIONS)
    for module in OURS:
        for function, node in _calls(module.tree, ""):
            if _touches(node):
                path = module.path.as_posix()
                unused -= {path, f"{path}::{function}"}
    assert unused == set()
