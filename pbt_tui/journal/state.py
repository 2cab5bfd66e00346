"""The state of a run: its jobs, their attempts, and the indexes that the scheduler reads.

Only `journal.fold.apply` changes a state; everything else reads it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from msgspec import Struct

from pbt_tui.journal.device_health import DeviceHealth
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
from pbt_tui.journal.slots import Slots, name, same
from pbt_tui.journal.transitions import ACTIVE, ENDED, Phase
from pbt_tui.spec import Cause, Job, JobGroup, Policy, Processes

__all__ = ["ACTIVE", "ENDED", "Attempt", "JobState", "Phase", "RunState"]


class Attempt(Struct):
    """One try at a job. Times are Unix seconds; None means that it has not happened."""

    number: int
    """Number of the attempt within the job, from 1."""
    gpus: tuple[str, ...]
    """GPUs as the runtime gets them: UUIDs where known, else indices; empty without pinning."""
    scheduled_at: float
    """When the executor decided to start it."""
    devices: tuple[Gpu, ...] = ()
    """`gpus`, with what the executor that scheduled the attempt knew about each device."""
    started_at: float | None = None
    """When its process first started; a requeue inside the attempt does not change it."""
    handle: str | None = None
    """Name by which the runtime finds it again, from its newest start."""
    node: str | None = None
    """Host that a cluster chose for its newest start."""
    restarts: int = 0
    """How often SLURM requeued it."""
    queued: str | None = None
    """Why an engine's queue holds it, as the queue reports it; None once it started or ended."""
    stop_why: Why | None = None
    """Why the executor stops it: a cancel, an interrupt, its time limit, or `fail_fast`."""
    stop_at: float | None = None
    """When the executor decided to stop it."""
    kill_at: float | None = None
    """When the executor decided to kill it."""
    outcome: Outcome | None = None
    """How it ended; None while it is active."""
    exit_code: int | None = None
    """Exit code of its process; None if a signal ended it, or the code is unknown."""
    signal: int | None = None
    """Number of the signal that ended its process."""
    cause: Cause | None = None
    """What made it end, as far as the executor could find out."""
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
    """Why it has arguments of its own, for people."""
    anew: bool = False
    """Whether it begins from scratch: what the member left was moved aside."""
    source: Source | None = None
    """The generation that it continues from; after a requeue, that of its newest start."""
    seen: int = 0
    """When the newest generation that the executor saw was written, in nanoseconds since 1970."""
    port: int | None = None
    """Port that it has for itself; None: its job asks for none, or its node finds one."""
    seq: int = 0
    """The line of its `attempt_scheduled`: its processes hold this byte of the journal
    (`byte_locks`)."""


class JobState(Struct, eq=False):
    """One job: its phase, its attempts, and what the scheduler needs to know about it."""

    index: int
    """Place in plan order, from 0."""
    spec: Job
    """The job as the spec has it."""
    phase: Phase = "waiting"
    """Its row in the transition table; only `apply` changes it."""
    attempts: tuple[Attempt, ...] = ()
    """Its attempts, oldest first."""
    tries: int = 0
    """Ends in a row that were neither succeeded, cancelled nor interrupted. A retry sets it to 0,
    and so does an attempt that wrote a newer generation than the one it began with."""
    cancel: Literal["soft", "hard"] | None = None
    """Whether a person asked to cancel (soft) or kill (hard) it, and it has not ended yet."""
    ready_at: float = 0.0
    """Unix seconds before which it may not start: the end of its back-off."""
    since: float = 0.0
    """When the phase last changed, in Unix seconds."""
    why: str | None = None
    """Why it was skipped."""
    question: int = 0
    """The `seq` of the event after which the executor last had to find out what the next attempt
    goes on from; 0: it never had to."""
    continuation: ContinuationKnown | None = None
    """The answer to the newest question; None while it is unknown."""
    anew: bool = False
    """Whether a person asked for an attempt from scratch and none has started yet."""
    continues: bool = False
    """Whether the newest executor continues the members of its population."""
    need: int = 1
    """GPUs that an attempt occupies: the job's own number, else that of the policy."""
    gang: Gang | None = None
    """The population whose members start together; None if the job starts alone."""
    bucket: Bucket = ""
    """Part of the ready queue that the job is in; empty unless the job is waiting."""
    group: GroupState | None = None
    """The jobs that end with the same lead; None if the job ends alone."""
    needed: tuple[JobState, ...] = ()
    """The jobs that have to have succeeded before it starts, with their groups."""

    @property
    def attempt(self) -> Attempt | None:
        """The newest attempt; None before the first."""
        return self.attempts[-1] if self.attempts else None

    @property
    def is_waiting(self) -> bool:
        """Whether it has no active attempt and may get one."""
        return self.phase == "waiting"

    @property
    def is_unread(self) -> bool:
        """Whether it may not start before the executor knows what its next attempt goes on from."""
        return (
            self.continues
            and self.phase == "waiting"
            and self.continuation is None
            and bool(self.attempts or self.anew)
        )

    @property
    def is_blocked(self) -> bool:
        """Whether a job that it needs has not succeeded."""
        return not all(one.is_met for one in self.needed)

    @property
    def is_met(self) -> bool:
        """Whether what needs this job, or its group, may start."""
        if self.group is None:
            return self.phase == "succeeded"
        open_ones = (one.phase in ACTIVE or one.is_waiting for one in self.group.members)
        return not self.is_lost and not any(open_ones)

    @property
    def is_lost(self) -> bool:
        """Whether this job, or its group, has ended without success."""
        if self.group is None:
            return self.phase in ENDED and self.phase != "succeeded"
        return self.group.is_lost

    @property
    def failed_on(self) -> tuple[Gpu, ...]:
        """The devices on which its newest attempt ended badly: another try prefers others."""
        last = self.attempts[-1] if self.attempts else None
        if last is None or last.outcome not in ("failed", "lost", "refused"):
            return ()
        return last.devices

    @property
    def refusal(self) -> str | None:
        """Why it cannot be continued; None if it can, or if that is unknown."""
        return None if self.continuation is None else self.continuation.refused

    @property
    def shown(self) -> str:
        """State of the job for people: the phase, or `queued` while an engine's queue holds it."""
        if self.phase in ("starting", "running") and self.attempts[-1].queued:
            return "queued"
        return self.phase


class GroupState(Struct, eq=False):
    """A group of jobs, which ends with its lead."""

    spec: JobGroup
    """The group as the spec has it."""
    lead: JobState
    """The job whose end is the end of the group."""
    members: tuple[JobState, ...]
    """All its jobs, in plan order."""
    again_from: int = 0
    """The `seq` of the end after which all its jobs start again; 0: none."""

    @property
    def has_ended(self) -> bool:
        """Whether the lead has ended, or a job has failed whose failure is one of the group."""
        return self.lead.phase in ENDED or self._has_failed

    @property
    def has_succeeded(self) -> bool:
        """Whether the lead has succeeded, and no failure is one of the group."""
        return self.lead.phase == "succeeded" and not self._has_failed

    @property
    def is_lost(self) -> bool:
        """Whether it has ended without success."""
        return self.has_ended and not self.has_succeeded

    @property
    def _has_failed(self) -> bool:
        failed = (job.phase == "failed" for job in self.members)
        return self.spec.fails_together and any(failed)


class RunState:
    """The state of a run after an event of its journal; only `apply` changes it."""

    def __init__(self, spec: Processes) -> None:
        self.spec = spec
        """What the run is to do; it never changes."""
        gangs = {p.id: Gang(p.id) for p in spec.populations if len(p.members) > 1}
        gangs |= {g.id: Gang(g.id) for g in spec.groups}
        self.jobs = [
            JobState(i, job, gang=gangs.get(job.group or job.population or ""))
            for i, job in enumerate(spec.jobs)
        ]
        """The jobs in plan order."""
        self.by_id = {job.spec.id: job for job in self.jobs}
        """The same jobs by id."""
        self.gangs = gangs
        """Populations of several jobs and groups, by id."""
        members: dict[str, list[JobState]] = {name: [] for name in gangs}
        for job in self.jobs:
            if job.gang is not None:
                members[job.gang.id].append(job)
        for population, gang in gangs.items():
            gang.members = tuple(members[population])
        self.groups = [GroupState(g, self.by_id[g.lead], tuple(members[g.id])) for g in spec.groups]
        """Groups of jobs that end with their lead."""
        for group in self.groups:
            for job in group.members:
                job.group = group
        self.over: dict[str, GroupState] = {}
        """Groups that have ended while jobs of theirs wait, by id."""
        self.needed_by: dict[int, list[int]] = {}
        """Plan index of a job to those of the jobs that need it, or its group; it never changes."""
        self.unreachable: dict[int, JobState] = {}
        """Waiting jobs that need what has ended without success, by plan index."""
        for job in self.jobs:
            job.needed = tuple(self.by_id[name] for name in job.spec.after)
            for one in job.needed:
                for member in one.group.members if one.group else (one,):
                    self.needed_by.setdefault(member.index, []).append(job.index)
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
        """Id of the run; None before the journal's first line."""
        self.digest: str | None = None
        """Hash of the spec that the run began with."""
        self.cwd: str | None = None
        """Folder in which the jobs start. Absolute."""
        self.train_dir: str | None = None
        """Root folder of everything that jobs write. Absolute."""
        self.inode: int | None = None
        """Inode of the journal, as it was recorded last; None: an older journal."""
        self.inode_since = 0
        """The `seq` from which the journal has that inode: attempts scheduled before hold no byte
        of this file."""
        self.moved_at: float | None = None
        """When the run directory was last found moved, copied or restored from a copy, in Unix
        seconds; None: never."""
        self.executor: ExecutorStarted | None = None
        """The newest start of an executor; `journal.lock` tells whether it still runs."""
        self.policy: Policy = spec.policy
        """Effective policy: that of the newest executor, or of the spec before the first."""
        self.held = False
        """Whether a person put the run on hold: no attempt may start."""
        self.stop: Literal["stop", "kill"] | None = None
        """Whether a person asked to stop the run since the newest `executor_started`: once (stop),
        or more often (kill)."""
        self.closed: Verdict | None = None
        """How the run went; None while it is open."""
        self.failures = 0
        """Jobs failed since the last retry that returned one to waiting."""
        self.drained: tuple[Gpu, ...] = ()
        """GPUs on which no attempt may start: a person or the executor drained them."""
        self.drain_reasons: dict[str, str] = {}
        """Why the executor drained a GPU, by its name; a person gives no reason."""
        self.health = DeviceHealth()
        """What ends of attempts say about the GPUs of this executor."""
        self.seen: set[str] = set()
        """Ids of the requests that the executor has answered."""
        self.seq = 0
        """`seq` of the newest event."""
        self.at = 0.0
        """`at` of the newest event, in Unix seconds."""
        self.ports: tuple[int, int] | None = None
        """First and last port that attempts may be given; None: none."""
        self.ports_in_use: set[int] = set()
        """The ports of the active attempts."""
        self.last_port: int | None = None
        """The port that an attempt was given last; None before the first."""
        self.next_start = 0.0
        """Unix seconds before which nothing may start: the last start plus `pause_between`."""
        self.patience_from = 0.0
        """Unix seconds from which patience counts at the earliest: the last time that an executor
        started, a hold ended, or a retry reopened the run."""

        # Indexes: they follow from the fields above, and spare the scheduler a walk over all jobs.
        self.indexed = True
        """Whether `apply` keeps the ready queue and the deadlines; not within `replay`."""
        self.slots = Slots()
        """How many attempts each GPU holds, and whether a unit fits."""
        self.ready_queue = ReadyQueue()
        """The waiting jobs that could start, in plan order."""
        self.to_stop: dict[int, JobState] = {}
        """Active jobs that the executor has to stop or kill now, by plan index."""
        self.deadlines: list[tuple[float, int, int, Literal["timeout", "grace"]]] = []
        """Heap of (Unix seconds, plan index, attempt number, kind); its top is always valid."""
        self.first_waiting = 0
        """Plan index before which no job is waiting."""

    @property
    def failing_fast(self) -> bool:
        """Whether `fail_fast` is set and a job failed: the active jobs have to stop."""
        return self.policy.fail_fast and self.failures > 0

    @property
    def over_budget(self) -> bool:
        """Whether so many jobs failed that the waiting jobs are to be skipped."""
        limit = 1 if self.policy.fail_fast else self.policy.max_failures
        return limit is not None and self.failures >= limit

    def is_drained(self, gpu: Gpu) -> bool:
        """Whether a person or the executor drained it."""
        return any(same(d, gpu) for d in self.drained)

    def why_drained(self, gpu: Gpu) -> str | None:
        """Why the executor drained it; None if it is not drained, or if a person did that."""
        drained = next((d for d in self.drained if same(d, gpu)), None)
        return None if drained is None else self.drain_reasons.get(name(drained))

    def meaning(self) -> dict[str, Any]:
        """What live state and replay must have in common; of the indexes, only `slots`."""
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
            "moved": self.moved_at,
            "journal": (self.inode, self.inode_since),
            "asked": (self.held, self.stop, self.closed, self.failures, self.drained),
            "devices": (
                dict(self.drain_reasons),
                dict(self.health.bad),
                dict(self.health.finished),
            ),
            "seen": sorted(self.seen),
            "ports": (self.ports, self.last_port),
            "clock": (self.seq, self.at, self.next_start, self.patience_from),
            "slots": (tuple(self.slots.busy), tuple(self.slots.drained)),
        }
