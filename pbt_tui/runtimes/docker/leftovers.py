"""Lists the containers that runs left on an engine, and removes them.

It does not know which of them an executor still follows: the caller checks that before it removes
them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from pbt_tui.runtimes.docker import request
from pbt_tui.runtimes.docker.answers import attempt_number
from pbt_tui.runtimes.docker.client import DockerEngine, connect, down
from pbt_tui.runtimes.docker.engine import Found
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable

RUNS = "it runs"
"""Why a container was kept that was to be removed only if it had ended."""


@dataclass(frozen=True, slots=True)
class Left:
    """A container with pbt_tui's labels, as `--list` shows it."""

    id: str
    """Id of the container."""
    name: str
    """Name of the container."""
    run_id: str
    """Id of the run."""
    run: str
    """Name of the run."""
    rundir: str
    """The run directory."""
    job: str
    """Id of the job."""
    attempt: int
    """Number of the attempt; 0 if the label is missing."""
    state: str
    """State as the engine names it: created, running, paused, exited, …"""
    status: str
    """Status as the engine describes it: `Exited (137) 2 hours ago`."""
    created: float
    """When it was created, in Unix seconds."""


def leftovers(environ: Mapping[str, str] | None = None) -> list[Left]:
    """All containers of all runs, oldest first. Raises `RuntimeUnavailable`."""
    with _engine(environ) as engine:
        found = engine.list([request.RUN_ID])
    return sorted(map(row, found), key=lambda left: left.created)


def clean(
    ids: Sequence[str], environ: Mapping[str, str] | None = None, *, force: bool
) -> dict[str, str]:
    """Removes containers, with `force` running ones too; returns the error for each that it kept.

    The error of one that runs, and was not forced, is `RUNS`.

    Raises `RuntimeUnavailable`.
    """
    failed: dict[str, str] = {}
    with _engine(environ) as engine:
        for container in ids:
            try:
                engine.remove(container, force=force)
            except EngineError as error:
                failed[container] = RUNS if error.status == 409 and not force else error.words
    return failed


def networks(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Networks of groups → the run directories. Raises `RuntimeUnavailable`."""
    with _engine(environ) as engine:
        found = engine.networks([request.RUN_ID])
    return {name: labels.get(request.RUNDIR, "") for name, labels in found.items()}


def remove_networks(names: Iterable[str], environ: Mapping[str, str] | None = None) -> int:
    """Removes networks, and returns how many; those with a container stay.

    Raises `RuntimeUnavailable`.
    """
    removed = 0
    with _engine(environ) as engine:
        for name in names:
            with suppress(EngineError):
                engine.remove_network(name)
                removed += 1
    return removed


@contextmanager
def _engine(environ: Mapping[str, str] | None) -> Iterator[DockerEngine]:
    """A connection; an engine that does not answer becomes a `RuntimeUnavailable`."""
    engine = connect(os.environ if environ is None else environ)
    try:
        yield engine
    except EngineUnavailable as error:
        raise down(engine.where, str(error)) from error
    finally:
        engine.close()


def row(listed: Found) -> Left:
    """What `--list` shows of a listed container."""
    labels = listed.get("Labels") or {}
    return Left(
        id=listed["Id"],
        name=(listed.get("Names") or ["/"])[0].removeprefix("/"),
        run_id=labels.get(request.RUN_ID, ""),
        run=labels.get(request.RUN, ""),
        rundir=labels.get(request.RUNDIR, ""),
        job=labels.get(request.JOB, ""),
        attempt=attempt_number(labels, request.ATTEMPT),
        state=listed.get("State", ""),
        status=listed.get("Status", ""),
        created=float(listed.get("Created") or 0),
    )
