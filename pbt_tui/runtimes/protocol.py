"""What a runtime is: a few verbs, idempotent by attempt name, whose results come back as facts.

Must not know the journal or the scheduler: a runtime does as it is told and says what it saw.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

from pbt_tui.journal.events import Why
from pbt_tui.spec import Cause, Job

Survey = Literal["never", "queued", "alive", "ended", "gone", "forfeited", "unknown"]
"""`queued`: an engine's queue holds it. `forfeited`: its name was taken by an executor that died
before it could say so."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything that starts one attempt, resolved: what `--dry_run` prints is what is done."""

    job: str
    attempt: int
    argv: tuple[str, ...]
    env: Mapping[str, str]
    """What is set on top of the executor's own environment, the GPU mask included."""
    cwd: Path
    log: Path
    claim: Path
    gpus: tuple[str, ...]
    spec: Job


@dataclass(frozen=True, slots=True)
class Started:
    job: str
    attempt: int
    handle: str
    node: str | None = None
    restart: int | None = None
    """Queued again inside the attempt, and started for the n-th time more."""


@dataclass(frozen=True, slots=True)
class Ended:
    """How the world says it ended; the verdict is the core's (`journal.outcome`).

    `exit_code` is the process's own (128+n for a signal, as a shell says it); `refused` means it
    never became a process of the job's; `lost` that nobody can tell how it ended; `stopped` that
    somebody other than we ended it, and why.
    """

    job: str
    attempt: int
    handle: str | None
    exit_code: int | None
    ended_at: float
    signal: int | None = None
    refused: bool = False
    lost: bool = False
    cause: Cause | None = None
    detail: str | None = None
    stopped: Why | None = None


@dataclass(frozen=True, slots=True)
class Queued:
    job: str
    attempt: int
    reason: str


Fact = Started | Ended | Queued


@dataclass(frozen=True, slots=True)
class Seen:
    """What `survey` found of one attempt: `handle` for alive, `ended` for ended."""

    state: Survey
    handle: str | None = None
    node: str | None = None
    ended: Ended | None = None
    restart: int | None = None
    detail: str | None = None
    """For unknown: the host or engine that does not answer."""


class Runtime(Protocol):
    """One place where attempts can run.

    The loop waits on `fileno()` and calls `facts()` when it is readable (or on its own timer,
    `next_wake()`); no verb blocks for longer than a spawn.
    """

    name: str
    """Of its kind."""
    engine_id: str
    """Of the engine that holds the attempts; empty where this machine itself does."""
    image_digest: str | None

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Checks and fetches what all jobs need; raises `RuntimeUnavailable` before any starts."""

    def launch(self, batch: Sequence[Launch]) -> None:
        """Starts each attempt, or finds it started; a start that fails becomes an `Ended` fact."""

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        """Asks the attempt to end, gently or at once; sent again without harm.

        False if it could not be delivered: then it is asked again until the end comes.
        """

    def forget(self, job: str, attempt: int) -> None:
        """Its end is durable: what is left of it may go."""

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        """What became of (job, attempt, handle); those alive are watched from here on."""

    def forfeit(self, job: str, attempt: int) -> bool:
        """Takes the name of an attempt that never started, so that it never will.

        False if somebody was faster: then it did start, and `facts` will say so.
        """

    def hold(self, held: bool) -> None:
        """What waits in an engine's queue is not to start, or may again."""

    def fileno(self) -> int:
        """Readable when `facts` has something to say."""

    def next_wake(self) -> float | None:
        """Monotonic seconds at which `facts` wants to be asked again, or None."""

    def facts(self) -> list[Fact]:
        """What happened since the last call, in order."""

    def close(self) -> None:
        """Lets go of everything without ending any attempt."""
