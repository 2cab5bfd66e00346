"""Opens a run directory: creates it, or resumes it where the last executor ended.

Must not start anything. The lock is taken first, so two executors never work in one directory.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgspec

from pbt_tui.errors import PlanChanged, RunBusy, RunError, UsageError, Where
from pbt_tui.files import folders
from pbt_tui.files.atomic import replace
from pbt_tui.files.regular import SPEC_BYTES, read_head, read_regular
from pbt_tui.journal import RunDir, RunState, lock, replay
from pbt_tui.journal.events import AnyEvent, RunOpened
from pbt_tui.journal.file import Journal
from pbt_tui.populations import refuse_unknown_styles
from pbt_tui.spec import DIGEST_RULE, Processes, decode, digest, digest_rule, encode

NAMED = 5
"""Number of jobs that a message names; it counts the others."""


@dataclass(frozen=True, slots=True)
class OpenRun:
    rundir: RunDir
    spec: Processes
    state: RunState
    journal: Journal
    made: Path | None = None
    """The topmost folder that opening created; None if the run directory existed."""

    @property
    def is_new(self) -> bool:
        return self.state.run_id is None


def open_run(rundir: RunDir, spec: Processes | None) -> OpenRun:
    """Takes the lock and folds the journal; with `spec` None, the spec of the directory is used.

    Raises `RunBusy`, `PlanChanged`, `JournalDamaged`, `SpecError`, and `RunError` if the directory
    cannot be written. A directory that cannot be opened stays unchanged.
    """
    made = _missing(rundir.path)
    try:
        try:
            for folder in (rundir.requests, rundir.logs, rundir.attempts):
                folders.make_all(folder)
            lock.acquire(rundir.lock)
        except OSError as e:
            raise RunError(
                f"cannot create the run directory: {(e.strerror or str(e)).lower()}",
                where=Where(file=e.filename or str(rundir.path)),
                hint="pass another `--train_dir`",
            ) from e
        try:
            return _opened(rundir, spec, made)
        except BaseException:
            lock.release(rundir.lock)
            raise
    except RunBusy:
        raise
    except BaseException:
        _unmake(rundir, made)
        raise


def _opened(rundir: RunDir, spec: Processes | None, made: Path | None) -> OpenRun:
    try:
        journal = Journal(rundir.journal)
    except OSError as e:
        raise RunError(
            f"cannot open the journal: {(e.strerror or str(e)).lower()}",
            where=Where(file=e.filename or str(rundir.journal)),
        ) from e
    try:
        kept = _kept(rundir, spec, journal.events[0] if journal.events else None)
        state = replay(kept, journal.events)
        journal.events = []
        return OpenRun(rundir, kept, state, journal, made)
    except BaseException:
        journal.close()
        raise


def close_run(opened: OpenRun) -> None:
    opened.journal.close()
    lock.release(opened.rundir.lock)


def read_spec(rundir: RunDir) -> Processes:
    """The spec of the directory. Raises `SpecError`, or `RunError` if it cannot be read."""
    try:
        spec = decode(read_regular(rundir.spec, SPEC_BYTES), str(rundir.spec))
    except OSError as e:
        raise RunError(
            f"cannot read the run's spec: {(e.strerror or str(e)).lower()}",
            where=Where(file=str(rundir.spec)),
        ) from e
    refuse_unknown_styles(spec, str(rundir.spec))
    return spec


def check_same_spec(kept: Processes, spec: Processes | None, rundir: RunDir) -> None:
    """Compares the spec of the directory with that of the opening of its run, and with `spec`.

    Raises `PlanChanged`, which names the jobs where they are known.
    """
    made = _opened_with(rundir)
    rule, opened = (digest_rule(made), made.rpartition(":")[2]) if made else (DIGEST_RULE, None)
    here = digest(kept, rule)
    given = here if spec is None else digest(spec, rule)
    if opened is not None and here != opened:
        jobs = f": {_difference(spec, kept)}" if spec is not None and given == opened else ""
        raise PlanChanged(
            f"it was changed after the run was opened with it{jobs}",
            where=Where(file=str(rundir.spec)),
            hint="restore it; other jobs are another run: compile with `--experiment_suffix NAME`",
        )
    if spec is not None and given != here:
        raise PlanChanged(
            f"this run directory belongs to another spec: {_difference(kept, spec)}",
            where=_at(rundir),
            hint="keep both with `--experiment_suffix NAME`, or, once it is closed, pass `--fresh`",
        )


def _opened_with(rundir: RunDir) -> str | None:
    """The digest in the first line of the journal; None where none can be read."""
    try:
        first, _, _ = read_head(rundir.journal, _FIRST).partition(b"\n")
        return msgspec.json.decode(first, type=RunOpened).digest
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


_FIRST = 1 << 20
"""Bytes of the longest first line of a journal."""


def new_run_id() -> str:
    """A run id: 8 hex digits."""
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class Old:
    """An old run that `--fresh` renamed."""

    path: Path
    cwd: Path | None


def archive_run(rundir: RunDir) -> Old | None:
    """`--fresh`: renames `_pbt` to `_pbt.<n>`. Returns the old run, or None if there was none.

    Raises `RunBusy`, or `RunError` if attempts are still active.
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
        folders.rename(rundir.path, old)
        return Old(old, Path(opened.state.cwd) if opened.state.cwd else None)
    finally:
        close_run(opened)


def discard_if_empty(opened: OpenRun) -> None:
    """Closes the run; removes the directory if no executor ever started (a refused preflight)."""
    if opened.is_new:
        _unmake(opened.rundir, opened.made)
    close_run(opened)


def _missing(path: Path) -> Path | None:
    """The topmost folder of `path` that does not exist."""
    missing = None
    while not os.path.lexists(path) and path != path.parent:
        missing, path = path, path.parent
    return missing


def _unmake(rundir: RunDir, made: Path | None) -> None:
    """Removes the folders that opening created, unless they hold other files."""
    if made is None:
        return
    with suppress(OSError):
        folders.remove_tree(rundir.path)
    folder = rundir.path
    while folder != made:
        folder = folder.parent
        try:
            folders.remove_folder(folder)
        except OSError:
            return


def _kept(rundir: RunDir, spec: Processes | None, first: AnyEvent | None) -> Processes:
    """The spec of the directory; written if there is none, or if the journal is still empty.

    `first` is the first event of the journal.
    """
    if rundir.spec.exists() and (first is not None or spec is None):
        kept = read_spec(rundir)
        if first is not None:
            check_same_spec(kept, spec, rundir)
        return kept
    if spec is None:
        raise UsageError("not a run directory: no `spec.json`", where=_at(rundir))
    try:
        replace(rundir.spec, encode(spec), sync=True)
    except OSError as e:
        raise RunError(
            f"cannot write a copy of the spec: {(e.strerror or str(e)).lower()}", where=_at(rundir)
        ) from e
    return spec


def _difference(old: Processes, new: Processes) -> str:
    before = {job.id: job for job in old.jobs}
    after = {job.id: job for job in new.jobs}
    parts = [
        _named("added", [name for name in after if name not in before]),
        _named("removed", [name for name in before if name not in after]),
        _named("changed", [n for n, job in after.items() if n in before and before[n] != job]),
    ]
    return "; ".join(part for part in parts if part) or "its train_dir or populations differ"


def _named(label: str, names: list[str]) -> str:
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"{label}: {', '.join(f'`{n}`' for n in names[:NAMED])}{more}"


def _at(rundir: RunDir) -> Where:
    return Where(file=str(rundir.path))
