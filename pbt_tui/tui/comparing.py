"""Which jobs or members are compared, and what is known of each: read from the model.

What has not changed since the last look is not made again. Must not import Textual.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nsmallest
from typing import TYPE_CHECKING

from pbt_tui.journal.state import ACTIVE, JobState
from pbt_tui.observe.progress import Progress, Series
from pbt_tui.tui.render.comparison_series import Contender, of_job, of_member
from pbt_tui.tui.render.generations import Generations
from pbt_tui.tui.text import Span

if TYPE_CHECKING:
    from pbt_tui.observe.snapshot_types import MemberRow, PopulationRow
    from pbt_tui.tui.model import Model

MOST = 200
"""Jobs or members that are compared at most."""
_NEAR = 2000
"""Jobs before and after one in the plan, among which the most similar one is looked for."""
_SETTLES = 60.0
"""Seconds after the end of a job in which its last values may still be written."""
_Known = tuple[object, ...]


@dataclass(slots=True)
class Compared:
    """What a person wants to compare."""

    jobs: tuple[str, ...] = ()
    """Ids of the jobs."""
    population: str | None = None
    """Id of the population whose members are compared; None: jobs are."""
    chosen: str | None = None
    """Name of the one under the cursor at first; None: the best."""
    note: Span = ("", "")
    """What a person should know of the choice."""
    generations: Generations | None = field(default=None, repr=False)
    """The members' generations by life, as last seen."""
    made: dict[str, tuple[_Known, Contender]] = field(default_factory=dict, repr=False)
    """What each was made of."""


def of_jobs(model: Model, jobs: Sequence[JobState]) -> Compared | str:
    """What to compare for these jobs; a text: why there is nothing.

    One job is compared with the most similar one and with the best one of its experiment.

    Args:
        model: the data of the run.
        jobs: the jobs.
    """
    if not jobs:
        return "no job here to compare"
    if len(jobs) == 1:
        return _with_others(model, jobs[0])
    if len(jobs) <= MOST:
        return Compared(tuple(job.spec.id for job in jobs))
    best = nsmallest(MOST, jobs, key=lambda job: _rank(model, job))
    best.sort(key=lambda job: job.index)
    note = f"the best {MOST} of {len(jobs):,} jobs are compared: mark or filter fewer to choose"
    return Compared(tuple(job.spec.id for job in best), note=(note, "warn"))


def _with_others(model: Model, job: JobState) -> Compared | str:
    every = model.state.jobs
    near = every[max(0, job.index - _NEAR) : job.index + _NEAR + 1]
    others = [one for one in near if one is not job]
    others = [one for one in others if one.spec.experiment == job.spec.experiment] or others
    if not others:
        return f"nothing to compare {job.spec.id} with: the run has one job"
    nearest = min(
        others,
        key=lambda one: (
            _distance(one.spec.params, job.spec.params),
            _rank(model, one),
            abs(one.index - job.index),
        ),
    )
    best = min(others, key=lambda one: _rank(model, one))
    chosen = [job, nearest]
    note = f"most similar to {job.spec.id}: {nearest.spec.id}"
    if best is not nearest and not _rank(model, best)[0]:
        chosen.append(best)
        note += f"  best: {best.spec.id}"
    names = tuple(one.spec.id for one in sorted(chosen, key=lambda one: one.index))
    return Compared(names, chosen=job.spec.id, note=(f"{note}  (Space marks others)", "dim"))


def _rank(model: Model, job: JobState) -> tuple[bool, bool, float]:
    """The best job first: those without an objective last, losses after rewards."""
    found = model.progress.reached(job)
    if found is None or found.objective is None:
        return (True, False, 0.0)
    return (False, found.is_loss, found.objective if found.is_loss else -found.objective)


def _distance(a: Mapping[str, object], b: Mapping[str, object]) -> int:
    """In how many parameters two jobs differ."""
    return sum(name not in b or b[name] != a[name] for name in a) + sum(n not in a for n in b)


def contenders_of_jobs(of: Compared, model: Model, now: float) -> list[Contender]:
    """The jobs as they are compared now.

    Args:
        of: what is compared.
        model: the data of the run.
        now: the time, in Unix seconds.
    """
    found = []
    for number, job in enumerate(model.jobs(of.jobs)):
        last = job.attempt
        known, made = of.made.get(job.spec.id, ((), None))
        state = (id(job), number, job.phase, job.shown, len(job.attempts))
        settled = (
            job.phase not in ACTIVE
            and (last is None or last.ended_at is None or now - last.ended_at > _SETTLES)
            and known[:5] == state
            and made is not None
            and bool(made.track.at)
        )
        if settled and made is not None:
            found.append(made)
            continue
        progress, series = _of(model, job)
        key = (*state, progress, series)
        if made is None or not _same(known, key):
            made = of_job(number, job, progress, series)
            of.made[job.spec.id] = (key, made)
        found.append(made)
    return found


def _of(model: Model, job: JobState) -> tuple[Progress | None, Series | None]:
    return model.progress_of(job), model.progress.series(job)


def _same(known: _Known, key: _Known) -> bool:
    """Equal, without the time left: it is not compared, and changes each second."""
    if known[:5] != key[:5] or known[6:] != key[6:]:
        return False
    a, b = known[5], key[5]
    if a is b or not isinstance(a, Progress) or not isinstance(b, Progress):
        return a is b
    names = ("objective", "share", "fps", "unit", "objective_name")
    return all(getattr(a, name) == getattr(b, name) for name in names)


def contenders_of_members(
    of: Compared, row: PopulationRow, job_of: Callable[[MemberRow], JobState | None]
) -> list[Contender]:
    """The members of a population as they are compared now.

    Args:
        of: what is compared.
        row: the population.
        job_of: returns the job of a member.
    """
    from pbt_tui.tui.render.population import ranked

    of.generations = Generations(row, of.generations)
    members = row.members
    if len(members) > MOST:
        of.note = (f"the best {MOST} of {len(members):,} members are compared", "warn")
        members = tuple(sorted(ranked(row)[:MOST], key=lambda member: member.index))
    found = []
    for number, member in enumerate(members):
        lives = of.generations.of(member.index)
        if lives is None:
            continue
        job = job_of(member)
        name = f"member {member.index}"
        phase = None if job is None else (id(job), job.phase, len(job.attempts))
        key = (number, member.state, member.objective, phase, member.params)
        known, made = of.made.get(name, ((), None))
        if made is None or known[:5] != key or known[5] is not member.generations:
            made = of_member(number, member, lives, job)
            of.made[name] = ((*key, member.generations), made)
        found.append(made)
    return found
