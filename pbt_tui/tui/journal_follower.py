"""Follows a run directory: reads what is new in the journal and folds it, a slice at a time.

Must not know Textual or what is shown. It asks the lock who executes; it never takes it.
Weak spot: a file system that hangs hangs the reader with it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from pbt_tui.errors import BadSpec, PbtError, RunError, Where
from pbt_tui.journal.events import (
    AttemptEnded,
    AttemptScheduled,
    AttemptStarted,
    AttemptWaiting,
    ContinuationKnown,
    ExecutorStarted,
    JobSkipped,
    KillRequested,
    RequestAccepted,
    RequestRefused,
    StopRequested,
)
from pbt_tui.journal.file import Tail
from pbt_tui.journal.fold import apply
from pbt_tui.journal.lock import holder
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.observe.queue_status import Queue
from pbt_tui.observe.queue_status import read as read_queue
from pbt_tui.populations import refuse_unknown_styles
from pbt_tui.spec import FORMAT, Policy, Population, Processes, Style, decode
from pbt_tui.tui.runtime_view import check_known, kind_of

_OF_A_JOB = (
    AttemptScheduled,
    AttemptWaiting,
    AttemptStarted,
    AttemptEnded,
    StopRequested,
    KillRequested,
    ContinuationKnown,
    JobSkipped,
)
_SLICE = 1 << 19
"""Bytes of journal folded between two looks at the clock: about 15 ms."""
_PREVIEW = 1 << 16
_HEAD = 1 << 12
"""Bytes of journal in which its first executor is."""


@dataclass(slots=True)
class FollowerUpdate:
    """What a poll found. `everything`: all jobs, or another journal under the same name."""

    jobs: set[int] = field(default_factory=set)
    """Plan indices."""
    everything: bool = False
    run: bool = False
    """Something of the run itself: the executor, a hold, the closing, an error."""
    answers: list[RequestAccepted | RequestRefused] = field(default_factory=list)
    queue: bool = False
    """What the executor saw of its engine's queue."""

    def add(self, later: FollowerUpdate) -> None:
        """Takes in what a later poll found."""
        self.jobs |= later.jobs
        self.everything |= later.everything
        self.run |= later.run
        self.answers += later.answers
        self.queue |= later.queue

    def __bool__(self) -> bool:
        return bool(self.jobs or self.everything or self.run or self.answers or self.queue)


class JournalFollower:
    """`state` is the fold of what was read so far; `poll` reads on.

    Raises `BadSpec` for a run whose spec cannot be read, or whose runtime is not installed here.
    """

    def __init__(
        self,
        rundir: RunDir,
        *,
        clock: Callable[[], float] = time.time,
        who: Callable[[RunDir], int | None] = lambda rundir: holder(rundir.lock),
    ) -> None:
        self.rundir = rundir
        self.clock = clock
        self.loaded = False
        """The whole journal, as it was when it was opened, has been folded."""
        self.holder: int | None = None
        self.error: PbtError | None = None
        self.queue: Queue | None = None
        """As the executor saw it last; None where no engine's queue holds attempts."""
        self._queue_stamp: tuple[int, int] | None = None
        self._who = who
        self._looked = 0.0
        self._tail = Tail(rundir.journal)
        self._life = 0
        self._spec: Processes | None = None
        self.workspace = False
        """There is no run: only the workspace of a population, written by somebody else."""
        self.state = RunState(_preview(rundir))
        _check_first_executor(rundir)

    @classmethod
    def of_workspace(cls, path: Path, style: Style) -> JournalFollower:
        """A plain workspace as a run without jobs; nothing is followed but its population."""
        follower = cls.__new__(cls)
        follower.rundir, follower.clock, follower.workspace = RunDir(path), time.time, True
        follower.loaded, follower.holder, follower.error = True, None, None
        follower.queue = None
        follower.state = RunState(
            Processes(
                format=FORMAT, run=path.name, module="", train_dir=str(path.parent),
                policy=Policy(), container=None, jobs=(),
                populations=(Population(path.name, style, 0, str(path), ()),),
            )
        )  # fmt: skip
        return follower

    def poll(self, budget: float = 0.05) -> FollowerUpdate:
        """Reads and folds for about `budget` seconds. Costs one `stat` when nothing is new."""
        change = FollowerUpdate()
        if self.error is not None or self.workspace:
            return change
        try:
            self._read(change, budget)
            self._read_queue(change)
            self._find_holder(change)
        except PbtError as e:
            self.error = e
            change.run = True
        except OSError as e:
            self.error = PbtError(
                f"cannot read: {e.strerror}", where=Where(file=str(e.filename or self.rundir.path))
            )
            change.run = True
        return change

    def now(self, clock: float) -> float:
        """The time for what goes on: without an executor, when it was last heard of."""
        return clock if self.holder is not None else self.state.at or clock

    def at_end(self) -> bool:
        """Everything was read that was there, or as much as can be."""
        return self.loaded or self.error is not None

    def read_all(self) -> None:
        """Folds what there is, to its end; raises what is wrong with it."""
        while not self.at_end():
            self.poll(budget=1.0)
        if self.error is not None:
            raise self.error

    def _read(self, change: FollowerUpdate, budget: float) -> None:
        if self._spec is None:
            self._spec = read_spec(self.rundir)
            self.state = RunState(self._spec)
            change.everything = True
        end = time.perf_counter() + budget
        while True:
            events = self._tail.read(_SLICE)
            if self._tail.life != self._life:  # `--fresh`: another journal took its place
                self._life = self._tail.life
                self._spec = read_spec(self.rundir)
                self.state = RunState(self._spec)
                change.everything = True
            if not events:
                if not self.loaded:
                    self.loaded = change.everything = True
                return
            self._fold(events, change)
            if time.perf_counter() >= end:
                return

    def _fold(self, events: list, change: FollowerUpdate) -> None:  # type: ignore[type-arg]
        state, by_id, jobs = self.state, self.state.by_id, change.jobs
        for event in events:
            if isinstance(event, ExecutorStarted):
                check_known(event, self.rundir.journal)
            apply(state, event)
            if isinstance(event, _OF_A_JOB):
                jobs.add(by_id[event.job].index)
                continue
            change.run = True
            if isinstance(event, RequestAccepted):
                change.answers.append(event)
                if event.jobs:
                    jobs.update(by_id[name].index for name in event.jobs)
                else:
                    change.everything = True
            elif isinstance(event, RequestRefused):
                change.answers.append(event)

    def _read_queue(self, change: FollowerUpdate) -> None:
        """One `stat`, where an engine's queue holds attempts; the file is replaced whole."""
        stamp = None
        kind = kind_of(self.state)
        if kind is not None and kind.has_queue:
            with suppress(OSError):
                stat = self.rundir.queue.stat()
                stamp = stat.st_mtime_ns, stat.st_ino
        if stamp != self._queue_stamp:
            self._queue_stamp = stamp
            self.queue = read_queue(self.rundir.queue) if stamp else None
            change.queue = True

    def _find_holder(self, change: FollowerUpdate) -> None:
        now = time.monotonic()
        if now - self._looked < 1.0 and not change.run:
            return
        self._looked = now
        who = self._who(self.rundir)
        if who != self.holder:
            self.holder = who
            change.run = True


def read_spec(rundir: RunDir) -> Processes:
    """Raises `SpecError` where the copy in the run directory is missing or damaged."""
    try:
        data = rundir.spec.read_bytes()
    except OSError as e:
        raise BadSpec(f"cannot read: {e.strerror}", where=Where(file=str(rundir.spec))) from e
    return _decoded(data, rundir)


def _decoded(data: bytes, rundir: RunDir) -> Processes:
    spec = decode(data, str(rundir.spec))
    refuse_unknown_styles(spec, str(rundir.spec))
    return spec


def _preview(rundir: RunDir) -> Processes:
    """The head and the first jobs of the spec: enough for a first page of any run, at once.

    A spec holds one job a line, so that a document cut after a line needs only its closing.
    """
    try:
        with rundir.spec.open("rb") as file:
            data = file.read(_PREVIEW)
    except OSError as e:
        raise BadSpec(f"cannot read: {e.strerror}", where=Where(file=str(rundir.spec))) from e
    if len(data) == _PREVIEW:
        data = data[: data.rfind(b"},\n") + 1] + b"\n]}\n"
    try:
        return _decoded(data, rundir)
    except PbtError:  # not laid out as we write it, or damaged: the whole file says which
        return read_spec(rundir)


def _check_first_executor(rundir: RunDir) -> None:
    """So that a run of a runtime that is not installed is refused before a screen is opened."""
    with suppress(RunError, OSError):  # a journal that is damaged is named where it is read
        for event in Tail(rundir.journal).read(_HEAD):
            if isinstance(event, ExecutorStarted):
                check_known(event, rundir.journal)
