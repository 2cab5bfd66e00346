"""NVML at its outermost edge: a stand-in module, because this has to pass without a driver."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from pbt_tui.observe import nvml as gpus


class TroubleError(Exception):
    pass


@pytest.fixture
def nvml(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    fake = ModuleType("pynvml")
    fake.opened = 0
    fake.broken = set()

    def init() -> None:
        fake.opened += 1
        if "init" in fake.broken:
            raise TroubleError("driver not loaded")

    def answer(name, value):
        def ask(*args):
            if name in fake.broken:
                raise TroubleError(name)
            return value(*args)

        return ask

    fake.nvmlInit = init
    fake.nvmlDeviceGetCount = answer("count", lambda: 2)
    fake.nvmlDeviceGetHandleByIndex = answer("handle", lambda i: i)
    fake.nvmlDeviceGetUUID = answer("uuid", lambda h: f"GPU-{h}".encode())
    fake.nvmlDeviceGetName = answer("name", lambda h: "Some GPU")
    fake.nvmlDeviceGetMemoryInfo = answer("memory", lambda h: SimpleNamespace(total=80, used=h))
    fake.nvmlDeviceGetUtilizationRates = answer("use", lambda h: SimpleNamespace(gpu=7))
    monkeypatch.setitem(sys.modules, "pynvml", fake)
    monkeypatch.setattr(gpus, "_nvml", [])
    return fake


def test_devices_and_samples(nvml: ModuleType) -> None:
    assert [(g.index, g.uuid, g.name, g.memory) for g in gpus.devices() or []] == [
        (0, "GPU-0", "Some GPU", 80),
        (1, "GPU-1", "Some GPU", 80),
    ]
    sample = (gpus.sample() or [])[1]
    assert (sample.memory_used, sample.utilisation) == (1, 7)
    assert nvml.opened == 1


def test_without_a_driver_there_is_none(nvml: ModuleType) -> None:
    nvml.broken.add("init")
    assert gpus.devices() is None
    assert gpus.sample() is None
    nvml.broken.clear()
    assert len(gpus.sample() or []) == 2


def test_without_the_library_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gpus, "_nvml", [])
    monkeypatch.setitem(sys.modules, "pynvml", None)
    assert gpus.devices() is None


def test_what_a_device_does_not_say_is_none(nvml: ModuleType) -> None:
    nvml.broken |= {"use", "memory", "uuid"}
    assert gpus.sample()[0] == gpus.Sample(0, None, "Some GPU", None, None, None)
    nvml.broken |= {"handle"}
    assert gpus.sample()[1] == gpus.Sample(1, None, None, None, None, None)
    nvml.broken |= {"count"}
    assert gpus.sample() is None
    nvml.broken.clear()
    assert gpus.sample() is not None
    assert nvml.opened == 2


def test_the_file_is_read_back_or_not_at_all(nvml: ModuleType, tmp_path: Path) -> None:
    path = tmp_path / "gpus.json"
    samples = gpus.Samples(3.0, tuple(gpus.sample() or []))
    assert gpus.read(path) is None
    data = gpus.encode(samples)
    path.write_bytes(data)
    assert gpus.read(path) == samples
    path.write_bytes(data[: len(data) // 2])
    assert gpus.read(path) is None
