"""What a runtime is, as data: its capabilities and its words.

Everybody may read it: the executor chooses by it, the screens draw by it. Must not import what the
runtime needs: whatever does something is named as `module:function` and loaded by the executor.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueText:
    """The words of an engine's queue, for screens and reports."""

    reasons: Mapping[str, str] = field(default_factory=dict)
    """What a reason of the queue means, in a phrase: `Priority` -> `others go first`."""
    reason_prefixes: Mapping[str, str] = field(default_factory=dict)
    """The same for reasons that begin so."""
    commands: Callable[[str], list[str]] = lambda handle: []
    """What to type for the engine's own account of a task, by its handle."""
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
    """The backend whose settings its engine is asked and whose rules it obeys; None: an installed
    one that lists this runtime, if there is one."""
    overrides: Mapping[str, Any] = field(default_factory=dict)
    """Settings of that backend that it takes so, whatever was asked for."""
    journal_key: str = "settings"
    """The key of these settings in `executor_started`."""

    @property
    def has_queue(self) -> bool:
        return self.queue is not None

    def shown(self, handle: str) -> str:
        """The handle in a line of text."""
        return f"{self.handle} {handle}" if self.handle_text is None else self.handle_text(handle)
