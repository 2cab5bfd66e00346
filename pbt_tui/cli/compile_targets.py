"""The run modules that `pbt-compile` works on: the named ones, or all that were compiled before."""

from __future__ import annotations

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pbt_tui.errors import BadSpec, UsageError, Where, command, printable
from pbt_tui.files.regular import TEXT_BYTES, read_regular


class CompileTarget(NamedTuple):
    """A run module as the user gave it, and the suffix to compile it with."""

    module: str
    suffix: str = ""

    def command(self, out: Path) -> str:
        """The command line that compiles this target."""
        suffix = ("--experiment_suffix", self.suffix) if self.suffix else ()
        return command("pbt-compile", self.module, "--out", out, *suffix)


def targets(args: argparse.Namespace, out: Path) -> list[CompileTarget]:
    """One module, or any number with `--check` and `--diff`. Raises `UsageError`, `BadSpec`.

    In a comparison, no module means every module that was compiled into `out`. No suffix means the
    suffixes that each module was compiled with.
    """
    named = list(dict.fromkeys([*args.module, *([args.run] if args.run else [])]))
    comparing = args.check or args.diff
    if not comparing:
        if not named:
            raise UsageError("no run module was given", hint="see `pbt-compile --help`")
        if len(named) > 1:
            shown = ", ".join(f"`{printable(name)}`" for name in named[:3])
            hint = "compile one at a time; `--check` and `--diff` take several"
            raise UsageError(f"{len(named)} run modules were given: {shown}", hint=hint)
        return [CompileTarget(named[0], args.experiment_suffix)]
    from pbt_tui.compiler import existing, project

    heads = existing.compiled(out)
    known = [
        CompileTarget(project.from_here(module, path), suffix)
        for path, module, suffix in heads
        if module is not None
    ]
    if not named and not known:
        message = f"no run module was given, and nothing is compiled below `{printable(str(out))}`"
        raise UsageError(message)
    helpers = [name for name in named if args.skip_helpers and _is_helper(name, known)]
    found = [t for name in named if name not in helpers for t in _of(name, known, args)]
    if helpers or not named:  # any module that imports the helper may be stale now
        for path, module, _ in heads:
            if module is None:
                hint = "compile its run module again, or see `pbt-compile --validate`"
                where = Where(file=str(path))
                raise BadSpec(
                    "not a process list, so its run module is unknown", where=where, hint=hint
                )
        found += known
    return _once(found)


def _of(name: str, known: Iterable[CompileTarget], args: argparse.Namespace) -> list[CompileTarget]:
    if args.experiment_suffix:
        return [CompileTarget(name, args.experiment_suffix)]
    return [CompileTarget(name, t.suffix) for t in known if _is(t, name)] or [CompileTarget(name)]


def _is_helper(name: str, known: Iterable[CompileTarget]) -> bool:
    """Whether a file describes no run and was never compiled.

    Only the text of the file is searched. Importing the file would run arbitrary code.
    """
    if any(_is(t, name) for t in known):
        return False
    try:
        text = read_regular(name, TEXT_BYTES)
    except OSError:
        return False
    return b"RUN_DESCRIPTION" not in text and b"RunDescription(" not in text


def _once(found: Iterable[CompileTarget]) -> list[CompileTarget]:
    kept: list[CompileTarget] = []
    for t in found:
        same = (o for o in kept if o.suffix == t.suffix and _is(o, t.module))
        if next(same, None) is None:
            kept.append(t)
    return kept


def _is(target: CompileTarget, name: str) -> bool:
    from pbt_tui.compiler.project import portable, same_module

    return same_module(portable(target.module), portable(name))
