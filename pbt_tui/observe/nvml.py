"""The GPUs of this machine, through NVML, where there is a driver.

Must not know slots or jobs, and never raises: a machine without GPUs is an ordinary machine.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.journal.events import Gpu


class Sample(msgspec.Struct, frozen=True):
    """One device at one moment; None where the device does not say (MIG, some laptops)."""

    index: int
    uuid: str | None
    name: str | None
    memory: int | None
    """Bytes, like `memory_used`."""
    memory_used: int | None
    utilisation: int | None
    """Per cent, of the kernels' time."""


class Samples(msgspec.Struct, frozen=True):
    """The contents of `gpus.json`."""

    at: float
    gpus: tuple[Sample, ...]


def devices() -> list[Gpu] | None:
    """What NVML lists, in PCI order; None where there is no driver to ask."""
    samples = sample()
    if samples is None:
        return None
    return [Gpu(s.index, s.uuid, s.name, s.memory) for s in samples]


_nvml: list[Any] = []
"""The library, once it is open; it stays open, because opening it takes longer than asking."""


def sample() -> list[Sample] | None:
    """Use and memory of each device now; None where there is no driver."""
    nvml = _open()
    if nvml is None:
        return None
    try:
        count = int(nvml.nvmlDeviceGetCount())
    except Exception:  # the library raises classes of its own, made at import
        _nvml.clear()  # a driver that was reloaded: open it anew next time
        return None
    return [_sample(nvml, index) for index in range(count)]


def _open() -> Any:
    if _nvml:
        return _nvml[0]
    try:
        import pynvml  # late: nobody else needs the driver

        pynvml.nvmlInit()
    except Exception:  # no library, no driver, no permission: all the same to us
        return None
    _nvml.append(pynvml)
    return pynvml


def _sample(nvml: Any, index: int) -> Sample:
    handle = _ask(lambda: nvml.nvmlDeviceGetHandleByIndex(index))
    if handle is None:  # fallen off the bus: listed, and silent
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


def _ask(question: Callable[[], Any]) -> Any:
    try:
        return question()
    except Exception:  # "not supported" is an exception there
        return None


def _text(value: Any) -> str | None:
    """Older versions of the library give bytes."""
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return None if value is None else str(value)


def encode(samples: Samples) -> bytes:
    """The bytes of `gpus.json`; the executor writes them."""
    return msgspec.json.encode(samples) + b"\n"


def read(path: Path) -> Samples | None:
    """The newest samples, or None: not there, or half of it."""
    with contextlib.suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        return msgspec.json.decode(path.read_bytes(), type=Samples)
    return None
