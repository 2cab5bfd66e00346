"""What a run looks like: the values that `journal.fold.apply` keeps and everybody else reads.

Must not change itself, do IO, read a clock or decide anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pbt_tui.journal.events import (
    ContinuationKnown,
    ExecutorStarted,
    Gpu,
    Outcome,
    Source,
    Verdict,
    Why,
)
from pbt_tui.journal.ready_queue import Bucket, Gang, ReadyQueue
from pbt_tui.journal.slots import Slots
from pbt_tui.journal.transitions import ACTIVE, ENDED, Phase
from pbt_tui.spec import Cause, Job, Policy, Processes

__all__ = ["ACTIVE", "ENDED", "Attempt", "JobState", "Phase", "RunState"]


@dataclass(slots=True)
class Attempt:
    """One try at a job. Times are Unix seconds; None means it has not happened."""

    number: int
    gpus: tuple[str, ...]
    scheduled_at: float
    devices: tuple[Gpu, ...] = ()
    """`gpus` as the executor of that time knew them."""
    started_at: float | None = None
    """Of the first start: a requeue inside the attempt does not move it."""
    handle: str | None = None
    node: str | None = None
    restarts: int = 0
    queued: str | None = None
    """Why an engine's queue holds it."""
    stop_why: Why | None = None
    stop_at: float | None = None
    kill_at: float | None = None
    outcome: Outcome | None = None
    exit_code: int | None = None
    signal: int | None = None
    cause: Cause | None = None
    detail: str | None = None
    line: int | None = None
    ended_at: float | None = None
    args: tuple[str, ...] = ()
    """Arguments of its own, over the job's command."""
    env: Mapping[str, str] | None = None
    """Environment of its own, under the job's."""
    why: str | None = None
    """Why it has arguments of its own."""
    anew: bool = False
    """It begins from scratch."""
    source: Source | None = None
    """The generation that it goes on from; of its newest life, where it was requeued."""


@dataclass(slots=True, eq=False)
class JobState:
    index: int
    """Plan order."""
    spec: Job
    phase: Phase = "waiting"
    attempts: list[Attempt] = field(default_factory=list)
    tries: int = 0
    """Ends that are neither succeeded, cancelled nor interrupted, since the last retry asked."""
    cancel: Literal["soft", "hard"] | None = None
    ready_at: float = 0.0
    since: float = 0.0
    """When the phase last changed."""
    why: str | None = None
    """Why it was skipped."""
    question: int = 0
    """The `seq` of the event that last raised the question of what the next attempt goes on from;
    0 while there was no attempt."""
    continuation: ContinuationKnown | None = None
    """The answer to the newest question, once it is known."""
    anew: bool = False
    """A person asked for an attempt from scratch, and none has started yet."""
    need: int = 1
    """GPUs."""
    gang: Gang | None = None
    bucket: Bucket = ""

    @property
    def attempt(self) -> Attempt | None:
        """The newest one."""
        return self.attempts[-1] if self.attempts else None

    @property
    def is_waiting(self) -> bool:
        return self.phase == "waiting"

    @property
    def shown(self) -> str:
        """The state's word for people: the phase, or `queued` while an engine's queue holds it."""
        if self.phase in ("starting", "running") and self.attempts[-1].queued:
            return "queued"
        return self.phase


class RunState:
    """The fold of a journal over its spec. Read freely; only `apply` writes."""

    def __init__(self, spec: Processes) -> None:
        self.spec = spec
        gangs = {p.id: Gang(p.id) for p in spec.populations if len(p.members) > 1}
        self.jobs = [
            JobState(i, job, gang=gangs.get(job.population or ""))
            for i, job in enumerate(spec.jobs)
        ]
        self.by_id = {job.spec.id: job for job in self.jobs}
        self.gangs = gangs
        members: dict[str, list[JobState]] = {name: [] for name in gangs}
        for job in self.jobs:
            if job.gang is not None:
                members[job.gang.id].append(job)
        for name, gang in gangs.items():
            gang.members = tuple(members[name])
        self.counts: dict[Phase, int] = {
            "waiting": len(self.jobs),
            "starting": 0,
            "running": 0,
            "stopping": 0,
            "succeeded": 0,
            "failed": 0,
            "cancelled": 0,
            "skipped": 0,
        }
        self.active: dict[int, JobState] = {}
        """By plan index, in the order they were scheduled."""
        self.run_id: str | None = None
        self.digest: str | None = None
        self.cwd: str | None = None
        self.train_dir: str | None = None
        """Absolute."""
        self.executor: ExecutorStarted | None = None
        """The newest start; whether it lives is asked of the lock, never of this."""
        self.policy: Policy = spec.policy
        self.held = False
        self.stop: Literal["stop", "kill"] | None = None
        """Asked since the newest `executor_started`."""
        self.closed: Verdict | None = None
        self.failures = 0
        """Jobs failed since the last retry that returned one to waiting."""
        self.drained: tuple[Gpu, ...] = ()
        self.seen: set[str] = set()
        """Ids of requests already answered."""
        self.seq = 0
        self.at = 0.0
        self.next_start = 0.0
        """No start before this: the last one plus `pause_between`."""
        self.patience_from = 0.0
        """Of the latest of: executor started, a release, a reopening."""

        # Indexes: they follow from the above, cost nothing to ask, and mean nothing by themselves.
        self.slots = Slots()
        self.ready_queue = ReadyQueue()
        self.to_stop: dict[int, JobState] = {}
        """Active jobs that a stop or a kill is due for now."""
        self.deadlines: list[tuple[float, int, int, Literal["timeout", "grace"]]] = []
        """(time, plan index, attempt, kind): a heap with a true top."""
        self.first_waiting = 0
        """No job before this index waits."""

    @property
    def failing_fast(self) -> bool:
        return self.policy.fail_fast and self.failures > 0

    @property
    def over_budget(self) -> bool:
        """So many jobs failed that the waiting ones are skipped."""
        limit = 1 if self.policy.fail_fast else self.policy.max_failures
        return limit is not None and self.failures >= limit

    def meaning(self) -> dict[str, Any]:
        """Everything that counts, without the indexes: what live state and replay must share."""
        return {
            "jobs": [
                (
                    j.phase,
                    j.tries,
                    j.cancel,
                    j.ready_at,
                    j.since,
                    j.why,
                    (j.question, j.continuation, j.anew),
                    tuple(map(repr, j.attempts)),
                )
                for j in self.jobs
            ],
            "counts": dict(self.counts),
            "active": list(self.active),
            "run": (self.run_id, self.digest, self.cwd, self.train_dir, self.executor),
            "asked": (self.held, self.stop, self.closed, self.failures, self.drained),
            "seen": sorted(self.seen),
            "clock": (self.seq, self.at, self.next_start, self.patience_from),
            "slots": (tuple(self.slots.busy), tuple(self.slots.drained)),
        }


def story(job: JobState) -> str:
    """Every recorded move of a job, for the message of an impossible event."""
    moves = [f"job `{job.spec.id}` is {job.phase}, tries {job.tries}, cancel {job.cancel}"]
    for a in job.attempts:
        moves.append(
            f"attempt {a.number}: scheduled {a.scheduled_at} on {list(a.gpus)}, "
            f"started {a.started_at} as {a.handle}, stop {a.stop_why} {a.stop_at}, "
            f"kill {a.kill_at}, ended {a.ended_at}: {a.outcome} {a.exit_code} {a.cause}"
        )
    return "\n".join(moves)
