"""Reports who holds the GPUs that the run waits for: in `holders.json`, and as lines for people."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from pbt_tui.files.atomic import replace
from pbt_tui.journal import slots
from pbt_tui.machine_slots import Holder
from pbt_tui.observe import gpu_holders
from pbt_tui.observe.gpu_holders import GpuHolder, HeldGpu, HeldGpus
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.context import RunContext


class HolderReport:
    """The report of one executor.

    Args:
        context: the context of the run.
        say: called with a line for people about each GPU that the run has to wait for.
    """

    def __init__(self, context: RunContext, say: Callable[[str], None]) -> None:
        self._gpus, self._run_id = context.gpus, context.run_id
        self._path: Path = context.rundir.holders
        self._say = say
        self._said: dict[int, str] = {}

    def tell(self, holders: Mapping[int, Sequence[Holder]]) -> None:
        """Takes who holds the GPUs at these positions; empty: the run waits for none."""
        held, said = [], {}
        for i, some in holders.items():
            shown = tuple(map(_shown, some))
            held.append(HeldGpu(slots.name(self._gpus[i]), shown))
            index = self._gpus[i].index
            name = slots.name(self._gpus[i]) if index is None else str(index)
            said[i] = f"GPU {name}: {gpu_holders.text(shown, self._run_id)}"
        with suppress(OSError):  # screens can do without it on a full disk
            data = gpu_holders.encode(HeldGpus(os.getpid(), tuple(held)))
            replace(self._path, data, sync=False)
        for i, line in said.items():
            if self._said.get(i) != line:
                self._say(line)
        self._said = said


def _shown(one: Holder) -> GpuHolder:
    slot, pid = one.slot, one.pid
    process = proc.look(pid) if pid is not None else None
    lives = process is not None and not process.dead
    return GpuHolder(slot.run, slot.run_id, slot.attempt, pid, one.uid, lives)
