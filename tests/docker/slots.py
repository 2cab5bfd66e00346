"""The slot of a container, for tests: the engine here has no GPUs, and the kernel needs none."""

from __future__ import annotations

from pbt_tui.machine_slots import Slot


def slot(gpu: int, run_id: str, job: str) -> Slot:
    return Slot(f"i{gpu}", 1, run_id, "run", f"{job}.1")
