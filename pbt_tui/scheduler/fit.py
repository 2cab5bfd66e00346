"""What can never fit: asked once before a run starts, so that nothing waits for ever.

Must not do IO, read a clock or change the state.
"""

from __future__ import annotations

from collections.abc import Iterable

from pbt_tui.errors import Diagnostic, Where
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.slots import Slots
from pbt_tui.spec import Job, Policy


def unfit(unfinished: Iterable[Job], policy: Policy, gpus: tuple[Gpu, ...]) -> list[Diagnostic]:
    """An error for each unfinished job and population that the whole list could not hold.

    Running members are asked too, and drained devices count as there: a run that could finish
    only by luck is refused.
    """
    slots = Slots(gpus, policy.experiments_per_gpu)
    found: list[Diagnostic] = []
    needs: dict[int, Job] = {}
    populations: dict[str, list[Job]] = {}
    for job in unfinished:
        needs.setdefault(need(job, policy), job)
        if job.population:
            populations.setdefault(job.population, []).append(job)
    have = _gpus(len(gpus))
    there = "there is 1" if len(gpus) == 1 else f"there are {len(gpus) or 'none'}"
    for count, job in needs.items():
        if not slots.room((count,), empty=True):
            found.append(
                Diagnostic(
                    "error",
                    f"needs {_gpus(count)}, {there}",
                    code="PBT520",
                    where=Where(job=job.id),
                    hint="give more GPUs with `--gpus` or `--num_gpus`, or fewer to each job",
                )
            )
    for name, jobs in populations.items():
        shape = tuple(sorted((need(job, policy) for job in jobs), reverse=True))
        if len(jobs) > policy.max_parallel:
            found.append(
                Diagnostic(
                    "error",
                    f"population `{name}` has {len(jobs)} members to run together, "
                    f"but `--max_parallel {policy.max_parallel}` was given",
                    code="PBT401",
                    hint=f"pass `--max_parallel {len(jobs)}`",
                )
            )
        elif not slots.room(shape, empty=True):
            places = len(gpus) * policy.experiments_per_gpu
            found.append(
                Diagnostic(
                    "error",
                    f"population `{name}` of {len(jobs)} begins together, and does not fit: "
                    f"{places} place{'' if places == 1 else 's'} on {have}",
                    code="PBT420",
                    hint="pass a larger `--experiments_per_gpu`, or give more GPUs",
                )
            )
    return found


def need(job: Job, policy: Policy) -> int:
    """GPUs of one job."""
    own = job.resources.gpus if job.resources else None
    return policy.gpus_per_job if own is None else own


def _gpus(n: int) -> str:
    return f"{n} GPU{'' if n == 1 else 's'}"
