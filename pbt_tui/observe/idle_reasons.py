"""Why no exchange happens in a population although nothing is wrong.

Pure: status in, notes out.
"""

from __future__ import annotations

from collections.abc import Sequence

from pbt_tui.observe.population_status import RUNNING, PopulationStatus
from pbt_tui.observe.rounds import newest, sentence
from pbt_tui.observe.snapshot_types import Alarm, Code

_RECENT = 256
"""Newest events among which a recent one is looked for."""


def idle_reasons(status: PopulationStatus) -> list[Alarm]:
    """Notes about a population whose members train but do not exchange."""
    if status.states and not any(s in RUNNING for s in status.states.values()):
        return []
    last = status.last
    frames = max((g.frame or 0 for g in last.values()), default=0)
    delays = [log.initial_delay for log in status.logs.values() if log.initial_delay is not None]
    delay = max(delays) if delays else status.settings.initial_delay
    trainer = status.trainer
    assumed = not delays and status.settings == trainer.settings
    unsure = " (the trainer's default: no log says so)" if assumed else ""
    copied = any(e.kind == "exploit" for e in status.events)
    if trainer.waits_for_frames and delay is not None and frames < delay and not copied:
        return _note(
            "before_start",
            f"waits for {_count(delay)} frames before the first exchange{unsure}, now at "
            f"{_count(frames)}",
        )
    if not last:
        why = status.missing or "no member has written a generation yet"
        return _note("before_start", why)
    needed = trainer.quorum(status.size)
    if len(last) < needed:
        whom = f"{needed} of {status.size}" if needed <= status.size else f"{needed}"
        return _note(
            "too_few_members",
            f"needs {whom} members with a generation, {len(last)} have one",
            status.absent(),
        )
    if _exchanged(status):
        return []
    found: list[Alarm] = []
    values = sorted(g.objective for g in last.values() if g.objective is not None)
    if (
        trainer.is_within is not None
        and len(values) >= 2
        and trainer.is_within(values, status.settings)
    ):
        found += _note("within_threshold", "all members are within the thresholds")
    if (compared := newest(status.logs)) is not None:
        found += _note("last_round", sentence(*compared), [compared[0]])
    return found


def _exchanged(status: PopulationStatus) -> bool:
    """Whether a member exchanged something in the newest three generations."""
    furthest = max(g.generation for g in status.last.values())
    return any(
        e.kind in ("exploit", "mutate")
        and e.applied is not False
        and (e.generation or 0) >= furthest - 2
        for e in status.events[-_RECENT:]
    )


def _count(number: float) -> str:
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.0f}"


def _note(code: Code, message: str, members: Sequence[int] = ()) -> list[Alarm]:
    return [Alarm(code, "note", message, tuple(members))]
