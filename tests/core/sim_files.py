"""What the loop needs of a run directory and of time, in the simulated world."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pbt_tui.executor.inbox import UnreadableRequest
from pbt_tui.journal import events as ev
from tests.core.world import Death, World


class SimJournal:
    """Durable when `append` returns; a death may come before, after, or in the middle."""

    def __init__(self, world: World) -> None:
        self.world = world

    def append(
        self, events: Sequence[ev.AnyEvent], meanwhile: Callable[[], None] = lambda: None
    ) -> None:
        self.world.maybe_die()
        self.world.maybe_fail(events)
        try:
            meanwhile()
            self.world.maybe_die()
        except Death:
            # A torn batch: its complete lines are kept, the torn one is dropped.
            self.world.recorded(events[: self.world.rng.randrange(len(events))])
            raise
        self.world.recorded(events)
        self.world.maybe_die()


class SimDesk:
    def __init__(self, world: World) -> None:
        self.world = world
        self.taken: set[str] = set()

    def new(self) -> list[ev.Request | UnreadableRequest]:
        names = sorted(set(self.world.inbox) - self.taken)
        self.taken.update(names)
        return [self.world.inbox[name] for name in names]

    def done(self, name: str) -> None:
        self.world.maybe_die()
        self.world.inbox.pop(name, None)


class SimClock:
    def __init__(self, world: World, last: float) -> None:
        self.world = world
        self.offset = max(world.now, last) - world.now

    def now(self) -> float:
        return self.world.now + self.offset
