"""What a run looks like, and `apply`, the only code that changes it.

Must not do IO, read a clock or decide anything: the same events give the same state for the
executor, the TUI, `--json` and the tests.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from pbt_tui.journal.events import AnyEvent, ExecutorStarted, Outcome, Verdict, Why
from pbt_tui.spec import Cause, Job, Policy, Processes

Phase = Literal[
    "waiting", "starting", "running", "stopping", "succeeded", "failed", "cancelled", "skipped"
]
ACTIVE: frozenset[Phase] = frozenset(("starting", "running", "stopping"))
ENDED: frozenset[Phase] = frozenset(("succeeded", "failed", "cancelled", "skipped"))


@dataclass(slots=True)
class Attempt:
    """One try at a job. Times are Unix seconds; None means it has not happened."""

    number: int
    gpus: tuple[str, ...]
    scheduled_at: float
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


@dataclass(slots=True)
class JobState:
    index: int
    """Plan order."""
    spec: Job
    phase: Phase = "waiting"
    attempts: list[Attempt] = field(default_factory=list)
    tries: int = 0
    cancel: Literal["soft", "hard"] | None = None
    ready_at: float = 0.0
    since: float = 0.0
    """When the phase last changed."""
    why: str | None = None
    """Why it was skipped."""

    @property
    def attempt(self) -> Attempt | None:
        """The newest one."""
        return self.attempts[-1] if self.attempts else None

    @property
    def shown(self) -> str:
        """The state's word for people: the phase, or `queued` while an engine's queue holds it."""
        if self.phase in ACTIVE and self.phase != "stopping" and self.attempts[-1].queued:
            return "queued"
        return self.phase


class RunState:
    """The fold of a journal over its spec. Read freely; only `apply` writes."""

    spec: Processes
    jobs: list[JobState]
    by_id: dict[str, JobState]
    counts: dict[Phase, int]
    active: dict[int, JobState]
    """By plan index, in the order they were scheduled."""
    run_id: str | None
    cwd: str | None
    train_dir: str | None
    """Absolute."""
    executor: ExecutorStarted | None
    """The newest start; whether it lives is asked of the lock, never of this."""
    policy: Policy
    held: bool
    stop: Literal["stop", "kill"] | None
    """Asked since the newest `executor_started`."""
    closed: Verdict | None
    failures: int
    """Jobs failed since the last retry that returned one to waiting."""
    drained: frozenset[str]
    seen: set[str]
    """Ids of requests already answered."""
    seq: int
    at: float

    def __init__(self, spec: Processes) -> None: ...


def apply(state: RunState, event: AnyEvent) -> None:
    """Folds one event into `state`. Raises `ImpossibleEvent` with the job's story."""


def replay(spec: Processes, events: Sequence[AnyEvent]) -> RunState:
    """The state after `events`."""
    state = RunState(spec)
    for event in events:
        apply(state, event)
    return state
