"""Opens a run directory: creates it, or resumes it where the last executor ended.

Must not start anything. The lock is taken first, so two executors never work in one directory.
"""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path

from pbt_tui.errors import PlanChanged, RunBusy, RunError, UsageError, Where, command, printable
from pbt_tui.executor import new_run_dirs
from pbt_tui.executor.whereabouts import opening, whereabouts
from pbt_tui.files import atomic, folders
from pbt_tui.files.faults import cannot_go_on
from pbt_tui.files.permissions import make_folder
from pbt_tui.files.regular import SPEC_BYTES, read_regular
from pbt_tui.journal import RunDir, RunState, byte_locks, lock, owners
from pbt_tui.journal.events import AnyEvent
from pbt_tui.journal.file import Journal
from pbt_tui.journal.owners import NOBODY_ELSE, Trust
from pbt_tui.journal.replaying import replay_file
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
    trust: Trust = NOBODY_ELSE
    """What the user of this executor trusts."""

    @property
    def is_new(self) -> bool:
        return self.state.run_id is None


def open_run(rundir: RunDir, spec: Processes | None, trust: Trust = NOBODY_ELSE) -> OpenRun:
    """Takes the lock and folds the journal; with `spec` None, the spec of the directory is used.

    Raises `NotOurs`, `RunBusy`, `PlanChanged`, `JournalDamaged`, `SpecError`, and `RunError` if
    the directory cannot be written. A directory that cannot be opened stays unchanged.
    """
    owners.check(rundir, trust)
    if spec is None and not os.path.lexists(rundir.path):
        raise UsageError("no such run directory", where=_at(rundir))
    made = _missing(rundir.path)
    try:
        try:
            if made is not None and spec is not None:
                new_run_dirs.make(rundir, spec, share=trust.share)
            for folder in _inner(rundir):  # not the run directory: it may have been moved away
                make_folder(folder)
            lock.acquire(rundir.lock)
            new_run_dirs.clean(rundir)
        except OSError as e:
            raise RunError(
                f"cannot create the run directory: {(e.strerror or str(e)).lower()}",
                where=Where(file=e.filename or str(rundir.path)),
                hint="pass another `--train_dir`",
            ) from e
        try:
            return replace(_opened(rundir, spec, made), trust=trust)
        except BaseException:
            _unmake(rundir, made)
            lock.release(rundir.lock)
            raise
    except RunBusy:
        raise
    except BaseException:
        _unmake(rundir, made)
        raise


def _inner(rundir: RunDir) -> tuple[Path, ...]:
    """The folders to make: not that of the attempt files once a run has begun.

    It may have been moved away, and an empty one would tell that nothing has a claim.
    """
    begun = rundir.journal.exists() and rundir.journal.stat().st_size > 0
    return tuple(path for path in rundir.folders if not begun or path != rundir.attempts)


def _opened(rundir: RunDir, spec: Processes | None, made: Path | None) -> OpenRun:
    try:
        journal = Journal(rundir.journal, rundir.lock)
    except OSError as e:
        raise RunError(
            f"cannot open the journal: {(e.strerror or str(e)).lower()}",
            where=Where(file=e.filename or str(rundir.journal)),
        ) from e
    try:
        kept = _kept(rundir, spec, journal.events[0] if journal.events else None)
        state = replay_file(kept, rundir.journal, journal.events)
        journal.events = []
        _refuse_unknown_attempts(rundir, state)
        return OpenRun(rundir, kept, state, journal, made)
    except BaseException:
        journal.close()
        raise


def _refuse_unknown_attempts(rundir: RunDir, state: RunState) -> None:
    """Raises `RunError` if attempts are alive that were scheduled after the last line."""
    try:
        held = byte_locks.held_after(rundir.journal, state.seq)
    except OSError as error:
        raise cannot_go_on(error, "cannot look for running jobs", rundir.journal) from error
    if held is not None:
        raise RunError(
            "jobs are running that this journal does not know: it was restored while they ran",
            where=Where(file=str(rundir.journal)),
            hint="wait until they end, or end them; then run the directory again",
        )


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
    first = opening(rundir)
    made = first.digest if first is not None else None
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


def new_run_id() -> str:
    """A run id: 8 hex digits."""
    return secrets.token_hex(4)


@dataclass(frozen=True, slots=True)
class Old:
    """An old run that `--fresh` renamed."""

    path: Path
    cwd: Path | None
    """The folder in which its jobs started; None if that belongs to another place."""
    train_dir: Path | None
    """The root folder of what they wrote; None if that belongs to another place."""


def archive_run(
    rundir: RunDir, trust: Trust = NOBODY_ELSE, *, cwd: Path | None = None
) -> Old | None:
    """`--fresh`: renames `_pbt` to `_pbt.<n>`. Returns the old run, or None if there was none.

    Args:
        rundir: the run directory.
        trust: whose run directories are used.
        cwd: the folder in which jobs would start if the new run has the spec of the old one and
            the directory was copied or moved; None: the new run has a spec of its own.

    Raises `NotOurs`, `RunBusy`, or `RunError` if attempts are still active, or if that spec names a
    `train_dir` at another place.
    """
    if not rundir.is_run():
        return None
    opened = open_run(rundir, None, trust)
    try:
        state = opened.state
        relation = whereabouts(rundir, state).relation
        if relation != "here" and cwd is not None:
            _refuse_other_train_dir(rundir, cwd / state.spec.train_dir)
        if state.active and relation != "copied":
            n = len(state.active)
            raise RunError(
                f"{n} of its attempts may still be running",
                where=Where(file=str(rundir.path)),
                hint=f"end them first: `{command('pbt-run', rundir.path, '--cancel')}`",
            )
        n = 1
        while (old := rundir.path.with_name(f"{rundir.path.name}.{n}")).exists():
            n += 1
        folders.rename(rundir.path, old)
        if relation != "here" or state.cwd is None or state.train_dir is None:
            return Old(old, None, None)
        return Old(old, Path(state.cwd), Path(state.train_dir))
    finally:
        close_run(opened)


def _refuse_other_train_dir(rundir: RunDir, meant: Path) -> None:
    here = rundir.path.parent.parent
    if not meant.exists() or not meant.samefile(here):
        raise RunError(
            f"its jobs write to `{printable(str(meant))}`, which is not this place",
            where=_at(rundir),
            hint=f"compile again with `--train_dir {printable(str(here))}`",
        )


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
    """Removes the folders that opening created, unless they hold other files.

    The run directory is removed only with the lock that this process holds in it: another one may
    have come to its place since.
    """
    if made is None:
        return
    with suppress(OSError):
        new_run_dirs.discard(rundir)
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
        atomic.replace(rundir.spec, encode(spec), sync=True)
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
