"""Rejects jobs, populations and groups that need more GPUs than there are.

The executor checks this once before it starts: without the check, they would wait for ever.
"""

from __future__ import annotations

from collections.abc import Iterable

from pbt_tui.errors import Diagnostic, Where
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.slots import Slots
from pbt_tui.spec import Job, Policy


def unfit(unfinished: Iterable[Job], policy: Policy, gpus: tuple[Gpu, ...]) -> list[Diagnostic]:
    """An error for each need, population and group that does not fit even on empty GPUs.

    Drained devices count as usable. Active jobs count too: after an interrupt, the executor has to
    start them again.

    Args:
        unfinished: the jobs that are waiting or active.
        policy: the effective policy.
        gpus: the devices that the executor may use.
    """
    slots = Slots(gpus, policy.experiments_per_gpu)
    findings: list[Diagnostic] = []
    needs: dict[int, Job] = {}
    together: dict[tuple[str, str], list[Job]] = {}
    for job in unfinished:
        needs.setdefault(need(job, policy), job)
        if gang := job.group or job.population:
            together.setdefault(("group" if job.group else "population", gang), []).append(job)
    have = _gpus(len(gpus))
    available = "there is 1" if len(gpus) == 1 else f"there are {len(gpus) or 'none'}"
    for count, job in needs.items():
        if not slots.room((count,), empty=True):
            findings.append(
                Diagnostic(
                    "error",
                    f"needs {_gpus(count)}, {available}",
                    code="PBT520",
                    where=Where(job=job.id),
                    hint="give more GPUs with `--gpus` or `--num_gpus`, or fewer to each job",
                )
            )
    for (kind, name), jobs in together.items():
        members = "tasks" if kind == "group" else "members"
        shape = tuple(sorted((need(job, policy) for job in jobs), reverse=True))
        if len(jobs) > policy.max_parallel:
            findings.append(
                Diagnostic(
                    "error",
                    f"{kind} `{name}` has {len(jobs)} {members} to run together, "
                    f"but `--max_parallel {policy.max_parallel}` was given",
                    code="PBT401",
                    hint=f"pass `--max_parallel {len(jobs)}`",
                )
            )
        elif not slots.room(shape, empty=True):
            places = len(gpus) * policy.experiments_per_gpu
            findings.append(
                Diagnostic(
                    "error",
                    f"{kind} `{name}` of {len(jobs)} starts together, but does not fit: "
                    f"{places} slot{'' if places == 1 else 's'} on {have}",
                    code="PBT420",
                    hint="pass a larger `--experiments_per_gpu`, or give more GPUs",
                )
            )
    return findings


def need(job: Job, policy: Policy) -> int:
    """Number of GPUs that one job needs: its own number, else that of the policy."""
    own = job.resources.gpus if job.resources else None
    return policy.gpus_per_job if own is None else own


def _gpus(n: int) -> str:
    return f"{n} GPU{'' if n == 1 else 's'}"
