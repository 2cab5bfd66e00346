"""Why nothing happens in a population where nothing is wrong.

Must not do IO or read a clock: facts in, notes out.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean, pstdev

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
    if facts.style != "isaaclab" and delay is not None and frames < delay:
        return _note(
            "before_start",
            f"waits for {_count(delay)} frames before the first exchange, now at {_count(frames)}",
        )
    if not present:
        return _note("before_start", "no member has written a generation yet")
    needed = int(max(2, facts.size / 2)) + 1
    if facts.style == "isaacgymenvs" and len(present) < min(needed, facts.size):
        return _note(
            "too_few_members",
            f"needs {needed} of {facts.size} members with a generation, {len(present)} have one",
            facts.absent(),
        )
    if facts.style == "sample_factory":
        return []
    newest = max(g[-1].generation for g in facts.generations.values() if g)
    recent = [e for e in facts.events if e.kind != "relaunch" and (e.generation or 0) >= newest - 2]
    if recent or not _within(facts):
        return []
    return _note("within_threshold", "all members are within the thresholds")


def _within(facts: PopulationStatus) -> bool:
    """Whether the newest objectives would make anybody be replaced."""
    values = sorted(
        steps[-1].objective
        for steps in facts.generations.values()
        if steps and steps[-1].objective is not None
    )
    if len(values) < 2:
        return False
    limits = facts.settings
    if facts.style == "isaaclab":
        mean = fmean(values)
        return values[0] >= min(mean - limits.std * pstdev(values), mean - limits.absolute)
    spread = pstdev(values[int(0.2 * len(values)) :])
    gap = values[-1] - values[0]
    return gap <= limits.std * spread or gap <= limits.absolute * abs(values[0])


def _count(number: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.0f}"


def _note(code: Code, message: str, members: Sequence[int] = ()) -> list[Alarm]:
    return [Alarm(code, "note", message, tuple(members))]
