"""Finds the W&B run, the TensorBoard folder and the MLflow run of a job, and how to open each.

It reads the begin and the end of the log, the folders that belong to the job alone, and what its
attempts left. Everything found is foreign text: bounded, and quoted for a shell.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Protocol

from pbt_tui.errors import command, printable
from pbt_tui.files import disk
from pbt_tui.files.regular import read_head
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe import log_reader
from pbt_tui.observe.progress import event_folders

_BYTES = 64 * 1024
"""Bytes of the log that are read at its begin and at its end: W&B prints its lines there."""
_LONGEST = 500
"""Characters of a path or an address."""
_SAVED = re.compile(r"wandb: .*?saved locally in ([^\n]+)")
_VIEW = re.compile(r"wandb: .*?View run .*?(https?://[^\s\"'<>`]+)")
_MLFLOW = re.compile(
    r"(?!wandb:).*?View run .*? at: (https?://[^\s\"'<>`]+/runs/([A-Za-z0-9_-]{1,64}))(?![\w-])"
)
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class JobTracker(NamedTuple):
    """What one tracker holds of a job."""

    name: str
    """Name of the tracker."""
    texts: tuple[str, ...]
    """Commands and addresses that open it, printable and on one line each."""


class _Paths(Protocol):
    path: Path
    trackers: Path

    def log(self, job: str, attempt: int) -> Path: ...


def job_trackers(job: JobState, state: RunState, rundir: _Paths) -> tuple[JobTracker, ...]:
    """The trackers of the newest attempt of a job; empty before its first attempt.

    Args:
        job: The job.
        state: The state of the run.
        rundir: The paths of the run directory.
    """
    attempt = job.attempt
    if attempt is None:
        return ()
    lines = list(_lines(rundir.log(job.spec.id, attempt.number)))
    train_dir = Path(state.train_dir or state.spec.train_dir)
    if not train_dir.is_dir():  # a copy of the run
        train_dir = rundir.path.parent.parent
    alone = sum(1 for other in state.jobs if other.spec.dir == job.spec.dir) == 1
    folders = event_folders.folders(train_dir, job.spec.dir, job.spec.name, alone=alone)
    env = {**(attempt.env or {}), **job.spec.env}
    cwd = Path(state.cwd or ".")
    found = (
        _wandb(lines, cwd, [*folders, cwd, train_dir / job.spec.dir], env.get("WANDB_RUN_ID")),
        _tensorboard(folders),
        _mlflow(lines, job, rundir, env.get("MLFLOW_RUN_ID")),
    )
    return tuple(one for one in found if one is not None)


def _lines(log: Path) -> Iterator[str]:
    """The lines at the begin of a log, then those at its end."""
    with suppress(OSError):
        head = read_head(log, _BYTES)
        yield from (log_reader.clean(raw) for raw in head.split(b"\n"))
        if len(head) == _BYTES:
            yield from (line.text for line in log_reader.tail(log, _BYTES))


def _wandb(
    lines: Sequence[str], cwd: Path, folders: Sequence[Path], run: str | None
) -> JobTracker | None:
    """The W&B run that the log names last, else the newest whose folder has the id of the job."""
    said = [found[1].strip() for line in lines if (found := _SAVED.match(line))]
    urls = [found[1] for line in lines if (found := _VIEW.match(line))]
    path = str(cwd / said[-1]) if said else _run_folder(folders, run)
    texts = []
    if path is not None and len(path) <= _LONGEST:
        texts.append(printable(command("wandb", "leet", path)))
    if urls and len(urls[-1]) <= _LONGEST:
        texts.append(printable(urls[-1]))
    return JobTracker("W&B", tuple(texts)) if texts else None


def _run_folder(folders: Sequence[Path], run: str | None) -> str | None:
    """The newest W&B folder with this id below one of the folders: `run-20260102_030405-<id>`."""
    if run is None or not _ID.fullmatch(run):
        return None
    for place in folders:
        with suppress(OSError):
            entries = sorted(disk.calls.listdir(place / "wandb"))[-event_folders.ENTRIES :]
            mine = [
                entry
                for entry in entries
                if entry.startswith(("run-", "offline-run-")) and entry.endswith(f"-{run}")
            ]
            if mine:
                return str(place / "wandb" / max(mine, key=lambda entry: entry.split("run-")[1]))
    return None


def _tensorboard(folders: Sequence[Path]) -> JobTracker | None:
    files = event_folders.event_files(folders, 0.0)
    if not files:
        return None
    path = os.path.commonpath([str(file.path.parent) for file in files])
    if len(path) > _LONGEST:
        return None
    return JobTracker("TensorBoard", (printable(command("tensorboard", "--logdir", path)),))


def _mlflow(
    lines: Sequence[str], job: JobState, rundir: _Paths, run: str | None
) -> JobTracker | None:
    """The MLflow run that the attempt left, else that the log names, else that it goes on in."""
    said = [found for line in lines if (found := _MLFLOW.match(line))]
    left = None
    with suppress(OSError, ValueError):
        folder = rundir.trackers / f"{job.spec.id}.{len(job.attempts)}"
        left = read_head(folder / "mlflow_run_id", 256).decode("ascii").strip()
    known = left if left and _ID.fullmatch(left) else said[-1][2] if said else run
    if known is None or not _ID.fullmatch(known):
        return None
    texts = [f"run {known}"]
    if said and said[-1][2] == known and len(said[-1][1]) <= _LONGEST:
        texts.append(printable(said[-1][1]))
    return JobTracker("MLflow", tuple(texts))
