"""Refuses to execute a copied or moved run directory, or lets the run go on there (`--rehome`).

The attempts that a copy holds as active belong to the original: nothing of them is asked, stopped
or removed. Those of a moved directory are reconciled as usual once none of them can be alive.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec
from msgspec import UNSET

from pbt_tui.errors import RunError, Where, printable
from pbt_tui.executor.clock import Clock
from pbt_tui.executor.old_places import Held, holding
from pbt_tui.executor.run_dirs import NAMED, OpenRun, new_run_id
from pbt_tui.executor.whereabouts import Whereabouts, whereabouts
from pbt_tui.files import folders
from pbt_tui.files.folder_time import time_of
from pbt_tui.journal import RunDir, RunState, apply, byte_locks
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import JobState
from pbt_tui.runtimes import RUNTIMES, claims, proc
from pbt_tui.runtimes.process.descendants import family_of, find


def refuse_elsewhere(rundir: RunDir, state: RunState) -> None:
    """Raises `RunError` if the directory is not where its journal says."""
    found = whereabouts(rundir, state)
    if found.relation == "here":
        return
    raise RunError(
        f"this run directory was {found.relation} from `{printable(str(found.recorded))}`",
        where=Where(file=str(rundir.path)),
        hint="pass `--rehome` to go on at this place"
        if found.relation == "copied"
        else "move it back, or pass `--rehome` to go on at this place",
    )


def rehome(opened: OpenRun, cwd: Path) -> Sequence[ev.AnyEvent]:
    """Records that the run goes on where its directory is; does nothing if it has not left.

    Args:
        opened: the run directory, locked and folded.
        cwd: the folder of the caller, in which jobs start where no other can be derived.

    Returns:
        The recorded events.

    Raises:
        RunError: if jobs of the spec name the old place, or may still be running there.
    """
    state, rundir = opened.state, opened.rundir
    found = whereabouts(rundir, state)
    if found.relation == "here" or state.train_dir is None or state.cwd is None:
        return []
    train_dir = rundir.path.parent.parent
    start = _cwd(state, train_dir, cwd)
    _refuse_old_texts(state, train_dir, start)
    copied = found.relation == "copied"
    if copied and _is_same(rundir.journal, RunDir(found.recorded).journal):
        raise RunError(
            "its journal is the file of another run directory: the copy has hard links to "
            f"`{printable(str(found.recorded))}`",
            where=Where(file=str(rundir.path)),
            hint="copy it without hard links",
        )
    if not copied:
        _refuse_the_living(opened, found)
    now = Clock(state.at).now()
    batch: list[ev.AnyEvent] = []
    if copied:
        batch += [_interrupted(job, found, now) for job in state.active.values()]
    batch.append(
        ev.RunRehomed(
            run_id=new_run_id(),
            cwd=str(start),
            train_dir=str(train_dir),
            old_cwd=state.cwd,
            old_train_dir=state.train_dir,
            inode=opened.journal.inode,
            files_at=UNSET if (at := time_of(rundir.path)) is None else at,
        )
    )
    if copied:
        _drop_foreign(rundir, state)
    for i, event in enumerate(batch):
        batch[i] = msgspec.structs.replace(event, seq=state.seq + 1, at=max(now, state.at))
        apply(state, batch[i])
    opened.journal.append(batch)
    return batch


def _cwd(state: RunState, train_dir: Path, caller: Path) -> Path:
    """The folder in which the jobs start from now on.

    It stands to the new train_dir as the old one stood to the old, so that relative paths in the
    spec name the same files of this place. If there is no such folder, it is that of the caller.
    """
    old_cwd, old_train_dir = Path(state.cwd or "/"), Path(state.train_dir or "/")
    if not Path(state.spec.train_dir).is_absolute():
        with suppress(OSError):
            if train_dir.samefile(caller / state.spec.train_dir):
                return caller
    between = os.path.relpath(old_train_dir, old_cwd)
    parts = () if between == "." else Path(between).parts
    if ".." not in parts and (not parts or train_dir.parts[-len(parts) :] == parts):
        return Path(*train_dir.parts[: len(train_dir.parts) - len(parts)])
    return caller


def _refuse_old_texts(state: RunState, train_dir: Path, cwd: Path) -> None:
    """Raises `RunError` if a job would still work at the old place."""
    compile_again = (
        f"compile again with `--train_dir {printable(str(train_dir))}`, and run with `--fresh`"
    )
    where = Where(file=str(train_dir))
    if not Path(state.spec.train_dir).is_absolute():
        meant = Path(os.path.normpath(cwd / state.spec.train_dir))
        if meant != train_dir and not _is_same(meant, train_dir):
            raise RunError(
                f"its jobs write to `{printable(state.spec.train_dir)}` of the folder in which "
                f"they start, and that is not this folder: `{printable(str(meant))}`",
                where=where,
                hint=compile_again,
            )
    old_cwd, old_train_dir = Path(state.cwd or "/"), Path(state.train_dir or "/")
    left = [old_train_dir] if old_cwd == cwd else [old_train_dir, old_cwd]
    left += [Path(os.path.realpath(path)) for path in left]
    new = [train_dir] if old_cwd == cwd else [train_dir, cwd]
    container = state.executor.container if state.executor is not None else None
    held = holding(state.spec, container, left, new, cwd)
    if held:
        raise RunError(
            f"the old place `{printable(str(old_train_dir))}` is named by "
            + "; ".join(map(_told, held)),
            where=where,
            hint=compile_again,
        )


def _told(held: Held) -> str:
    return f"{held.what} of {_names(held.jobs)}" if held.jobs else held.what


def _names(jobs: Sequence[str]) -> str:
    more = f" and {len(jobs) - NAMED} more" if len(jobs) > NAMED else ""
    return ", ".join(f"`{name}`" for name in jobs[:NAMED]) + more


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:
        return False


def _interrupted(job: JobState, found: Whereabouts, now: float) -> ev.AttemptEnded:
    return ev.AttemptEnded(
        job=job.spec.id,
        attempt=job.attempts[-1].number,
        outcome="interrupted",
        exit_code=None,
        detail=f"it belongs to the run in {printable(str(found.recorded))}",
        ended_at=now,
    )


def _drop_foreign(rundir: RunDir, state: RunState) -> None:
    """Removes from a copy what the original wrote after the copied state of its journal.

    An attempt file without a line in the journal would be taken for the claim of an attempt that
    this run starts later. Requests were meant for the original's executor.
    """
    for path in [*_entries(rundir.attempts), *_entries(rundir.requests)]:
        name, _, number = path.name.removesuffix(".stop").removesuffix(".request").rpartition(".")
        job = state.by_id.get(name)
        known = job is not None and number.isdecimal() and int(number) <= len(job.attempts)
        if not known and not path.is_dir():
            folders.remove(path)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except FileNotFoundError:
        return []


def _refuse_the_living(opened: OpenRun, found: Whereabouts) -> None:
    """Raises `RunError` if an active attempt of a moved directory may still be alive.

    Its shell and its trainer know the old paths: what they write from now on is lost.
    """
    state = opened.state
    plain = state.executor is not None and RUNTIMES.get(state.executor.runtime).plain
    living = [job.spec.id for job in state.active.values() if not (plain and _is_over(opened, job))]
    if living:
        raise RunError(
            f"it was moved, and {_names(living)} may still be running",
            where=Where(file=str(opened.rundir.path)),
            hint=f"move it back to `{printable(str(found.recorded))}` and end them there first",
        )


def _is_over(opened: OpenRun, job: JobState) -> bool:
    """Whether the attempt of a plain process has certainly ended, or was never started."""
    attempt, rundir = job.attempts[-1], opened.rundir
    try:
        claim = claims.read(rundir.claim(job.spec.id, attempt.number))
        if claim is not None and (claim.over or claim.given_up):
            return True
        held = byte_locks.is_held(rundir.journal, attempt.seq)
    except OSError:
        return False
    if held is not False:
        return False
    if claim is None:
        return attempt.handle is None
    last = opened.state.executor
    if claim.boot is not None and last is not None and last.host == socket.gethostname():
        if claim.boot != proc.boot_id():
            return True
    if claim.handle is not None and proc.alive(claim.handle):
        return False
    # Only a shim that writes a mark holds the byte; `-` stands for none.
    if claim.mark in (None, "-") or opened.journal.inode != opened.state.inode:
        return False
    # A process that has closed the descriptor of the lock still has the mark.
    return claim.handle is None or not any(find([family_of(claim.handle, claim.mark)]))
