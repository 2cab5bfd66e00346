"""Reads what a list shows of one run: a slice at a time, and later only what has changed.

It keeps the jobs of a run only while an executor runs it. Of other runs it keeps the numbers, and
reads their journal from the start once it changes.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from pbt_tui.errors import ImpossibleEvent, PbtError, printable
from pbt_tui.files import disk
from pbt_tui.journal.file import Tail
from pbt_tui.journal.lock import holder
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.run_tally import RunTally
from pbt_tui.journal.spec_size import spec_size
from pbt_tui.observe.fleet_types import BestJob, FleetRun, RunLiveness, RunProblem
from pbt_tui.observe.progress import Remaining, Series, remaining
from pbt_tui.observe.progress.run_progress import RunProgress
from pbt_tui.observe.snapshot_types import Counts
from pbt_tui.spec import Policy
from pbt_tui.tui.fleet.run_search import FoundRun, label
from pbt_tui.tui.journal_follower import read_spec

NEW = 86_400.0
"""Seconds for which a failure is new."""
CURVE = 16
"""Points of the curve of the best job."""
_SLICE = 1 << 18
"""Bytes of journal that are decoded at once: some milliseconds, in which no other thread runs."""
_SERIES = 8 << 20
"""Bytes of `series.jsonl` that are read at once."""

FileStamp = tuple[int, int, int] | None
"""Inode, size and time of change; None: there is no such file."""


class RunReader:
    """Reads one run.

    Args:
        found: The run directory.
        root: The folder that the list is of.
        clock: The wall clock, in Unix seconds.
        who: Asks who holds the lock of a run.
    """

    def __init__(
        self,
        found: FoundRun,
        root: Path,
        *,
        clock: Callable[[], float],
        who: Callable[[RunDir], int | None] = lambda rundir: holder(rundir.lock),
    ) -> None:
        self.rundir = RunDir(found.path)
        self._older = found.is_older
        self._name = label(found.path, root)
        self._path = str(found.path.absolute())
        self._clock = clock
        self._who = who
        self._owner: str | None = None
        self._stamp: tuple[FileStamp, FileStamp] = (None, None)
        """Journal and spec when all of the journal had been read, or when that failed."""
        self._why: str | None = "it has not been read yet"
        self._tail = Tail(self.rundir.journal)
        self._tally: RunTally | None = None
        self._has_jobs = False
        """Whether the tally still knows its jobs, so that it can count on."""
        self._live = False
        self._progress: RunProgress | None = None
        self._progressed: tuple[FileStamp, FileStamp] | None = None
        self._best: BestJob | None = None

    def read(self, budget: int = 1 << 20) -> FleetRun | None:
        """The run as it is now; None: more than `budget` bytes are left to read, call it again."""
        try:
            self._owner = _owner(disk.calls.stat(self.rundir.path).st_uid)
            stamp = _stamp_of(self.rundir.journal), _stamp_of(self.rundir.spec)
        except OSError as e:
            return self._fail((None, None), _told(e))
        try:
            if not self._read(stamp, budget):
                return None
        except ImpossibleEvent as e:
            return self._fail(stamp, f"the journal contradicts itself: {str(e).splitlines()[0]}")
        except PbtError as e:
            name = Path(str(e.where.file or "")).name
            line = f":{e.where.line}" if e.where.line else ""
            return self._fail(stamp, f"`{name}`{line}: {e.what}" if name else e.what)
        except OSError as e:
            return self._fail(stamp, _told(e))
        return self._summary()

    def _fail(self, stamp: tuple[FileStamp, FileStamp], why: str) -> FleetRun:
        self._drop()
        self._stamp, self._why = stamp, printable(why)
        return self._summary()

    def _drop(self) -> None:
        self._tail, self._tally, self._has_jobs = Tail(self.rundir.journal), None, False
        self._progress, self._progressed, self._best = None, None, None

    # -- reading -----------------------------------------------------------------------------------

    def _read(self, stamp: tuple[FileStamp, FileStamp], budget: int) -> bool:
        """Returns whether all has been read."""
        journal, spec = stamp
        if journal is None or spec is None:
            names = [
                f"`{n}`" for n, s in (("spec.json", spec), ("journal.jsonl", journal)) if not s
            ]
            self._fail(stamp, f"{' and '.join(names)} {'is' if len(names) == 1 else 'are'} missing")
            return True
        self._live = self._who(self.rundir) is not None
        starts = self._live and not self._has_jobs and self._why is None
        if stamp != self._stamp or starts:
            self._stamp = (None, None)
            if not self._read_journal(budget):
                return False
            self._stamp, self._why = stamp, None
        if self._why is not None:
            return True
        if not self._read_progress():
            return False
        if not self._live and self._tally is not None:
            self._tally.forget_jobs()
            self._has_jobs, self._progress = False, None
        return True

    def _read_journal(self, budget: int) -> bool:
        if self._tally is None or not self._has_jobs:
            self._drop()
            self._tally, self._has_jobs = RunTally(*_size(self.rundir)), True
        life, end = self._tail.life, self._tail.offset + budget
        while events := self._tail.read(_SLICE):
            if self._tail.life != life:  # the journal was replaced or cut
                self._drop()
                return False
            self._tally.add(events)
            if self._tail.offset >= end:
                return False
        return True

    def _read_progress(self) -> bool:
        stamps = _stamp_of(self.rundir.progress), _stamp_of(self.rundir.series)
        if stamps == self._progressed:
            return True
        if stamps != (None, None):
            if self._progress is None:
                self._progress = RunProgress(self.rundir)
            if self._progress.poll(_SERIES):
                return False
            best = self._progress.best()
            if best is not None:
                self._best = BestJob(*best, _curve(self._progress.series_of(best[0])))
        self._progressed = stamps
        return True

    # -- what is told ------------------------------------------------------------------------------

    def _summary(self) -> FleetRun:
        tally = self._tally
        if tally is None or self._why is not None:
            changed = self._stamp[0]
            return self._run(
                "unreadable", why=self._why, problem="unreadable",
                changed_at=changed[2] / 1e9 if changed else None,
            )  # fmt: skip
        phases = tally.counts
        counts = Counts(
            waiting=phases["waiting"],
            running=phases["starting"] + phases["running"] + phases["stopping"],
            succeeded=phases["succeeded"],
            failed=phases["failed"],
            cancelled=phases["cancelled"],
            skipped=phases["skipped"],
        )
        now = self._clock()
        state: RunLiveness
        if tally.closed is not None:
            state = "closed"
        elif not self._live:
            state = "no_executor"
        else:
            state = "held" if tally.held else "live"
        problem: RunProblem | None = None
        if self._older:
            pass
        elif state == "no_executor" and counts.running:
            problem = "no_executor"
        elif counts.failed and tally.failed_at is not None and now - tally.failed_at < NEW:
            problem = "failures"
        return self._run(
            state,
            verdict=tally.closed,
            problem=problem,
            counts=counts,
            eta=self._eta(tally, now) if state == "live" else None,
            best=self._best,
            host=tally.executor.host if tally.executor else None,
            runtime=tally.executor.runtime if tally.executor else None,
            opened_at=tally.opened_at,
            changed_at=tally.at,
            failed_at=tally.failed_at,
        )

    def _run(
        self,
        state: RunLiveness,
        *,
        verdict: object = None,
        why: str | None = None,
        problem: RunProblem | None = None,
        counts: Counts = Counts(),  # noqa: B008  # frozen
        eta: Remaining | None = None,
        best: BestJob | None = None,
        host: str | None = None,
        runtime: str | None = None,
        opened_at: float | None = None,
        changed_at: float | None = None,
        failed_at: float | None = None,
    ) -> FleetRun:
        return FleetRun(
            self._name, self._path, self._older, state, verdict, why, problem, counts, eta, best,  # type: ignore[arg-type]
            host, runtime, self._owner, opened_at, changed_at, failed_at,
        )  # fmt: skip

    def _eta(self, tally: RunTally, now: float) -> Remaining | None:
        left: list[Remaining | None] = []
        spent: list[float] = []
        for name, begun in tally.running():
            found = self._progress.newest(name) if self._progress is not None else None
            left.append(found.eta if found is not None else None)
            spent.append(0.0 if begun is None else max(0.0, now - begun))
        parallel = len(left) or min(tally.policy.max_parallel, max(1, tally.jobs))
        waiting = tally.counts["waiting"]
        return remaining.of_run(left, spent, waiting, list(tally.durations), parallel)


def _curve(series: Series | None) -> tuple[float | None, ...]:
    """At most `CURVE` values of the objective, evenly spaced in time."""
    from pbt_tui.tui.render.sparkline import finite

    if series is None or not series.at or len(series.at) != len(series.objective):
        return ()
    begin, end = series.at[0], series.at[-1]
    width = min(CURVE, len(series.at))
    values: list[float | None] = [None] * width
    for at, objective in zip(series.at, series.objective, strict=True):
        share = (at - begin) / (end - begin) if end > begin else 0.0
        value = finite(objective)
        if value is not None:
            values[min(width - 1, max(0, int(share * width)))] = value
    return tuple(values)


def _stamp_of(path: Path) -> FileStamp:
    try:
        found = disk.calls.stat(path)
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _size(rundir: RunDir) -> tuple[int, Policy]:
    found = spec_size(rundir)
    if found is None:
        spec = read_spec(rundir)
        return len(spec.jobs), spec.policy
    return found


def _told(error: OSError) -> str:
    name = Path(os.fsdecode(error.filename or "")).name
    return f"cannot read `{name}`: {(error.strerror or str(error)).lower()}"


@lru_cache(256)
def _owner(uid: int) -> str | None:
    """The name of a user; None: it is this one."""
    if uid == os.geteuid():
        return None
    try:
        return printable(pwd.getpwuid(uid).pw_name)
    except KeyError:
        return f"uid {uid}"
