"""The core in a simulated world: thousands of random runs, and every rule switched off once.

`PBT_SIMULATED_RUNS=20000` runs more of them.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from pbt_tui.executor import loop, reconcile
from pbt_tui.journal import fold, outcome, slots
from pbt_tui.scheduler import drains
from tests.core import simulation, world

RUNS = int(os.environ.get("PBT_SIMULATED_RUNS", "4000"))
CHUNKS = 8


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_invariant_breaks(chunk: int) -> None:
    events = deaths = disk_faults = drains = 0
    for seed in range(chunk * RUNS // CHUNKS, (chunk + 1) * RUNS // CHUNKS):
        life, violations = simulation.live(seed)
        assert not violations, f"seed {seed}: {violations[:3]}"
        events += life.events
        deaths += life.world.deaths
        disk_faults += life.world.disk_faults
        drains += life.drains
    assert events > 20 * RUNS // CHUNKS, "too quiet a world proves nothing"
    assert deaths > RUNS // CHUNKS, "too kind a world proves nothing"
    assert disk_faults > RUNS // CHUNKS // 20, "too good a disk proves nothing"
    assert drains >= RUNS // CHUNKS // 500, "too good devices prove nothing"


class Fault:
    """A rule switched off: `old` replaced by `new` in the source of one function."""

    def __init__(
        self, rule: str, owner: Any, function: str, old: str, new: str, near: int = 0
    ) -> None:
        """`near` is a life that was known to break: the search begins there, to save time."""
        self.rule, self.owner, self.function = rule, owner, function
        self.old, self.new, self.near = old, new, near

    def __repr__(self) -> str:
        return self.rule.replace(" ", "-")

    def plant(self, patch: pytest.MonkeyPatch) -> None:
        original: Callable[..., Any] = getattr(self.owner, self.function)
        source = textwrap.dedent(inspect.getsource(original))
        assert source.count(self.old) >= 1, f"{self.function} has changed: mend this test"
        scope = sys.modules[original.__module__].__dict__
        made: dict[str, Any] = {}
        exec(
            "from __future__ import annotations\n" + source.replace(self.old, self.new), scope, made
        )
        changed = made[self.function]
        patch.setattr(self.owner, self.function, changed)
        for name, module in list(sys.modules.items()):
            if name.startswith(("pbt_tui", "tests.core.")):
                if getattr(module, self.function, None) is original:
                    patch.setattr(module, self.function, changed)
        for kind, handler in fold._HANDLERS.items():
            if handler is original:
                patch.setitem(fold._HANDLERS, kind, changed)


Loop = loop.Loop
# The package exports the function under the name of its module.
decide = importlib.import_module("pbt_tui.scheduler.decide")
FAULTS = [
    Fault(
        "effect before record",
        Loop,
        "commit",
        "    self._journal.append(batch)\n    self._tell(batch)\n    self._perform(batch)\n",
        "    self._perform(batch)\n    self._journal.append(batch)\n",
    ),
    Fault(
        "performed although the append failed",
        Loop,
        "commit",
        "    self._journal.append(batch)\n",
        "    try:\n        self._journal.append(batch)\n"
        "    except Exception:\n        self._perform(batch)\n        raise\n",
    ),
    Fault(
        "in-flight work presumed lost",
        reconcile,
        "apply_reconciliation",
        'case "alive":',
        'case "alive" if False:',
    ),
    Fault("names without attempt numbers", world, "launch_of", "attempt.number,", "1,"),
    Fault("a stop is not sent again", Loop, "_send_again", "if now < self._send_at:", "if True:"),
    Fault(
        "claims that never launched are forgotten",
        reconcile,
        "apply_reconciliation",
        "elif loop.runtime.forfeit(*key):",
        "elif True:",
    ),
    Fault(
        "kill decided but not performed",
        Loop,
        "_perform",
        "case ev.StopRequested() | ev.KillRequested():",
        "case ev.StopRequested():",
    ),
    Fault(
        "resumed with a softer stop",
        reconcile,
        "apply_reconciliation",
        "stops.append((*key, attempt.kill_at is not None))",
        "stops.append((*key, False))",
        near=250,
    ),
    Fault(
        "not stopped again on resume",
        reconcile,
        "apply_reconciliation",
        "for name, number, kill in stops:",
        "for name, number, kill in ():",
        near=250,
    ),
    Fault(
        "facts about inactive attempts are taken",
        Loop,
        "_take",
        "if attempt is None or attempt.number != fact.attempt or job.phase not in ACTIVE:",
        "if attempt is None:",
    ),
    Fault(
        "the second stop does not kill",
        fold,
        "_request_accepted",
        'state.stop = "kill" if state.stop else "stop"',
        'state.stop = "stop"',
        near=2960,
    ),
    Fault(
        "cancel is forgotten while starting",
        fold,
        "_cancel",
        "if job.phase in ACTIVE:",
        'if job.phase in ("running", "stopping"):',
    ),
    Fault(
        "kill is forgotten while stopping",
        fold,
        "_cancel",
        "if job.phase in ACTIVE:",
        'if job.phase in ("starting", "running"):',
        near=540,
    ),
    Fault(
        "an end is judged by the stop whatever came first",
        outcome,
        "outcome",
        'if why is not None and (lost or refused or order != "before"):',
        "if why is not None:",
    ),
    Fault(
        "an end is judged by its code whatever was asked",
        outcome,
        "outcome",
        'if why is not None and (lost or refused or order != "before"):',
        "if False:",
    ),
    Fault(
        "a cancelled job is retried",
        fold,
        "_by_outcome",
        'if job.cancel or (e.outcome == "stopped" and e.cause == "cancelled"):',
        "if False:",
        near=540,
    ),
    Fault("failures are never forgiven", fold, "_retry", "state.failures = 0", "pass"),
    Fault(
        "a retry in an open run releases the hold",
        fold,
        "_retry",
        "        if state.closed:\n",
        "        state.held = False\n        if state.closed:\n",
    ),
    Fault("reopening keeps the hold", fold, "_retry", "            state.held = False\n", ""),
    Fault(
        "owed members wait their turn",
        decide,
        "select_next",
        "for job in gang_backfill(state, now):",
        "for job in ():",
    ),
    Fault(
        "owed members that cannot fit close the line",
        decide,
        "select_next",
        "closed = closed or state.slots.room((job.need,), empty=True)",
        "closed = True",
        near=2420,
    ),
    Fault(
        "owed members do not close the line",
        decide,
        "select_next",
        "closed = closed or state.slots.room((job.need,), empty=True)",
        "pass",
        near=6850,
    ),
    Fault(
        "gangs begin when one fits",
        decide,
        "fits",
        "return len(unit.shape) <= free and state.slots.room(unit.shape)",
        "return free > 0 and state.slots.room(unit.shape[:1])",
    ),
    Fault("a GPU is its index", slots, "same", "if one.uuid and other.uuid:", "if False:"),
    Fault(
        "launched on a GPU that is gone",
        reconcile,
        "_still_listed",
        "return all(",
        "return True or all(",
    ),
    Fault(
        "patience closes the line for what cannot fit",
        decide,
        "could_fit",
        "return len(unit.shape) <= state.policy.max_parallel and",
        "return True or",
    ),
    Fault(
        "back-offs that are over are not looked at",
        decide,
        "units",
        "for job in state.ready_queue.due(now):",
        "for job in ():",
    ),
    Fault(
        "old stops are obeyed",
        Loop,
        "refuse_old_stops",
        'if isinstance(request, ev.Request) and request.action == "stop":',
        "if False:",
    ),
    Fault(
        "requests are answered twice",
        Loop,
        "_answer",
        "if request.id in self.state.seen:",
        "if False:",
    ),
    Fault(
        "the budget does not skip",
        decide,
        "_skip_over_budget",
        "if not state.over_budget or",
        "if True or",
    ),
    Fault(
        "every word of a start is a new start",
        Loop,
        "_take",
        "(fact.restart or 0) > attempt.restarts",
        "True",
    ),
    Fault(
        "what a queue holds is handed over again",
        reconcile,
        "apply_reconciliation",
        'case "queued":\n                if attempt.stop_at is not None:',
        'case "queued":\n                launches.append(loop.launch_of(job, attempt))\n'
        "                if attempt.stop_at is not None:",
    ),
    Fault(
        "what a queue holds is not stopped again",
        reconcile,
        "apply_reconciliation",
        'case "queued":\n                if attempt.stop_at is not None:',
        'case "queued":\n                if False:',
        near=5340,
    ),
    Fault("a hold is not obeyed", decide, "_start", "if state.held or", "if"),
    Fault("the last GPU is drained", drains, "drain", "if len(left) < 2:", "if False:", near=2130),
    Fault(
        "a drained GPU is used",
        slots.Slots,
        "place",
        "if busy < self.per_gpu and not self.drained[i]",
        "if busy < self.per_gpu",
    ),
    Fault(
        "a run starves that could go on",
        drains,
        "starved",
        "return bool(heads) and not any(",
        "return bool(heads) or not any(",
    ),
    Fault("slots leak", fold, "_attempt_ended", "state.slots.take(attempt.devices, -1)", "pass"),
]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_every_planted_fault_is_caught(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.plant(monkeypatch)
    for seed in range(fault.near, fault.near + 6000):
        _, violations = simulation.live(seed, brute=True)
        if violations:
            return
    pytest.fail(f"nothing broke without the rule: {fault.rule}")
