"""Which attempt gets which port of the executor's range.

A job with `{port}` in its command needs one. Every other job gets one as its rendezvous port, in
`RENDEZVOUS`, if the range has enough for all: where only some jobs had one, the others would still
meet each other at the port that PyTorch chooses by default.
"""

from __future__ import annotations

from collections.abc import Collection

from pbt_tui.journal.state import JobState, RunState
from pbt_tui.spec import Job

RENDEZVOUS = ("MASTER_PORT", "PET_MASTER_PORT")
"""Variables with the port at which the processes of a job meet: for PyTorch, and for its program
`torchrun`, which does not read the first one."""


def needs_port(job: Job) -> bool:
    """Whether the command of the job contains a port."""
    return "port" in job.fill


def wants_port(job: Job, elsewhere: Collection[str] = ()) -> bool:
    """Whether the job has no rendezvous port of its own.

    Args:
        job: The job.
        elsewhere: Variables that the job gets from elsewhere, such as `env_from` of a container.
    """
    return not any(name in job.env or name in elsewhere for name in RENDEZVOUS)


def next_port(state: RunState, job: JobState) -> int | None:
    """The next port of the range, round and round, that no active attempt has; None for none."""
    if state.ports is None or state.executor is None:
        return None
    first, last = state.ports
    if not needs_port(job.spec):
        box = state.executor.container
        enough = last - first + 1 >= min(len(state.jobs), state.policy.max_parallel)
        if not enough or not wants_port(job.spec, box.env_from if box else ()):
            return None
    port = state.last_port
    for _ in range(first, last + 1):
        port = first if port is None or not first <= port < last else port + 1
        if port not in state.ports_in_use:
            return port
    return None
