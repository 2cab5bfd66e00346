"""Why nothing happens in a population where nothing is wrong.

Must not do IO or read a clock: facts in, notes out.
"""

from __future__ import annotations

from collections.abc import Sequence

from pbt_tui.observe.population_status import RUNNING, PopulationStatus
from pbt_tui.observe.snapshot_types import Alarm, Code


def silence(facts: PopulationStatus) -> list[Alarm]:
    """Why nothing happens, where nothing is wrong."""
    if facts.states and not any(s in RUNNING for s in facts.states.values()):
        return []
    present = facts.present()
    frames = max((g[-1].frame or 0 for g in facts.generations.values() if g), default=0)
    said = [w.initial_delay for w in facts.words.values() if w.initial_delay is not None]
    delay = max(said) if said else facts.settings.initial_delay
    trainer = facts.trainer
    if trainer.waits_for_frames and delay is not None and frames < delay:
        return _note(
            "before_start",
            f"waits for {_count(delay)} frames before the first exchange, now at {_count(frames)}",
        )
    if not present:
        return _note("before_start", "no member has written a generation yet")
    needed = trainer.quorum(facts.size)
    if len(present) < min(needed, facts.size):
        return _note(
            "too_few_members",
            f"needs {needed} of {facts.size} members with a generation, {len(present)} have one",
            facts.absent(),
        )
    if trainer.is_within is None:
        return []
    newest = max(g[-1].generation for g in facts.generations.values() if g)
    recent = [e for e in facts.events if e.kind != "relaunch" and (e.generation or 0) >= newest - 2]
    values = sorted(
        steps[-1].objective
        for steps in facts.generations.values()
        if steps and steps[-1].objective is not None
    )
    if recent or len(values) < 2 or not trainer.is_within(values, facts.settings):
        return []
    return _note("within_threshold", "all members are within the thresholds")


def _count(number: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.0f}"


def _note(code: Code, message: str, members: Sequence[int] = ()) -> list[Alarm]:
    return [Alarm(code, "note", message, tuple(members))]
