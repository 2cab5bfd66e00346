"""NVML at its outermost edge: a stand-in module, because this has to pass without a driver."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from pbt_tui.observe import nvml as gpus


class TroubleError(Exception):
    pass


class Nvml(ModuleType):
    """Two GPUs; what stands in `broken` fails."""

    def __init__(self) -> None:
        super().__init__("pynvml")
        self.opened = 0
        self.broken: set[str] = set()
        self.lost: set[int] = set()
        self.count: Any = 2

    def nvmlInit(self) -> None:
        self.opened += 1
        if "init" in self.broken:
            raise TroubleError("driver not loaded")

    def _answer(self, name: str, value: Any) -> Any:
        if name in self.broken:
            raise TroubleError(name)
        return value

    def nvmlDeviceGetCount(self) -> Any:
        return self._answer("count", self.count)

    def nvmlDeviceGetHandleByIndex(self, index: int) -> Any:
        if index in self.lost:
            raise TroubleError("GPU is lost")
        return self._answer("handle", index)

    def nvmlDeviceGetUUID(self, handle: int) -> Any:
        return self._answer("uuid", f"GPU-{handle}".encode())

    def nvmlDeviceGetName(self, handle: int) -> Any:
        return self._answer("name", "Some GPU")

    def nvmlDeviceGetMemoryInfo(self, handle: int) -> Any:
        return self._answer("memory", SimpleNamespace(total=80, used=handle))

    def nvmlDeviceGetComputeRunningProcesses(self, handle: int) -> Any:
        """One that is well, and what an older or a lying library may say."""
        return self._answer(
            "processes",
            [
                SimpleNamespace(pid=100 + handle, usedGpuMemory=70 << 30),
                SimpleNamespace(pid=101, usedGpuMemory=None),
                SimpleNamespace(pid=-3, usedGpuMemory=1),
                SimpleNamespace(pid="x"),
                SimpleNamespace(),
                SimpleNamespace(pid=102, usedGpuMemory=2**64 - 1),
            ],
        )

    def nvmlDeviceGetUtilizationRates(self, handle: int) -> Any:
        return self._answer("use", SimpleNamespace(gpu=7))

    NVML_TEMPERATURE_GPU = 0

    def nvmlDeviceGetTemperature(self, handle: int, sensor: int) -> Any:
        return self._answer("temperature", 61 + handle)

    def nvmlDeviceGetMigMode(self, handle: int) -> Any:
        return self._answer("mig", (handle, 0))


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> Nvml:
    fake = Nvml()
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    monkeypatch.setattr(gpus, "_nvml", [])
    return fake


def test_devices_and_samples(nvml: Nvml) -> None:
    assert [(g.index, g.uuid, g.name, g.memory) for g in gpus.devices(gpus.sample()) or []] == [
        (0, "GPU-0", "Some GPU", 80),
        (1, "GPU-1", "Some GPU", 80),
    ]
    sample = (gpus.sample() or [])[1]
    assert (sample.memory_used, sample.utilisation, sample.temperature) == (1, 7, 62)
    assert nvml.opened == 1


@pytest.mark.parametrize(
    ("told", "known"), [(61, 61), (2**31, None), (-(2**31), None), ("x", None)]
)
def test_the_temperature_is_one_that_a_device_can_have(
    nvml: Nvml, monkeypatch: pytest.MonkeyPatch, told: Any, known: int | None
) -> None:
    monkeypatch.setattr(nvml, "nvmlDeviceGetTemperature", lambda handle, sensor: told)
    assert [sample.temperature for sample in gpus.sample() or []] == [known, known]
    nvml.broken.add("use")
    assert (gpus.sample() or [])[0].utilisation is None


def test_without_a_driver_there_is_none(nvml: Nvml) -> None:
    nvml.broken.add("init")
    assert gpus.devices(gpus.sample()) is None
    assert gpus.look() is None
    nvml.broken.clear()
    assert len(gpus.sample() or []) == 2


def test_without_the_library_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "_nvml", [])
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpus.devices(gpus.sample()) is None


def test_a_device_that_cannot_be_opened_is_not_listed(nvml: Nvml) -> None:
    nvml.lost.add(0)
    assert [g.index for g in gpus.devices(gpus.sample()) or []] == [1]
    assert [s.lost for s in gpus.sample() or []] == [True, False]


@pytest.mark.parametrize(("count", "listed"), [(-1, 0), (10**9, gpus.MOST), ("x", None)])
def test_a_driver_that_lies_about_its_devices(nvml: Nvml, count: Any, listed: int | None) -> None:
    nvml.count = count
    found = gpus.sample()
    assert (None if found is None else len(found)) == listed


@pytest.mark.parametrize(
    "uuid", ["", "GPU-0,GPU-1", "0", "GPU-\x1b[2J", b"\xff", "GPU-" + "0" * 200, 7]
)
def test_a_uuid_that_names_no_device_is_none(
    nvml: Nvml, monkeypatch: pytest.MonkeyPatch, uuid: Any
) -> None:
    """A job would get another device by it; by its index it gets this one."""
    monkeypatch.setattr(nvml, "nvmlDeviceGetUUID", lambda handle: uuid)
    assert [(g.index, g.uuid) for g in gpus.devices(gpus.sample()) or []] == [(0, None), (1, None)]


def test_two_devices_with_one_uuid_are_one(nvml: Nvml, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nvml, "nvmlDeviceGetUUID", lambda handle: "GPU-7")
    assert [(g.index, g.uuid) for g in gpus.devices(gpus.sample()) or []] == [(0, "GPU-7")]


def test_programs_on_a_device(nvml: Nvml) -> None:
    found = (gpus.sample() or [])[1].processes
    assert [(p.pid, p.memory) for p in found] == [(101, 70 << 30), (101, None), (102, None)]


def test_a_driver_that_hangs_is_told(nvml: Nvml, monkeypatch: pytest.MonkeyPatch) -> None:
    free = threading.Event()
    monkeypatch.setattr(nvml, "nvmlDeviceGetCount", free.wait)
    with pytest.raises(TimeoutError):
        gpus.look(0.01)
    free.set()


def test_what_a_device_does_not_say_is_none(nvml: Nvml) -> None:
    nvml.broken |= {"use", "memory", "uuid", "processes", "temperature"}
    assert (gpus.sample() or [])[0] == gpus.Sample(0, None, "Some GPU", None, None, None)
    nvml.broken |= {"handle"}
    assert (gpus.sample() or [])[1] == gpus.Sample(1, None, None, None, None, None, lost=True)
    nvml.broken |= {"count"}
    assert gpus.sample() is None
    nvml.broken.clear()
    assert gpus.sample() is not None
    assert nvml.opened == 2


def test_the_file_is_read_back_or_not_at_all(nvml: Nvml, tmp_path: Path) -> None:
    path = tmp_path / "gpus.json"
    samples = gpus.Samples(3.0, tuple(gpus.sample() or []))
    assert gpus.read(path) is None
    data = gpus.encode(samples)
    path.write_bytes(data)
    assert gpus.read(path) == samples
    path.write_bytes(data[: len(data) // 2])
    assert gpus.read(path) is None


def test_which_devices_are_divided(nvml: Nvml) -> None:
    assert gpus.divided() == {"GPU-1"}
    nvml.broken = {"mig"}  # a device that knows no MIG
    assert gpus.divided() == frozenset()
