"""Checks that the files of backends match the process list beside them.

Renders all files of a backend again and compares them byte for byte. Must not know any backend.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.backends import Backend
from pbt_tui.backends.processes.render import FILE
from pbt_tui.compiler import diff_report, existing, output
from pbt_tui.compiler.rendering import rendered, settings_of
from pbt_tui.diagnostics import finding
from pbt_tui.errors import BadSpec, Diagnostic, Where, command
from pbt_tui.spec import Processes


def changed(folder: Path, spec: Processes, backend: Backend, settings: Any) -> list[Diagnostic]:
    """PBT820 for each file of `backend` in a run's folder that differs from the rendered one."""
    files = rendered(backend, spec, settings)
    gone = existing.orphans(folder, backend.owned, files, backend.records)
    old = output.stale(folder, files, gone)
    out = above(folder)
    now = diff_report.changed(folder, files, old, spec)
    return existing.stale(now, old, files, out, compile_command(spec, out))


def compile_command(spec: Processes, out: Path) -> str:
    """The command line that compiles the run into `out`."""
    suffix = ("--experiment_suffix", spec.suffix) if spec.suffix else ()
    return command("pbt-compile", spec.module, "--out", out, *suffix)


def beside(folder: Path, spec: Processes, *, named: str | None = None) -> list[Diagnostic]:
    """As `changed`, for each backend that has files beside the process list, or for `named` only.

    Skips a backend whose index is a document: validating the index checks its files.
    """
    found: list[Diagnostic] = []
    for backend, files in existing.with_files(folder):
        if named is not None and named != backend.name:
            continue
        if backend.index == FILE or (named is None and backend.index in backend.documents):
            continue
        try:
            settings = settings_of(backend, backend.known(files))
        except (BadSpec, msgspec.ValidationError) as e:
            at = e.where.file if isinstance(e, BadSpec) else None
            message = e.what if isinstance(e, BadSpec) else "its settings cannot be read"
            where = Where(str(folder / (at or backend.index)))
            found.append(finding("PBT820", message, where=where))
            continue
        found += changed(folder, spec, backend, settings)
    return found


def above(folder: Path) -> Path:
    """The parent folder, without `..` where the path allows it."""
    return Path(os.path.normpath(folder / ".."))
