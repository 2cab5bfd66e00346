"""The GPUs of the example run: four of them, one of which another program uses, too."""

from __future__ import annotations

import math

from pbt_tui.demo.recorded_plan import GPUS
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import RunState
from pbt_tui.observe.nvml import Sample

_MEMORY = 84_942_979_072
_NAME = "NVIDIA H100 80GB HBM3"
_SHARED = 2
"""Index of the GPU that another program uses, too."""
_FOREIGN = 21_300_000_000
"""Bytes that the other program holds."""


def gpus() -> tuple[Gpu, ...]:
    """The GPUs, as `executor_started` has them."""
    return tuple(Gpu(index, _uuid(index), _NAME, _MEMORY) for index in range(GPUS))


def samples(state: RunState, now: float) -> list[Sample]:
    """What a driver would say of them.

    Args:
        state: The state of the run: active jobs use their GPUs.
        now: The time in the recording, in Unix seconds.
    """
    used = [_FOREIGN if index == _SHARED else 600_000_000 for index in range(GPUS)]
    share = [11.0 if index == _SHARED else 0.0 for index in range(GPUS)]
    for job in state.active.values():
        envs = job.spec.params.get("num_envs", 4096)
        needs = 4.2e9 + 0.6e6 * (envs if isinstance(envs, int) else 4096)
        for index in range(GPUS):
            if job.attempt is not None and _uuid(index) in job.attempt.gpus:
                used[index] += int(needs * (1 + 0.04 * math.sin(now / 70 + job.index)))
                share[index] += 21 + 3 * math.sin(now / 45 + 2 * job.index)
    return [
        Sample(
            index=index,
            uuid=_uuid(index),
            name=_NAME,
            memory=_MEMORY,
            memory_used=min(used[index], _MEMORY - 10**9),
            utilisation=min(99, round(share[index])),
            others=f"pid 4117 (`python3`) holds {_FOREIGN / 1e9:.1f} GB"
            if index == _SHARED
            else None,
        )
        for index in range(GPUS)
    ]


def _uuid(index: int) -> str:
    return f"GPU-7c0ffee{index}-0000-4000-8000-00000000000{index}"
