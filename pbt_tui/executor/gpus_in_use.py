"""What the driver reports about GPUs that a person should know: lost ones, and programs of others.

It informs and never decides. Process ids of the driver are those of the outermost pid namespace: in
another one nobody can tell whose a process is, and only memory is told.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pbt_tui.errors import Diagnostic, RuntimeUnavailable, printable
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process import marks

if TYPE_CHECKING:
    from pbt_tui.journal.events import Gpu
    from pbt_tui.observe.nvml import Sample
    from pbt_tui.spec import Policy

MUCH = 1 << 30
"""Bytes of memory in use that are worth a word where no program is named: a driver needs less."""
_CONTAINER = 64
"""Characters of the id of a container."""
_OUTERMOST = 0xEFFFFFFC
"""Inode of the first pid namespace of each kernel."""


def samples(policy: Policy) -> tuple[list[Sample] | None, list[Diagnostic]]:
    """What the driver reports now, and a warning where it does not answer.

    Raises `RuntimeUnavailable` where it does not answer and jobs are to be pinned to GPUs: nothing
    starts on a wrong device.
    """
    from pbt_tui.observe import nvml

    try:
        return nvml.look(), []
    except TimeoutError:
        message = f"the driver of the GPUs does not answer within {nvml.PATIENCE:g} s (NVML)"
        if policy.experiments_per_gpu >= 1:
            raise RuntimeUnavailable(
                message, hint="look for `Xid` in `dmesg`; a GPU may have to be reset"
            ) from None
        return None, [Diagnostic("warning", message)]


def told(
    found: Sequence[Sample] | None, chosen: Collection[Gpu], handles: Collection[str]
) -> list[Diagnostic]:
    """Warnings about GPUs that cannot be opened, and about others' programs on the chosen ones.

    Args:
        found: What the driver reports.
        chosen: The GPUs of this executor.
        handles: Handles of the attempts that are active, which belong to nobody else.
    """
    said = []
    uuids = {gpu.uuid for gpu in chosen if gpu.uuid is not None}
    for sample in found or ():
        if sample.lost:
            text = f"GPU {sample.index} is not used: the driver counts it and cannot open it"
            said.append(Diagnostic("warning", text))
        elif sample.uuid in uuids:
            text = others_text(sample, handles, alone=not handles)
            if text:
                said.append(Diagnostic("warning", f"GPU {sample.index} is in use: {text}"))
    return said


def others_text(sample: Sample, handles: Collection[str], *, alone: bool) -> str:
    """Who else uses the device: `pid 4117 (python3) holds 70.1 GB`; empty if nobody does.

    Plain jobs of other runs are left out, too.

    Args:
        sample: The device.
        handles: Handles of the attempts that are active.
        alone: Whether no job of this run is on the device: then others hold its memory.
    """
    if _outermost():
        foreign = [one for one in sample.processes if not _is_job(one.pid, handles)]
        if foreign:
            return ", ".join(_one(one.pid, one.memory) for one in foreign[:3]) + (
                f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""
            )
        if sample.processes:
            return ""
    used = sample.memory_used or 0
    if alone and used >= MUCH:
        return f"{used / 1e9:.1f} GB of its memory are held, by programs that cannot be named here"
    return ""


def _one(pid: int, memory: int | None) -> str:
    with suppress(OSError, UnicodeDecodeError):
        name = printable(Path(f"/proc/{pid}/comm").read_text().strip())
        who = f"pid {pid} (`{name}`)"
        return f"{who} holds {memory / 1e9:.1f} GB" if memory is not None else who
    return f"pid {pid}"


def _is_job(pid: int, handles: Collection[str]) -> bool:
    """Whether an executor started it: it has a mark, or is in the container of an attempt."""
    with suppress(OSError, UnicodeDecodeError):
        if marks.of(pid) is not None:
            return True
        group = Path(f"/proc/{pid}/cgroup").read_text()
        return any(len(handle) >= _CONTAINER and handle in group for handle in handles)
    return False


def _outermost() -> bool:
    return proc.namespace() == f"{_OUTERMOST}"
