"""What is told about GPUs that are lost, or that other programs use."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.executor import gpus_in_use
from pbt_tui.journal import events as ev
from pbt_tui.journal.events import Gpu
from pbt_tui.observe import nvml
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process import marks
from pbt_tui.spec import Policy
from tests.executor.running import ROOT, SEES, Place, job

GIB = 1 << 30
GPU = Gpu(0, "GPU-0")


@pytest.fixture(autouse=True)
def outermost(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this was the first pid namespace of the machine."""
    monkeypatch.setattr(proc, "namespace", lambda: str(gpus_in_use._OUTERMOST))


@pytest.fixture
def sleeper() -> Iterator[int]:
    with subprocess.Popen(["sleep", "100"]) as process:
        while Path(f"/proc/{process.pid}/comm").read_text() != "sleep\n":
            time.sleep(0.01)  # a program has the name of the one that started it before
        yield process.pid
        process.kill()


def sample(*pids: int, used: int = 0, index: int = 0, lost: bool = False) -> nvml.Sample:
    processes = tuple(nvml.GpuProcess(pid, 70 * 10**9) for pid in pids)
    uuid = None if lost else f"GPU-{index}"
    return nvml.Sample(index, uuid, None, None, used, None, processes, lost)


def told(*samples: nvml.Sample, handles: tuple[str, ...] = ()) -> list[str]:
    return [d.message for d in gpus_in_use.told(samples, (GPU,), handles)]


def test_a_lost_gpu_and_a_foreign_program_are_named(sleeper: int) -> None:
    assert told(sample(sleeper), sample(index=1, lost=True), sample(sleeper, index=2)) == [
        f"GPU 0 is in use: pid {sleeper} (`sleep`) holds 70.0 GB",
        "GPU 1 is not used: the driver counts it and cannot open it",
    ]


def test_a_job_is_nobody_else() -> None:
    with marks.inherited(marks.new()):
        process = subprocess.Popen(["sleep", "100"])
    with process:
        assert told(sample(process.pid)) == []
        process.kill()


def test_memory_without_a_program(sleeper: int) -> None:
    assert told(sample(used=9 * GIB)) == [
        "GPU 0 is in use: 9.7 GB of its memory are held, by programs that cannot be named here"
    ]
    assert told(sample(used=GIB // 2)) == []
    assert told(sample(used=9 * GIB), handles=("1.2",)) == [], "it may be that of a job"


def test_pids_of_another_namespace_name_nobody(
    sleeper: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(proc, "namespace", lambda: "4026532000")
    assert told(sample(sleeper)) == []


def test_a_pid_that_is_gone_has_no_name() -> None:
    process = subprocess.Popen(["true"])
    process.wait()
    assert told(sample(process.pid)) == [f"GPU 0 is in use: pid {process.pid}"]
    assert told(sample(*[process.pid] * 5))[0].endswith(" and 2 more")


def test_nothing_is_pinned_where_the_driver_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    def hangs() -> None:
        raise TimeoutError

    monkeypatch.setattr(nvml, "look", hangs)
    found, said = gpus_in_use.samples(Policy())
    assert found is None
    assert [d.message for d in said] == [
        "the driver of the GPUs does not answer within 30 s (NVML)"
    ]
    with pytest.raises(RuntimeUnavailable, match="does not answer"):
        gpus_in_use.samples(Policy(experiments_per_gpu=1))


DRIVER = """
from types import SimpleNamespace


def nvmlInit():
    pass


def nvmlDeviceGetCount():
    return 3


def nvmlDeviceGetHandleByIndex(index):
    if index == 1:
        raise OSError("GPU is lost")
    return index


def nvmlDeviceGetUUID(handle):
    return f"GPU-{handle}"


def nvmlDeviceGetName(handle):
    return "Some GPU"


def nvmlDeviceGetMemoryInfo(handle):
    return SimpleNamespace(total=80 * 10**9, used=70 * 10**9 if handle == 2 else 0)
"""


def test_a_run_tells_what_its_driver_tells(place: Place) -> None:
    (place.path / "driver").mkdir()
    place.write("driver/pynvml.py", DRIVER)
    place.environ["PYTHONPATH"] = f"{ROOT}:{place.path / 'driver'}"
    target = place.spec(job("a", SEES), job("b", SEES), num_gpus=2, experiments_per_gpu=1)
    said = place.pbt(target)
    assert said.code == 0
    assert "warning: GPU 1 is not used: the driver counts it and cannot open it\n" in said.err
    assert "warning: GPU 2 is in use: 70.0 GB of its memory are held" in said.err
    assert [e.gpus for e in place.of(ev.AttemptScheduled)] == [("GPU-0",), ("GPU-2",)]
    gpus = place.of(ev.ExecutorStarted)[0].gpus
    assert [gpu.index for gpu in gpus] == [0, 2]
    said = place.pbt(target, "--fresh", "--num_gpus", "3")
    assert said.code == 5
    assert "this machine has 2 GPUs: 0, 2" in said.err
