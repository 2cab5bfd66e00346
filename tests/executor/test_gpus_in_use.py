"""What is told about GPUs that are lost, or that other programs use."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.executor import gpus_in_use
from pbt_tui.journal.events import Gpu
from pbt_tui.observe import nvml
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process import marks
from pbt_tui.spec import Policy

GIB = 1 << 30
GPU = Gpu(0, "GPU-0")


@pytest.fixture(autouse=True)
def outermost(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this was the first pid namespace of the machine."""
    monkeypatch.setattr(proc, "namespace", lambda: str(gpus_in_use._OUTERMOST))


@pytest.fixture
def sleeper() -> Iterator[int]:
    with subprocess.Popen(["sleep", "100"]) as process:
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
