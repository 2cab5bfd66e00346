"""Groups and needed jobs in the simulated world: every rule about them switched off once.

Each fourth life of `test_simulated_world` has them; here only those are lived.
"""

from __future__ import annotations

import importlib
from collections import Counter

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal import groups, needed_jobs, outcome, ready_queue, state
from tests.core import simulation
from tests.core.planting import Fault

# The package exports the function under the name of its module.
decide = importlib.import_module("pbt_tui.scheduler.decide")
SEEN = {
    "group_end", "group_again", "upstream", "its group has ended", "needed", "fails together",
}  # fmt: skip


def test_lives_have_each_way_in_which_groups_end_and_start_again() -> None:
    seen: Counter[str] = Counter()
    for seed in range(3, 800, 4):
        life, violations = simulation.live(seed)
        assert not violations, f"seed {seed}: {violations[:3]}"
        seen["fails together"] += any(group.fails_together for group in life.spec.groups)
        after = {job.id for job in life.spec.jobs if job.after}
        for event in life.world.durable:
            if isinstance(event, ev.StopRequested):
                seen[event.why] += 1
            elif isinstance(event, ev.JobSkipped):
                seen[event.why.split(" `")[0]] += 1
            elif isinstance(event, ev.AttemptScheduled):
                seen["needed"] += event.job in after
    assert all(seen[what] >= 10 for what in SEEN), seen


FAULTS = [
    Fault(
        "a job starts once what it needs has succeeded",
        ready_queue.ReadyQueue,
        "enter",
        "if job.needed and job.is_blocked:",
        "if False:",
    ),
    Fault(
        "a success lets go on what needs it",
        needed_jobs,
        "reconsider",
        "if one is not job and one.is_waiting and state.indexed:",
        "if False:",
    ),
    Fault(
        "what needs a job that is lost is skipped",
        needed_jobs,
        "reconsider",
        "any(other.is_lost for other in one.needed)",
        "False",
    ),
    Fault(
        "a retry of what was lost lets wait what needs it",
        needed_jobs,
        "reconsider",
        "state.unreachable.pop(index, None)",
        "pass",
    ),
    Fault(
        "a needed group is over once no job of it runs",
        state.JobState,
        "is_met",
        "not self.is_lost and not any(open_ones)",
        "self.group.has_succeeded",
    ),
    Fault(
        "a job of a group that is needed stands for its group",
        state.JobState,
        "is_met",
        "if self.group is None:",
        "if True:",
    ),
    Fault(
        "a group that failed together is lost although its lead has succeeded",
        state.GroupState,
        "has_succeeded",
        "and not self._has_failed",
        "",
        near=487,
    ),
    Fault(
        "the end of the lead is that of its group",
        state.GroupState,
        "has_ended",
        "self.lead.phase in ENDED or self._has_failed",
        "self._has_failed",
    ),
    Fault(
        "the failure of another job is that of a group that fails together",
        state.GroupState,
        "_has_failed",
        "self.spec.fails_together and any(failed)",
        "False",
    ),
    Fault(
        "the failure of another job is not that of any other group",
        state.GroupState,
        "_has_failed",
        "self.spec.fails_together and any(failed)",
        "any(failed)",
    ),
    Fault(
        "the others start again with the lead",
        groups,
        "moved",
        "group.again_from = event.seq",
        "pass",
    ),
    Fault(
        "with any job all start again where they fail together",
        groups,
        "moved",
        "decides = job is group.lead or group.spec.fails_together",
        "decides = job is group.lead",
    ),
    Fault(
        "they start again once all have stopped",
        groups,
        "waits",
        "return any(",
        "return False and any(",
    ),
    Fault(
        "what runs is stopped when its group ends",
        groups,
        "stop_reason",
        "if group.has_ended:",
        "if False:",
    ),
    Fault(
        "what waits is skipped when its group ends",
        groups,
        "moved",
        "state.over[group.spec.id] = group",
        "pass",
    ),
    Fault(
        "failures that are not those of a group are none of the run",
        groups,
        "counts_as_failure",
        "return job.group is None or",
        "return True or",
    ),
    Fault(
        "a job that stops to start again holds up no other gang",
        decide,
        "_first",
        "if head.group is None or not waits(head):",
        "if True:",
        near=4003,
    ),
    Fault(
        "a retry of a job of a group that has ended is one of the group",
        needed_jobs,
        "jobs_of_request",
        "if job.group is not None and job.group.has_ended",
        "if False",
        near=4159,
    ),
    Fault(
        "nor do they say how the run went", groups, "judged", "if counts_as_failure(job) and", "if"
    ),
    Fault(
        "what is cut off has the status of the lead",
        outcome,
        "outcome",
        '_CUT_OFF.get(lead, _BY_WHY[why]) if why == "group_end" else _BY_WHY[why]',
        "_BY_WHY[why]",
    ),
    Fault(
        "what had ended before it was cut off keeps its own end",
        outcome,
        "outcome",
        'if why is not None and (lost or refused or order != "before"):',
        "if why is not None:",
    ),
    Fault("exit codes decide", outcome, "exit_rule", "if any(", "if False and any("),
    Fault(
        "255 stands for a signal",
        outcome,
        "exit_rule",
        "None if signal is None else 255",
        "None",
        near=183,
    ),
    Fault(
        "the first rule that fits decides",
        outcome,
        "exit_rule",
        "for rule in job.on_exit:",
        "for rule in reversed(job.on_exit):",
    ),
]


@pytest.mark.parametrize("fault", FAULTS, ids=repr)
def test_every_planted_fault_is_caught(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    fault.plant(monkeypatch)
    first = fault.near - fault.near % 4 + 3
    if simulation.first_broken(range(first, first + 24_000, 4)) is None:
        pytest.fail(f"nothing broke without the rule: {fault.rule}")
