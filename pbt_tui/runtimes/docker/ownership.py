"""Tells the containers of this run directory from those of its copies and of lost journals.

A copied run directory has the same run id, so its containers have the same names and labels. Must
not touch a container: it raises before anybody does.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pbt_tui.errors import RuntimeUnavailable, printable
from pbt_tui.runtimes.docker import request
from pbt_tui.runtimes.docker.answers import attempt_number
from pbt_tui.runtimes.docker.engine import Found
from pbt_tui.runtimes.docker.start import ALIVE

Known = Callable[[str, int], bool]
"""Whether the journal has an attempt: job and number."""


def check(found: Found, rundir: Path) -> None:
    """Refuses a container, listed or inspected, of another run directory that exists.

    Raises `RuntimeUnavailable`.
    """
    other = _labels(found).get(request.RUNDIR) or ""
    if other in ("", str(rundir)) or _same(Path(other), rundir):
        return
    raise RuntimeUnavailable(
        f"container `{_name(found)}` is of the run in `{printable(other)}`, "
        "and this run directory is a copy of it",
        hint="go on there, or give this copy a run id of its own with `--rehome`",
    )


def leftover(listed: Found, rundir: Path, known: Known) -> str:
    """The id of a listed container whose attempt is not active: it may be removed.

    Raises:
        RuntimeUnavailable: if it runs, if the journal does not have its attempt, or if it belongs
            to another run directory.
    """
    check(listed, rundir)
    labels, name = _labels(listed), _name(listed)
    job, number = labels.get(request.JOB) or "", labels.get(request.ATTEMPT) or ""
    attempt = f"`{printable(job)}.{printable(number)}`"
    if request.PROBE in labels:
        return str(listed["Id"])
    if not known(job, attempt_number(labels, request.ATTEMPT)):
        raise RuntimeUnavailable(
            f"container `{name}` is of attempt {attempt}, which the journal does not have",
            hint=f"is the journal an old copy? look with `docker logs {name}`; this goes on once "
            f"the container is gone: `docker rm --force {name}`",
        )
    if listed.get("State") in ALIVE:
        raise RuntimeUnavailable(
            f"container `{name}` runs, and the journal says that attempt {attempt} has ended",
            hint=f"look with `docker logs {name}`; this goes on once the container is gone: "
            f"`docker rm --force {name}`",
        )
    return str(listed["Id"])


def _same(other: Path, rundir: Path) -> bool:
    """Whether both are one folder, or the other is gone: then this one was moved."""
    try:
        return other.samefile(rundir)
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _labels(found: Found) -> dict[str, str]:
    return dict(found.get("Labels") or (found.get("Config") or {}).get("Labels") or {})


def _name(found: Found) -> str:
    name = found.get("Name") or (found.get("Names") or ["/"])[0]
    return printable(str(name).removeprefix("/"))
