"""Requests of people to the executor, one small file each.

Monitor and command line create a request by rename, and the executor removes it once its answer is
in the journal. Nothing here tells whether an executor runs.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from msgspec import UNSET

from pbt_tui.errors import BadSpec, UsageError, Where, printable
from pbt_tui.files import folders
from pbt_tui.files.atomic import replace
from pbt_tui.files.faults import fault_kind, reason
from pbt_tui.files.permissions import make_folder
from pbt_tui.files.regular import read_own
from pbt_tui.journal.events import Action, Request
from pbt_tui.journal.run_dir import RunDir

_DIGITS = 20
"""Digits of a time in nanoseconds, with one to spare."""
_LARGEST = 64 << 20
"""Bytes: a request may name a hundred thousand jobs."""


def ask(
    rundir: RunDir,
    action: Action,
    jobs: tuple[str, ...] = (),
    gpus: tuple[str, ...] = (),
    by: str = "person",
    *,
    anew: bool = False,
) -> str:
    """Writes a request and returns its id.

    Args:
        rundir: the run directory.
        action: what to ask for.
        jobs: ids of the jobs; empty means all (for retry: every job that ended but succeeded ones).
        gpus: GPUs to drain or undrain, by UUID or index.
        by: who asks: `person`, `signal`, or a user name.
        anew: whether the jobs of a retry begin from scratch.

    Raises:
        UsageError: if the file cannot be written.
        ValueError: if `anew` is set for another action than a retry.
    """
    if anew and action != "retry":
        raise ValueError(f"only a retry begins from scratch, not `{action}`")
    name = f"{time.time_ns()}-{os.getpid()}"
    request = Request(
        id=name, action=action, jobs=jobs, gpus=gpus, by=by, anew=True if anew else UNSET
    )
    try:
        make_folder(rundir.requests)
        replace(rundir.requests / f"{name}.json", msgspec.json.encode(request), sync=False)
    except OSError as e:
        raise UsageError(
            f"cannot leave a request: {e.strerror}", where=Where(file=str(rundir.requests))
        ) from e
    return name


def pending(rundir: RunDir, *, strict: bool = False) -> list[Path]:
    """Request files, oldest first: ordered by (ns, pid) as numbers.

    Args:
        rundir: the run directory.
        strict: whether a folder that is missing is an error.

    Raises:
        OSError: if the folder cannot be read.
    """
    requests: list[tuple[int, int, Path]] = []
    try:
        names = folders.names(rundir.requests)
    except FileNotFoundError:
        if strict:
            raise
        return []
    for name in names:
        ns, dash, pid = name.removesuffix(".json").partition("-")
        if name.endswith(".json") and dash and _number(ns) and _number(pid):
            requests.append((int(ns), int(pid), rundir.requests / name))
    return [path for _, _, path in sorted(requests)]


def _number(text: str) -> bool:
    """Whether it is a number as `ask` writes it: other digits and longer ones are foreign."""
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def read(path: Path, obeyed: Callable[[int], bool] = lambda uid: False) -> Request:
    """Reads a request, which is a regular file of this user, of root or of a user who is `obeyed`.

    Raises:
        BadSpec: if it is damaged, too large, foreign or gone, or if its name is not its id.
        OSError: if the disk fails.
    """
    try:
        request = msgspec.json.decode(read_own(path, _LARGEST, obeyed), type=Request)
    except OSError as e:
        if fault_kind(e) != "foreign" and not isinstance(e, FileNotFoundError):
            raise
        raise BadSpec(f"not obeyed: {reason(e)}", where=Where(file=str(path))) from None
    except (msgspec.MsgspecError, UnicodeDecodeError) as e:
        raise BadSpec(f"not a request: {printable(str(e))}", where=Where(file=str(path))) from None
    if request.id != path.stem:
        raise BadSpec(
            f"is named for another request: `{printable(request.id)}`", where=Where(file=str(path))
        )
    return request
