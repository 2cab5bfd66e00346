"""Random groups, exit rules and needed jobs for a random run, from dice of their own.

A run that gets none keeps its life: nothing is drawn from the dice of the run.
"""

from __future__ import annotations

import random

from msgspec import structs

from pbt_tui.spec import ExitRule, Job, JobGroup, Policy, Processes
from tests.core import random_runs

RULES = (
    (ExitRule("retry", 3, 3),),
    (ExitRule("succeed", 1, 3), ExitRule("fail", 1, 9)),
    (ExitRule("succeed", 255, 255), ExitRule("retry", 3, 3)),
    (ExitRule("fail", 0, 0),),
    (ExitRule("retry", 1, 255),),
    (ExitRule("retry", 1, 255),),
)
"""Lists of exit rules that a job may have."""


def lenient(policy: Policy, dice: random.Random) -> Policy:
    """The policy with more retries and a larger budget: else most groups end at their first end."""
    return structs.replace(
        policy,
        retries=dice.choice((policy.retries, 1, 3)),
        max_failures=policy.max_failures if dice.random() < 0.3 else None,
        fail_fast=policy.fail_fast and dice.random() < 0.3,
    )


def grouped(spec: Processes, policy: Policy, gpus: int, dice: random.Random) -> Processes:
    """The run with some of its jobs in groups, with exit rules, and with jobs that need others."""
    units = _units(spec, policy, gpus, dice)
    groups: list[JobGroup] = []
    jobs: dict[str, Job] = {}
    populations = {p.id: p for p in spec.populations}
    for unit in units:
        name = unit[0].population
        if len(unit) > 1 and name is not None and dice.random() < 0.4:
            jobs |= {job.id: job for job in unit}  # stays a population
            continue
        if len(unit) == 1 and dice.random() < 0.9:
            jobs[unit[0].id] = structs.replace(unit[0], on_exit=_rules(dice))
            continue
        group = JobGroup(f"g{len(groups)}", dice.choice(unit).id, dice.random() < 0.5)
        groups.append(group)
        populations.pop(name or "", None)
        for job in unit:
            jobs[job.id] = structs.replace(
                job, population=None, member=None, group=group.id, on_exit=_rules(dice)
            )
    dice.shuffle(units)
    for i, unit in enumerate(units[1:], 1):
        before = [job.id for other in units[:i] for job in other]
        for job in unit:
            if dice.random() < 0.35:
                needed = dice.sample(before, min(len(before), dice.choice((1, 1, 2))))
                jobs[job.id] = structs.replace(jobs[job.id], after=tuple(needed))
    return structs.replace(
        spec,
        policy=policy,
        jobs=tuple(jobs[job.id] for job in spec.jobs),
        populations=tuple(populations.values()),
        groups=tuple(groups),
    )


def _units(spec: Processes, policy: Policy, gpus: int, dice: random.Random) -> list[list[Job]]:
    """The populations, and single jobs: some of them joined, where they fit together."""
    found: list[list[Job]] = []
    by_id = {job.id: job for job in spec.jobs}
    for population in spec.populations:
        found.append([by_id[name] for name in population.members])
    unit: list[Job] = []
    for job in spec.jobs:
        if job.population is None:
            larger = [*unit, job]
            needs = [random_runs.need(one, policy) for one in larger]
            fits = len(larger) <= policy.max_parallel and random_runs.fits(needs, policy, gpus)
            if unit and fits and dice.random() < 0.4:
                unit.append(job)
            else:
                unit = [job]
                found.append(unit)
    return found


def _rules(dice: random.Random) -> tuple[ExitRule, ...]:
    return dice.choice(RULES) if dice.random() < 0.6 else ()
