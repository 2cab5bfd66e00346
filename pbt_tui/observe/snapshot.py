"""Makes the snapshot of a run or of a plain workspace: `pbt-snapshot/1`.

`--once --json`, the TUI and the tests get the same values.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping
from math import inf
from pathlib import Path
from typing import Protocol, TypeVar, cast

import msgspec

from pbt_tui.errors import UsageError, Where, printable_json
from pbt_tui.journal import status_text
from pbt_tui.journal.garbage import without_collections
from pbt_tui.journal.state import Attempt, JobState, RunState
from pbt_tui.observe import pauses, queue_status
from pbt_tui.observe.failure_grouping import failures
from pbt_tui.observe.failure_rows import failure_rows
from pbt_tui.observe.gpu_status import gpu_rows
from pbt_tui.observe.history import HistoryReader
from pbt_tui.observe.pauses import Pause
from pbt_tui.observe.population_monitor import AttemptLog, PopulationMonitor
from pbt_tui.observe.population_status import MemberAttempt
from pbt_tui.observe.population_workspace import command, original, workspace
from pbt_tui.observe.progress.run_progress import RunProgress
from pbt_tui.observe.queue_summary import tally
from pbt_tui.observe.snapshot_types import (
    Alarm,
    Best,
    Counts,
    EventRow,
    FailureRow,
    GenerationRow,
    GpuRow,
    JobRow,
    JobWord,
    Liveness,
    MemberRow,
    PopulationRow,
    QueueRow,
    Snapshot,
)
from pbt_tui.observe.trainer_settings import settings
from pbt_tui.observe.workspaces import find
from pbt_tui.populations import STYLES
from pbt_tui.runtimes import RUNTIMES
from pbt_tui.spec import Population

__all__ = [
    "Alarm", "Best", "Counts", "EventRow", "FailureRow", "GenerationRow", "GpuRow",
    "JobRow", "Liveness", "MemberRow", "PopulationRow", "Populations", "QueueRow", "RunPaths",
    "Snapshot", "counts", "encode", "failures", "gpu_rows", "liveness", "snapshot",
    "workspace_snapshot",
]  # fmt: skip


T = TypeVar("T")
_OF_SLURM = "slurm"
"""The runtime whose ids are in `slurm_id`."""


class RunPaths(Protocol):
    """The paths of `journal.run_dir.RunDir` that a snapshot needs."""

    path: Path
    """The run directory."""
    gpus: Path
    """`gpus.json`."""
    holders: Path
    """`holders.json`."""
    queue: Path
    """`queue.json`."""
    paused: Path
    """`paused.json`."""
    populations: Path
    """`populations.jsonl`."""
    kept: Path
    """The folder with the generations that the executor keeps."""
    progress: Path
    """`progress.json`."""
    series: Path
    """`series.jsonl`."""

    def log(self, job: str, attempt: int) -> Path: ...


class Populations:
    """Monitors of all populations of a run: kept between snapshots, they read only what is new."""

    def __init__(self, state: RunState, rundir: RunPaths) -> None:
        self._state = state
        self._rundir = rundir
        history = HistoryReader(rundir.populations)
        self.monitors = [
            PopulationMonitor(
                p.id,
                p.style,
                workspace(state, rundir, p),
                size=p.size,
                settings=settings(p.style, argv) if (argv := command(state, p)) else None,
                history=history,
                argv=command(state, p),
                kept=rundir.kept,
            )
            for p in state.spec.populations
        ]
        """The monitors in the order of the spec."""
        self._originals: dict[tuple[Path, str | None], Path | None] = {}
        """Workspace, and where the journal says the run is, to what `original` says."""

    def poll(self) -> bool:
        """Reads what is new; returns whether there was anything."""
        news = [
            monitor.poll(self._logs(population))
            for monitor, population in zip(self.monitors, self._state.spec.populations, strict=True)
        ]
        return any(news)

    def _logs(self, population: Population) -> dict[int, list[AttemptLog]]:
        return attempt_logs(self._state, self._rundir, population)

    def _original(self, path: Path) -> Path | None:
        key = path, self._state.train_dir
        if key not in self._originals:
            self._originals[key] = original(self._state, self._rundir, path)
        return self._originals[key]

    def rows(self, now: float, *, live: bool) -> tuple[PopulationRow, ...]:
        """The rows of the snapshot; without a live executor, as of the time of the newest file."""
        halts = _Halts(self._state, self._rundir)
        return tuple(
            monitor.row(
                _of_members(self._state, population, halts.word),
                now if live else (monitor.newest() or now),
                attempts=_attempts(self._state, population, halts.went_on),
                pauses=_of_members(self._state, population, halts.pause),
                original=self._original(monitor.workspace),
            )
            for monitor, population in zip(self.monitors, self._state.spec.populations, strict=True)
        )


def snapshot(
    state: RunState,
    rundir: RunPaths,
    live: bool,
    populations: Populations | None = None,
    now: float | None = None,
    progress: RunProgress | None = None,
    rows: tuple[PopulationRow, ...] | None = None,
) -> Snapshot:
    """The snapshot of a run; reads logs, workspaces and `gpus.json`.

    Args:
        state: the state of the run.
        rundir: its paths.
        live: whether an executor holds the lock.
        populations: the monitors of its populations; None: new ones.
        now: Unix seconds; None: the time of this machine.
        progress: what is known of the progress of its jobs; None: what is known now.
        rows: the rows of its populations; None: those of `populations`.
    """
    now = time.time() if now is None else now
    if rows is None:
        populations = populations or Populations(state, rundir)
        with without_collections():
            populations.poll()
        rows = populations.rows(now, live=live)
    runtime = state.executor.runtime if state.executor is not None else None
    halts = _Halts(state, rundir)
    progress = progress or RunProgress(rundir)
    while progress.poll():
        pass
    in_slurm = runtime == _OF_SLURM
    gpus = gpu_rows(state, rundir, live=live)
    jobs = [
        msgspec.structs.replace(
            _job_row(job, rundir, in_slurm, halts),
            progress=progress.of(job, live=live),
            series=progress.series(job),
        )
        for job in state.jobs
    ]
    return Snapshot(
        format="pbt-snapshot/1",
        run=state.spec.run,
        state=liveness(state, live),
        counts=counts(state),
        jobs=tuple(jobs),
        failures=tuple(failure_rows(state, gpus, live=live)),
        gpus=gpus,
        populations=rows,
        queue=tally(halts.queue) if halts.queue else None,
        eta=progress.eta(state, now) if live else None,
    )


def workspace_snapshot(path: Path) -> Snapshot:
    """The snapshot of a workspace without a run, at `path` or below.

    Raises:
        UsageError: if there is no workspace.
    """
    found = find(path)
    if found is None:
        raise UsageError(
            "no population here",
            hint="a workspace holds folders `000`, `001`, … with `.yaml` files, or `checkpoint_p0`",
            where=Where(file=str(path)),
        )
    monitor = PopulationMonitor(found.path.name, found.style, found.path)
    with without_collections():
        monitor.poll()
    return Snapshot(
        format="pbt-snapshot/1",
        run=found.path.name,
        state="no_executor",
        counts=Counts(),
        jobs=(),
        failures=(),
        gpus=(),
        populations=(monitor.row({}, monitor.newest() or time.time()),),
        queue=None,
    )


def encode(document: msgspec.Struct) -> bytes:
    """The document of `--once --json`: one line, in which control characters are escaped.

    In a path that is not UTF-8, each wrong byte is a lone surrogate, `\\udcff` for 0xff.
    """
    try:
        return printable_json(msgspec.json.encode(document).decode()).encode() + b"\n"
    except UnicodeEncodeError:
        return printable_json(json.dumps(msgspec.to_builtins(document))).encode() + b"\n"


def liveness(state: RunState, live: bool) -> Liveness:
    """The state of the run: closed, else no executor, else held, else live."""
    if state.closed is not None:
        return "closed"
    if not live:
        return "no_executor"
    return "held" if state.held else "live"


def counts(state: RunState) -> Counts:
    """Number of jobs by state, from `status_text.counts`."""
    return Counts(**status_text.counts(state))


class _Halts:
    """What an engine says about the attempts of a run: their states in its queue, their pauses."""

    def __init__(self, state: RunState, rundir: RunPaths) -> None:
        name = state.executor.runtime if state.executor is not None else None
        # The runtime may not be installed.
        kind = RUNTIMES.get(name) if name is not None and name in RUNTIMES else None
        self._texts = kind.queue if kind is not None else None
        self.queue = queue_status.read(rundir.queue) if self._texts is not None else None
        pausable = kind is not None and kind.pauses is not None
        self._paused = pauses.read(rundir.paused) if pausable else {}
        self.went_on = pauses.went_on(rundir.paused) if pausable else {}

    def place(self, job: JobState) -> queue_status.QueueStatus | None:
        """The entry of the job's active attempt in the queue."""
        return _of_active(job, self.queue.attempts) if self.queue else None

    def pause(self, job: JobState) -> Pause | None:
        """The pause of the job's attempt, if it is paused."""
        return _of_active(job, self._paused) if job.shown == "running" else None

    def word(self, job: JobState) -> JobWord:
        """The state of the job."""
        if self.pause(job) is not None:
            return "paused"
        if job.shown == "running" and queue_status.is_suspended(self.place(job), self._texts):
            return "suspended"
        return cast(JobWord, job.shown)


def _of_active(job: JobState, found: Mapping[str, T]) -> T | None:
    a = job.attempt
    return found.get(queue_status.key(job.spec.id, a.number)) if a and a.outcome is None else None


def _job_row(job: JobState, rundir: RunPaths, in_slurm: bool, halts: _Halts) -> JobRow:
    """One job with its newest attempt, and its state in the engine."""
    a = job.attempt
    place, pause = halts.place(job), halts.pause(job)
    is_queued = job.shown == "queued"
    return JobRow(
        id=job.spec.id,
        name=job.spec.name,
        state=halts.word(job),
        attempt=a.number if a else None,
        gpus=a.gpus if a else (),
        exit_code=a.exit_code if a else None,
        signal=a.signal if a else None,
        cause=a.cause if a else None,
        detail=a.detail if a else None,
        log=str(rundir.log(job.spec.id, a.number).absolute()) if a else None,
        population=job.spec.population,
        member=job.spec.member,
        node=a.node if a else None,
        reason=a.queued if a and is_queued else None,
        restarts=a.restarts if a else 0,
        slurm_id=(place.id if place else a.handle if a else None) if in_slurm else None,
        starts_at=place.starts_at if place and is_queued else None,
        paused_at=pause.since if pause else None,
    )


def attempt_logs(
    state: RunState, rundir: RunPaths, population: Population
) -> dict[int, list[AttemptLog]]:
    """The logs of each member's attempts, oldest first.

    Args:
        state: the state of the run.
        rundir: its paths.
        population: one of its populations.
    """
    return {
        number: [
            AttemptLog(
                rundir.log(job.spec.id, a.number),
                a.scheduled_at if a.started_at is None else a.started_at,
                inf if a.outcome is None or a.ended_at is None else a.ended_at,
            )
            for a in job.attempts
        ]
        for number, job in _members(state, population)
    }


def _members(state: RunState, population: Population) -> Iterator[tuple[int, JobState]]:
    """The jobs of a population, with the index of each member."""
    for index, name in enumerate(population.members):
        if (job := state.by_id.get(name)) is not None:
            yield index if job.spec.member is None else job.spec.member, job


def _attempts(
    state: RunState, population: Population, went_on: Mapping[str, float]
) -> dict[int, MemberAttempt]:
    """The newest attempt of each member; `went_on`: when, after a pause."""
    return {
        m: MemberAttempt(_of_active(job, went_on) or job.attempt.started_at, _ended(job.attempt))
        for m, job in _members(state, population)
        if job.attempt is not None
    }


def _ended(attempt: Attempt) -> str | None:
    """How an attempt ended, after the name of its member; None: it has not."""
    if attempt.outcome is None:
        return None
    if attempt.signal is not None:
        return f"was killed by {status_text.signal_name(attempt.signal)}"
    reason = status_text.reason_text(attempt)
    return f"{attempt.outcome} with {reason}" if reason else f"is {attempt.outcome}"


def _of_members(
    state: RunState, population: Population, of: Callable[[JobState], T | None]
) -> dict[int, T]:
    """What `of` returns for the job of each member; the policies of one job share it."""
    jobs = [state.by_id[m] for m in population.members if m in state.by_id]
    if not STYLES.get(population.style).members_are_jobs and len(jobs) == 1:
        of_all = of(jobs[0])
        return {} if of_all is None else dict.fromkeys(range(population.size), of_all)
    found = {
        (index if job.spec.member is None else job.spec.member): of(job)
        for index, job in enumerate(jobs)
    }
    return {index: value for index, value in found.items() if value is not None}
