"""Submitted once, whoever dies or does not answer in between: every way through, one after another.

The service here takes each request as a new job, and shows it from its next answer on.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import product

import pytest

from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable
from pbt_tui.runtimes.submit_once import SubmitOnce

STEPS = ("save", "ask", "asked", "save again")
"""Where a death, or a silence, may come: before the service has it, or after."""


class Death(Exception):
    pass


@dataclass(frozen=True)
class Record:
    key: str
    id: int | None = None


@dataclass
class World:
    """A disk and a service; `fails` maps a step to what is raised there, once."""

    fails: dict[str, type[Exception]] = field(default_factory=dict)
    disk: dict[str, Record] = field(default_factory=dict)
    jobs: list[str] = field(default_factory=list)

    def meet(self, step: str) -> None:
        error = self.fails.pop(step, None)
        if error is not None:
            raise error(500, "no") if error is EngineError else error()

    def save(self, record: Record) -> None:
        self.meet("save" if record.id is None else "save again")
        self.disk[record.key] = record

    def look_up(self, record: Record) -> Record | None:
        self.meet("look up")
        ids = [n for n, key in enumerate(self.jobs) if key == record.key]
        return replace(record, id=ids[0]) if ids else None

    def ask(self, record: Record) -> Record:
        assert self.disk.get(record.key) == record, "asked for before it was on disk"
        self.meet("ask")
        self.jobs.append(record.key)
        self.meet("asked")
        return replace(record, id=len(self.jobs) - 1)

    def life(self) -> Record | None:
        """One caller, as both of ours do it: what may have been asked for is looked up first."""
        once = SubmitOnce(look_up=self.look_up, ask=self.ask, save=self.save)
        try:
            before = self.disk.get("a")
            if before is not None and before.id is not None:
                return before
            found = once.find(before) if before is not None else None
            return found or once.submit(Record("a"))
        except (Death, EngineUnavailable):
            return None


@pytest.mark.parametrize(("first", "second"), list(product([*STEPS, "look up"], repeat=2)))
@pytest.mark.parametrize("error", [Death, EngineUnavailable])
def test_no_death_and_no_silence_makes_two(first: str, second: str, error: type[Exception]) -> None:
    world = World()
    for step in (first, second):
        world.fails[step] = error
        world.life()
    world.fails.clear()
    found = world.life()
    assert found == Record("a", 0)
    assert world.disk == {"a": found}
    assert world.jobs == ["a"]
    assert world.life() == found, "and nothing is asked again"
    assert world.jobs == ["a"]


def test_a_refusal_is_the_callers() -> None:
    world = World({"ask": EngineError})
    with pytest.raises(EngineError, match="no"):
        world.life()
    assert world.jobs == []
    assert world.life() == Record("a", 0)


def test_asking_before_looking_makes_two() -> None:
    """What the order is for: the same life without the look."""
    world = World({"asked": Death})
    once = SubmitOnce(look_up=world.look_up, ask=world.ask, save=world.save)
    with pytest.raises(Death):
        once.submit(Record("a"))
    once.submit(Record("a"))
    assert world.jobs == ["a", "a"]
