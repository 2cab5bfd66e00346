"""Opening a run directory: made anew, or taken up where the last executor left it.

Must not start anything. Order is lock, then everything else: two executors never meet here.
"""

from __future__ import annotations

import os
import secrets
import shutil
from dataclasses import dataclass
from pathlib import Path

from pbt_tui.errors import PlanChanged, RunError, UsageError, Where
from pbt_tui.journal import RunDir, RunState, apply, lock
from pbt_tui.journal.file import Journal
from pbt_tui.spec import Processes, decode, digest, encode

NAMED = 5
"""Jobs that a message names before it counts the rest."""


@dataclass(frozen=True, slots=True)
class Opened:
    rundir: RunDir
    spec: Processes
    state: RunState
    journal: Journal

    @property
    def is_new(self) -> bool:
        return self.state.run_id is None


def open_run(rundir: RunDir, spec: Processes | None) -> Opened:
    """Takes the lock and folds what is there; `spec` None means what the directory holds.

    Raises `RunBusy`, `PlanChanged`, `JournalDamaged`, `UsageError` where it cannot be written.
    """
    try:
        for folder in (rundir.requests, rundir.logs, rundir.attempts):
            folder.mkdir(parents=True, exist_ok=True)
        lock.acquire(rundir.lock)
    except OSError as e:
        raise UsageError(
            f"cannot make the run directory: {(e.strerror or str(e)).lower()}",
            where=Where(file=e.filename or str(rundir.path)),
            hint="pass another `--train_dir`",
        ) from e
    try:
        kept = _kept(rundir, spec)
        journal = Journal(rundir.journal)
        state = RunState(kept)
        for event in journal.events:
            apply(state, event)
        journal.events = []
    except BaseException as e:
        lock.release(rundir.lock)
        if isinstance(e, OSError):
            raise RunError(
                f"cannot open the journal: {(e.strerror or str(e)).lower()}",
                where=Where(file=e.filename or str(rundir.journal)),
            ) from e
        raise
    return Opened(rundir, kept, state, journal)


def close_run(opened: Opened) -> None:
    opened.journal.close()
    lock.release(opened.rundir.lock)


def read_spec(rundir: RunDir) -> Processes:
    """The directory's own copy; raises `SpecError`."""
    return decode(rundir.spec.read_bytes(), str(rundir.spec))


def mint() -> str:
    """A run id: 8 hex digits."""
    return secrets.token_hex(4)


def renew(rundir: RunDir) -> Path | None:
    """`--fresh`: the closed `_pbt` becomes `_pbt.<n>`; returns its new name.

    Raises `RunBusy`, or `RunError` where attempts are still active.
    """
    if not rundir.is_run():
        return None
    opened = open_run(rundir, None)
    try:
        if opened.state.active:
            n = len(opened.state.active)
            raise RunError(
                f"{n} of its attempts may still be running",
                where=Where(file=str(rundir.path)),
                hint=f"end them first: `pbt-run {rundir.path} --cancel`",
            )
        n = 1
        while (old := rundir.path.with_name(f"{rundir.path.name}.{n}")).exists():
            n += 1
        rundir.path.rename(old)
        return old
    finally:
        close_run(opened)


def discard_if_empty(opened: Opened) -> None:
    """A directory in which nothing was ever begun leaves no trace (a refused preflight)."""
    if opened.is_new:
        close_run(opened)
        shutil.rmtree(opened.rundir.path, ignore_errors=True)
    else:
        close_run(opened)


def _kept(rundir: RunDir, spec: Processes | None) -> Processes:
    if not rundir.spec.exists():
        if spec is None:
            raise UsageError("not a run directory: no `spec.json`", where=_at(rundir))
        aside = rundir.spec.with_suffix(".aside")
        with aside.open("wb") as file:
            file.write(encode(spec))
            file.flush()
            os.fsync(file.fileno())
        aside.rename(rundir.spec)
        return spec
    kept = read_spec(rundir)
    if spec is not None and digest(spec) != digest(kept):
        raise PlanChanged(
            f"this run directory belongs to another spec: {_difference(kept, spec)}",
            where=_at(rundir),
            hint="keep both with `--experiment_suffix NAME`, or, once it is closed, pass `--fresh`",
        )
    return kept


def _difference(old: Processes, new: Processes) -> str:
    before = {job.id: job for job in old.jobs}
    after = {job.id: job for job in new.jobs}
    parts = [
        _named("added", [name for name in after if name not in before]),
        _named("removed", [name for name in before if name not in after]),
        _named("changed", [n for n, job in after.items() if n in before and before[n] != job]),
    ]
    return "; ".join(part for part in parts if part) or "its train_dir or populations differ"


def _named(word: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{word}: {', '.join(f'`{n}`' for n in names[:NAMED])}{more}"


def _at(rundir: RunDir) -> Where:
    return Where(file=str(rundir.path))
