"""The groups of failures as rows of the snapshot: when, where, what differs from good jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pbt_tui.journal.state import RunState
from pbt_tui.observe import failure_differences
from pbt_tui.observe.failure_differences import FailureFindings
from pbt_tui.observe.failure_grouping import Group, failures
from pbt_tui.observe.snapshot_types import FailureRow, GpuRow

STUDIED = 10
"""Largest groups that are compared with the good jobs: for each, all jobs are looked at."""


def failure_rows(state: RunState, gpus: Sequence[GpuRow], *, live: bool) -> Iterator[FailureRow]:
    """A row for each group, the largest first.

    Args:
        state: The state of the run.
        gpus: The executor's GPUs, with their newest samples.
        live: Whether an executor holds the lock, so that the samples are of now.
    """
    for place, group in enumerate(failures(state)):
        where = difference = None
        if place < STUDIED:
            found = failure_differences.find(group, state)
            where = where_text(found, gpus, live=live)
            difference = difference_text(group, found, state)
        yield FailureRow(
            group.signature, group.count, group.jobs, group.first_at, group.last_at,
            where, difference,
        )  # fmt: skip


def where_text(found: FailureFindings, gpus: Sequence[GpuRow], *, live: bool) -> str | None:
    """Where most jobs of a group failed, and who else uses the device."""
    place = found.place
    if place is None:
        return None
    gpu = next((one for one in gpus if failure_differences.is_device(place, one)), None)
    others = (gpu.others or gpu.held) if gpu is not None else None
    return failure_differences.place_text(place, others, live=live)


def difference_text(group: Group, found: FailureFindings, state: RunState) -> str | None:
    """What all jobs of a group share; else how the first one differs from the nearest good job.

    None if there is no good job.
    """
    shared = failure_differences.shared_text(group, found)
    if shared:
        return shared
    first = state.by_id[group.jobs[0]]
    near = failure_differences.nearest(first, found.good)
    if near is None:
        return None
    text = failure_differences.nearest_text(near, first)
    return text if group.count == 1 else f"{first.spec.id} {text}"
