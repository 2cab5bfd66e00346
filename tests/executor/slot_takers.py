"""Takers of slots of mixed size on two GPUs, killed at random: never more than one whole GPU.

    python -m tests.executor.slot_takers 12 40

Each taker writes what it holds into a shared table, and adds up the table. A taker that was killed
leaves its entry: who counts too much looks again, and an entry of a dead taker does not count.
"""

from __future__ import annotations

import mmap
import os
import random
import signal
import struct
import sys
import time
from pathlib import Path

from pbt_tui import machine_slots
from pbt_tui.machine_slots import Slot

_ENTRY = struct.Struct("iiidd")
"""Pid, grants, violations, and the share of each GPU that it holds."""


class Table:
    """The shared table: one entry for each taker."""

    def __init__(self, takers: int) -> None:
        self._memory = mmap.mmap(-1, takers * _ENTRY.size)
        self._takers = takers

    def put(self, i: int, *values: float) -> None:
        _ENTRY.pack_into(self._memory, i * _ENTRY.size, *values)

    def get(self, i: int) -> tuple[int, int, int, float, float]:
        return _ENTRY.unpack_from(self._memory, i * _ENTRY.size)

    def total(self, gpu: int) -> float:
        """What living takers hold of a GPU."""
        entries = map(self.get, range(self._takers))
        return sum(entry[3 + gpu] for entry in entries if entry[3 + gpu] and _lives(entry[0]))


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] not in "ZX"
    except OSError:
        return False


def taker(i: int, table: Table) -> None:
    dice, grants, violations = random.Random(os.urandom(8)), *table.get(i)[1:3]
    while True:
        shares = [dice.choice((0, 1, 2, 3)), dice.choice((0, 1, 2, 3))]
        slots = [
            Slot(f"i{gpu}", share, f"{i:08x}", "takers", f"{os.getpid()}.1")
            for gpu, share in enumerate(shares)
            if share
        ]
        taken = machine_slots.take([slots])
        if isinstance(taken, set):
            time.sleep(dice.random() * 0.01)
            continue
        held = [1 / share if share else 0.0 for share in shares]
        grants += 1
        table.put(i, os.getpid(), grants, violations, *held)
        for gpu, share in enumerate(held):
            if share and table.total(gpu) > 1.001:
                time.sleep(0.1)  # one that was killed takes a moment to be dead
                if table.total(gpu) > 1.001:
                    violations += 1
        time.sleep(dice.random() * 0.005)
        table.put(i, os.getpid(), grants, violations, 0.0, 0.0)
        for one in taken:
            one.close()


def start(i: int, table: Table) -> int:
    if (pid := os.fork()) == 0:
        taker(i, table)
    return pid


def main(takers: int, kills: int) -> int:
    table = Table(takers)
    pids = [start(i, table) for i in range(takers)]
    for _ in range(kills):
        time.sleep(0.03)
        i = random.randrange(takers)
        os.kill(pids[i], signal.SIGKILL)
        os.waitpid(pids[i], 0)
        _, grants, violations, *_ = table.get(i)
        table.put(i, 0, grants, violations, 0.0, 0.0)
        pids[i] = start(i, table)
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    entries = [table.get(i) for i in range(takers)]
    left = len(machine_slots.held())
    violations = sum(entry[2] for entry in entries)
    print(f"{sum(entry[1] for entry in entries)} grants, {violations} violations, {left} left")
    return int(violations > 0 or left > 0)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), int(sys.argv[2])))
