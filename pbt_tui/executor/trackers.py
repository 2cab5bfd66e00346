"""Variables by which an attempt goes on in the W&B run and the MLflow run of the attempt before.

They are part of the decision to start the attempt, so that the journal holds them, and whoever
starts it gives it the same. Variables of the job itself override them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import msgspec

from pbt_tui.files import folders
from pbt_tui.files.permissions import make_folder
from pbt_tui.files.regular import read_own
from pbt_tui.journal.events import AttemptScheduled
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import Attempt, JobState, RunState
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.spec import Container

ATTEMPT_DIR = "PBT_ATTEMPT_DIR"
"""Names the folder of an attempt, in which its job may leave files for the next one."""
MLFLOW_FILE = "mlflow_run_id"
"""The file in that folder in which a job leaves the id of its MLflow run."""
NAMES = frozenset(
    (
        ATTEMPT_DIR,
        "MLFLOW_RUN_ID",
        "WANDB_NAME",
        "WANDB_RESUME",
        "WANDB_RUN_GROUP",
        "WANDB_RUN_ID",
    )
)
"""All variables that this module sets."""
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST = 256
"""Bytes of the file with an id."""
_OTHER = re.compile(r"[^A-Za-z0-9_-]")
_LONGEST = 32
"""Characters of the job that are part of an id, which has at most 64."""


class TrackerVariables:
    """Adds the variables to decisions, and makes the folders of attempts."""

    def __init__(self, state: RunState, rundir: RunDir, container: Container | None) -> None:
        self._state = state
        self._rundir = rundir
        self._user = container.user if container is not None else "caller"

    def add(self, decision: AttemptScheduled) -> AttemptScheduled:
        """The decision with the variables; those of what a member goes on from override them."""
        job = self._state.by_id[decision.job]
        env = variables(self._state, job, decision)
        env[ATTEMPT_DIR] = str(folder(self._rundir, decision.job, decision.attempt))
        found = self._left(job, life(job, decision))
        if found is not None:
            env["MLFLOW_RUN_ID"] = found
        return msgspec.structs.replace(decision, env={**env, **decision.env})

    def _left(self, job: JobState, first: int) -> str | None:
        """The id of the MLflow run that the newest attempt since `first` has left.

        A copy of a run directory holds those of the run that it is a copy of: they are not its own.
        """
        since = self._state.moved_at or 0.0
        for attempt in reversed(job.attempts[first - 1 :]):
            if attempt.scheduled_at < since:
                break
            path = folder(self._rundir, job.spec.id, attempt.number) / MLFLOW_FILE
            with suppress(OSError, ValueError):
                text = read_own(path, _MOST, self._may_own).decode("ascii").strip()
                if _ID.fullmatch(text):
                    return text
        return None

    def _may_own(self, uid: int) -> bool:
        """Whether the jobs of the run are those of this user."""
        named = self._user.partition(":")[0]
        return self._user == "image" or (named.isdecimal() and int(named) == uid)

    def launches(
        self, make: Callable[[JobState, Attempt], Launch]
    ) -> Callable[[JobState, Attempt], Launch]:
        """As `make`, and makes the folder of the attempt before, which its job may write to."""

        def launch(job: JobState, attempt: Attempt) -> Launch:
            if attempt.env and ATTEMPT_DIR in attempt.env:
                self._make(Path(attempt.env[ATTEMPT_DIR]))
            return make(job, attempt)

        return launch

    def _make(self, path: Path) -> None:
        if path.parent != self._rundir.trackers.absolute():  # the run was moved after the decision
            return
        with suppress(OSError):  # the job finds out when it writes there
            make_folder(path.parent)
            make_folder(path)
            if self._user != "caller":
                folders.open_to_all(path)


def trackers(context: RunContext, *, asked: bool) -> TrackerVariables | None:
    """The variables of a run; None if nobody asked for them, now or for an earlier attempt.

    Args:
        context: The run.
        asked: Whether an option asks for them.
    """
    state = context.state
    before = (attempt.env for job in state.jobs for attempt in job.attempts if attempt.env)
    if not asked and not any(ATTEMPT_DIR in env for env in before):
        return None
    container = context.container if context.kind.in_container else None
    return TrackerVariables(state, context.rundir, container)


def folder(rundir: RunDir, job: str, attempt: int) -> Path:
    """The folder of an attempt. Absolute."""
    return rundir.trackers.absolute() / f"{job}.{attempt}"


def life(job: JobState, decision: AttemptScheduled) -> int:
    """Number of the attempt with which the job last began from scratch."""
    if decision.anew:
        return decision.attempt
    return next((a.number for a in reversed(job.attempts) if a.anew), 1)


def variables(state: RunState, job: JobState, decision: AttemptScheduled) -> dict[str, str]:
    """The variables of W&B for an attempt.

    A job that names its own run, or says how to resume it, gets neither id nor `WANDB_RESUME`.
    """
    suffix = f"_{state.spec.suffix}" if state.spec.suffix else ""
    env = {"WANDB_RUN_GROUP": state.spec.run + suffix, "WANDB_NAME": job.spec.id}
    if not {"WANDB_RUN_ID", "WANDB_RESUME"} & job.spec.env.keys():
        env["WANDB_RUN_ID"] = wandb_id(state.run_id or "RUN_ID", job.spec.id, life(job, decision))
        env["WANDB_RESUME"] = "allow"
    return env


def wandb_id(run_id: str, job: str, first: int) -> str:
    """The id of the W&B run of a job: the same for all attempts since it began from scratch.

    Args:
        run_id: Id of the run.
        job: Id of the job.
        first: Number of the attempt with which it began from scratch.

    Example:
        >>> wandb_id("5eed1e55", "00_ant", 1), wandb_id("5eed1e55", "00_ant", 3)
        ('5eed1e55-1-00_ant', '5eed1e55-3-00_ant')
    """
    plain = _OTHER.sub("_", job)
    if plain != job or len(plain) > _LONGEST:
        digest = hashlib.sha256(job.encode()).hexdigest()[:8]
        plain = f"{plain[:_LONGEST]}-{digest}"
    return f"{run_id}-{first}-{plain}"
