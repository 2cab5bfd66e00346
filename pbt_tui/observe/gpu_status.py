"""The executor's GPUs as rows of the snapshot: newest samples, active jobs, who else holds them."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import RunState
from pbt_tui.observe import gpu_holders, nvml
from pbt_tui.observe.snapshot_types import GpuRow


class GpuPaths(Protocol):
    """The paths of `journal.run_dir.RunDir` that are read."""

    gpus: Path
    """`gpus.json`."""
    holders: Path
    """`holders.json`."""


def gpu_rows(state: RunState, rundir: GpuPaths, *, live: bool) -> tuple[GpuRow, ...]:
    """The executor's GPUs, with the newest samples and the active jobs on them.

    `live`: whether an executor holds the lock; else the run waits for no GPU.
    """
    if state.executor is None or not state.executor.gpus:
        return ()
    read = nvml.read(rundir.gpus)
    waits = live and state.policy.experiments_per_gpu >= 1
    held = gpu_holders.texts_of(gpu_holders.read(rundir.holders) if waits else None, state)
    on: dict[str, list[str]] = {}
    for job in state.active.values():
        for name in job.attempt.gpus if job.attempt else ():
            on.setdefault(name, []).append(job.spec.id)
    rows = []
    for gpu in state.executor.gpus:
        names = [str(n) for n in (gpu.uuid, gpu.index) if n is not None]
        sample = next((s for s in read.gpus if _is(gpu, s.uuid, s.index)), None) if read else None
        rows.append(
            GpuRow(
                index=gpu.index,
                uuid=gpu.uuid,
                name=gpu.name,
                memory=gpu.memory,
                memory_used=sample.memory_used if sample else None,
                utilisation=sample.utilisation if sample else None,
                drained=any(_is(gpu, d.uuid, d.index) for d in state.drained),
                drained_why=state.why_drained(gpu),
                others=sample.others if sample else None,
                jobs=tuple(job for name in names for job in on.get(name, ())),
                held=next((held[name] for name in names if name in held), None),
                temperature=sample.temperature if sample else None,
                history=sample.history if sample else (),
            )
        )
    return tuple(rows)


def _is(gpu: Gpu, uuid: str | None, index: int | None) -> bool:
    """Whether it is the same device: by UUID if both have one, because indices change."""
    if gpu.uuid is not None and uuid is not None:
        return gpu.uuid == uuid
    return gpu.index is not None and gpu.index == index
