"""The core in a simulated world: two thousand random runs, and every rule switched off once.

`make faults` runs 40,000, each night (`PBT_SIMULATED_RUNS`).
"""

from __future__ import annotations

import importlib
import os

import pytest

from pbt_tui.executor import loop, reconcile
from pbt_tui.journal import fold, outcome, slots
from pbt_tui.scheduler import drains, job_ports
from tests.core import moves, sim_runtime, simulation
from tests.core.planting import Fault

RUNS = int(os.environ.get("PBT_SIMULATED_RUNS", "2000"))
CHUNKS = 8


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_no_invariant_breaks(chunk: int) -> None:
    events = deaths = disk_faults = left = drained = 0
    for seed in range(chunk * RUNS // CHUNKS, (chunk + 1) * RUNS // CHUNKS):
        life, violations = simulation.live(seed)
        assert not violations, f"seed {seed}: {violations[:3]}"
        events += life.events
        deaths += life.world.deaths
        disk_faults += life.world.disk_faults
        left += life.world.moves
        drained += life.drains
    assert events > 20 * RUNS // CHUNKS, "too quiet a world proves nothing"
    assert deaths > RUNS // CHUNKS, "too kind a world proves nothing"
    assert left > RUNS // CHUNKS // 20, "too settled a run directory proves nothing"
    assert disk_faults > RUNS // CHUNKS // 20, "too good a disk proves nothing"
    assert drained >= RUNS // CHUNKS // 500, "too good devices prove nothing"


Loop = loop.Loop
# The package exports the function under the name of its module.
decide = importlib.import_module("pbt_tui.scheduler.decide")
FAULTS = [
    Fault(
        "effect before record",
        Loop,
        "commit",
        "    self._journal.append(batch, lambda: self._start_early(batch))\n"
        "    self._tell(batch)\n    self._perform(batch)\n",
        "    self._perform(batch)\n    self._journal.append(batch)\n",
    ),
    Fault(
        "begun before it is recorded",
        Loop,
        "_start_early",
        "self._start_waiting(",
        "self.runtime.launch(",
    ),
    Fault(
        "performed although the append failed",
        Loop,
        "commit",
        "    self._journal.append(batch, lambda: self._start_early(batch))\n",
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
    Fault("names without attempt numbers", sim_runtime, "launch_of", "attempt.number,", "1,"),
    Fault("a stop is not sent again", Loop, "_send_again", "if now < self._send_at:", "if True:"),
    Fault(
        "claims that never launched are forgotten",
        reconcile,
        "apply_reconciliation",
        "elif loop.runtime.forfeit(*key):",
        "elif True:",
        near=744,
    ),
    Fault(
        "kill decided but not performed",
        Loop,
        "_perform",
        "case ev.StopRequested() | ev.KillRequested():",
        "case ev.StopRequested():",
        near=48,
    ),
    Fault(
        "resumed with a softer stop",
        reconcile,
        "apply_reconciliation",
        "stops.append((*key, attempt.kill_at is not None))",
        "stops.append((*key, False))",
        near=498,
    ),
    Fault(
        "not stopped again on resume",
        reconcile,
        "apply_reconciliation",
        "for name, number, kill in stops:",
        "for name, number, kill in ():",
        near=666,
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
        near=5326,
    ),
    Fault(
        "cancel is forgotten while starting",
        fold,
        "_cancel",
        "if job.phase in ACTIVE:",
        'if job.phase in ("running", "stopping"):',
        near=154,
    ),
    Fault(
        "kill is forgotten while stopping",
        fold,
        "_cancel",
        "if job.phase in ACTIVE:",
        'if job.phase in ("starting", "running"):',
        near=883,
    ),
    Fault(
        "an end is judged by the stop whatever came first",
        outcome,
        "outcome",
        'if why is not None and (lost or refused or order != "before"):',
        "if why is not None:",
        near=31,
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
        near=622,
    ),
    Fault("failures are never forgiven", fold, "_retry", "state.failures = 0", "pass"),
    Fault(
        "a retry in an open run releases the hold",
        fold,
        "_retry",
        "        if state.closed:\n",
        "        state.held = False\n        if state.closed:\n",
        near=188,
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
        near=2425,
    ),
    Fault(
        "owed members do not close the line",
        decide,
        "select_next",
        "closed = closed or state.slots.room((job.need,), empty=True)",
        "pass",
        near=8878,
    ),
    Fault(
        "gangs begin when one fits",
        decide,
        "fits",
        "return len(unit.shape) <= free and state.slots.room(unit.shape, held)",
        "return free > 0 and state.slots.room(unit.shape[:1], held)",
    ),
    Fault("a GPU is its index", slots, "same", "if one.uuid and other.uuid:", "if False:", near=17),
    Fault(
        "launched on a GPU that is gone",
        reconcile,
        "_still_listed",
        "return all(",
        "return True or all(",
        near=711,
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
        "if is_stop_of_others(request):",
        "if False:",
        near=41,
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
        loop,
        "_is_newer",
        "return restart > attempt.restarts or",
        "return True or",
    ),
    Fault(
        "what a queue holds is handed over again",
        reconcile,
        "apply_reconciliation",
        'case "queued":\n                if attempt.stop_at is not None:',
        'case "queued":\n                launches.append(loop.launch_of(job, attempt))\n'
        "                if attempt.stop_at is not None:",
    ),
    Fault("a hold is not obeyed", decide, "_start", "if state.held or", "if"),
    Fault("the last GPU is drained", drains, "drain", "if len(left) < 2:", "if False:", near=2514),
    Fault(
        "a drained GPU is used",
        slots.Slots,
        "_place",
        "if busy < self.per_gpu and not self.drained[i] and",
        "if busy < self.per_gpu and",
    ),
    Fault(
        "a run starves that could go on",
        drains,
        "starved",
        "return bool(heads) and not any(",
        "return bool(heads) or not any(",
    ),
    Fault(
        "two attempts get one port",
        job_ports,
        "next_port",
        "if port not in state.ports_in_use:",
        "if True:",
        near=253,
    ),
    Fault("ports leak", fold, "_attempt_ended", "state.ports_in_use.discard(attempt.port)", "pass"),
    Fault("slots leak", fold, "_attempt_ended", "state.slots.take(attempt.devices, -1)", "pass"),
    Fault(
        "a copy takes over what its original runs",
        moves,
        "interrupted",
        "in state.active.values()",
        "in ()",
    ),
    Fault(
        "a copy keeps the claims of attempts that it does not know",
        moves,
        "drop_foreign",
        "if attempt > len(",
        "if False and attempt > len(",
        near=318,
    ),
    Fault(
        "a moved directory is gone on with while something starts",
        moves,
        "living",
        "if world.has_queue or alive or world.under_way[name]:",
        "if world.has_queue or alive:",
        near=2453,
    ),
    Fault(
        "a moved directory is gone on with while something lives",
        moves,
        "living",
        "if world.has_queue or alive or world.under_way[name]:",
        "if world.under_way[name]:",
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_every_planted_fault_is_caught(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.plant(monkeypatch)
    if simulation.first_broken(range(fault.near, fault.near + 6000)) is None:
        pytest.fail(f"nothing broke without the rule: {fault.rule}")
