"""The types of `pbt-snapshot/1`.

Every key is always present. Paths are absolute, times are Unix seconds, memory is in bytes.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pbt_tui.observe.progress.progress_types import Progress, Remaining, Series
from pbt_tui.spec import Cause, Style

Liveness = Literal["live", "held", "no_executor", "closed"]
JobWord = Literal[
    "waiting", "queued", "starting", "running", "suspended", "paused", "stopping",
    "succeeded", "failed", "cancelled", "skipped",
]  # fmt: skip
MemberWord = Literal[
    "waiting", "queued", "starting", "running", "suspended", "paused", "stopping",
    "succeeded", "failed", "cancelled", "skipped", "unknown", "elsewhere",
]  # fmt: skip
"""`unknown`: a plain workspace has no jobs; `elsewhere`: another run has the member."""
Kind = Literal["exploit", "mutate", "restart", "relaunch"]
Source = Literal["log", "file", "metadata"]
Level = Literal["error", "warning", "note"]
Code = Literal[
    "never_started", "cannot_exchange", "objective_unreadable", "relaunched", "frame_fallback",
    "best_folder_wrong", "stale_member", "before_start", "too_few_members", "within_threshold",
    "member_ended", "rounds_skipped", "last_round",
]  # fmt: skip


class Counts(msgspec.Struct, frozen=True):
    """Jobs by state: `queued` is waiting; `starting`, `suspended`, `paused` and `stopping` are
    running."""

    waiting: int = 0
    """Jobs that have not started: the executor or the queue of an engine holds them."""
    running: int = 0
    """Jobs with an active attempt."""
    succeeded: int = 0
    """Jobs whose newest attempt exited with code 0."""
    failed: int = 0
    """Jobs whose newest attempt failed, with no retry left."""
    cancelled: int = 0
    """Jobs that a person cancelled or killed."""
    skipped: int = 0
    """Jobs that the executor did not start, because too many others failed."""


class JobRow(msgspec.Struct, frozen=True):
    """One job with its newest attempt."""

    id: str
    """Id of the job."""
    name: str
    """Name that the job's command passes to the trainer."""
    state: JobWord
    """State of the job; `queued`: the queue of an engine holds it; `suspended`: the engine has
    stopped the running job for now; `paused`: somebody has paused its container."""
    attempt: int | None
    """Number of the newest attempt; `null` before the first."""
    gpus: tuple[str, ...]
    """GPUs of the newest attempt, by UUID or index."""
    exit_code: int | None
    """Exit code of the newest attempt; `null`: it has none."""
    signal: int | None
    """Number of the signal that ended the newest attempt; `null`: none did."""
    cause: Cause | None
    """What made the newest attempt end; `null`: it has not ended, or it succeeded."""
    detail: str | None
    """One line for people about the cause; `null`: there is none."""
    log: str | None
    """Path of the newest attempt's log; `null` before the first attempt."""
    population: str | None
    """Id of the job's population; `null`: it belongs to none."""
    member: int | None
    """Index of the job in its population; `null`: it has none."""
    node: str | None
    """Host that a cluster chose for the newest attempt; `null`: none did."""
    reason: str | None
    """Why a queue holds it, as the queue reports it; `null` unless it is queued."""
    restarts: int
    """How often SLURM requeued the newest attempt."""
    slurm_id: str | None
    """Id of the newest attempt in SLURM, such as `67_3`; `null` outside of SLURM, and before it
    has one."""
    starts_at: float | None
    """When SLURM expects to start it, in Unix seconds; `null`: unknown, or it is not queued."""
    paused_at: float | None
    """When somebody paused its container, in Unix seconds; `null`: unknown, or it is not paused."""
    progress: Progress | None = None
    """Its newest values, or after its end the last ones; `null`: nothing is known."""
    series: Series | None = None
    """Its values over time; `null`: no number was ever found."""


class FailureRow(msgspec.Struct, frozen=True):
    """Jobs that failed alike."""

    signature: str
    """One line that is the same for all of them, without numbers, times, ids and paths."""
    count: int
    """Number of jobs."""
    jobs: tuple[str, ...]
    """Ids of the jobs in the order in which they failed."""
    first_at: float | None = None
    """When the first of them failed, in Unix seconds."""
    last_at: float | None = None
    """When the last of them failed, in Unix seconds."""
    where: str | None = None
    """The GPU or node on which most of them ran, and who else uses it; `null`: at no place in
    particular, fewer than three jobs, or not one of the ten largest groups."""
    difference: str | None = None
    """What differs from good jobs: a parameter that all share and no good job has, else what the
    first of them has other than the nearest good job; `null`: there is no good job, or the group is
    not one of the ten largest."""


class GpuRow(msgspec.Struct, frozen=True):
    """One GPU of the executor, with its newest measurement."""

    index: int | None
    """Number of the device, from 0; `null`: only the UUID is known."""
    uuid: str | None
    """UUID of the device; `null`: unknown."""
    name: str | None
    """Product name; `null`: unknown."""
    memory: int | None
    """Memory of the device in bytes; `null`: unknown."""
    memory_used: int | None
    """Memory in use in bytes, by all programs; `null` without a sample."""
    utilisation: int | None
    """Share of time in which a kernel ran, in per cent; `null` without a sample."""
    drained: bool
    """Whether a person or the executor drained it: no new attempt starts on it."""
    drained_why: str | None
    """Why the executor drained it; `null`: it is not drained, or a person drained it."""
    others: str | None
    """Who else uses it, as the driver reports; `null`: nobody, or without a sample."""
    jobs: tuple[str, ...]
    """Ids of this run's jobs that are active on it."""
    held: str | None = None
    """Who holds it, where this run waits for another one: ``held by run `ant`, pid 4117``."""
    temperature: int | None = None
    """Temperature in degrees Celsius; `null`: unknown."""
    history: tuple[int | None, ...] = ()
    """Mean utilisation in per cent in each of the last minutes, at most 30, the oldest first;
    `null`: no sample in that minute."""


class QueueRow(msgspec.Struct, frozen=True):
    """SLURM's queue at the executor's last poll; `jobs` has the state of each job."""

    polled_at: float | None
    """When SLURM last answered, in Unix seconds; `null`: not yet."""
    next_at: float | None
    """When the executor polls next, in Unix seconds; `null` while nothing is queued."""
    floor: float
    """Least seconds between two polls, as the site allows."""
    stale: bool
    """Whether the last poll had no answer; `error` says why."""
    error: str | None
    """Why the last poll had no answer; `null`: it had one."""
    states: dict[str, int]
    """Number of attempts that have not ended, by SLURM's state, the most frequent first.
    `SUBMITTED` is no state of SLURM: the queue has not listed the attempt yet."""
    reasons: dict[str, int]
    """Number of attempts that wait, by SLURM's reason."""
    starts_at: float | None
    """When SLURM expects to start the first of them, in Unix seconds; `null`: unknown."""


class GenerationRow(msgspec.Struct, frozen=True):
    """One generation of a member, from its metadata."""

    generation: int
    """Number of the generation; later ones have larger numbers."""
    frame: int | None
    """Frames trained by then; `null`: the metadata lacks it."""
    objective: float | None
    """The objective by then, larger is better; `null`: the metadata lacks it."""
    params: dict[str, Any]
    """Values of the parameters that PBT changes, by name."""
    at: float
    """When the generation was written, in Unix seconds."""


class MemberRow(msgspec.Struct, frozen=True):
    """One member of a population."""

    index: int
    """Index of the member in its population, from 0."""
    state: MemberWord
    """State of its job; `unknown`: a plain workspace has no jobs; `elsewhere`: its job is in
    another run that shares the workspace."""
    generation: int | None
    """Number of its newest generation, which the frame belongs to; `null` before the first."""
    frame: int | None
    """Frames trained by the newest generation; `null`: unknown."""
    objective: float | None
    """The objective by the newest generation, or a newer one in the trainer's log; `null`:
    unknown."""
    params: dict[str, Any]
    """Values of the parameters that PBT changes, by name."""
    lag: int | None
    """Generations behind the furthest member; `null` before its first generation."""
    generations: tuple[GenerationRow, ...]
    """Its generations in the order in which they were written."""
    paused_at: float | None
    """When somebody paused its container, in Unix seconds; `null`: unknown, or it is not paused."""


class EventRow(msgspec.Struct, frozen=True):
    """One decision of PBT."""

    kind: Kind
    """What the member did: `exploit`: it copied a donor; `mutate`: it changed parameters only;
    `restart`: it went on with its own weights and parameters; `relaunch`: it began again from
    scratch."""
    member: int
    """Index of the member that decided."""
    donor: int | None
    """Index of the member whose weights it took; `null`: it kept its own, or unknown."""
    generation: int | None
    """Generation of the member when it decided; `null`: unknown."""
    source: Source
    """Where the decision was found: in the trainer's log, in the configuration of a start, or in
    the trainer's metadata."""
    confidence: float
    """From 0 to 1: 1 for a decision in the log, less for one inferred from metadata."""
    donor_generation: int | None = None
    """Generation of the donor whose weights it took; `null`: it kept its own, or unknown."""
    applied: bool | None = None
    """Whether the member went on with what it decided; `null`: unknown, or not yet. `false`: it
    only announced the decision, and its weights and parameters are as before."""


class RoundRow(msgspec.Struct, frozen=True):
    """How a member compared itself with the others in one round, as its log says."""

    member: int
    """Index of the member that compared itself."""
    generation: int | None
    """Its generation then; `null`: unknown."""
    objective: float | None
    """Its objective then; `null`: the log does not state it."""
    mean: float | None
    """Mean of the objectives; `null`: the trainer does not compare with it."""
    lower: float | None
    """A member below it is replaced; `null`: the trainer does not compare with it."""
    upper: float | None
    """A member above it is a leader; `null`: the trainer does not compare with it."""
    best: tuple[int, ...]
    """Members that it might have copied."""
    worst: tuple[int, ...]
    """Members that might have been replaced."""
    difference: float | None
    """Objective of the donor less its own; `null`: the log does not state it."""
    needed: float | None
    """The difference beyond which it would have copied the donor; `null`: the log does not
    state it."""
    waits: str | None
    """Why it did not compare itself, in the words of the trainer; `null`: it did."""


class LostBest(msgspec.Struct, frozen=True):
    """A generation whose weights are gone: they were removed, or the file has other ones now."""

    member: int
    """Index of the member."""
    generation: int
    """Number of the generation."""
    objective: float
    """The objective of that generation."""


class Best(msgspec.Struct, frozen=True):
    """The best result of a population whose weights are still there."""

    member: int
    """Index of the member."""
    generation: int
    """Number of the generation."""
    objective: float
    """The objective of that generation."""
    checkpoint: str | None
    """Path of a file that has the weights of this generation, in the workspace or in the folder
    `kept` of the run directory; `null`: no generation with an objective has any left. Never a path
    from the metadata, which may be valid in a container only."""
    frame: int | None = None
    """Frames trained by then; `null`: the metadata lacks it."""
    experiment_name: str = ""
    """Name of the start that wrote it: a member may write a number again."""
    lost: LostBest | None = None
    """A better generation whose weights are gone; `null`: there is none."""


class Alarm(msgspec.Struct, frozen=True):
    """Something about a population that a person should know."""

    code: Code
    """Which alarm it is."""
    level: Level
    """How severe it is."""
    message: str
    """One sentence for people."""
    members: tuple[int, ...]
    """Indices of the members that it is about; empty: the whole population."""


class PopulationRow(msgspec.Struct, frozen=True):
    """One population, from its workspace and its logs."""

    id: str
    """Name of the population."""
    style: Style
    """Name of its style."""
    size: int
    """Number of members."""
    workspace: str
    """Path of the folder that the members share."""
    members: tuple[MemberRow, ...]
    """Its members by index."""
    events: tuple[EventRow, ...]
    """Decisions of PBT, oldest first."""
    best: Best | None
    """Its best result; `null` before any has an objective."""
    alarms: tuple[Alarm, ...]
    """Its alarms and notes, the most severe first."""
    rounds: tuple[RoundRow, ...] = ()
    """The newest rounds of each member, by member, oldest first; empty: no log tells of any."""
    original: str | None = None
    """Path of the run directory to which the workspace belongs, where this one is a copy that has
    no copy of the workspace; `null`: the workspace is this run's own."""


class Snapshot(msgspec.Struct, frozen=True):
    """A run, or a plain workspace, at one moment."""

    format: Literal["pbt-snapshot/1"]
    """Name and version of the format."""
    run: str
    """Name of the run; for a plain workspace, the name of its folder."""
    state: Liveness
    """`live`: an executor runs; `held`: it runs, and starts no attempt; `no_executor`: none runs;
    `closed`: every job has ended."""
    counts: Counts
    """Jobs by state."""
    jobs: tuple[JobRow, ...]
    """The jobs in plan order; empty for a plain workspace."""
    failures: tuple[FailureRow, ...]
    """Failed jobs, grouped by what made them fail, the largest group first."""
    gpus: tuple[GpuRow, ...]
    """GPUs of the executor; empty if it has none."""
    populations: tuple[PopulationRow, ...]
    """The populations of the run."""
    queue: QueueRow | None
    """The queue of the cluster; `null`: nothing was submitted to one."""
    eta: Remaining | None = None
    """Time that the run still needs; `null`: unknown, or no executor runs."""
