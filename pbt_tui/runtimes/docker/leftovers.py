"""Containers that runs left on an engine: listed by our labels, removed on request.

Must not know which of them somebody still executes: whoever removes them asks that first.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pbt_tui.runtimes.docker import request
from pbt_tui.runtimes.docker.client import connect, down
from pbt_tui.runtimes.docker.engine import Found
from pbt_tui.runtimes.engine_errors import EngineError, EngineUnavailable


@dataclass(frozen=True, slots=True)
class Left:
    """A container of ours that is still there, as `--list` shows it."""

    id: str
    name: str
    run_id: str
    run: str
    rundir: str
    job: str
    attempt: int
    state: str
    """The engine's word: created, running, paused, exited, …"""
    status: str
    """The engine's sentence: `Exited (137) 2 hours ago`."""
    created: float


def leftovers(environ: Mapping[str, str] | None = None) -> list[Left]:
    """Every container with our labels, of all runs, oldest first. Raises `RuntimeUnavailable`."""
    engine = connect(os.environ if environ is None else environ)
    try:
        found = engine.list([request.RUN_ID])
    except EngineUnavailable as error:
        raise down(engine.where, str(error)) from error
    finally:
        engine.close()
    return sorted((_left(one) for one in found), key=lambda left: left.created)


def clean(ids: Sequence[str], environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Removes them, running ones too; the engine's words for those it would not remove."""
    engine = connect(os.environ if environ is None else environ)
    wrong: dict[str, str] = {}
    try:
        for one in ids:
            try:
                engine.remove(one, force=True)
            except EngineError as error:
                wrong[one] = error.words
    except EngineUnavailable as error:
        raise down(engine.where, str(error)) from error
    finally:
        engine.close()
    return wrong


def _left(one: Found) -> Left:
    labels = one.get("Labels") or {}
    number = labels.get(request.ATTEMPT, "")
    return Left(
        id=one["Id"],
        name=(one.get("Names") or ["/"])[0].removeprefix("/"),
        run_id=labels.get(request.RUN_ID, ""),
        run=labels.get(request.RUN, ""),
        rundir=labels.get(request.RUNDIR, ""),
        job=labels.get(request.JOB, ""),
        attempt=int(number) if number.isdecimal() else 0,
        state=one.get("State", ""),
        status=one.get("Status", ""),
        created=float(one.get("Created") or 0),
    )
