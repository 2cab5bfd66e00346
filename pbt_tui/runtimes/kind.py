"""What a runtime is, as data: its capabilities and its words.

Everybody may read it: the executor chooses by it, the screens draw by it. Must not import what the
runtime needs: whatever does something is named as `module:function` and loaded by the executor.
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
    """The words of an engine's queue, for screens and reports."""

    pending: str = "PENDING"
    """The state of a task that waits, as the engine says it: counted first, with its reasons."""
    reasons: Mapping[str, str] = field(default_factory=dict)
    """What a reason of the queue means, in a phrase: `Priority` -> `others go first`."""
    reason_prefixes: Mapping[str, str] = field(default_factory=dict)
    """The same for reasons that begin so."""
    commands: Callable[[str], list[str]] = lambda handle: []
    """What to type for the engine's own account of a task, by its handle."""
    several: Callable[[Sequence[str]], str] = _first_three
    """Several handles in a phrase: `3 tasks of array 67`."""
    retried: str = "handed over again"
    """What a retry means there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RuntimeKind:
    """One kind of runtime. `name` is what `--runtime` takes and the journal holds."""

    name: str
    title: str
    """As screens say it: `SLURM`, `docker`, `process`."""
    option: str
    """What asks `pbt-run` for it: `--runtime docker`, `--backend slurm`."""
    create: str
    """`module:function` that makes the runtime: a `RunContext` and a progress callback in."""
    dry_run: str
    """`module:function` that shows what it would do: a `RunContext` and the `PlannedStarts` in, the
    lines of `--dry_run` out."""
    handle: str
    """What a handle is called: `pid`, `container`, `task`."""
    handle_text: Callable[[str], str] | None = None
    """A handle in a line of text: `container 0f3c9a`; None: what it is called, then all of it."""
    local: bool
    """Jobs run on this machine: its GPUs are chosen for them, and their column is GPU, not NODE."""
    plain: bool = False
    """Jobs are plain processes of this machine: interpreter, environment and GPU mask are ours."""
    in_container: bool = False
    """Jobs may run in the image of the spec."""
    needs_image: bool = False
    """It cannot run a job without one."""
    reached_from_anywhere: bool = False
    """Attempts can be followed from another host than the one that started them."""
    queue: QueueText | None = None
    """Where an engine's queue holds attempts: no slots, no `max_parallel`, no pause here."""
    backend: str | None = None
    """The backend whose settings its engine is asked and whose rules it obeys; None: the installed
    one that lists this runtime, where settings of it were given."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Settings of that backend that it takes so, whatever was asked for."""
    journal_key: str = "settings"
    """The key of these settings in `executor_started`."""
    submissions: str | None = None
    """`module:function` that reads what its engine was given for an attempt: a `SubmittedAttempt`
    in, a `Submission` out. Screens load it, so it must not need the engine."""

    @property
    def has_queue(self) -> bool:
        return self.queue is not None

    def shown(self, handle: str) -> str:
        """The handle in a line of text."""
        return f"{self.handle} {handle}" if self.handle_text is None else self.handle_text(handle)


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmittedAttempt:
    """An attempt that an engine was given, as the reader of its submission is asked about it."""

    run: Path
    """The run directory."""
    cwd: Path
    """Where the run was opened: relative paths of the settings start here."""
    settings: Mapping[str, Any]
    """What its engine is asked, as `executor_started` has it."""
    job: str
    number: int
    handle: str | None = None
    """The engine's own name of it, where the journal or the queue knows it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """What an engine was given for an attempt, and where it writes about it."""

    id: str | None = None
    """The engine's own name of it; None while nobody has written it down."""
    files: tuple[tuple[str, Path], ...] = ()
    """What a file is, in a word, and its path: in the order of the job's page."""
    final: bool = True
    """Nothing of it changes any more, so that it is not read again."""
