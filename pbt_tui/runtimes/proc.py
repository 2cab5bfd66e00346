"""What Linux says of processes: identity, sessions, and signals that cannot hit a stranger.

Must not know attempts or claims. A process is its pid and its start time (clock ticks since boot,
field 22 of `/proc/<pid>/stat`): a pid alone is soon somebody else's.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_MISSED = (ProcessLookupError, PermissionError)
"""Gone meanwhile, or it took another user's rights: who wants it ended asks again."""


@dataclass(frozen=True, slots=True)
class Process:
    pid: int
    state: str
    parent: int
    group: int
    session: int
    start: str

    @property
    def dead(self) -> bool:
        """A zombie runs nothing any more."""
        return self.state in "ZX"

    @property
    def handle(self) -> str:
        return f"{self.pid}.{self.start}"


def boot_id() -> str:
    """Changes with every boot of this machine; a pid of another boot means nothing."""
    return Path("/proc/sys/kernel/random/boot_id").read_text().strip()


def look(pid: int) -> Process | None:
    """The process that has this pid now, zombies included."""
    try:
        with open(f"/proc/{pid}/stat", "rb", buffering=0) as file:  # noqa: PTH123 - a fifth of Path's cost
            text = file.read()
    except OSError:
        return None
    # The name in brackets may itself hold blanks and brackets.
    fields = text[text.rfind(b")") + 2 :].split()
    if len(fields) < 20:
        return None
    state, parent, group, session = fields[:4]
    return Process(pid, state.decode(), int(parent), int(group), int(session), fields[19].decode())


def alive(handle: str) -> bool:
    """Whether the very process `pid.start` still runs."""
    process = look(pid_of(handle))
    return process is not None and process.handle == handle and not process.dead


def pid_of(handle: str) -> int:
    return int(handle.partition(".")[0])


def everyone() -> Iterator[Process]:
    """All living processes that we can see."""
    with os.scandir("/proc") as entries:
        pids = [int(entry.name) for entry in entries if entry.name.isdecimal()]
    for pid in pids:
        process = look(pid)
        if process is not None and not process.dead:
            yield process


def stop_session(leader: str, others: list[Process]) -> bool:
    """Asks everyone in the leader's session to end; False if that may have reached no job.

    `others` are the rest of the session; they may be a moment old, since they only name further
    process groups (`timeout` makes one of its own). The leader, our shim, survives what it
    catches, and so does its copy until that has become the job.
    """
    if not alive(leader):
        return True
    pid = pid_of(leader)
    shim = _words(pid)
    reached = any(_words(process.pid) not in (b"", shim) for process in others)
    for group in {pid} | {process.group for process in others}:
        _signal_group(group, signal.SIGTERM)
    return reached


def kill_session(leader: str, others: list[Process]) -> None:
    """Ends the rest of the leader's session, or the leader too where it is alone.

    The leader is our shim: left alive it notes how the job ended, then kills its own group.
    """
    for process in others:
        if alive(process.handle):
            _signal(process.pid, signal.SIGKILL)
    if not others and alive(leader):
        _signal_group(pid_of(leader), signal.SIGKILL)


def kill_orphans(leader: str) -> None:
    """Ends what a dead leader left in its session: an orphan keeps its GPU memory (defect R8)."""
    now = look(pid_of(leader))
    if now is not None and (now.handle != leader or not now.dead):
        return
    born = int(leader.partition(".")[2])
    for process in everyone():
        if process.session == pid_of(leader) and int(process.start) >= born:
            _signal(process.pid, signal.SIGKILL)


def _words(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


def _signal_group(group: int, number: signal.Signals) -> None:
    with suppress(*_MISSED):
        os.killpg(group, number)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(*_MISSED):
        os.kill(pid, number)
