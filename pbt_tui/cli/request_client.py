"""Requests from the command line: writes a request file and waits for the executor's answer.

Must not act on a run itself.
"""

from __future__ import annotations

import argparse
import getpass
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from pbt_tui.errors import RunError, UsageError, Where, command, printable
from pbt_tui.files.folders import remove
from pbt_tui.journal import RunDir, Tail, lock, owners, requests
from pbt_tui.journal.events import Action, RequestAccepted, RequestRefused
from pbt_tui.journal.owners import Trust

ANSWER = 5.0
"""Seconds to wait for the answer."""


class ActionRequest(NamedTuple):
    """What a person asks for."""

    action: Action
    """What the executor is to do."""
    jobs: tuple[str, ...] = ()
    """Ids of the jobs; empty means all."""
    gpus: tuple[str, ...] = ()
    """GPUs to drain or to use again, by UUID or index."""
    anew: bool = False
    """For a retry: whether the jobs begin from scratch."""


_WITH_JOBS: tuple[Action, ...] = ("cancel", "kill", "retry")
_WITH_GPUS: tuple[Action, ...] = ("drain", "undrain")
_ALONE: tuple[Action, ...] = ("hold", "release", "stop")


def asked(args: argparse.Namespace) -> ActionRequest | None:
    """The request that the options contain, or None.

    `--failed` retries all jobs, and so does `--from_scratch` without another request.
    """
    name = option(args)
    anew: bool = args.from_scratch
    if anew and name not in (None, "failed", "retry"):
        raise UsageError(f"`--{name}` and `--from_scratch` do not go together")
    if name == "failed" or (name is None and anew):
        return ActionRequest("retry", anew=anew)
    for action in _WITH_JOBS:
        if action == name:
            return ActionRequest(action, jobs=tuple(getattr(args, action)), anew=anew)
    for action in _WITH_GPUS:
        if action == name:
            return ActionRequest(action, gpus=_gpus(action, getattr(args, action)))
    return next((ActionRequest(action) for action in _ALONE if action == name), None)


def _gpus(action: Action, texts: Iterable[str]) -> tuple[str, ...]:
    """The GPUs of `0,2` or `0 2`. Raises `UsageError` if there is none."""
    named = tuple(part.strip() for text in texts for part in text.split(",") if part.strip())
    if not named:
        raise UsageError(f"`--{action}` needs a GPU", hint="name it by index or by UUID")
    return named


def option(args: argparse.Namespace) -> str | None:
    """The option that is a request. Raises `UsageError` if there are two."""
    listed = (*_WITH_JOBS, *_WITH_GPUS)
    names: list[str] = [name for name in listed if getattr(args, name) is not None]
    names += [name for name in (*_ALONE, "failed") if getattr(args, name)]
    if len(names) > 1:
        raise UsageError(f"`--{names[0]}` and `--{names[1]}` do not go together")
    return names[0] if names else None


def is_left_to_us(rundir: RunDir, what: ActionRequest) -> bool:
    """Whether the run has no executor and `pbt-run` should become it for this request."""
    revives = what.action in ("retry", *_WITH_GPUS)
    revives = revives or (what.action in ("cancel", "kill") and not what.jobs)
    return revives and lock.holder(rundir.lock) is None


@contextmanager
def of_ourselves(rundir: RunDir, what: ActionRequest | None) -> Iterator[None]:
    """Writes the request for the executor that this process is about to become.

    If this process does not become the executor, the request is removed: it was not meant for a
    later executor.
    """
    if what is None:
        yield
        return
    name = _leave(rundir, what)
    try:
        yield
    finally:
        with suppress(OSError):
            remove(rundir.requests / f"{name}.json")


def ask(rundir: RunDir, trust: Trust, what: ActionRequest) -> int:
    """Writes the request, waits for the answer and returns the exit code.

    Raises `UsageError` if the executor refuses the request, `RunError` if nobody answers, and
    `NotOurs` if the run directory belongs to a user without trust.
    """
    owners.check(rundir, trust)
    action = what.action
    if lock.holder(rundir.lock) is None:
        raise RunError(
            f"this run has no executor: cannot {action}",
            where=Where(file=str(rundir.path)),
            hint=f"start an executor with `{command('pbt-run', rundir.path)}`",
        )
    tail = Tail(rundir.journal)
    tail.read_all()
    name = _leave(rundir, what)
    until = time.monotonic() + ANSWER
    while time.monotonic() < until:
        for event in tail.read():
            if isinstance(event, RequestAccepted) and event.id == name:
                named = ", ".join(map(printable, what.jobs or what.gpus))
                whom = f" {'GPU ' if what.gpus else ''}{named}" if named else ""
                print(f"accepted: {action}{whom}")
                return 0
            if isinstance(event, RequestRefused) and event.id == name:
                raise UsageError(f"the executor refused to {action}: {event.why}")
        time.sleep(0.02)
    pid = lock.holder(rundir.lock)
    hint = f"its executor (pid {pid}) may be stopped; it obeys when it goes on"
    if pid == 0:
        hint = "its executor is on another host; it obeys once it reads the request"
    if pid is None:
        hint = "its executor has ended since; the next one reads the request"
    raise RunError(f"no answer within {ANSWER:g} s", where=Where(file=str(rundir.path)), hint=hint)


def _leave(rundir: RunDir, what: ActionRequest) -> str:
    """Writes the request and returns its id."""
    return requests.ask(rundir, what.action, what.jobs, what.gpus, who(), anew=what.anew)


def who() -> str:
    """The login name of the user."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "person"
