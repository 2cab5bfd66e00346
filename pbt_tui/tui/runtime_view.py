"""The kind of the runtime that a run's executor uses, for the screens.

Must not compare names of runtimes: screens read the capabilities in the kind.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pbt_tui.errors import BadSpec, UnknownKind, Where
from pbt_tui.journal.events import ExecutorStarted
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.runtimes import RUNTIMES, RuntimeKind
from pbt_tui.runtimes.kind import Submission, SubmittedAttempt


def kind_of(state: RunState) -> RuntimeKind | None:
    """The kind of the newest executor's runtime; None without an executor.

    It is always installed: the follower refuses events of executors with unknown runtimes.
    """
    executor = state.executor
    return None if executor is None else RUNTIMES.get(executor.runtime)


def check_known(event: ExecutorStarted, journal: Path) -> None:
    """Raises `BadSpec`, which names the installed runtimes, if this one is not installed."""
    try:
        RUNTIMES.get(event.runtime)
    except UnknownKind as e:
        where = Where(file=str(journal), line=event.seq)
        what = f"{e.what}: this monitor knows {', '.join(e.known)}"
        raise BadSpec(what, where=where, hint="install the package that adds it") from e


def settings_of(state: RunState) -> Mapping[str, Any]:
    """The settings of the engine, by name, from the event of the newest executor."""
    kind = kind_of(state)
    found = getattr(state.executor, kind.journal_key, None) if kind is not None else None
    return found if isinstance(found, Mapping) else {}


def read_submission(
    job: JobState, state: RunState, rundir: RunDir, handle: str | None
) -> Submission | None:
    """The submission of the newest attempt; None if the runtime keeps none."""
    kind = kind_of(state)
    if kind is None or kind.submissions is None or not job.attempts:
        return None
    module, _, function = kind.submissions.partition(":")
    found = getattr(import_module(module), function)(
        SubmittedAttempt(
            run=rundir.path,
            cwd=Path(state.cwd or "."),
            settings=settings_of(state),
            job=job.spec.id,
            number=len(job.attempts),
            handle=handle,
        )
    )
    assert isinstance(found, Submission)
    return found
