"""What ends of attempts say about devices: the evidence for an automatic drain.

`apply` keeps it, and `scheduler.drains` judges it. It begins anew with each executor: between two
of them somebody may have repaired the machine.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from msgspec import Struct, field

from pbt_tui.journal.events import AttemptEnded, Gpu
from pbt_tui.journal.slots import name
from pbt_tui.spec import Cause

EARLY = 30.0
"""Seconds after its start within which an attempt ends early."""
KEPT = 8
"""Ends that are kept for each device, the newest."""


class BadEnd(NamedTuple):
    """An end for which a device may be the reason."""

    job: int
    """Plan index of the job."""
    attempt: int
    """Number of the attempt."""
    cause: Cause
    """What made it end: `gpu_lost` or `cuda_oom`."""
    started_at: float
    """When it started, in Unix seconds."""
    at: float
    """When the executor recorded the end, in Unix seconds."""
    devices: tuple[Gpu, ...]
    """All devices of the attempt: which of them was the reason is not known."""

    @property
    def is_early(self) -> bool:
        """Whether it ended within `EARLY` seconds of its start."""
        return self.at - self.started_at <= EARLY


class DeviceHealth(Struct):
    """The evidence of one executor, by the names of its devices."""

    bad: dict[str, tuple[BadEnd, ...]] = field(default_factory=dict)
    """Ends since the device last finished a job or was last used again, oldest first."""
    finished: dict[str, float] = field(default_factory=dict)
    """When the device last finished a job, in Unix seconds."""

    def note(self, job: int, began: float, devices: tuple[Gpu, ...], e: AttemptEnded) -> None:
        """Takes an end into account: a success clears its devices, a bad end counts.

        Args:
            job: Plan index of the job.
            began: When the attempt started, in Unix seconds.
            devices: The devices of the attempt.
            e: Its end.
        """
        if e.outcome == "succeeded":
            for device in map(name, devices):
                self.bad.pop(device, None)
                self.finished[device] = e.at
            return
        if e.cause not in ("gpu_lost", "cuda_oom"):
            return
        end = BadEnd(job, e.attempt, e.cause, began, e.at, devices)
        if e.cause == "gpu_lost" or end.is_early:
            for device in map(name, devices):
                self.bad[device] = (*self.bad.get(device, ())[1 - KEPT :], end)

    def forgive(self, devices: Sequence[Gpu]) -> None:
        """Forgets the evidence against devices that a person drained or uses again."""
        for device in map(name, devices):
            self.bad.pop(device, None)
