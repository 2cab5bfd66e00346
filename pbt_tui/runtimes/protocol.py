"""The protocol of a runtime: methods that perform decisions, and facts that report what happened.

Each method may safely be called again for the same attempt. A runtime must not know the journal or
the scheduler.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from pbt_tui.journal.events import Source, Why
from pbt_tui.journal.outcome import Order
from pbt_tui.machine_slots import HeldSlots
from pbt_tui.spec import Cause, Job

Survey = Literal["never", "queued", "alive", "ended", "gone", "forfeited", "unknown"]
"""State of an attempt that the last executor left active.

`never`: it was never started. `queued`: an engine's queue holds it. `alive`: it runs. `ended`: it
has ended, and its exit code is known. `gone`: it was started, and went away without an exit code.
`forfeited`: an executor claimed it so that it never starts, and died before it recorded that.
`unknown`: its host or engine does not answer.
"""


@dataclass(frozen=True, slots=True)
class GoesOn:
    """What an attempt of a member goes on from, and what a requeue of it needs to look again."""

    style: str
    """Name of the population style."""
    recorded: Path
    """The workspace as the spec records it, absolute."""
    args: tuple[str, ...] = ()
    """Arguments of the attempt alone; `Launch.argv` has them, `Launch.spec` does not."""
    source: Source | None = None
    """The generation that the attempt continues from."""
    seen: int = 0
    """When the newest generation that the executor saw was written, in nanoseconds since 1970."""
    known: bool = False
    """Whether the member had a generation before."""


@dataclass(frozen=True, slots=True)
class Launch:
    """Everything needed to start one attempt. `--dry_run` prints what a run would use."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt within the job."""
    argv: tuple[str, ...]
    """The command."""
    env: Mapping[str, str]
    """Environment variables to set on top of the executor's own, the GPU mask included."""
    cwd: Path
    """Folder in which the command starts."""
    log: Path
    """File for its output."""
    claim: Path
    """The attempt file."""
    gpus: tuple[str, ...]
    """UUIDs or indices of its GPUs; empty if jobs are not pinned."""
    spec: Job
    """The job as the spec has it."""
    seq: int = 0
    """The `seq` of its `attempt_scheduled`; 0: it is in no journal."""
    slots: HeldSlots | None = None
    """Its slots of the machine; None: it has none. A runtime lets the processes of the attempt
    inherit the descriptors. The executor holds them as well until the attempt has ended, unless the
    runtime closes them here because something else holds them."""
    goes_on: GoesOn | None = None
    """What it goes on from, if it is of a population that is continued and may be requeued."""


@dataclass(frozen=True, slots=True)
class Started:
    """An attempt started, or restarted after its engine requeued it."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt within the job."""
    handle: str
    """Name by which the runtime finds it again."""
    node: str | None = None
    """Host that a cluster chose for it."""
    restart: int | None = None
    """How often its engine has requeued it; None for the first start."""
    source: Source | None = None
    """The generation that a requeued task goes on from, once the task has said so."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An attempt ended. The outcome is derived from this by `journal.outcome`."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt within the job."""
    handle: str | None
    """Name of the attempt at its runtime; None if it never started."""
    exit_code: int | None
    """Exit code of the process, 128 + n for signal n as shells report it; None if unknown."""
    ended_at: float
    """When it ended, in Unix seconds, by the clock of whoever noted it: for people only."""
    signal: int | None = None
    """Number of the signal that ended it."""
    refused: bool = False
    """Whether the runtime could not start it."""
    lost: bool = False
    """Whether it went away without an exit code."""
    cause: Cause | None = None
    """What made it end, if the runtime knows."""
    detail: str | None = None
    """One line for people about the cause."""
    stopped: Why | None = None
    """Why, if something other than the executor stopped it, such as SLURM's time limit."""
    order: Order | None = None
    """Whether it ended before or after its stop was marked (`claims.mark_stop`); None: unknown."""
    left: str | None = None
    """For people: what became of processes that outlived its main process."""


@dataclass(frozen=True, slots=True)
class Queued:
    """An engine's queue holds an attempt."""

    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt within the job."""
    reason: str
    """Why, as the queue reports it."""


Fact = Started | Ended | Queued


@dataclass(frozen=True, slots=True)
class Seen:
    """What `survey` found out about one attempt."""

    state: Survey
    """State of the attempt."""
    handle: str | None = None
    """Name of the attempt at its runtime, if it was started."""
    node: str | None = None
    """Host that a cluster chose for it."""
    ended: Ended | None = None
    """How it ended, for `ended`."""
    restart: int | None = None
    """How often its engine has requeued it; None if never."""
    source: Source | None = None
    """The generation that a requeued task goes on from."""
    detail: str | None = None
    """For `unknown`: who started it and does not answer, as in `2 attempts were …`.
    For `gone`: what became of it; for `forfeited`: why it never starts; if the runtime knows."""


class Runtime(Protocol):
    """Starts and stops attempts.

    The loop waits on `fileno()` and calls `facts()` when it is readable or when `next_wake()` is
    due. After `prepare` and `survey`, no method blocks for longer than it takes to spawn a process.
    """

    name: str
    """Name of its kind."""
    engine_id: str
    """Id of the engine that runs the attempts; empty if they are processes of this machine."""
    image_digest: str | None
    """Digest of the container image; None without one."""

    def prepare(self, jobs: Sequence[Job]) -> None:
        """Checks and fetches what all jobs need, before any starts. Raises `RuntimeUnavailable`."""

    def launch(self, batch: Sequence[Launch]) -> None:
        """Starts the attempts that have not started; a failed start becomes an `Ended` fact."""

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        """Marks that an attempt is stopped (`claims.mark_stop`), then stops or kills it.

        Returns False if the signal may not have reached it: the loop calls this again until the
        attempt has ended.
        """

    def forget(self, job: str, attempt: int) -> None:
        """Removes what is left of an ended attempt; its end is in the journal."""

    def survey(self, attempts: Sequence[tuple[str, int, str | None]]) -> list[Seen]:
        """The state of each (job, attempt, handle); the runtime follows live ones from then on."""

    def forfeit(self, job: str, attempt: int) -> bool:
        """Claims an attempt that has not started, so that it never starts.

        Returns False if it has started after all: then `facts` will report it.
        """

    def hold(self, held: bool) -> None:
        """Holds or releases the attempts in an engine's queue."""

    def fileno(self) -> int:
        """A descriptor that is readable when `facts` has something to report."""

    def next_wake(self) -> float | None:
        """When `facts` has to be called next, in monotonic seconds; None if only by `fileno`."""

    def facts(self) -> list[Fact]:
        """What happened since the last call, in order."""

    def close(self) -> None:
        """Releases the runtime's resources; attempts go on."""


@runtime_checkable
class StartsWaiting(Protocol):
    """A runtime that can start what waits for `launch`, before the attempts are durable."""

    def start_waiting(self, batch: Sequence[Launch]) -> None:
        """Starts, for each attempt, a program that waits for `launch`, and raises nothing.

        If `launch` does not follow, that program ends and leaves no trace but an empty log.
        """
