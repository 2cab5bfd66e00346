"""The kind of runtime that a run's executor uses: what it can do, and its words for the screens.

Must not compare a runtime's name with anything: a kind says what it can do.
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
    """The kind of the newest executor; None where there was none.

    It is known: the follower folds no executor of a runtime that is not installed here.
    """
    executor = state.executor
    return None if executor is None else RUNTIMES.get(executor.runtime)


def check_known(event: ExecutorStarted, journal: Path) -> None:
    """Raises `BadSpec`, which names the known ones, for a runtime that is not installed here."""
    try:
        RUNTIMES.get(event.runtime)
    except UnknownKind as e:
        where = Where(file=str(journal), line=event.seq)
        what = f"{e.what}: this monitor knows {', '.join(e.known)}"
        raise BadSpec(what, where=where, hint="install the package that adds it") from e


def settings_of(state: RunState) -> Mapping[str, Any]:
    """What the engine was asked, by name, as the newest executor wrote it down."""
    kind = kind_of(state)
    found = getattr(state.executor, kind.journal_key, None) if kind is not None else None
    return found if isinstance(found, Mapping) else {}


def read_submission(
    job: JobState, state: RunState, rundir: RunDir, handle: str | None
) -> Submission | None:
    """What the engine was given for the newest attempt; None where its kind keeps nothing."""
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
