"""Checks an index of files for SLURM: its format, and whether it matches the process list.

It does not compare the scripts with the index; the compiler does.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pbt_tui.backends.slurm.index import FORMAT, Index, decode
from pbt_tui.diagnostics import finding
from pbt_tui.diagnostics.document_faults import Kind, why_not
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.spec import Processes


def read(data: bytes) -> tuple[Index | None, list[Diagnostic]]:
    """The index in these bytes, or None and the findings that say why there is none."""
    index = decode(data)
    return index, [] if index is not None else why_not(data, Kind(FORMAT, Index, _faults))


def _faults(document: Any) -> list[Diagnostic]:
    from pbt_tui.diagnostics.schema_errors import schema_faults

    return schema_faults(document, "slurm-index-1")


def judge(spec: Processes, index: Index) -> Iterator[Diagnostic]:
    """PBT809 if the process list is of another run, PBT810 if tasks and jobs differ."""
    if (spec.run, spec.suffix) != (index.run, index.suffix):
        message = f"the process list beside it is of run `{printable(spec.run)}`"
        yield finding("PBT809", message, where=Where(pointer="/run"))
        return
    jobs = {job.id for job in spec.jobs}
    seen: set[str] = set()
    for i, array in enumerate(index.arrays):
        for k, task in enumerate(array.tasks):
            here = Where(pointer=f"/arrays/{i}/tasks/{k}")
            if task not in jobs:
                yield finding("PBT810", f"task `{task}` is not a job of the run", where=here)
            elif task in seen:
                yield finding("PBT810", f"two tasks are job `{task}`", where=here)
            seen.add(task)
    for missing in [job.id for job in spec.jobs if job.id not in seen]:
        message = f"no script has a task for job `{missing}`"
        yield finding("PBT810", message, where=Where(pointer="/arrays"))
