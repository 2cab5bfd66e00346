"""The processes of an attempt: those with its mark, and their descendants by parent.

A process that leaves the session of its attempt, as the workers of torchrun and daemons do, is
found by the mark (`marks`). A process with another mark is found while its parent is one of the
attempt: so a nested run belongs to the attempt that started it. Without a mark, the session and
the descendants of its processes are the attempt.

Must not know runtimes, claims or the executor.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Sequence

from msgspec import Struct, field

from pbt_tui.runtimes import proc
from pbt_tui.runtimes.proc import Process
from pbt_tui.runtimes.process import marks
from pbt_tui.runtimes.process.orphans import Orphans

_PASSES = 100
"""Passes of one kill at most: a process that cannot die, in a call to a dead file server, must not
stop the executor."""
_LOOKS = 10
"""Looks at most for an answer that is sure."""

_orphans = Orphans()


class Family(Struct):
    """What the processes of one attempt have in common."""

    shim: str
    """The shim, as `pid.start`. It is never counted as a process of the attempt."""
    marks: set[int] = field(default_factory=set)
    """The mark of the attempt, and those of runs that were found inside it; empty: no marks."""
    ours: bool = False
    """Whether the shim was a child of this process."""
    over: bool = False
    """Whether the main process has ended: a shim that lives then ends strays, and its children are
    the programs by which it does so."""


class ProcessTable(Struct, frozen=True):
    """All processes of this machine that have not ended, but this one."""

    everyone: dict[int, Process]
    """The processes by pid."""
    children: dict[int, list[Process]]
    """The processes by the pid of their parent."""
    by_mark: dict[int, list[int]]
    """The pids with each mark, zombies included."""
    mark_of: dict[int, int]
    """The mark of each pid that has one."""
    at: float
    """When it was taken, in monotonic seconds."""


def look(by_mark: dict[int, list[int]] | None = None) -> ProcessTable:
    """Takes a snapshot; `by_mark` is what `marks.everyone` has just found."""
    if by_mark is None:
        by_mark, _ = marks.everyone()
    everyone = {p.pid: p for p in proc.everyone() if p.pid != os.getpid()}
    children: dict[int, list[Process]] = {}
    for process in everyone.values():
        children.setdefault(process.parent, []).append(process)
    mark_of = {pid: mark for mark, pids in by_mark.items() for pid in pids}
    return ProcessTable(everyone, children, by_mark, mark_of, time.monotonic())


def find(families: Sequence[Family]) -> list[list[Process]]:
    """What is left of each family whose shim has ended, from one look at this machine.

    A family without any process of its marks costs only the look at the marks, or at orphans if its
    shim was a child of this process. A process that forks and ends during a look may hide its
    child, so that a family is looked at again if a process ended meanwhile that may have been one
    of it.
    """
    if all(family.marks and family.ours for family in families):
        orphans = _orphans.marks()
        if orphans is not None and all(family.marks.isdisjoint(orphans) for family in families):
            return [[] for _ in families]
    found = _find(families)
    for _ in range(_LOOKS - 1):
        unsure = [i for i, (left, sure) in enumerate(found) if not left and not sure]
        if not unsure:
            break
        again = _find([families[i] for i in unsure])
        for i, answer in zip(unsure, again, strict=True):
            found[i] = answer
    return [left for left, _ in found]


def _find(families: Sequence[Family]) -> list[tuple[list[Process], bool]]:
    """One look: the processes of each family, and whether it can have missed none."""
    by_mark, missed = marks.everyone() if any(f.marks for f in families) else ({}, False)
    if all(f.marks and f.marks.isdisjoint(by_mark) for f in families):
        return [([], not missed) for _ in families]
    seen = look(by_mark)
    return [(members(f, seen), not missed and f.marks.isdisjoint(by_mark)) for f in families]


def members(family: Family, seen: ProcessTable) -> list[Process]:
    """The processes of a family in a snapshot. The family learns the marks of runs inside it."""
    shim = proc.pid_of(family.shim)
    now = seen.everyone.get(shim)
    shim_lives = now is not None and now.handle == family.shim
    if family.marks:
        pids = [pid for mark in family.marks for pid in seen.by_mark.get(mark, ())]
        queue = [seen.everyone[pid] for pid in pids if pid in seen.everyone]
    elif shim_lives or now is None:
        everyone = seen.everyone.values()
        queue = [p for p in everyone if p.session == shim and not _older(p, family.shim)]
    else:  # another process has the number of the session now
        queue = []
    own = seen.children.get(shim, []) if shim_lives else []
    helpers = {process.handle for process in own} if family.over else set()
    if not family.over:
        queue += own
    found: dict[int, Process] = {}
    while queue:
        process = queue.pop()
        if process.pid in found or process.handle == family.shim or process.handle in helpers:
            continue
        found[process.pid] = process
        queue += seen.children.get(process.pid, ())
        if family.marks and process.pid in seen.mark_of:
            family.marks.add(seen.mark_of[process.pid])
    return list(found.values())


def _older(process: Process, shim: str) -> bool:
    return int(process.start) < int(shim.partition(".")[2])


def kill(family: Family) -> set[str]:
    """Kills the processes of a family; returns the handles of those that got the signal.

    A process may fork while it is being killed, so that this takes several passes: the newest
    processes first, until two passes find none that has not got the signal.
    """
    killed: set[str] = set()
    left = members(family, look())
    quiet = 0
    for _ in range(_PASSES):
        new = [process for process in left if process.handle not in killed]
        quiet = 0 if new else quiet + 1
        if quiet == 2:
            break
        for process in sorted(new, key=lambda p: (int(p.start), p.pid), reverse=True):
            proc.send(process, signal.SIGKILL)
            killed.add(process.handle)
        left = find([family])[0]
    return killed


def family_of(
    handle: str, mark: str | None, ours: bool = False, inside: set[int] | None = None
) -> Family:
    """The family of the shim `handle`, with the mark that its claim has.

    `inside` are marks of runs that were found inside it earlier; those that are found grow the set.
    """
    number = marks.parse(mark)
    found = set() if inside is None else inside
    if number is not None:
        found.add(number)
    return Family(handle, found, ours)
