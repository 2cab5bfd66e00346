"""Resolves TARGET: a run directory to show, a spec or module to start, or a plain workspace.

Must not read specs or modules itself: `pbt-run` does that.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from msgspec import Struct

from pbt_tui.errors import Diagnostic, Findings, RunError, UsageError, Where
from pbt_tui.files.regular import read_head
from pbt_tui.journal import lock
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.spec import FORMAT, Style
from pbt_tui.tui import start_executor as starting
from pbt_tui.tui.fleet.run_search import FoundRun, RunSearch

_NEAR = 1
"""Folders between a train_dir and a run directory."""
_SPEC = "processes.json"
_DIAGNOSTIC = re.compile(r"(?P<level>error|warning|note)(?:\[(?P<code>\w+)\])?: (?P<text>.*)")


class ToStart(Struct, frozen=True):
    target: str


class Workspace(Struct, frozen=True):
    path: Path
    style: Style


class SeveralRuns(Struct, frozen=True):
    """A folder with several runs."""

    folder: Path
    runs: tuple[FoundRun, ...]
    """Those that the folder itself and the folders in it hold."""


def resolve(
    target: str | None, *, is_module: bool = False
) -> Path | ToStart | Workspace | SeveralRuns:
    """The run directory, spec, module, workspace, or folder of several runs.

    Without a target it is the newest run below `./train_dir`. Raises `UsageError` if there is none.
    """
    if target is None:
        newest = _newest(_runs(Path("train_dir")))
        if newest is None:
            raise UsageError(
                "no run below `./train_dir`",
                hint="name a run directory, a spec or a run module: `pbt-tui TARGET`",
            )
        return newest
    path = Path(target)
    if is_module or not path.is_dir():
        if is_module or path.exists() or _is_dotted(target):
            return ToStart(target)
        raise UsageError("no such target", where=Where(file=target))
    if RunDir(path).is_run():
        return path
    specs = [spec for spec in (path / _SPEC, *path.glob(f"*/{_SPEC}")) if spec.is_file()]
    if any(map(_is_spec, specs)):
        return ToStart(target)
    runs = _runs(path)
    if runs:
        return runs[0].path if len(runs) == 1 else SeveralRuns(path, tuple(runs))
    from pbt_tui.observe.workspaces import find

    workspace = find(path)
    if workspace is None or workspace.path != path.absolute():
        runs = _runs(path, None)  # a folder of projects has runs, and workspaces below them
        if runs:
            return runs[0].path if len(runs) == 1 else SeveralRuns(path, tuple(runs))
    if workspace is not None:
        return Workspace(workspace.path, workspace.style)
    if specs:
        return ToStart(target)  # `pbt-run` says what is wrong with it
    raise UsageError(
        "neither a run directory, nor a spec, nor a population's workspace",
        where=Where(file=target),
        hint="a run directory is called `_pbt` and holds `spec.json` and `journal.jsonl`",
    )


def _is_spec(path: Path) -> bool:
    """Whether it is a process list of ours: other programs use the name of the file, too."""
    try:
        return FORMAT.encode() in read_head(path, 4096)
    except OSError:
        return False


def others(target: str | None) -> SeveralRuns | None:
    """The runs of `./train_dir` where the newest of several is shown; None: it is the only one.

    Args:
        target: TARGET as the person gave it.

    Example:
        >>> others("specs/processes.json") is None
        True
    """
    if target is not None:
        return None
    folder = Path("train_dir")
    runs = _runs(folder)
    return SeveralRuns(folder, tuple(runs)) if len(runs) > 1 else None


def _is_dotted(target: str) -> bool:
    return all(part.isidentifier() for part in target.split("."))


def _newest(runs: Sequence[FoundRun]) -> Path | None:
    """The run with the newest journal."""
    paths = [run.path for run in runs]
    return max(paths, key=lambda path: RunDir(path).journal.stat().st_mtime_ns, default=None)


def _runs(below: Path, depth: int | None = _NEAR) -> list[FoundRun]:
    """The runs below a folder that hold a spec and a journal; `depth` None: also deeper ones."""
    search = RunSearch(below) if depth is None else RunSearch(below, depth=depth)
    return [run for run in search if not run.is_older and RunDir(run.path).is_run()]


def start(what: ToStart, more: Sequence[str] = ()) -> Path:
    """Starts a detached executor and returns its run directory.

    Returns a run that is closed or has an executor already without starting another. Raises
    `Findings` with the messages and the exit code of `pbt-run` if it started nothing.
    """
    started = starting.executor(what.target, more)
    path = _named(started.stdout) or _named(started.stderr)
    if path is not None and (started.code in (0, 4) or lock.holder(RunDir(path).lock)):
        return path
    if started.code != 0:
        raise Findings(_diagnostics(started.stderr), started.code)
    raise RunError("an executor was started, but it did not name its run directory")


def _named(output: str) -> Path | None:
    """The last run directory that the output of `pbt-run` names."""
    for word in reversed(re.findall(r"`([^`]+)`|(\S+)", output)):
        text = word[0].removeprefix("pbt-tui ") or word[1]
        if RunDir(Path(text)).is_run():
            return Path(text)
    return None


def _diagnostics(output: str) -> list[Diagnostic]:
    """The diagnostics that `pbt-run` printed."""
    diagnostics: list[Diagnostic] = []
    for line in output.strip().splitlines():
        message = _DIAGNOSTIC.fullmatch(line)
        if message is not None:
            level: Any = message["level"]
            diagnostics.append(Diagnostic(level, message["text"], message["code"] or ""))
        elif line.startswith("hint: ") and diagnostics:
            diagnostics[-1] = replace(diagnostics[-1], hint=line.removeprefix("hint: "))
        elif line:
            diagnostics.append(Diagnostic("error", line))
    return diagnostics or [Diagnostic("error", "`pbt-run` failed without a message")]
