"""Slots: how many attempts each GPU holds, and whether a job or a gang fits.

Must not know jobs or time: it counts. Only `apply` changes the counts. What other runs hold on this
machine is no part of the state of a run: `held` names the positions of GPUs that they hold now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from pbt_tui.journal.events import Gpu

Shape = tuple[int, ...]
"""How many GPUs each member needs, the largest first; a single job has one entry."""

_MOST = 1024
"""Different groups of devices that are remembered."""


def same(one: Gpu, other: Gpu) -> bool:
    """Whether both are the same device: by UUID if both have one, else by index."""
    if one.uuid and other.uuid:
        return one.uuid == other.uuid
    return one.index is not None and one.index == other.index


def named(text: str, gpus: Iterable[Gpu]) -> Gpu | None:
    """The device among `gpus` with the UUID or index `text`; None if there is none."""
    for gpu in gpus:
        if text == gpu.uuid or (gpu.index is not None and text == str(gpu.index)):
            return gpu
    return None


def name(gpu: Gpu) -> str:
    """The name that a runtime gets: the UUID if known, else the index."""
    return gpu.uuid or str(gpu.index)


def shown(gpu: Gpu) -> str:
    """The name for people, which options take, too: the index if known, else the UUID."""
    return str(gpu.uuid if gpu.index is None else gpu.index)


class Slots:
    """The GPUs of an executor, with the number of attempts on each."""

    def __init__(self, gpus: Sequence[Gpu] = (), per_gpu: int = -1) -> None:
        self.gpus = tuple(gpus)
        """The devices that the executor may use."""
        self.by_name: dict[str, Gpu] = {}
        """The devices by UUID and by index, as `named` finds them."""
        for gpu in self.gpus:
            for text in (gpu.uuid, None if gpu.index is None else str(gpu.index)):
                if text is not None:
                    self.by_name.setdefault(text, gpu)
        self._devices: dict[tuple[str, ...], tuple[tuple[str, ...], tuple[Gpu, ...]]] = {}
        self.per_gpu = per_gpu
        """Slots on each device; -1: jobs are not pinned to devices, and everything fits."""
        self.busy = [0] * len(self.gpus)
        """Number of attempts on each device."""
        self.drained = [False] * len(self.gpus)
        """Whether the device gets no new attempts."""

    def devices(self, texts: tuple[str, ...]) -> tuple[tuple[str, ...], tuple[Gpu, ...]]:
        """The listed devices with these UUIDs or indices, after the texts themselves.

        Equal texts get the same two tuples, so that a hundred thousand attempts hold few.
        """
        found = self._devices.get(texts)
        if found is None:
            known = self.by_name
            found = texts, tuple([known[text] for text in texts if text in known])
            if len(self._devices) < _MOST:
                self._devices[texts] = found
        return found

    def position(self, gpu: Gpu) -> int | None:
        """Index of `gpu` in `gpus`; None if it is not listed."""
        for i, listed in enumerate(self.gpus):
            if gpu is listed or same(gpu, listed):
                return i
        return None

    def drain(self, devices: Sequence[Gpu]) -> None:
        """Says which devices get no new attempts."""
        self.drained = [any(same(gpu, d) for d in devices) for gpu in self.gpus]

    def is_drained(self, gpu: Gpu) -> bool:
        """Whether `gpu` is listed and drained."""
        i = self.position(gpu)
        return i is not None and self.drained[i]

    def take(self, devices: Iterable[Gpu], n: int = 1) -> None:
        """Adds (n=1) or removes (n=-1) an attempt; devices that are not listed have no slots."""
        for gpu in devices:
            i = self.position(gpu)
            if i is not None:
                self.busy[i] += n

    def place(
        self, need: int, held: Collection[int] = (), worse: Sequence[Gpu] = ()
    ) -> tuple[Gpu, ...] | None:
        """The `need` least busy devices with a free slot; None if there are fewer.

        Of equally busy devices, the one with the lower position comes first.

        Args:
            need: how many devices.
            held: positions of the devices that other runs hold.
            worse: devices that come after all others.
        """
        placed = self._place(need, self.busy, held, {self.position(gpu) for gpu in worse})
        return None if placed is None else tuple(self.gpus[i] for i in placed)

    def place_all(self, shape: Shape, held: Collection[int] = ()) -> list[tuple[Gpu, ...]] | None:
        """The devices of each member of `shape`, if they start one after the other; None: no room.

        The first entry is what `place` returns for the first member.
        """
        busy, found = list(self.busy), []
        for need in shape:
            placed = self._place(need, busy, held)
            if placed is None:
                return None
            for i in placed:
                busy[i] += 1
            found.append(tuple(self.gpus[i] for i in placed))
        return found

    def _place(
        self,
        need: int,
        counts: Sequence[int],
        held: Collection[int],
        worse: Collection[int | None] = (),
    ) -> tuple[int, ...] | None:
        if self.per_gpu < 0 or need == 0:
            return ()
        free = [
            (i in worse, busy, i)
            for i, busy in enumerate(counts)
            if busy < self.per_gpu and not self.drained[i] and i not in held
        ]
        if len(free) < need:
            return None
        free.sort()
        return tuple(i for _, _, i in free[:need])

    def room(
        self,
        shape: Shape,
        held: Collection[int] = (),
        *,
        empty: bool = False,
        drained: bool = False,
    ) -> bool:
        """Whether all members of `shape` fit at once.

        Args:
            shape: the number of GPUs that each member needs, the largest first.
            held: positions of the devices that other runs hold.
            empty: whether to count as if no attempt was active and nothing was held.
            drained: whether to count drained devices as usable.

        To give the least busy devices to the largest need first is enough: this order finds a
        placement whenever one exists.
        """
        if self.per_gpu < 0:
            return True
        left = [
            self.per_gpu if empty else self.per_gpu - busy
            for i, busy in enumerate(self.busy)
            if (drained or not self.drained[i]) and (empty or i not in held)
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
