"""Follows a run directory: reads new events from the journal and folds them, a slice at a time.

It asks the lock for the executor's process id, and must never take the lock. Known weakness: a file
system that hangs blocks the reader.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from msgspec import Struct, field

from pbt_tui.errors import BadSpec, ImpossibleEvent, PbtError, RunError, Where
from pbt_tui.files.regular import SPEC_BYTES, read_head, read_pieces, read_regular
from pbt_tui.journal.ended_attempt import EndedAttempts
from pbt_tui.journal.events import (
    AnyEvent,
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
from pbt_tui.journal.replaying import impossible
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import RunState
from pbt_tui.observe import gpu_holders
from pbt_tui.observe.pauses import Pause
from pbt_tui.observe.pauses import read as read_pauses
from pbt_tui.observe.progress.run_progress import RunProgress
from pbt_tui.observe.queue_status import Queue
from pbt_tui.observe.queue_status import read as read_queue
from pbt_tui.spec import FORMAT, Policy, Population, Processes, Style, decode
from pbt_tui.spec.sharing import decode_pieces
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
"""Bytes of journal folded between two checks of the time budget: about 15 ms."""
_PREVIEW = 1 << 16
_HEAD = 1 << 12
"""Bytes of journal in which the event of its first executor is expected."""


Stamp = tuple[int, int] | None
"""Time of change and inode of a file; None: there is none."""


class FollowerUpdate(Struct):
    """The changes that a poll read. `everything`: all jobs changed, or the journal was replaced."""

    jobs: set[int] = field(default_factory=set)
    """Plan indices of changed jobs."""
    everything: bool = False
    run: bool = False
    """Whether the run itself changed: its executor, a hold, its closing, an error."""
    answers: list[RequestAccepted | RequestRefused] = field(default_factory=list)
    queue: bool = False
    """Whether the executor has written another answer of its engine: its queue, or a pause."""

    def add(self, later: FollowerUpdate) -> None:
        """Adds the changes of a later poll."""
        self.jobs |= later.jobs
        self.everything |= later.everything
        self.run |= later.run
        self.answers += later.answers
        self.queue |= later.queue

    def __bool__(self) -> bool:
        return bool(self.jobs or self.everything or self.run or self.answers or self.queue)


class JournalFollower:
    """`state` is the fold of the events read so far; `poll` reads on.

    Raises `BadSpec` if the spec cannot be read, or if the run's runtime is not installed.
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
        """Whether the journal, as long as it was when it was opened, has been folded."""
        self.holder: int | None = None
        self.error: PbtError | None = None
        self.queue: Queue | None = None
        """The engine's queue as the executor read it last; None if no attempts are queued."""
        self._queue_stamp: Stamp = None
        self.pauses: dict[str, Pause] = {}
        """The attempts that somebody has paused in the engine, as the executor knows them."""
        self._pauses_stamp: Stamp = None
        self.held: Mapping[str, str] = {}
        """UUID or index of each GPU that the run waits for, to who holds it."""
        self._held_stamp: tuple[int, int, int | None] | None = None
        self.heard: Callable[[AnyEvent], None] | None = None
        """Called with each event once it is folded."""
        self.landmarks: list[tuple[float, AnyEvent, str | None]] = []
        """The events about the run, with the time of the event before; and each restart of an
        attempt in a cluster, with the node that it left."""
        self._who = who
        self._ended = EndedAttempts()
        self._looked = 0.0
        self._tail = Tail(rundir.journal)
        self._life = 0
        self._spec: Processes | None = None
        self.workspace = False
        """Whether there is no run, but only the workspace of a population from another launcher."""
        self.state = RunState(_preview(rundir))
        _check_first_executor(rundir)

    @classmethod
    def of_workspace(cls, path: Path, style: Style) -> JournalFollower:
        """Presents a plain workspace as a run without jobs, with one population."""
        return cls._without_journal(path, (Population(path.name, style, 0, str(path), ()),))

    @classmethod
    def of_nothing(cls, path: Path) -> JournalFollower:
        """Stands in where no run is shown, but a list of runs."""
        return cls._without_journal(path, ())

    @classmethod
    def _without_journal(cls, path: Path, populations: tuple[Population, ...]) -> JournalFollower:
        follower = cls.__new__(cls)
        follower.rundir, follower.clock, follower.workspace = RunDir(path), time.time, True
        follower.loaded, follower.holder, follower.error = True, None, None
        follower.queue, follower.pauses, follower.held = None, {}, {}
        follower.heard = None
        follower.landmarks = []
        follower.state = RunState(
            Processes(
                format=FORMAT, run=path.name, module="", train_dir=str(path.parent),
                policy=Policy(), container=None, jobs=(), populations=populations,
            )
        )  # fmt: skip
        return follower

    def poll(self, budget: float = 0.05) -> FollowerUpdate:
        """Reads and folds for about `budget` seconds. Costs one `stat` when nothing is new."""
        change = FollowerUpdate()
        trouble = self.trouble
        if self.error is not None or self.workspace:
            return change
        try:
            self._read(change, budget)
            self._read_queue(change)
            self._find_holder(change)
            self._read_held(change)
        except PbtError as e:
            self.error = e
            change.run = True
        except OSError as e:
            self.error = PbtError(
                f"cannot read: {e.strerror}", where=Where(file=str(e.filename or self.rundir.path))
            )
            change.run = True
        change.run |= self.trouble != trouble
        return change

    @property
    def trouble(self) -> str | None:
        """Why the screen may not show the run as it is; None if nothing is wrong."""
        if self.error is not None:
            return str(self.error).splitlines()[0]
        if self.workspace:
            return None
        if self._tail.is_gone:
            return "the run directory is gone: this is the run as it was"
        if self._tail.lost:
            return (
                f"the journal was cut after {self._tail.lost} lines of it had been read: this is "
                "the run as the rest tells it"
            )
        return None

    def now(self, clock: float) -> float:
        """The end of open intervals: now, or without an executor the time of the last event."""
        return clock if self.holder is not None else self.state.at or clock

    @property
    def until(self) -> float | None:
        """The earlier time at which the run is shown; None: it is shown as it is."""
        return None

    def open_progress(self) -> RunProgress:
        """What is known of the progress of the jobs."""
        return RunProgress(self.rundir)

    def at_end(self) -> bool:
        """Whether the journal has been read to its end or to an error."""
        return self.loaded or self.error is not None

    def read_all(self) -> None:
        """Folds the whole journal. Raises the error if it is damaged."""
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
            if self._tail.life != self._life:  # `--fresh` has replaced the journal
                self._life = self._tail.life
                self._spec = read_spec(self.rundir)
                self.state = RunState(self._spec)
                self._ended = EndedAttempts()
                self.landmarks = []
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
            before, node = state.at, None
            if type(event) is AttemptStarted and event.restart and event.job in by_id:
                last = by_id[event.job].attempt
                node = last.node if last is not None else None
            try:
                apply(state, event)
            except ImpossibleEvent as e:
                raise impossible(self.rundir.journal, event, e) from e
            if self.heard is not None:
                self.heard(event)
            if isinstance(event, _OF_A_JOB):
                job = by_id[event.job]
                jobs.add(job.index)
                if type(event) is AttemptEnded:
                    self._ended.shrink(job)
                if node is not None:
                    self.landmarks.append((before, event, node))
                continue
            self.landmarks.append((before, event, None))
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
        """Costs one `stat` unless the executor has replaced the file."""
        kind = kind_of(self.state)
        stamp = _stamp(self.rundir.queue) if kind is not None and kind.has_queue else None
        if stamp != self._queue_stamp:
            self._queue_stamp = stamp
            self.queue = read_queue(self.rundir.queue) if stamp else None
            change.queue = True
        stamp = _stamp(self.rundir.paused) if kind is not None and kind.pauses else None
        if stamp != self._pauses_stamp:
            self._pauses_stamp = stamp
            self.pauses = read_pauses(self.rundir.paused) if stamp else {}
            change.queue = True

    def _read_held(self, change: FollowerUpdate) -> None:
        """Costs one `stat`, for a run with slots alone, unless the executor replaced the file."""
        stamp, state = None, self.state
        if self.holder is not None and state.executor and state.policy.experiments_per_gpu >= 1:
            with suppress(OSError):
                stat = self.rundir.holders.stat()
                stamp = stat.st_mtime_ns, stat.st_ino, self.holder
        if stamp != self._held_stamp:
            self._held_stamp = stamp
            found = gpu_holders.read(self.rundir.holders) if stamp else None
            self.held = gpu_holders.texts_of(found, state)
            change.everything = True

    def _find_holder(self, change: FollowerUpdate) -> None:
        now = time.monotonic()
        if now - self._looked < 1.0 and not change.run:
            return
        self._looked = now
        who = self._who(self.rundir)
        if who != self.holder:
            self.holder = who
            change.run = True


def _stamp(path: Path) -> Stamp:
    with suppress(OSError):
        stat = path.stat()
        return stat.st_mtime_ns, stat.st_ino
    return None


def read_spec(rundir: RunDir) -> Processes:
    """Raises `BadSpec` if the copy in the run directory is missing or damaged."""
    try:
        spec = decode_pieces(read_pieces(rundir.spec, SPEC_BYTES))
        if spec is None:  # damaged, or not one job per line
            spec = decode(read_regular(rundir.spec, SPEC_BYTES), str(rundir.spec))
    except OSError as e:
        raise BadSpec(f"cannot read: {e.strerror}", where=Where(file=str(rundir.spec))) from e
    return _known(spec, rundir)


def _preview(rundir: RunDir) -> Processes:
    """Decodes only the head and the first jobs, so that the first page appears at once.

    A spec has one job per line, so a document cut after a line needs only closing brackets.
    """
    try:
        data = read_head(rundir.spec, _PREVIEW)
    except OSError as e:
        raise BadSpec(f"cannot read: {e.strerror}", where=Where(file=str(rundir.spec))) from e
    if len(data) == _PREVIEW:
        data = data[: data.rfind(b"},\n") + 1] + b"\n]}\n"
    spec = decode_pieces((data,))
    return read_spec(rundir) if spec is None else _known(spec, rundir)


def _known(spec: Processes, rundir: RunDir) -> Processes:
    """The spec. Raises `BadSpec` if a population style of it is not installed."""
    if spec.populations:
        from pbt_tui.populations import refuse_unknown_styles

        refuse_unknown_styles(spec, str(rundir.spec))
    return spec


def _check_first_executor(rundir: RunDir) -> None:
    """Raises `BadSpec` before a screen opens if the first executor's runtime is not installed."""
    with suppress(RunError, OSError):  # `poll` reports a damaged journal
        for event in Tail(rundir.journal).read(_HEAD):
            if isinstance(event, ExecutorStarted):
                check_known(event, rundir.journal)
