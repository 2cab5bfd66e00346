"""`pbt-run --list`: which attempts hold which GPUs of this machine, and which use them unasked.

Slots of the machine say who holds a GPU, whoever the user is. Runs without slots hold none: they
are found by their processes, which have the journal open, and which the caller may look at.
"""

from __future__ import annotations

import os
import pwd
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pbt_tui import machine_slots
from pbt_tui.errors import PbtError, printable
from pbt_tui.executor.run_dirs import read_spec
from pbt_tui.files import folders
from pbt_tui.journal import RunDir, RunState, Tail, lock
from pbt_tui.journal.replaying import replay_file
from pbt_tui.runtimes import RUNTIMES

HEAD = ("GPU", "SLOT", "RUN", "RUN ID", "ATTEMPT", "USER", "EXECUTOR")
_RUN_DIR = "_pbt"


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """One attempt on one GPU, as `--list` shows it."""

    gpu: str
    """Index of the GPU, or what its slot calls it; `any`: the attempt is not pinned."""
    slot: str
    """Its share of the GPU; `none`: it holds no slot."""
    run: str
    run_id: str
    attempt: str
    user: str
    executor: str
    """The executor that started it; `-`: it has ended, or is not visible from here."""

    @property
    def cells(self) -> tuple[str, ...]:
        """The cells of its row."""
        one = (self.gpu, self.slot, self.run, self.run_id, self.attempt, self.user, self.executor)
        return tuple(map(printable, one))


def uses() -> list[Use]:
    """The attempts that hold or use GPUs, by GPU."""
    names = _names_of_gpus()
    holding = [_of_slot(holder, names) for holder in _holders()]
    own = Counter((use.run_id, use.gpu) for use in holding)
    named = {(use.run_id, use.gpu, use.attempt) for use in holding}
    rest = []
    for use in _without_slots():
        if (use.run_id, use.gpu, use.attempt) in named:
            own[use.run_id, use.gpu] -= 1
        else:
            rest.append(use)
    unasked = []
    for use in rest:  # the slot of a member may have the name of another member
        if own[use.run_id, use.gpu] > 0:
            own[use.run_id, use.gpu] -= 1
        else:
            unasked.append(use)
    return sorted([*holding, *unasked])


def table(rows: Sequence[tuple[str, ...]], head: tuple[str, ...]) -> list[str]:
    """The rows as lines of aligned cells."""
    widths = [max(len(row[i]) for row in (head, *rows)) for i in range(len(head))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    ]


def _holders() -> list[machine_slots.Holder]:
    try:
        return machine_slots.holders()
    except OSError:
        return []  # this machine does not show names of sockets: then nobody holds a slot


def _names_of_gpus() -> dict[str, str]:
    """What slots call a GPU, to its index."""
    from pbt_tui.observe.nvml import devices, look

    try:
        gpus = devices(look(patience=5)) or []
    except TimeoutError:
        return {}  # the driver hangs: GPUs are shown by the names that slots have
    return {machine_slots.gpu_key(gpu.uuid, gpu.index): str(gpu.index) for gpu in gpus}


def _of_slot(holder: machine_slots.Holder, names: dict[str, str]) -> Use:
    slot, pid = holder.slot, holder.pid
    key = slot.key[1:] if slot.key[:1] == "i" else slot.key
    gone = pid is None or not Path(f"/proc/{pid}").exists()
    share = f"1/{slot.shares}"
    user = "?" if holder.uid is None else _user(holder.uid)
    return Use(
        names.get(slot.key, key), share, slot.run, slot.run_id, slot.attempt, user,
        "-" if gone else f"pid {pid}",
    )  # fmt: skip


def _user(uid: int) -> str:
    with suppress(KeyError):
        return pwd.getpwuid(uid).pw_name
    return str(uid)


def _without_slots() -> Iterator[Use]:
    """Active attempts on this machine of the runs whose processes the caller may look at."""
    for path, uid in sorted(_open_runs().items()):
        rundir = RunDir(path)
        try:
            state = replay_file(read_spec(rundir), rundir.journal, Tail(rundir.journal).read_all())
        except (PbtError, OSError):
            continue  # another command reports what is wrong with it
        pid = lock.holder(rundir.lock)
        executor = "-" if pid is None else f"pid {pid}"
        for gpu, attempt in _active(state):
            yield Use(
                gpu, "none", state.spec.run, state.run_id or "", attempt, _user(uid), executor
            )


def _active(state: RunState) -> Iterator[tuple[str, str]]:
    executor = state.executor
    if executor is None or executor.runtime not in RUNTIMES:
        return
    if not RUNTIMES.get(executor.runtime).local:
        return
    for job in state.active.values():
        attempt = job.attempts[-1]
        name = f"{job.spec.id}.{attempt.number}"
        if not attempt.devices and job.need:
            yield "any", name
        for gpu in attempt.devices:
            yield str(gpu.uuid if gpu.index is None else gpu.index), name


def _open_runs() -> dict[Path, int]:
    """The run directories whose journal a process has open, and the user of that process."""
    found: dict[Path, int] = {}
    for name in folders.names("/proc"):
        if not name.isdecimal():
            continue
        with suppress(OSError):
            uid = Path(f"/proc/{name}").stat().st_uid
            for fd in folders.names(f"/proc/{name}/fd"):
                path = Path(os.readlink(f"/proc/{name}/fd/{fd}"))  # noqa: PTH115 - many
                if path.name == "journal.jsonl" and path.parent.name.startswith(_RUN_DIR):
                    found[path.parent] = uid
    return found
