"""The GPUs of this machine, through NVML if there is a driver.

Nothing here raises: a machine without GPUs is an ordinary machine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.files.regular import OURS, read_regular
from pbt_tui.journal.events import Gpu


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


class Samples(msgspec.Struct, frozen=True):
    """The content of `gpus.json`."""

    at: float
    """When the samples were taken, in Unix seconds."""
    gpus: tuple[Sample, ...]
    """One sample per device."""


_decoder = msgspec.json.Decoder(Samples)
"""Made once: msgspec crashes if two threads prepare a type at the same time."""


def devices() -> list[Gpu] | None:
    """The devices in PCI bus order; None without a driver."""
    samples = sample()
    if samples is None:
        return None
    return [Gpu(s.index, s.uuid, s.name, s.memory) for s in samples]


def divided() -> frozenset[str]:
    """UUIDs of the devices in MIG mode, of which jobs get parts; empty without a driver."""
    nvml = _open()
    if nvml is None:
        return frozenset()
    count = _ask(nvml.nvmlDeviceGetCount) or 0
    return frozenset(uuid for uuid in (_divided(nvml, i) for i in range(count)) if uuid is not None)


def _divided(nvml: Any, index: int) -> str | None:
    """The UUID of a device if it is in MIG mode."""
    handle = _ask(lambda: nvml.nvmlDeviceGetHandleByIndex(index))
    mode = _ask(lambda: nvml.nvmlDeviceGetMigMode(handle))
    return _text(_ask(lambda: nvml.nvmlDeviceGetUUID(handle))) if mode and mode[0] else None


_nvml: list[Any] = []
"""The library, once it is open: it stays open, because to open it takes longer than a query."""


def sample() -> list[Sample] | None:
    """Utilisation and memory of each device now; None without a driver."""
    nvml = _open()
    if nvml is None:
        return None
    try:
        count = int(nvml.nvmlDeviceGetCount())
    except Exception:  # the library creates its exception classes at import
        _nvml.clear()  # the driver may have been reloaded: open the library again next time
        return None
    return [_sample(nvml, index) for index in range(count)]


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
        return Sample(index, None, None, None, None, None)
    memory = _ask(lambda: nvml.nvmlDeviceGetMemoryInfo(handle))
    use = _ask(lambda: nvml.nvmlDeviceGetUtilizationRates(handle))
    return Sample(
        index,
        _text(_ask(lambda: nvml.nvmlDeviceGetUUID(handle))),
        _text(_ask(lambda: nvml.nvmlDeviceGetName(handle))),
        int(memory.total) if memory is not None else None,
        int(memory.used) if memory is not None else None,
        int(use.gpu) if use is not None else None,
    )


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


def encode(samples: Samples) -> bytes:
    """The bytes of `gpus.json`; the executor writes them."""
    return msgspec.json.encode(samples) + b"\n"


def read(path: Path) -> Samples | None:
    """The newest samples; None if the file is missing or incomplete."""
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _decoder.decode(read_regular(path, OURS))
    return None
