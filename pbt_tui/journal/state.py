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
    """Number of the attempt within the job, from 1."""
    gpus: tuple[str, ...]
    """GPUs as the runtime got them: UUIDs where known, else indices; empty without pinning."""
    scheduled_at: float
    """When the executor decided to start it."""
    devices: tuple[Gpu, ...] = ()
    """`gpus` as the executor of that time knew them."""
    started_at: float | None = None
    """When its process first started: a requeue inside the attempt does not move it."""
    handle: str | None = None
    """Name by which the runtime finds it again, from its newest start."""
    node: str | None = None
    """Host that a cluster chose for its newest start."""
    restarts: int = 0
    """How often SLURM requeued it."""
    queued: str | None = None
    """Why an engine's queue holds it, in the queue's words; None once it started or ended."""
    stop_why: Why | None = None
    """Who or what wanted it to stop."""
    stop_at: float | None = None
    """When the executor decided to stop it."""
    kill_at: float | None = None
    """When the executor decided to kill it."""
    outcome: Outcome | None = None
    """How it ended; None while it has not."""
    exit_code: int | None = None
    """Exit code of its process; None where a signal ended it, or nobody knows."""
    signal: int | None = None
    """Number of the signal that ended its process."""
    cause: Cause | None = None
    """What made it end, as the executor concluded."""
    detail: str | None = None
    """One line for people about the cause."""
    line: int | None = None
    """Line of its log that shows the cause, from 1."""
    ended_at: float | None = None
    """When its process ended."""
    args: tuple[str, ...] = ()
    """Arguments of this attempt alone, which override those of the job's command."""
    env: Mapping[str, str] | None = None
    """Variables of this attempt alone; those of the job override them."""
    why: str | None = None
    """Why it has arguments of its own."""
    anew: bool = False
    """Whether it begins from scratch: what the member left was moved aside."""
    source: Source | None = None
    """The generation that it continues from; after a requeue, that of its newest start."""
    port: int | None = None
    """Port that it has for itself; None: its job asks for none, or its node finds one."""


@dataclass(slots=True, eq=False)
class JobState:
    """One job: its phase, its attempts, and what the scheduler has to know of it."""

    index: int
    """Place in plan order, from 0."""
    spec: Job
    """The job as the spec has it."""
    phase: Phase = "waiting"
    """Where it is in the transition table; only `apply` moves it."""
    attempts: list[Attempt] = field(default_factory=list)
    """Its attempts, oldest first."""
    tries: int = 0
    """Ends that are neither succeeded, cancelled nor interrupted, since a person last asked for a
    retry, or since it got further than the attempt before."""
    cancel: Literal["soft", "hard"] | None = None
    """Whether a person asked to cancel (soft) or kill (hard) it, and it has not ended yet."""
    ready_at: float = 0.0
    """Unix seconds before which it may not start: the end of its back-off."""
    since: float = 0.0
    """When the phase last changed, in Unix seconds."""
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
    """GPUs that an attempt occupies: its own number, else the policy's."""
    gang: Gang | None = None
    """The population whose members start together with it; None: it starts alone."""
    bucket: Bucket = ""
    """Part of the ready queue that holds it; empty: none does."""

    @property
    def attempt(self) -> Attempt | None:
        """The newest attempt; None before the first."""
        return self.attempts[-1] if self.attempts else None

    @property
    def is_waiting(self) -> bool:
        """Whether it has no active attempt and may get one."""
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
        """What the run is to do; it never changes."""
        gangs = {p.id: Gang(p.id) for p in spec.populations if len(p.members) > 1}
        self.jobs = [
            JobState(i, job, gang=gangs.get(job.population or ""))
            for i, job in enumerate(spec.jobs)
        ]
        """The jobs in plan order."""
        self.by_id = {job.spec.id: job for job in self.jobs}
        """The same jobs by id."""
        self.gangs = gangs
        """Populations of several jobs, by id."""
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
        """Number of jobs in each phase."""
        self.active: dict[int, JobState] = {}
        """Jobs with an active attempt by plan index, in the order they were scheduled."""
        self.run_id: str | None = None
        """Id of the run, drawn once; None before the journal's first line."""
        self.digest: str | None = None
        """Hash of the spec that the run began with."""
        self.cwd: str | None = None
        """Folder in which the jobs start. Absolute."""
        self.train_dir: str | None = None
        """Root folder of everything that jobs write. Absolute."""
        self.executor: ExecutorStarted | None = None
        """The newest start; whether it lives is asked of the lock, never of this."""
        self.policy: Policy = spec.policy
        """Effective policy: that of the newest executor."""
        self.held = False
        """Whether a person asked that no attempt starts."""
        self.stop: Literal["stop", "kill"] | None = None
        """Whether a person asked to stop the run, once or more often, since the newest
        `executor_started`."""
        self.closed: Verdict | None = None
        """How the run went; None while it is open."""
        self.failures = 0
        """Jobs failed since the last retry that returned one to waiting."""
        self.drained: tuple[Gpu, ...] = ()
        """GPUs on which a person asked that nothing starts."""
        self.seen: set[str] = set()
        """Ids of requests already answered."""
        self.seq = 0
        """`seq` of the newest event."""
        self.at = 0.0
        """`at` of the newest event, in Unix seconds."""
        self.ports: tuple[int, int] | None = None
        """First and last port that attempts may be given; None: no job asks for one."""
        self.last_port: int | None = None
        """The port that an attempt was given last; None before the first."""
        self.next_start = 0.0
        """Unix seconds before which nothing may start: the last start plus `pause_between`."""
        self.patience_from = 0.0
        """Unix seconds from which patience counts at the earliest: when the executor started, a
        hold ended, or the run was reopened, whichever was last."""

        # Indexes: they follow from the above, cost nothing to ask, and mean nothing by themselves.
        self.slots = Slots()
        """Which GPUs have room."""
        self.ready_queue = ReadyQueue()
        """What could start, in plan order."""
        self.to_stop: dict[int, JobState] = {}
        """Active jobs that a stop or a kill is due for now."""
        self.deadlines: list[tuple[float, int, int, Literal["timeout", "grace"]]] = []
        """(time, plan index, attempt, kind): a heap with a true top."""
        self.first_waiting = 0
        """No job before this index waits."""

    @property
    def failing_fast(self) -> bool:
        """Whether `fail_fast` is set and a job failed: the active jobs have to stop."""
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
            "ports": (self.ports, self.last_port),
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
