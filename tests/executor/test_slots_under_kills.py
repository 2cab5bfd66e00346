"""Five runs on four GPUs with two slots each, with kills: simulated ones, and real ones.

The short form of `python -m tests.stress.simulated_slots` and of `python -m tests.stress.slots`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from pbt_tui import machine_slots
from pbt_tui.executor.permits import MachinePermits
from tests.core.planting import Fault
from tests.stress import simulated_slots
from tests.stress.simulated_slots import KILLS
from tests.stress.slots import Machine

MOST = 6
"""Lives in which a planted fault has to be seen."""
FAULTS = (
    Fault(
        "shares are not added up", machine_slots, "_over",
        "return {key for key, sum_ in total.items() if sum_ + more.get(key, 0.0) > 1 + _SLACK}",
        "return set()",
    ),
    Fault(
        "no permit is asked for", MachinePermits, "take",
        "taken = _asked(lambda: machine_slots.take(wanted))",
        "taken = [HeldSlots() for _ in wanted]",
    ),
    Fault(
        "what an earlier executor scheduled starts without slots", MachinePermits, "retake",
        "taken = _asked(lambda: machine_slots.take([slots]))",
        "taken = [HeldSlots()]",
    ),
    Fault(
        "ended attempts keep their slots", MachinePermits, "forget",
        "slots = self._taken.pop((job, attempt), None)", "slots = None",
    ),
    Fault(
        "members that wait no more keep slots", MachinePermits, "drop_unused",
        "if not gang.active or not owed or state.stop:", "if False:",
    ),
    Fault(
        "a process inherits no slot", simulated_slots, "_copied",
        "[os.dup(fd) for fd in slots.descriptors]", "[]",
    ),
)  # fmt: skip


def test_simulated_runs_with_a_hundred_kills() -> None:
    for seed in range(1, 4):
        machine = simulated_slots.Machine(seed)
        assert machine.live() == []
        assert machine.kills >= KILLS
        assert machine.meetings > KILLS


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_without_a_rule_it_is_seen(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.plant(monkeypatch)
    for seed in range(1, MOST + 1):
        if simulated_slots.Machine(seed).live():
            return
    pytest.fail(f"{MOST} lives are the same without it")


def test_five_runs_on_four_gpus_with_kills(tmp_path: Path) -> None:
    assert Machine(tmp_path, seed=7).live(kills=8) == []
