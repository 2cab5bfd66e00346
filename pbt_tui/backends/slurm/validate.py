"""The files for SLURM alone: is each of them what the process list beside them makes of the index?

Must not know run modules. All that is in the folder is made again and compared, byte for byte.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.backends.processes import render as processes
from pbt_tui.backends.slurm import render as slurm
from pbt_tui.backends.slurm import rules
from pbt_tui.backends.slurm.index import FORMAT, Index, decode
from pbt_tui.compiler import diff_report, existing, output
from pbt_tui.compiler.validate import Kind, why_not
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, UsageError, Where, printable
from pbt_tui.spec import Processes

_processes = msgspec.json.Decoder(Processes)


def validate_index(path: Path) -> tuple[Index | None, list[Diagnostic]]:
    """The index in `path` and all that is wrong with it and its folder; None where it is not one.

    Raises `UsageError` (2) if the file cannot be read.
    """
    outer = Where(file=str(path))
    try:
        data = path.read_bytes()
    except OSError as e:
        raise UsageError(f"cannot read `{path}`: {(e.strerror or '').lower()}") from None
    index = decode(data)
    if index is None:
        found = why_not(data, Kind(FORMAT, Index, _faults))
        return None, [replace(d, where=d.where.within(outer)) for d in found]
    found = list(_beside(path, index))
    return index, [replace(d, where=replace(d.where, experiment=None).within(outer)) for d in found]


def _faults(document: Any) -> list[Diagnostic]:
    from pbt_tui.diagnostics.schema_errors import index_faults

    return index_faults(document)


def _beside(path: Path, index: Index) -> Iterator[Diagnostic]:
    folder = path.absolute().parent.parent
    shown = _above(path.parent)
    listed = folder / processes.FILE
    try:
        spec = _processes.decode(listed.read_bytes())
    except OSError:
        said = f"there is no `{printable(str(shown / processes.FILE))}`"
        yield finding("PBT809", said, hint="write both again with `pbt-compile`")
        return
    except (msgspec.MsgspecError, RecursionError, UnicodeDecodeError):
        said = f"`{printable(str(shown / processes.FILE))}` is no process list"
        yield finding("PBT809", said, hint="validate that one first")
        return
    if (spec.run, spec.suffix) != (index.run, index.suffix):
        said = f"the process list beside it is of run `{printable(spec.run)}`"
        yield finding("PBT809", said, where=Where(pointer="/run"))
        return
    strange = list(_tasks(spec, index))
    yield from strange
    wrong = rules.check(spec, index.settings)
    yield from wrong
    if strange or any(d.level == "error" for d in wrong):
        return
    files = slurm.render(spec, index.settings)
    gone = existing.orphans(folder, slurm.OWNED, files)
    old = output.stale(folder, files, gone)
    suffix = f" --experiment_suffix {spec.suffix}" if spec.suffix else ""
    command = f"pbt-compile {spec.module} --out {_above(shown)}{suffix}"
    yield from existing.stale(diff_report.changed(shown, files, old, spec), old, files, command)


def _above(folder: Path) -> Path:
    """As people write it: `..` only where there is nothing else to say."""
    return Path(os.path.normpath(folder / ".."))


def _tasks(spec: Processes, index: Index) -> Iterator[Diagnostic]:
    jobs = {job.id for job in spec.jobs}
    seen: set[str] = set()
    for i, array in enumerate(index.arrays):
        for k, task in enumerate(array.tasks):
            here = Where(pointer=f"/arrays/{i}/tasks/{k}")
            if task not in jobs:
                yield finding("PBT810", f"task `{task}` is no job", where=here)
            elif task in seen:
                yield finding("PBT810", f"job `{task}` is a task twice", where=here)
            seen.add(task)
    for missing in [job.id for job in spec.jobs if job.id not in seen]:
        said = f"job `{missing}` is a task of no script"
        yield finding("PBT810", said, where=Where(pointer="/arrays"))
