"""The places on the GPUs: who is busy how often, and whether a job or a gang fits.

Must not know jobs or time: it counts. `apply` keeps the counts; nobody else changes them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pbt_tui.journal.events import Gpu

Shape = tuple[int, ...]
"""How many GPUs each member needs, the largest first; a single job has one entry."""


def same(one: Gpu, other: Gpu) -> bool:
    """A GPU is its uuid where both sides know it, else its index."""
    if one.uuid and other.uuid:
        return one.uuid == other.uuid
    return one.index is not None and one.index == other.index


def named(text: str, gpus: Iterable[Gpu]) -> Gpu | None:
    """The device that a person or an event calls `text`."""
    for gpu in gpus:
        if text == gpu.uuid or (gpu.index is not None and text == str(gpu.index)):
            return gpu
    return None


def name(gpu: Gpu) -> str:
    """What a runtime is handed: the uuid where known, else the index."""
    return gpu.uuid or str(gpu.index)


class Slots:
    """`per_gpu` places on each device; -1 means that nothing is pinned and everything fits."""

    def __init__(self, gpus: Sequence[Gpu] = (), per_gpu: int = -1) -> None:
        self.gpus = tuple(gpus)
        self.per_gpu = per_gpu
        self.busy = [0] * len(self.gpus)
        self.drained = [False] * len(self.gpus)

    def position(self, gpu: Gpu) -> int | None:
        for i, listed in enumerate(self.gpus):
            if same(gpu, listed):
                return i
        return None

    def take(self, devices: Iterable[Gpu], n: int = 1) -> None:
        """Counts an attempt in (n=1) or out (n=-1); a device no longer listed has no slot."""
        for gpu in devices:
            i = self.position(gpu)
            if i is not None:
                self.busy[i] += n

    def place(self, need: int) -> tuple[Gpu, ...] | None:
        """The `need` least busy devices that have room, lowest first on a tie; None if too few."""
        if self.per_gpu < 0 or need == 0:
            return ()
        free = [
            (busy, i)
            for i, busy in enumerate(self.busy)
            if busy < self.per_gpu and not self.drained[i]
        ]
        if len(free) < need:
            return None
        free.sort()
        return tuple(self.gpus[i] for _, i in free[:need])

    def room(self, shape: Shape, *, empty: bool = False, drained: bool = False) -> bool:
        """Whether all of `shape` fits at once: as things are, or with nothing running (`empty`).

        With `drained` the drained devices count as there. Taking the least busy devices for the
        largest need first finds a place whenever there is one.
        """
        if self.per_gpu < 0:
            return True
        left = [
            self.per_gpu if empty else self.per_gpu - busy
            for i, busy in enumerate(self.busy)
            if drained or not self.drained[i]
        ]
        if len(shape) > sum(left) and shape[-1] > 0:
            return False
        for need in shape:
            left.sort(reverse=True)
            if need > len(left) or (need and left[need - 1] < 1):
                return False
            for i in range(need):
                left[i] -= 1
        return True
