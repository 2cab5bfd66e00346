"""Resolves a TARGET of the command line: a spec, a run directory, a run module, or a workflow.

Must not open or start it: it only looks at names and files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pbt_tui.errors import UsageError, printable
from pbt_tui.journal.run_dir import RunDir

SPEC = "processes.json"
NAMED = 5
"""Number of runs that a message names; it counts the others."""


@dataclass(frozen=True, slots=True)
class Target:
    kind: Literal["spec", "run", "module", "workflow"]
    name: str
    path: Path
    """Path of the spec file or the run directory; for a module, the text of the user."""


def resolve(text: str) -> Target:
    """Raises `UsageError` if a path names no target, or more than one."""
    path = Path(text)
    if path.is_file() and path.suffix == ".py":
        return Target("module", text, path)
    if path.is_file() and path.suffix in (".yaml", ".yml"):
        return Target("workflow", text, path)
    if path.is_file():
        if path.name in ("spec.json", "journal.jsonl") and RunDir(path.parent).is_run():
            return Target("run", text, path.parent)
        return Target("spec", text, path)
    if path.is_dir():
        return _of_directory(text, path)
    if "/" in text or text.endswith((".json", ".py", ".yaml", ".yml")):
        raise UsageError(f"no such file or directory: `{printable(text)}`")
    return Target("module", text, path)


def _of_directory(text: str, path: Path) -> Target:
    if RunDir(path).is_run():
        return Target("run", text, path)
    if (path / SPEC).is_file():
        return Target("spec", text, path / SPEC)
    runs = [p for p in sorted(path.glob("_pbt*")) if RunDir(p).is_run() and _current(p)]
    specs = sorted(path.glob(f"*/{SPEC}"))
    if len(runs) == 1:
        return Target("run", text, runs[0])
    if len(specs) == 1 and not runs:
        return Target("spec", text, specs[0])
    found = runs or [p.parent for p in specs]
    if found:
        raise UsageError(f"`{printable(text)}` holds several runs: {_some(found)}", hint="name one")
    if (path / "__init__.py").is_file():
        return Target("module", text, path)
    below = [p for p in sorted(path.glob("*/_pbt*")) if RunDir(p).is_run() and _current(p)]
    raise UsageError(
        f"neither a spec nor a run directory: `{printable(text)}`",
        hint=f"name one of the runs below it: {_some(below)}"
        if below
        else f"a spec has `{SPEC}`, a run directory has `journal.jsonl`",
    )


def _some(paths: Sequence[Path]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(f"`{printable(str(p))}`" for p in paths[:NAMED]) + more


def _current(path: Path) -> bool:
    """Whether this is not an old run that `--fresh` renamed to `_pbt.<n>`."""
    return not path.name.rpartition(".")[2].isdigit() or "." not in path.name
