"""Takes memory on the first visible GPU, through the driver alone, until a file exists.

    python -m tests.gpu_machine.use_gpu BYTES FILE

It prints `uses GPU` with what `CUDA_VISIBLE_DEVICES` says, once it has the memory. With
`PBT_STAND_IN` it registers itself with the stand-in of the driver and needs no GPU.
"""

from __future__ import annotations

import ctypes
import os
import sys
import time
from pathlib import Path


def take(size: int) -> None:
    """Takes memory of the device; raises `OSError` without a driver, `RuntimeError` if it fails."""
    cuda = ctypes.CDLL("libcuda.so.1")
    device, context, memory = ctypes.c_int(), ctypes.c_void_p(), ctypes.c_uint64()
    calls = (
        ("cuInit", 0),
        ("cuDeviceGet", ctypes.byref(device), 0),
        ("cuCtxCreate_v2", ctypes.byref(context), 0, device),
        ("cuMemAlloc_v2", ctypes.byref(memory), ctypes.c_size_t(size)),
    )
    for name, *arguments in calls:
        code = getattr(cuda, name)(*arguments)
        if code:
            raise RuntimeError(f"{name}: error {code}")


def main(size: int, until: Path) -> None:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES", "")
    stand_in = os.environ.get("PBT_STAND_IN")
    if stand_in is None:
        take(size)
    else:
        Path(stand_in, f"{os.getpid()}.pid").write_text(f"{visible} {size}")
    sys.stdout.write(f"uses GPU {visible}\n")
    sys.stdout.flush()
    while not until.exists():
        time.sleep(0.05)


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]))
