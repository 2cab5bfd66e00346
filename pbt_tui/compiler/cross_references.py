"""Checks references within a process list, which a schema cannot: ids, populations and members.

Places are JSON pointers; the caller adds the file. Codes PBT806 to PBT808, PBT811 and PBT813.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from graphlib import CycleError, TopologicalSorter
from typing import Literal

from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, UnknownKind, Where
from pbt_tui.populations import STYLES
from pbt_tui.spec import Job, Population, Processes


def check(spec: Processes) -> Iterator[Diagnostic]:
    """Unique ids; populations and members that name each other, numbers from 0..N-1."""
    jobs = {job.id: job for job in spec.jobs}
    if len(jobs) < len(spec.jobs):
        yield from _twice(spec.jobs)
    names: dict[str, Population] = {}
    for i, population in enumerate(spec.populations):
        at = Where(pointer=f"/populations/{i}")
        if population.id in names:
            yield finding("PBT806", f"population id `{population.id}` is given twice", where=at)
        names[population.id] = population
        yield from _members(population, jobs, at.pointer or "")
    yield from _groups(spec, jobs)
    if any(job.after for job in spec.jobs):
        yield from _needed(spec, jobs)
    for i, job in enumerate(spec.jobs):
        if job.population is None:
            if job.member is not None:
                at = Where(pointer=f"/jobs/{i}/member")
                yield finding("PBT808", f"job `{job.id}` is a member of no population", where=at)
            continue
        listed = names.get(job.population)
        at = Where(pointer=f"/jobs/{i}/population")
        if listed is None:
            message = f"job `{job.id}` names population `{job.population}`, which is not there"
            yield finding("PBT808", message, where=at)
        elif job.id not in listed.members:
            message = f"population `{listed.id}` does not list its member `{job.id}`"
            yield finding("PBT808", message, where=at)


def _twice(jobs: Iterable[Job]) -> Iterator[Diagnostic]:
    known: set[str] = set()
    for i, job in enumerate(jobs):
        if job.id in known:
            at = Where(pointer=f"/jobs/{i}/id")
            yield finding("PBT806", f"job id `{job.id}` is given twice", where=at)
        known.add(job.id)


def _members(population: Population, jobs: dict[str, Job], pointer: str) -> Iterator[Diagnostic]:
    if population.style not in STYLES:
        unknown = UnknownKind(STYLES.sort, population.style, STYLES.names())
        at = Where(pointer=f"{pointer}/style")
        yield finding("PBT811", unknown.what, where=at, hint=unknown.hint)
        return
    alone = not STYLES.get(population.style).members_are_jobs
    expected = 1 if alone else population.size
    part = not alone and len(population.members) < population.size  # the others run elsewhere
    last = -1
    if len(population.members) != expected and not part:
        message = f"expected {expected} in `members`, got {len(population.members)}"
        yield finding("PBT807", message, where=Where(pointer=f"{pointer}/members"))
    for k, member in enumerate(population.members):
        at = Where(pointer=f"{pointer}/members/{k}")
        job = jobs.get(member)
        if member in population.members[:k]:
            yield finding("PBT807", f"member `{member}` is listed twice", where=at)
        elif job is None:
            yield finding("PBT807", f"member `{member}` is not a job", where=at)
        elif job.population != population.id:
            message = f"job `{member}` does not name population `{population.id}`"
            yield finding("PBT807", message, where=at)
        elif job.member is None and alone:
            continue
        elif part:
            if job.member is None or not last < job.member < population.size:
                message = (
                    f"job `{member}` says `member` {_index(job)}, but members are in the order of "
                    f"their numbers, which end at {population.size - 1}"
                )
                yield finding("PBT807", message, where=at)
            else:
                last = job.member
        elif job.member != k:
            message = f"job `{member}` is at index {k}, but says `member` {_index(job)}"
            yield finding("PBT807", message, where=at)


def _groups(spec: Processes, jobs: dict[str, Job]) -> Iterator[Diagnostic]:
    """Groups that are named, and leads that belong to them."""
    known = {population.id for population in spec.populations}
    for i, group in enumerate(spec.groups):
        at = Where(pointer=f"/groups/{i}")
        lead = jobs.get(group.lead)
        if group.id in known:
            yield finding("PBT806", f"group id `{group.id}` is given twice", where=at)
        elif lead is None or lead.group != group.id:
            message = f"lead `{group.lead}` is no job of group `{group.id}`"
            yield finding("PBT807", message, where=Where(pointer=f"{at.pointer}/lead"))
        known.add(group.id)
    names = {group.id for group in spec.groups}
    for i, job in enumerate(spec.jobs):
        if job.group is not None and job.group not in names:
            message = f"job `{job.id}` names group `{job.group}`, which is not there"
            yield finding("PBT808", message, where=Where(pointer=f"/jobs/{i}/group"))


def _needed(spec: Processes, jobs: dict[str, Job]) -> Iterator[Diagnostic]:
    """Jobs that others need: they have to be there, and no job may need itself in the end.

    The jobs of a group, or of a population, start together, and count as one.
    """
    unit = {job.id: _unit(job) for job in spec.jobs}
    needs: dict[_Unit, set[_Unit]] = {}
    for i, job in enumerate(spec.jobs):
        for k, name in enumerate(job.after):
            if name in jobs:
                needs.setdefault(unit[job.id], set()).add(unit[name])
            else:
                message = f"job `{job.id}` needs `{name}`, which is no job"
                yield finding("PBT813", message, where=Where(pointer=f"/jobs/{i}/after/{k}"))
    sorter = TopologicalSorter(needs)
    try:
        sorter.prepare()
    except CycleError as e:
        circle = " needs ".join(f"`{name}`" for _, name in reversed(e.args[1]))
        at = next(i for i, job in enumerate(spec.jobs) if unit[job.id] in e.args[1] and job.after)
        message = f"no job can be first: {circle}"
        yield finding("PBT813", message, where=Where(pointer=f"/jobs/{at}/after"))


_Unit = tuple[Literal["group", "population", "job"], str]
"""What starts together; a job may have the name of a group or a population that it is not in."""


def _unit(job: Job) -> _Unit:
    if job.group is not None:
        return "group", job.group
    return ("job", job.id) if job.population is None else ("population", job.population)


def _index(job: Job) -> str:
    return "nothing" if job.member is None else str(job.member)
