"""Permits: the loop asks for slots of the machine after a decision and before it is written.

If other runs hold a GPU of the decision, nothing is written; the GPU counts as held until one of
its slots is freed, or until some time has passed, and `decide` chooses again without it. A
population gets the slots of all its members at once: those of members that start later are kept for
them. Must not decide: which job starts where is the scheduler's choice.
"""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol, TypeVar

from pbt_tui import machine_slots
from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.slots import Slots
from pbt_tui.journal.state import Attempt, JobState, RunState
from pbt_tui.machine_slots import HeldSlots, Holder, Slot, Waiter

AGAIN = (1.0, 2.0)
"""Least and most seconds after which a held GPU is tried again although nobody said it is free."""
SOON = (0.02, 0.2)
"""The same if nobody holds it: others wanted it in the same moment."""

Starts = Sequence[tuple[JobState, tuple[Gpu, ...]]]
"""Jobs that start together, and the GPUs of each."""


class Permits(Protocol):
    """Whom the loop asks; `NO_PERMITS` for a run that claims no GPUs."""

    def held(self) -> Collection[int]:
        """Positions of the GPUs, in the executor's list, on which nothing may start now."""

    def take(self, job: JobState, starts: Starts) -> bool:
        """Takes the slots of `job`, the first one of `starts`, and keeps those of the others.

        Returns False if others hold one of them: then `held` has more GPUs.
        """

    def of(self, job: str, attempt: int) -> HeldSlots | None:
        """The slots of an attempt in this process; None if it has none here."""

    def retake(self, job: JobState, attempt: Attempt) -> bool:
        """Takes the slots of an attempt that an earlier executor scheduled and did not start."""

    def adopt(self, job: JobState, attempt: Attempt) -> None:
        """Holds the slots of an attempt that runs, if its processes do not hold them."""

    def forget(self, job: str, attempt: int) -> None:
        """Lets go of what is left of an attempt's slots in this process: it has ended."""

    def drop_unused(self, state: RunState) -> None:
        """Frees slots that were kept for members who no longer need them."""


class _NoPermits:
    def held(self) -> Collection[int]:
        return ()

    def take(self, job: JobState, starts: Starts) -> bool:
        return True

    def of(self, job: str, attempt: int) -> HeldSlots | None:
        return None

    def retake(self, job: JobState, attempt: Attempt) -> bool:
        return True

    def adopt(self, job: JobState, attempt: Attempt) -> None:
        """Does nothing."""

    def forget(self, job: str, attempt: int) -> None:
        """Does nothing."""

    def drop_unused(self, state: RunState) -> None:
        """Does nothing."""


NO_PERMITS = _NoPermits()


class MachinePermits:
    """The permits of one executor.

    Args:
        gpus: the GPUs of the executor.
        shares: slots on each of them.
        run_id: id of the run.
        run: name of the run.
        tell: called when it changes who holds the GPUs that this run waits for.

    Raises:
        RuntimeUnavailable: if this machine does not show who holds slots.
    """

    def __init__(
        self,
        gpus: Sequence[Gpu],
        shares: int,
        run_id: str,
        run: str,
        *,
        tell: Callable[[Mapping[int, Sequence[Holder]]], None] = lambda holders: None,
    ) -> None:
        self._keys = [machine_slots.gpu_key(gpu.uuid, gpu.index) for gpu in gpus]
        self._shares, self._run_id, self._run = shares, run_id, run
        self._listed = Slots(gpus)
        self._tell = tell
        self._waiter = Waiter()
        self._again: dict[int, float] = {}
        """Held GPUs, and when to try each again, in monotonic seconds."""
        self._holders: dict[int, Sequence[Holder]] = {}
        self._told: dict[int, Sequence[Holder]] = {}
        self._taken: dict[tuple[str, int], HeldSlots] = {}
        self._kept: dict[str, dict[int, list[HeldSlots]]] = {}
        """Slots for members that start later: population to position to slots."""
        self._expected: Counter[str] = Counter()
        """How many attempts of earlier executors have a slot of each GPU."""
        _asked(machine_slots.held)

    def fileno(self) -> int:
        """A descriptor that is readable when a slot may have become free."""
        return self._waiter.fileno()

    def held(self) -> Collection[int]:
        if not self._again:
            return ()
        freed, now = self._waiter.freed(), time.monotonic()
        for i, at in list(self._again.items()):
            if self._keys[i] in freed or now >= at:
                self._waiter.forget(self._keys[i])
                del self._again[i]
        return self._again

    def take(self, job: JobState, starts: Starts) -> bool:
        number = len(job.attempts) + 1
        kept = self._kept.get(job.gang.id, {}) if job.gang is not None else {}
        own = starts[0][1]
        positions = self._positions(own)
        if kept and all(kept.get(i) for i in positions):
            self._taken[job.spec.id, number] = HeldSlots.joined(kept[i].pop() for i in positions)
            return True
        wanted = [self._slots(job, number, own)]
        rest: list[int] = []
        for member, gpus in starts[1:]:
            for gpu in gpus:  # each by itself: another member may start on it
                wanted.append(self._slots(member, len(member.attempts) + 1, (gpu,)))
                rest += self._positions((gpu,))
        taken = _asked(lambda: machine_slots.take(wanted))
        if isinstance(taken, set):
            self._refused(taken)
            return False
        self._say()
        self._taken[job.spec.id, number] = taken[0]
        for i, slots in zip(rest, taken[1:], strict=True):
            assert job.gang is not None
            self._kept.setdefault(job.gang.id, {}).setdefault(i, []).append(slots)
        return True

    def of(self, job: str, attempt: int) -> HeldSlots | None:
        return self._taken.get((job, attempt))

    def retake(self, job: JobState, attempt: Attempt) -> bool:
        slots = self._slots(job, attempt.number, attempt.devices)
        taken = _asked(lambda: machine_slots.take([slots]))
        if isinstance(taken, set):
            return False
        self._expected.update(slot.key for slot in slots)
        self._taken[job.spec.id, attempt.number] = taken[0]
        return True

    def adopt(self, job: JobState, attempt: Attempt) -> None:
        slots = self._slots(job, attempt.number, attempt.devices)
        ours = Counter(s.key for s in _asked(machine_slots.held) if s.run_id == self._run_id)
        self._expected.update(slot.key for slot in slots)
        missing = [slot for slot in slots if ours[slot.key] < self._expected[slot.key]]
        # The slot of a member may have the name of another one: they are counted.
        self._taken[job.spec.id, attempt.number] = HeldSlots.joined(
            _asked(lambda slot=slot: machine_slots.adopt(slot))  # type: ignore[misc]
            for slot in missing
        )

    def forget(self, job: str, attempt: int) -> None:
        slots = self._taken.pop((job, attempt), None)
        if slots is not None:
            slots.close()

    def drop_unused(self, state: RunState) -> None:
        for name in list(self._kept):
            gang = state.gangs[name]
            owed = any(member.is_waiting for member in gang.members)
            if not gang.active or not owed or state.stop:
                for some in self._kept.pop(name).values():
                    for slots in some:
                        slots.close()

    def close(self) -> None:
        """Lets go of all slots here; the processes of the attempts still hold theirs."""
        for slots in self._taken.values():
            slots.close()
        for kept in self._kept.values():
            for some in kept.values():
                for slots in some:
                    slots.close()
        self._waiter.close()

    def _slots(self, job: JobState, attempt: int, gpus: Sequence[Gpu]) -> list[Slot]:
        name = f"{job.spec.id}.{attempt}"
        return [
            Slot(self._keys[i], self._shares, self._run_id, self._run, name)
            for i in self._positions(gpus)
        ]

    def _positions(self, gpus: Sequence[Gpu]) -> list[int]:
        """Where the executor's list has these GPUs; those that it lacks have no slots."""
        found = (self._listed.position(gpu) for gpu in gpus)
        return [i for i in found if i is not None]

    def _refused(self, keys: Collection[str]) -> None:
        """Counts these GPUs as held, and waits for their slots."""
        holders = _asked(lambda: machine_slots.holders(keys))
        now = time.monotonic()
        for i, key in enumerate(self._keys):
            if key not in keys:
                continue
            found = [one for one in holders if one.slot.key == key]
            self._again[i] = now + random.uniform(*(AGAIN if found else SOON))
            _asked(lambda key=key: self._waiter.wait_for(key))  # type: ignore[misc]
            self._holders[i] = found
        self._say()

    def _say(self) -> None:
        """Tells who holds the GPUs that this run waits for, if that has changed."""
        now = {}
        for i in sorted(self._again):
            found = self._holders.get(i, ())
            others = [one for one in found if one.slot.run_id != self._run_id]
            if others or found:
                now[i] = others or found
        if now != self._told:
            self._told = now
            self._tell(now)


Answer = TypeVar("Answer")


def _asked(work: Callable[[], Answer]) -> Answer:
    try:
        return work()
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise RuntimeUnavailable(
            f"this machine does not tell who holds its GPUs: {reason}",
            hint="pass `--share_gpus` to start without asking",
        ) from error
