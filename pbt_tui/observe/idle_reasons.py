"""Why no exchange happens in a population although nothing is wrong.

Pure: status in, notes out.
"""

from __future__ import annotations

from collections.abc import Sequence

from pbt_tui.observe.population_status import RUNNING, PopulationStatus
from pbt_tui.observe.snapshot_types import Alarm, Code


def idle_reasons(status: PopulationStatus) -> list[Alarm]:
    """Notes about a population whose members train but do not exchange."""
    if status.states and not any(s in RUNNING for s in status.states.values()):
        return []
    present = status.present()
    frames = max((g[-1].frame or 0 for g in status.generations.values() if g), default=0)
    delays = [log.initial_delay for log in status.logs.values() if log.initial_delay is not None]
    delay = max(delays) if delays else status.settings.initial_delay
    trainer = status.trainer
    if trainer.waits_for_frames and delay is not None and frames < delay:
        return _note(
            "before_start",
            f"waits for {_count(delay)} frames before the first exchange, now at {_count(frames)}",
        )
    if not present:
        why = status.missing or "no member has written a generation yet"
        return _note("before_start", why)
    needed = trainer.quorum(status.size)
    if len(present) < min(needed, status.size):
        return _note(
            "too_few_members",
            f"needs {needed} of {status.size} members with a generation, {len(present)} have one",
            status.absent(),
        )
    if trainer.is_within is None:
        return []
    newest = max(g[-1].generation for g in status.generations.values() if g)
    recent = [
        e for e in status.events if e.kind != "relaunch" and (e.generation or 0) >= newest - 2
    ]
    values = sorted(
        steps[-1].objective
        for steps in status.generations.values()
        if steps and steps[-1].objective is not None
    )
    if recent or len(values) < 2 or not trainer.is_within(values, status.settings):
        return []
    return _note("within_threshold", "all members are within the thresholds")


def _count(number: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.0f}"


def _note(code: Code, message: str, members: Sequence[int] = ()) -> list[Alarm]:
    return [Alarm(code, "note", message, tuple(members))]
