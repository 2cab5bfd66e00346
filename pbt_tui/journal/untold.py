"""Decides what a person is told of a run, and when: a pure fold of the events.

A run that closes is told once. A job that failed for good is told at once, but at most one message
about failures leaves a minute: it names all failures since the last one. Failures for which that
minute is not over when the run closes are part of the message about the end.

No file remembers what was told. An executor that resumes a run tells only what happens from then
on, and takes its own start for a message: so nothing is told twice, and two messages of two
executors are a minute apart, too. What a killed executor had not told yet is counted in the message
about the end; if it was killed between the record of the end and that message, nobody is told.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

from msgspec import Struct
from msgspec.structs import replace

from pbt_tui.journal import events as ev
from pbt_tui.journal.state import JobState, RunState

MINUTE = 60.0
"""Seconds between two messages about failures."""

Topic = Literal["failure", "best", "plateau", "end"]
"""What there is to tell of a run; `observe.progress.objective_news` decides about `best` and
`plateau`."""
TOPICS: tuple[Topic, ...] = get_args(Topic)


class Untold(Struct, frozen=True):
    """What happened and is not told yet."""

    failed: tuple[str, ...] = ()
    """Ids of the jobs that failed, the earliest first."""
    is_closed: bool = False
    """Whether the run closed."""
    not_before: float = -math.inf
    """Journal time before which no message about failures may leave."""


def begun(state: RunState, now: float) -> Untold:
    """What is untold when an executor takes over the run: nothing."""
    resumed = state.executor is not None
    return Untold(not_before=now + MINUTE) if resumed else Untold()


def is_failure(job: JobState) -> bool:
    """Whether it failed for good: no retry waits for it, or its member cannot be continued."""
    return job.phase == "failed" or (job.phase == "skipped" and job.refusal is not None)


def observed(untold: Untold, events: Sequence[ev.AnyEvent], state: RunState) -> Untold:
    """`untold` after a durable batch of events, which `state` has folded."""
    failed = dict.fromkeys(untold.failed)
    is_closed = untold.is_closed
    for event in events:
        match event:
            case ev.AttemptEnded() | ev.JobSkipped():
                if is_failure(state.by_id[event.job]):
                    failed[event.job] = None
            case ev.RunClosed():
                is_closed = True
            case _:
                pass
    return replace(untold, failed=tuple(failed), is_closed=is_closed)


def next_topic(
    untold: Untold, state: RunState, now: float
) -> tuple[Literal["failure", "end"] | None, tuple[str, ...], Untold]:
    """What to tell now: the topic, the failures that it is about, and what is untold after it.

    A job that a person retried meanwhile is no failure any more. Call it until there is no topic:
    one batch may hold a failure and the end.
    """
    failed = tuple(name for name in untold.failed if is_failure(state.by_id[name]))
    if failed and now >= untold.not_before:
        return "failure", failed, replace(untold, failed=(), not_before=now + MINUTE)
    if untold.is_closed:
        return "end", failed, replace(untold, failed=(), is_closed=False)
    return None, (), replace(untold, failed=failed)
