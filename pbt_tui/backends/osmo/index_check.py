"""Checks an index of files for OSMO: its format, and whether it matches the process list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pbt_tui.backends.osmo.osmo_index import FORMAT, OsmoIndex, decode
from pbt_tui.backends.osmo.osmo_names import task_names
from pbt_tui.diagnostics import finding
from pbt_tui.diagnostics.document_faults import Kind, why_not
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.spec import Processes


def read(data: bytes) -> tuple[OsmoIndex | None, list[Diagnostic]]:
    """The index in these bytes, or None and the findings that say why there is none."""
    index = decode(data)
    return index, [] if index is not None else why_not(data, Kind(FORMAT, OsmoIndex, _faults))


def _faults(document: Any) -> list[Diagnostic]:
    from pbt_tui.diagnostics.schema_errors import schema_faults

    return schema_faults(document, "osmo-index-1")


def judge(spec: Processes, index: OsmoIndex) -> Iterator[Diagnostic]:
    """PBT809 if the process list is of another run, PBT810 if tasks and jobs differ."""
    if (spec.run, spec.suffix) != (index.run, index.suffix):
        message = f"the process list beside it is of run `{printable(spec.run)}`"
        yield finding("PBT809", message, where=Where(pointer="/run"))
        return
    names = task_names([job.id for job in spec.jobs])
    seen: set[str] = set()
    for i, entry in enumerate(index.workflows):
        for k, named in enumerate(entry.tasks):
            here = Where(pointer=f"/workflows/{i}/tasks/{k}")
            if named.job not in names:
                message = f"task `{printable(named.task)}` is job `{named.job}`, which is not there"
                yield finding("PBT810", message, where=here)
            elif named.job in seen:
                yield finding("PBT810", f"two tasks are job `{named.job}`", where=here)
            elif names[named.job] != named.task:
                message = f"the task of job `{named.job}` is `{names[named.job]}`"
                yield finding("PBT810", message, where=here)
            seen.add(named.job)
    for missing in [ident for ident in names if ident not in seen]:
        message = f"no workflow has a task for job `{missing}`"
        yield finding("PBT810", message, where=Where(pointer="/workflows"))
