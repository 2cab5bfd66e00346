"""The use of GPUs per minute, kept across executors."""

from __future__ import annotations

from pbt_tui.executor.gpu_history import MINUTES, GpuHistory
from pbt_tui.observe.nvml import Sample, Samples


def gpu(use: int | None, uuid: str | None = "GPU-1", index: int = 0) -> Sample:
    return Sample(index, uuid, None, None, None, use)


def last(history: GpuHistory, use: int | None, now: float) -> tuple[int | None, ...]:
    return history.with_history([gpu(use)], now)[0].history


def test_a_minute_has_the_mean_of_its_samples() -> None:
    history = GpuHistory()
    assert last(history, 10, 600.0) == (10,)
    assert last(history, 20, 610.0) == (15,)
    assert last(history, 90, 660.0) == (15, 90)


def test_minutes_without_a_sample_are_gaps_and_old_ones_go() -> None:
    history = GpuHistory()
    last(history, 50, 0.0)
    assert last(history, 60, 180.0) == (50, None, None, 60)
    assert last(history, 70, 1e9) == (*[None] * (MINUTES - 1), 70)
    for minute in range(100):
        found = last(history, minute, 2e9 + 60 * minute)
    assert found == tuple(range(100 - MINUTES, 100))


def test_a_device_that_tells_nothing_has_no_history() -> None:
    history = GpuHistory()
    assert last(history, None, 0.0) == ()
    assert last(history, None, 60.0) == ()


def test_devices_are_told_apart_by_their_uuids() -> None:
    history = GpuHistory()
    history.with_history([gpu(10, "GPU-a"), gpu(20, "GPU-b", 1)], 0.0)
    found = history.with_history([gpu(90, "GPU-b"), gpu(80, "GPU-a", 1)], 60.0)
    assert [sample.history for sample in found] == [(20, 90), (10, 80)]


def test_another_executor_goes_on_with_it() -> None:
    history = GpuHistory()
    last(history, 10, 0.0)
    found = history.with_history([gpu(30)], 60.0)
    again = GpuHistory(Samples(60.0, tuple(found)))
    assert last(again, 70, 130.0) == (10, 30, 70)
    assert GpuHistory(None).with_history([gpu(1)], 0.0)[0].history == (1,)
