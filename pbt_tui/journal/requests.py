"""Requests: what a person asks of the executor, one small file each.

Must not know whether anybody answers. The asker writes by rename, the executor removes the file
once its answer is durable; nobody edits in place.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import msgspec
from msgspec import UNSET

from pbt_tui.errors import BadSpec, UsageError, Where
from pbt_tui.journal.atomic import replace
from pbt_tui.journal.events import Action, Request
from pbt_tui.journal.run_dir import RunDir


def ask(
    rundir: RunDir,
    action: Action,
    jobs: tuple[str, ...] = (),
    gpus: tuple[str, ...] = (),
    by: str = "person",
    *,
    anew: bool = False,
) -> str:
    """Drops the request and returns its id; raises `UsageError` where the directory is not ours.

    `anew`: the jobs of a retry begin from scratch. Raises `ValueError` for any other action.
    """
    if anew and action != "retry":
        raise ValueError(f"only a retry begins from scratch, not `{action}`")
    name = f"{time.time_ns()}-{os.getpid()}"
    request = Request(
        id=name, action=action, jobs=jobs, gpus=gpus, by=by, anew=True if anew else UNSET
    )
    try:
        rundir.requests.mkdir(exist_ok=True)
        replace(rundir.requests / f"{name}.json", msgspec.json.encode(request), sync=False)
    except OSError as e:
        raise UsageError(
            f"cannot leave a request: {e.strerror}", where=Where(file=str(rundir.requests))
        ) from e
    return name


def pending(rundir: RunDir) -> list[Path]:
    """Request files, oldest first: by (ns, pid) as numbers."""
    found: list[tuple[int, int, Path]] = []
    try:
        names = os.listdir(rundir.requests)  # noqa: PTH208 - asked five times a second
    except FileNotFoundError:
        return []
    for name in names:
        ns, dash, pid = name.removesuffix(".json").partition("-")
        if name.endswith(".json") and dash and ns.isdigit() and pid.isdigit():
            found.append((int(ns), int(pid), rundir.requests / name))
    return [path for _, _, path in sorted(found)]


def read(path: Path) -> Request:
    """Raises `BadSpec` where the file is damaged or is not the request that its name says."""
    try:
        request = msgspec.json.decode(path.read_bytes(), type=Request)
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as e:
        raise BadSpec(f"not a request: {e}", where=Where(file=str(path))) from None
    if request.id != path.stem:
        raise BadSpec(f"is named for another request: `{request.id}`", where=Where(file=str(path)))
    return request
