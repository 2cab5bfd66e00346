"""The two indexes that `replay` leaves out and makes once: ready queue and deadlines.

They follow from phases, attempts and policy.
"""

from __future__ import annotations

from pbt_tui.journal.due_stops import clean_deadlines, set_deadline
from pbt_tui.journal.ready_queue import ReadyQueue
from pbt_tui.journal.state import RunState


def empty_indexes(state: RunState) -> None:
    """Takes all jobs out of both."""
    state.deadlines, state.ready_queue = [], ReadyQueue()
    for gang in state.gangs.values():
        gang.waiting = ()
    for job in state.jobs:
        job.bucket = ""


def make_indexes(state: RunState) -> None:
    """Makes both for a state that was folded without them; `apply` keeps them from then on."""
    state.indexed = True
    empty_indexes(state)
    if state.executor is not None:  # before the first one, no job is in a queue
        for job in state.jobs:
            if job.phase == "waiting":
                state.ready_queue.enter(job, state.at)
        state.ready_queue.clean()
    for job in state.active.values():
        set_deadline(state, job)
    clean_deadlines(state)
