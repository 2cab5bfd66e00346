"""Makes the snapshot of a run or of a plain workspace: `pbt-snapshot/1`.

`--once --json`, the TUI and the tests get the same values.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Protocol, cast

import msgspec

from pbt_tui.errors import UsageError, Where
from pbt_tui.journal import status_text
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe import nvml, queue_status
from pbt_tui.observe.failure_grouping import failures
from pbt_tui.observe.history import HistoryReader
from pbt_tui.observe.population_monitor import PopulationMonitor
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
    MemberWord,
    PopulationRow,
    QueueRow,
    Snapshot,
)
from pbt_tui.observe.trainer_settings import settings
from pbt_tui.observe.workspaces import find
from pbt_tui.populations import STYLES
from pbt_tui.runtimes import RUNTIMES
from pbt_tui.runtimes.kind import QueueText
from pbt_tui.spec import Population

__all__ = [
    "Alarm", "Best", "Counts", "EventRow", "FailureRow", "GenerationRow", "GpuRow",
    "JobRow", "Liveness", "MemberRow", "PopulationRow", "Populations", "QueueRow", "RunPaths",
    "Snapshot", "counts", "encode", "failures", "liveness", "snapshot", "workspace_snapshot",
]  # fmt: skip


_OF_SLURM = "slurm"
"""The runtime whose ids are in `slurm_id`."""


class RunPaths(Protocol):
    """The paths of `journal.run_dir.RunDir` that a snapshot needs."""

    path: Path
    """The run directory."""
    gpus: Path
    """`gpus.json`."""
    queue: Path
    """`queue.json`."""
    populations: Path
    """`populations.jsonl`."""

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
                settings=settings(p.style, command(state, p)),
                history=history,
                argv=command(state, p),
            )
            for p in state.spec.populations
        ]
        """The monitors in the order of the spec."""

    def poll(self) -> bool:
        """Reads what is new; returns whether there was anything."""
        news = [
            monitor.poll(self._logs(population))
            for monitor, population in zip(self.monitors, self._state.spec.populations, strict=True)
        ]
        return any(news)

    def _logs(self, population: Population) -> dict[int, list[Path]]:
        logs: dict[int, list[Path]] = {}
        for index, name in enumerate(population.members):
            job = self._state.by_id.get(name)
            if job:
                number = index if job.spec.member is None else job.spec.member
                logs[number] = [self._rundir.log(name, a.number) for a in job.attempts]
        return logs

    def rows(self, now: float, *, live: bool) -> tuple[PopulationRow, ...]:
        """The rows of the snapshot; without a live executor, as of the time of the newest file."""
        texts = _queue_text(self._state)
        seen = queue_status.read(self._rundir.queue) if texts is not None else None
        places = seen.attempts if seen else {}
        return tuple(
            monitor.row(
                _states(self._state, population, places, texts),
                now if live else (monitor.newest() or now),
            )
            for monitor, population in zip(self.monitors, self._state.spec.populations, strict=True)
        )


def snapshot(
    state: RunState,
    rundir: RunPaths,
    live: bool,
    populations: Populations | None = None,
    now: float | None = None,
) -> Snapshot:
    """The snapshot of a run; reads logs, workspaces and `gpus.json`.

    Args:
        state: the state of the run.
        rundir: its paths.
        live: whether an executor holds the lock.
        populations: the monitors of its populations; None: new ones.
        now: Unix seconds; None: the time of this machine.
    """
    populations = populations or Populations(state, rundir)
    populations.poll()
    runtime = state.executor.runtime if state.executor is not None else None
    texts = _queue_text(state)
    seen = queue_status.read(rundir.queue) if texts is not None else None
    places = seen.attempts if seen else {}
    return Snapshot(
        format="pbt-snapshot/1",
        run=state.spec.run,
        state=liveness(state, live),
        counts=counts(state),
        jobs=tuple(job_row(job, rundir, runtime == _OF_SLURM, places, texts) for job in state.jobs),
        failures=tuple(FailureRow(g.signature, g.count, g.jobs) for g in failures(state)),
        gpus=gpu_rows(state, rundir),
        populations=populations.rows(time.time() if now is None else now, live=live),
        queue=tally(seen) if seen else None,
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


def encode(snapshot: Snapshot) -> bytes:
    """The document of `--once --json`, with a newline at the end.

    In a path that is not UTF-8, each wrong byte is a lone surrogate, `\\udcff` for 0xff.
    """
    try:
        return msgspec.json.encode(snapshot) + b"\n"
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(snapshot)).encode() + b"\n"


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


def job_row(
    job: JobState,
    rundir: RunPaths,
    in_slurm: bool,
    places: Mapping[str, queue_status.QueueStatus],
    texts: QueueText | None,
) -> JobRow:
    """One job with its newest attempt, and its state in the queue."""
    a = job.attempt
    place = _place(job, places)
    is_queued = job.shown == "queued"
    return JobRow(
        id=job.spec.id,
        name=job.spec.name,
        state=_word(job, places, texts),
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
    )


def _queue_text(state: RunState) -> QueueText | None:
    """The texts of the engine's queue; None without one, or if the runtime is not installed."""
    name = state.executor.runtime if state.executor is not None else None
    return RUNTIMES.get(name).queue if name is not None and name in RUNTIMES else None


def _place(
    job: JobState, places: Mapping[str, queue_status.QueueStatus]
) -> queue_status.QueueStatus | None:
    a = job.attempt
    return places.get(queue_status.key(job.spec.id, a.number)) if a and a.outcome is None else None


def _word(
    job: JobState, places: Mapping[str, queue_status.QueueStatus], texts: QueueText | None
) -> JobWord:
    if job.shown == "running" and queue_status.is_suspended(_place(job, places), texts):
        return "suspended"
    return cast(JobWord, job.shown)


def gpu_rows(state: RunState, rundir: RunPaths) -> tuple[GpuRow, ...]:
    """The executor's GPUs, with the newest samples and the active jobs on them."""
    if state.executor is None or not state.executor.gpus:
        return ()
    read = nvml.read(rundir.gpus)
    on: dict[str, list[str]] = {}
    for job in state.active.values():
        for name in job.attempt.gpus if job.attempt else ():
            on.setdefault(name, []).append(job.spec.id)
    rows = []
    for gpu in state.executor.gpus:
        names = [str(n) for n in (gpu.uuid, gpu.index) if n is not None]
        sample = next((s for s in read.gpus if _is(gpu, s.uuid, s.index)), None) if read else None
        rows.append(
            GpuRow(
                index=gpu.index,
                uuid=gpu.uuid,
                name=gpu.name,
                memory=gpu.memory,
                memory_used=sample.memory_used if sample else None,
                utilisation=sample.utilisation if sample else None,
                drained=any(_is(gpu, d.uuid, d.index) for d in state.drained),
                drained_why=state.why_drained(gpu),
                others=sample.others if sample else None,
                jobs=tuple(job for name in names for job in on.get(name, ())),
            )
        )
    return tuple(rows)


def _is(gpu: Gpu, uuid: str | None, index: int | None) -> bool:
    """Whether it is the same device: by UUID if both have one, because indices change."""
    if gpu.uuid is not None and uuid is not None:
        return gpu.uuid == uuid
    return gpu.index is not None and gpu.index == index


def workspace(state: RunState, rundir: RunPaths, population: Population) -> Path:
    """Path of a population's workspace.

    A copied run directory may have a copy of it beside it, which has precedence.
    """
    here = Path(os.path.abspath(rundir.path.parent.parent / population.workspace))  # noqa: PTH100
    if here.exists() or state.train_dir is None:
        return here
    return Path(state.train_dir, population.workspace)


def command(state: RunState, population: Population) -> tuple[str, ...]:
    """The command of a member."""
    job = next((state.by_id[m] for m in population.members if m in state.by_id), None)
    return job.spec.argv if job else ()


def _states(
    state: RunState,
    population: Population,
    places: Mapping[str, queue_status.QueueStatus],
    texts: QueueText | None,
) -> dict[int, MemberWord]:
    """State of each member; the policies of one job share its state."""
    jobs = [state.by_id[m] for m in population.members if m in state.by_id]
    if not STYLES.get(population.style).members_are_jobs and len(jobs) == 1:
        return dict.fromkeys(range(population.size), _word(jobs[0], places, texts))
    return {
        (index if job.spec.member is None else job.spec.member): _word(job, places, texts)
        for index, job in enumerate(jobs)
    }
