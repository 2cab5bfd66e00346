"""The kind of a runtime, as data: its capabilities and its texts.

Every package may read it. Must not import what the runtime needs: code is named as
`module:function`, and the executor imports it late.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


def _first_three(handles: Sequence[str]) -> str:
    more = f" and {len(handles) - 3} more" if len(handles) > 3 else ""
    return ", ".join(handles[:3]) + more


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueText:
    """Texts about an engine's queue, for screens and reports."""

    pending: str = "PENDING"
    """The engine's state of a waiting task; screens count it first, with its reasons."""
    suspended: frozenset[str] = frozenset()
    """The engine's states of a task that has started and that the engine has stopped for now."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """Reason of the queue to its meaning for people: `Priority` -> `others go first`."""
    reason_prefixes: Mapping[str, str] = field(default_factory=dict)
    """The same, for reasons that begin with the key."""
    commands: Callable[[str], list[str]] = lambda handle: []
    """Handle of a task to the commands with which a person asks the engine about it."""
    several: Callable[[Sequence[str]], str] = _first_three
    """Several handles to a phrase: `3 tasks of array 67`."""
    retried: str = "handed over again"
    """What a retry does in this queue, for people."""
    held: str = "attempts in the queue are held, too"
    """What a hold does in this queue, for people; empty: nothing that they have to know."""
    released: str = "attempts held in the queue are released, too"
    """The same for a release."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseText:
    """Texts about attempts that a person has paused in an engine, for screens."""

    go_on: Callable[[str], str]
    """Handle of an attempt to the command that lets it go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeKind:
    """One kind of runtime."""

    name: str
    """Its name in `--runtime` and in the journal."""
    title: str
    """Its name on screens: `SLURM`, `docker`, `process`."""
    option: str
    """The option with which `pbt-run` selects it: `--runtime docker`, `--backend slurm`."""
    create: str
    """`module:function` that creates the runtime from a `RunContext` and a progress callback."""
    dry_run: str
    """`module:function` that shows what the runtime would do: it gets a `RunContext` and the
    `PlannedStarts`, and returns the lines of `--dry_run`."""
    handle: str
    """What a handle is called: `pid`, `container`, `task`."""
    handle_text: Callable[[str], str] | None = None
    """Handle to text: `container 0f3c9a`; None: what a handle is called, then the handle."""
    local: bool
    """Whether jobs run on this machine: the executor chooses GPUs for them, and screens show the
    column GPU instead of NODE."""
    plain: bool = False
    """Whether jobs are plain processes of this machine, which get interpreter, environment and GPU
    mask from the executor."""
    in_container: bool = False
    """Whether jobs may run in the image of the spec."""
    needs_image: bool = False
    """Whether it cannot run a job without an image."""
    reached_from_anywhere: bool = False
    """Whether an executor on another host can follow attempts that this one started."""
    queue: QueueText | None = None
    """Texts about its engine's queue; None if it has none. With a queue, the executor has no slots,
    no `max_parallel` and no pause between starts."""
    pauses: PauseText | None = None
    """Texts about attempts that a person pauses in its engine, which the runtime then lists in
    `paused.json`; None: nobody can, or the queue tells it."""
    backend: str | None = None
    """The backend whose settings and rules apply; None: the installed one that lists this runtime,
    if settings of it were given."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Settings of that backend that always have this value, even if a person sets another one."""
    journal_key: str = "settings"
    """The key of these settings in `executor_started`."""
    submissions: str | None = None
    """`module:function` that reads what the runtime submitted for an attempt: it gets a
    `SubmittedAttempt` and returns a `Submission`. Screens import it, so it must not need the
    engine."""

    @property
    def has_queue(self) -> bool:
        """Whether its engine has a queue."""
        return self.queue is not None

    def shown(self, handle: str) -> str:
        """The handle as text."""
        return f"{self.handle} {handle}" if self.handle_text is None else self.handle_text(handle)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedAttempt:
    """An attempt that a runtime submitted: what the reader of its submission gets."""

    run: Path
    """The run directory."""
    cwd: Path
    """Where the run was opened: relative paths in the settings are relative to it."""
    settings: Mapping[str, Any]
    """Settings of the engine, as `executor_started` has them."""
    job: str
    """Id of the job."""
    number: int
    """Number of the attempt within the job."""
    handle: str | None = None
    """The engine's id of the attempt, if the journal or the queue has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What a runtime submitted for an attempt, and the files that its engine writes about it."""

    id: str | None = None
    """The engine's id of the attempt; None while it is not recorded."""
    files: tuple[tuple[str, Path], ...] = ()
    """(label, path) of each file, in the order in which the job's page shows them."""
    final: bool = True
    """Whether nothing of it will change, so that a screen need not read it again."""
