"""A population at an earlier time, as far as its generations tell it. Pure.

Each generation has its time. A decision is counted from the time of the generation at which it was
made. Alarms depend on files as they are now, so there are none; and of the best generation it is
known only where its weights are, if they still are.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from math import isfinite
from typing import cast

import msgspec

from pbt_tui.journal.state import RunState
from pbt_tui.observe.snapshot_types import (
    Best,
    EventRow,
    GenerationRow,
    MemberRow,
    MemberWord,
    PopulationRow,
    RoundRow,
)


def row_at(row: PopulationRow, moment: float, state: RunState) -> PopulationRow:
    """The population at a time.

    Args:
        row: The population as it is now.
        moment: The time, in Unix seconds.
        state: The state of the run then.
    """
    then = {member.index: _until(member.generations, moment) for member in row.members}
    furthest = max((known[-1].generation for known in then.values() if known), default=0)
    words = _words(row, state)
    began = {
        (member, generation.generation) for member, known in then.items() for generation in known
    }
    return msgspec.structs.replace(
        row,
        members=tuple(
            _member(member, then[member.index], furthest, words.get(member.index, member.state))
            for member in row.members
        ),
        events=tuple(event for event in row.events if _is_known(event, began)),
        rounds=tuple(one for one in row.rounds if _is_known(one, began)),
        best=_best(row.best, then),
        alarms=(),
    )


def _until(generations: tuple[GenerationRow, ...], moment: float) -> tuple[GenerationRow, ...]:
    """The generations that had been written at a time; they are in the order of their times."""
    count = bisect_right(generations, moment, key=lambda g: g.at)
    return generations if count == len(generations) else generations[:count]


def _is_known(told: EventRow | RoundRow, began: set[tuple[int, int]]) -> bool:
    """Whether a decision or a round was at a generation that had been written."""
    return told.generation is None or (told.member, told.generation) in began


def _member(
    now: MemberRow, known: tuple[GenerationRow, ...], furthest: int, word: MemberWord
) -> MemberRow:
    last = known[-1] if known else None
    return msgspec.structs.replace(
        now,
        state=word,
        generation=last.generation if last else None,
        frame=last.frame if last else None,
        objective=last.objective if last else None,
        params=last.params if last else {},
        lag=max(0, furthest - last.generation) if last else None,
        generations=known,
        paused_at=None,
    )


def _words(row: PopulationRow, state: RunState) -> dict[int, MemberWord]:
    """The state of each member's job; the policies of one job share it."""
    population = next((p for p in state.spec.populations if p.id == row.id), None)
    jobs = [state.by_id[m] for m in population.members if m in state.by_id] if population else []
    if len(jobs) == 1 and row.size > 1:
        return dict.fromkeys(range(row.size), cast(MemberWord, jobs[0].shown))
    return {
        (place if job.spec.member is None else job.spec.member): cast(MemberWord, job.shown)
        for place, job in enumerate(jobs)
    }


def _best(now: Best | None, then: Mapping[int, tuple[GenerationRow, ...]]) -> Best | None:
    """The best generation of now, if it was the best one then, too."""
    if now is None:
        return None
    here = next((g for g in then.get(now.member, ()) if g.generation == now.generation), None)
    known = [g.objective for all_ in then.values() for g in all_ if g.objective is not None]
    if here is None or here.objective != max(filter(isfinite, known), default=None):
        return None
    return msgspec.structs.replace(now, lost=None)
