"""A stand-in for the library of the driver: three devices, of which the last cannot be opened.

Programs register themselves in the folder `PBT_STAND_IN`, one file for each: `use_gpu` does.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import SimpleNamespace


def nvmlInit() -> None:
    pass


def nvmlDeviceGetCount() -> int:
    return 3


def nvmlDeviceGetHandleByIndex(index: int) -> int:
    if index == 2:
        raise OSError("GPU is lost")
    return index


def nvmlDeviceGetUUID(handle: int) -> str:
    return f"GPU-5d0e2a61-0000-4d9e-9f52-00000000000{handle}"


def nvmlDeviceGetName(handle: int) -> str:
    return "Stand-in"


def nvmlDeviceGetMemoryInfo(handle: int) -> SimpleNamespace:
    used = sum(one.usedGpuMemory for one in nvmlDeviceGetComputeRunningProcesses(handle))
    return SimpleNamespace(total=80 << 30, used=used)


def nvmlDeviceGetComputeRunningProcesses(handle: int) -> list[SimpleNamespace]:
    found = []
    for path in Path(os.environ["PBT_STAND_IN"]).glob("*.pid"):
        uuid, _, size = path.read_text().partition(" ")
        if uuid == nvmlDeviceGetUUID(handle) and Path("/proc", path.stem).exists():
            found.append(SimpleNamespace(pid=int(path.stem), usedGpuMemory=int(size)))
    return found


def nvmlDeviceGetTotalEnergyConsumption(handle: int) -> int:
    return int(time.monotonic() * 1000)
