"""What a person means by TARGET: a run to look at, something to start, or a plain workspace.

Must not know Textual, nor how a spec or a module is read: that is for `pbt-run`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.errors import Diagnostic, Findings, RunError, UsageError, Where
from pbt_tui.journal.rundir import RunDir
from pbt_tui.spec import Style, decode
from pbt_tui.tui import start as starting

_RUNS = re.compile(r"_pbt(_.*)?")
"""Not `_pbt.1`: that is one put aside."""


@dataclass(frozen=True, slots=True)
class ToStart:
    target: str


@dataclass(frozen=True, slots=True)
class Workspace:
    path: Path
    style: Style


def resolve(target: str | None, *, is_module: bool = False) -> Path | ToStart | Workspace:
    """The run directory, or what else it is; raises `UsageError` where there is nothing."""
    if target is None:
        newest = _newest(Path("train_dir"))
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
    if (path / "processes.json").is_file() or any(path.glob("*/processes.json")):
        return ToStart(target)
    newest = _newest(path)
    if newest is not None:
        return newest
    from pbt_tui.observe.workspaces import find

    found = find(path)
    if found is not None:
        return Workspace(found.path, found.style)
    raise UsageError(
        "neither a run directory, nor a spec, nor a population's workspace",
        where=Where(file=target),
        hint="a run directory is called `_pbt` and holds `spec.json` and `journal.jsonl`",
    )


def _is_dotted(target: str) -> bool:
    return all(part.isidentifier() for part in target.split("."))


def _newest(below: Path) -> Path | None:
    """The run whose journal was written last, at most two levels below."""
    return max(_runs(below), key=lambda run: RunDir(run).journal.stat().st_mtime_ns, default=None)


def _runs(below: Path) -> Iterator[Path]:
    for pattern in ("_pbt*", "*/_pbt*"):
        for path in sorted(below.glob(pattern)):
            if _RUNS.fullmatch(path.name) and RunDir(path).is_run():
                yield path


def start(what: ToStart, more: Sequence[str] = ()) -> Path:
    """Starts a detached executor and returns its run directory.

    Raises `Findings` with the words and the exit code of `pbt-run` where that failed.
    """
    code, words = starting.executor(what.target, more)
    if code != 0:
        text, _, hint = words.removeprefix("error: ").partition("\nhint: ")
        said = text or "`pbt-run` failed without a word"
        raise Findings([Diagnostic("error", said, hint=hint or None)], code)
    for word in re.findall(r"[^\s`'\"]+", words)[::-1]:
        if RunDir(Path(word)).is_run():
            return Path(word)
    spec = Path(what.target)
    if spec.is_dir():
        spec /= "processes.json"
    if spec.suffix == ".json" and spec.is_file():
        plan = decode(spec.read_bytes(), str(spec))
        return RunDir.of(Path(plan.train_dir), plan.run, plan.suffix).path
    newest = _newest(Path("train_dir"))
    if newest is None:
        raise RunError("an executor was started, but its run directory is not to be found")
    return newest
