"""The automatic drain: which device gets no new attempts because its jobs end badly.

Two ends drain a device, and never one: a job may be the reason for its own end. Causes that only a
job can have (an exit code, a traceback, a command that is not found) never count, and the last
device that is left is never drained.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from pbt_tui.journal.device_health import EARLY, BadEnd
from pbt_tui.journal.events import Gpu, GpuDrained
from pbt_tui.journal.slots import name, same, shown
from pbt_tui.journal.state import RunState
from pbt_tui.journal.status_text import CAUSES


def drain(state: RunState) -> GpuDrained | None:
    """The next device to drain, with the reason; None if there is none."""
    if not state.health.bad:
        return None
    left = [gpu for gpu in state.slots.gpus if not state.slots.is_drained(gpu)]
    if len(left) < 2:
        return None
    for gpu in left:
        for pair in _pairs(state.health.bad.get(name(gpu), ())):
            why = _lost(state, gpu, pair) or _full(state, gpu, pair)
            if why is not None:
                return GpuDrained(device=name(gpu), why=why)
    return None


def _pairs(ends: tuple[BadEnd, ...]) -> Iterator[tuple[BadEnd, BadEnd]]:
    """Each two of these ends, the older one first."""
    return combinations(ends, 2)


def _lost(state: RunState, gpu: Gpu, pair: tuple[BadEnd, BadEnd]) -> str | None:
    """The reason if the device was lost twice.

    It may be the same job twice, if it was lost on no other device. An attempt on several devices
    does not tell which one was lost: then another device has to have worked meanwhile.
    """
    first, second = pair
    if not (first.cause == second.cause == "gpu_lost"):
        return None
    if first.job == second.job and _lost_elsewhere(state, gpu, first.job):
        return None
    if max(len(first.devices), len(second.devices)) > 1 and _worked(state, gpu, pair) is None:
        return None
    return f"{CAUSES['gpu_lost']}: {_whom(state, pair)}"


def _lost_elsewhere(state: RunState, gpu: Gpu, job: int) -> bool:
    return any(
        attempt.cause == "gpu_lost" and not _has(attempt.devices, gpu)
        for attempt in state.jobs[job].attempts
    )


def _full(state: RunState, gpu: Gpu, pair: tuple[BadEnd, BadEnd]) -> str | None:
    """The reason if two jobs got no memory at once, and jobs on another device did.

    Not if an attempt has been active on the device all the time: then the memory is this run's own.
    """
    first, second = pair
    if first.job == second.job or not (first.is_early and second.is_early):
        return None
    if any(_has(devices, gpu) for devices in _kept(state, first)):
        return None
    worked = _worked(state, gpu, pair)
    if worked is None:
        return None
    causes = " or ".join(dict.fromkeys(CAUSES[end.cause] for end in pair))
    return (
        f"{causes} within {EARLY:g} s of the start of {_whom(state, pair)}, while GPU "
        f"{shown(worked)} works"
    )


def _worked(state: RunState, gpu: Gpu, pair: tuple[BadEnd, BadEnd]) -> Gpu | None:
    """Another device that kept or finished a job from the first to the second of these ends."""
    first, second = pair
    kept = list(_kept(state, first))
    for other in state.slots.gpus:
        if same(other, gpu) or state.slots.is_drained(other):
            continue
        if any(_has(end.devices, other) for end in pair):
            continue
        finished = state.health.finished.get(name(other))
        if finished is not None and first.started_at <= finished <= second.at:
            return other
        if any(_has(devices, other) for devices in kept):
            return other
    return None


def _kept(state: RunState, first: BadEnd) -> Iterator[tuple[Gpu, ...]]:
    """The devices of each attempt that has been running since before the first of these ends."""
    for job in state.active.values():
        attempt = job.attempts[-1]
        if attempt.started_at is not None and attempt.started_at <= first.at:
            yield attempt.devices


def _has(devices: tuple[Gpu, ...], gpu: Gpu) -> bool:
    return any(same(device, gpu) for device in devices)


def _whom(state: RunState, pair: tuple[BadEnd, BadEnd]) -> str:
    """`a` and `b`, or the attempts if both are of one job."""
    one, other = (state.jobs[end.job].spec.id for end in pair)
    if one != other:
        return f"`{one}` and `{other}`"
    return f"`{one}`, attempts {pair[0].attempt} and {pair[1].attempt}"


# -- a run that drains have brought to a halt ------------------------------------------------------


def starved(state: RunState) -> bool:
    """Whether nothing is active and nothing that waits fits the devices that are not drained.

    Such a run would wait for ever, unless a person uses a device again.
    """
    if state.active or state.held or state.stop or state.closed or state.executor is None:
        return False
    if not any(state.slots.drained) or not state.counts["waiting"]:
        return False
    queue = state.ready_queue
    if queue.delayed or queue.unread or queue.refused or any(queue.gang_backfill.values()):
        return False
    heads = [shape for shape, heap in queue.units.items() if heap]
    return bool(heads) and not any(
        len(shape) <= state.policy.max_parallel and state.slots.room(shape, empty=True)
        for shape in heads
    )


def drained_texts(state: RunState) -> list[str]:
    """The drained devices with their reasons: `GPU 0 was drained by a person`."""
    texts = []
    for gpu in state.slots.gpus:
        if state.slots.is_drained(gpu):
            why = state.why_drained(gpu)
            texts.append(f"GPU {shown(gpu)} was drained" + (f": {why}" if why else " by a person"))
    return texts
