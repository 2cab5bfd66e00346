"""Random runs for the simulation: a policy, and jobs and populations that it can place."""

from __future__ import annotations

import random

from pbt_tui.spec import FORMAT, Job, Policy, Population, Processes, Resources
from tests.core import brute


def policy(rng: random.Random, gpus: int) -> Policy:
    return Policy(
        num_gpus=gpus,
        gpus_per_job=rng.choice((1, 1, 1, min(2, gpus))),
        experiments_per_gpu=rng.choice((-1, 1, 2, 3)),
        max_parallel=rng.randint(1, 6),
        pause_between=rng.choice((0.0, 0.0, 0.3, 2.0)),
        patience=rng.choice((0.0, 1.0, 5.0, 600.0)),
        retries=rng.choice((0, 0, 1, 3)),
        retry_on=rng.choice((("lost", "oom"), ("exit", "lost", "signal", "timeout"))),
        retry_delay=rng.choice((0.0, 1.0, 7.0)),
        timeout=rng.choice((None, None, 5.0, 20.0)),
        grace=rng.choice((0.5, 5.0)),
        max_failures=rng.choice((None, None, 1, 3)),
        fail_fast=rng.random() < 0.15,
    )


def spec(rng: random.Random, policy: Policy, gpus: int) -> Processes:
    """Single jobs and populations, each of which fits on the GPUs by itself."""
    jobs: list[Job] = []
    populations: list[Population] = []
    for g in range(rng.randint(1, 7)):
        size = rng.choice((1, 1, 2, 3, 4))
        needs = [policy.gpus_per_job] * size
        if rng.random() < 0.4:
            needs = [rng.randint(0, gpus) for _ in range(size)]
        most = min(policy.max_parallel, size)
        while most and policy.experiments_per_gpu > 0 and not fits(needs[:most], policy, gpus):
            most -= 1
        needs = needs[: max(most, 1)]
        if not fits(needs, policy, gpus):
            needs = [1]
        gang = rng.random() < 0.6 and len(needs) > 1
        members = []
        for m, need in enumerate(needs):
            name = f"j{len(jobs)}"
            members.append(name)
            own = None if need == policy.gpus_per_job else Resources(gpus=need)
            jobs.append(
                Job(
                    id=name,
                    experiment=f"e{g}",
                    name=name,
                    argv=("true",),
                    env={},
                    dir=name,
                    params={},
                    population=f"p{g}" if gang else None,
                    member=m if gang else None,
                    resources=own,
                )
            )
        if gang:
            populations.append(
                Population(f"p{g}", "isaacgymenvs", len(members), "w", tuple(members))
            )
    if rng.random() < 0.3:
        rng.shuffle(jobs)
    return Processes(
        format=FORMAT,
        run="r",
        module="m",
        train_dir="t",
        policy=policy,
        container=None,
        populations=tuple(populations),
        jobs=tuple(jobs),
    )


def fits(needs: list[int], policy: Policy, gpus: int) -> bool:
    """Whether all of them fit at once on that many empty GPUs."""
    if policy.experiments_per_gpu < 0:
        return True
    slots = (policy.experiments_per_gpu,) * gpus
    return brute._place(slots, tuple(sorted(needs, reverse=True)))


def need(job: Job, policy: Policy) -> int:
    """Number of GPUs that a job needs."""
    own = job.resources.gpus if job.resources else None
    return policy.gpus_per_job if own is None else own


def fits_all(spec: Processes, policy: Policy, gpus: int) -> bool:
    """Whether every job, whole population and whole group could be placed, one at a time."""
    needs = {job.id: need(job, policy) for job in spec.jobs}
    gangs = [[needs[m] for m in p.members] for p in spec.populations]
    gangs += [[needs[j.id] for j in spec.jobs if j.group == group.id] for group in spec.groups]
    return all(fits(each, policy, gpus) for each in [*([n] for n in needs.values()), *gangs])
