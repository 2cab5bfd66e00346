"""The GPUs of this machine, through NVML if there is a driver.

A machine without GPUs is an ordinary machine: only `look` raises, where the driver hangs.
"""

from __future__ import annotations

import contextlib
import re
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.files.regular import OURS, read_regular
from pbt_tui.journal.events import Gpu


class GpuProcess(msgspec.Struct, frozen=True):
    """A program that computes on a device."""

    pid: int
    """Process id, as the driver sees it: in the outermost pid namespace."""
    memory: int | None
    """Memory of the device that it holds, in bytes; None: unknown."""


class Sample(msgspec.Struct, frozen=True):
    """One device at one moment; None: the device does not report it (MIG, some laptops)."""

    index: int
    """Number of the device in PCI bus order, from 0."""
    uuid: str | None
    """UUID of the device."""
    name: str | None
    """Product name."""
    memory: int | None
    """Memory of the device in bytes."""
    memory_used: int | None
    """Memory in use in bytes, by all programs."""
    utilisation: int | None
    """Share of time in which a kernel ran, in per cent."""
    processes: tuple[GpuProcess, ...] = ()
    """Programs that compute on the device, as the driver lists them."""
    lost: bool = False
    """Whether the driver counts the device and cannot open it."""
    others: str | None = None
    """Who else uses the device, for people; the executor finds out, where the processes are."""
    temperature: int | None = None
    """Temperature in degrees Celsius."""
    history: tuple[int | None, ...] = ()
    """Mean utilisation in per cent in each of the last minutes, the oldest first; None: there was
    no sample in that minute."""


class Samples(msgspec.Struct, frozen=True):
    """The content of `gpus.json`."""

    at: float
    """When the samples were taken, in Unix seconds."""
    gpus: tuple[Sample, ...]
    """One sample per device."""


_decoder = msgspec.json.Decoder(Samples)
"""Made once: msgspec crashes if two threads prepare a type at the same time."""


def devices(samples: list[Sample] | None) -> list[Gpu] | None:
    """The devices that the driver can open, in PCI bus order; None without a driver.

    A device with the UUID of an earlier one is left out: a job would get the other one.
    """
    if samples is None:
        return None
    seen: set[str] = set()
    found = []
    for s in samples:
        if s.lost or s.uuid in seen:
            continue
        found.append(Gpu(s.index, s.uuid, s.name, s.memory))
        if s.uuid is not None:
            seen.add(s.uuid)
    return found


PATIENCE = 30.0
"""Seconds to wait for the driver. To open eight GPUs takes about ten where none is in use."""
_UUID = re.compile(r"(?:GPU|MIG)-[0-9A-Za-z/-]{1,100}")
MOST = 1024
"""Devices that a driver may count; no machine has so many."""


def look(patience: float = PATIENCE) -> list[Sample] | None:
    """`sample`, from a thread of its own.

    Raises `TimeoutError` where the driver does not answer: it waits for a broken device without
    end, and nobody can interrupt it.
    """
    found: list[list[Sample] | None] = []
    thread = threading.Thread(target=lambda: found.append(sample()), name="nvml", daemon=True)
    thread.start()
    thread.join(patience)
    if thread.is_alive():
        raise TimeoutError
    return found[0] if found else None


def divided() -> frozenset[str]:
    """UUIDs of the devices in MIG mode, of which jobs get parts; empty without a driver."""
    nvml = _open()
    if nvml is None:
        return frozenset()
    uuids = (_divided(nvml, i) for i in range(_ask(lambda: _count(nvml)) or 0))
    return frozenset(uuid for uuid in uuids if uuid is not None)


def _divided(nvml: Any, index: int) -> str | None:
    """The UUID of a device if it is in MIG mode."""
    handle = _ask(lambda: nvml.nvmlDeviceGetHandleByIndex(index))
    mode = _ask(lambda: nvml.nvmlDeviceGetMigMode(handle))
    return _uuid(_ask(lambda: nvml.nvmlDeviceGetUUID(handle))) if mode and mode[0] else None


_nvml: list[Any] = []
"""The library, once it is open: it stays open, because to open it takes longer than a query."""


def sample() -> list[Sample] | None:
    """Utilisation and memory of each device now; None without a driver."""
    nvml = _open()
    if nvml is None:
        return None
    try:
        count = _count(nvml)
    except Exception:  # the library creates its exception classes at import
        _nvml.clear()  # the driver may have been reloaded: open the library again next time
        return None
    return [_sample(nvml, index) for index in range(count)]


def _count(nvml: Any) -> int:
    return min(max(int(nvml.nvmlDeviceGetCount()), 0), MOST)


def _open() -> Any:
    if _nvml:
        return _nvml[0]
    try:
        import pynvml  # late: only these functions need the driver

        pynvml.nvmlInit()
    except Exception:  # no library, no driver or no permission
        return None
    _nvml.append(pynvml)
    return pynvml


def _sample(nvml: Any, index: int) -> Sample:
    handle = _ask(lambda: nvml.nvmlDeviceGetHandleByIndex(index))
    if handle is None:  # fallen off the bus: NVML lists it, but it does not answer
        return Sample(index, None, None, None, None, None, lost=True)
    memory = _ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    use = _ask(lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
    return Sample(
        index,
        _uuid(_ask(lambda: nvml.nvmlDeviceGetUUID(handle))),
        _text(_ask(lambda: nvml.nvmlDeviceGetName(handle))),
        int(memory.total) if memory is not None else None,
        int(memory.used) if memory is not None else None,
        int(use.gpu) if use is not None else None,
        _processes(_ask(lambda: nvml.nvmlDeviceGetComputeRunningProcesses(handle))),
        temperature=_degrees(
            _ask(lambda: nvml.nvmlDeviceGetTemperature(handle, nvml.NVML_TEMPERATURE_GPU))
        ),
    )


def _degrees(value: Any) -> int | None:
    """A temperature; a device that does not report one may return any number."""
    return int(value) if isinstance(value, int) and -50 < value < 200 else None


def _processes(listed: Any) -> tuple[GpuProcess, ...]:
    """The programs on a device; what cannot be read is left out."""
    found = []
    for one in listed or ():
        pid, memory = getattr(one, "pid", None), getattr(one, "usedGpuMemory", None)
        if isinstance(pid, int) and 0 < pid < 1 << 31:
            known = isinstance(memory, int) and 0 <= memory < 1 << 62
            found.append(GpuProcess(pid, memory if known else None))
    return tuple(found)


def _ask(query: Callable[[], Any]) -> Any:
    try:
        return query()
    except Exception:  # NVML raises for "not supported"
        return None


def _text(value: Any) -> str | None:
    """Text of a value; older versions of the library return bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)


def _uuid(value: Any) -> str | None:
    """A UUID that can name a device in `CUDA_VISIBLE_DEVICES`; else None, and its index does."""
    text = _text(value)
    return text if text is not None and _UUID.fullmatch(text) else None


def encode(samples: Samples) -> bytes:
    """The bytes of `gpus.json`; the executor writes them."""
    return msgspec.json.encode(samples) + b"\n"


def read(path: Path) -> Samples | None:
    """The newest samples; None if the file is missing or incomplete."""
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decoder.decode(read_regular(path, OURS))
    return None
