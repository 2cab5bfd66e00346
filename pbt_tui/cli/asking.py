"""Requests from the command line: left for the executor, and its answer waited for.

Must not act on a run itself.
"""

from __future__ import annotations

import argparse
import getpass
import time

from pbt_tui.errors import RunError, UsageError, Where, printable
from pbt_tui.journal import RunDir, Tail, lock, requests
from pbt_tui.journal.events import Action, RequestAccepted, RequestRefused

ANSWER = 5.0
"""Seconds to wait for it."""


def asked(args: argparse.Namespace) -> tuple[Action, tuple[str, ...]] | None:
    """The request among the options, if there is one."""
    with_jobs: tuple[Action, ...] = ("cancel", "kill", "retry")
    alone: tuple[Action, ...] = ("hold", "release", "stop")
    for action in with_jobs:
        jobs = getattr(args, action)
        if jobs is not None:
            return action, tuple(jobs)
    for action in alone:
        if getattr(args, action):
            return action, ()
    return None


def ask(rundir: RunDir, action: Action, jobs: tuple[str, ...]) -> int:
    """Leaves the request and waits for its answer; the exit code.

    Raises `UsageError` for what it cannot be about, `RunError` where nobody answered.
    """
    if lock.holder(rundir.lock) is None:
        raise RunError(
            f"nobody executes this run: cannot {action}",
            where=Where(file=str(rundir.path)),
            hint=f"start an executor with `pbt-run {rundir.path}`",
        )
    tail = Tail(rundir.journal)
    tail.read_all()
    name = requests.ask(rundir, action, jobs, by=who())
    until = time.monotonic() + ANSWER
    while time.monotonic() < until:
        for event in tail.read():
            if isinstance(event, RequestAccepted) and event.id == name:
                whom = f" {', '.join(map(printable, jobs))}" if jobs else ""
                print(f"accepted: {action}{whom}")
                return 0
            if isinstance(event, RequestRefused) and event.id == name:
                raise UsageError(f"the executor refused to {action}: {event.why}")
        time.sleep(0.02)
    raise RunError(
        f"no answer within {ANSWER:g} s; the request was left for it",
        where=Where(file=str(rundir.path)),
    )


def who() -> str:
    """The person's name, as the system knows it."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "person"
