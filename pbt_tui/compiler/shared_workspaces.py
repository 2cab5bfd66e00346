"""Populations of several process lists that share a workspace: their members are one population.

Reads no workspace: the path in each process list and the members' commands decide.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from pbt_tui.compiler.member_rules import member_of
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.populations import STYLES, Style
from pbt_tui.spec import Job, Population, Processes

PART = "PBT415"
"""The finding that a part of a population is alone."""


@dataclass
class _Shared:
    """One workspace: which run has which member, and where its parts are."""

    path: str
    owners: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Member -> (directory of its job, file) in the first process list that has it."""
    parts: dict[tuple[str, str], int] = field(default_factory=dict)
    """(file, pointer) of a population -> its size."""


def across(
    specs: Mapping[str, Processes], found: Iterable[Diagnostic]
) -> tuple[list[Diagnostic], list[Diagnostic]]:
    """Looks at all process lists together.

    Args:
        specs: File -> its process list.
        found: What is wrong with each of the files alone.

    Returns:
        `found` without PBT415 for parts that make a whole population together, and PBT416 for
        members that two runs have.
    """
    workspaces: dict[tuple[str, str], _Shared] = {}
    twice: list[Diagnostic] = []
    for file, spec in specs.items():
        jobs = {job.id: job for job in spec.jobs} if spec.populations else {}
        for i, population in enumerate(spec.populations):
            if population.style not in STYLES:
                continue
            style = STYLES.get(population.style)
            if not style.members_are_jobs:
                continue
            path, name = _place(style, spec, population, jobs)
            shared = workspaces.setdefault(
                (path, name), _Shared(posixpath.join(path, name).rstrip("/"))
            )
            pointer = f"/populations/{i}"
            where = Where(file=file, pointer=pointer)
            twice += _twice(shared, population, jobs, where)
            shared.parts[file, pointer] = population.size
    whole = {
        place
        for shared in workspaces.values()
        for place, size in shared.parts.items()
        if shared.owners.keys() == set(range(size))
    }
    kept = [d for d in found if d.code != PART or (d.where.file, d.where.pointer) not in whole]
    return kept, twice


def _place(
    style: Style, spec: Processes, population: Population, jobs: Mapping[str, Job]
) -> tuple[str, str]:
    """The workspace from the current folder, and its name where the path ends above it."""
    path = posixpath.normpath(posixpath.join(spec.train_dir, population.workspace))
    members = [jobs[name] for name in population.members if name in jobs]
    known = member_of(0, members[0], [style]) if members else None
    return path, (style.name_below(known[1].set) or "") if known is not None else ""


def _twice(
    shared: _Shared, population: Population, jobs: Mapping[str, Job], where: Where
) -> Iterator[Diagnostic]:
    members = [job for name in population.members if (job := jobs.get(name)) is not None]
    others: dict[str, list[int]] = {}
    for job in members:
        if job.member is None:
            continue
        mine = job.dir, where.file or ""
        folder, owner = shared.owners.setdefault(job.member, mine)
        if owner != mine[1] and folder != job.dir:  # PBT223 reports a shared directory
            others.setdefault(owner, []).append(job.member)
    for owner, known in others.items():
        shown = ", ".join(map(str, known[:12])) + ("" if len(known) <= 12 else ", …")
        message = (
            f"member{'s' * (len(known) > 1)} {shown} of the workspace "
            f"`{printable(shared.path)}` {'is' if len(known) == 1 else 'are'} also in "
            f"`{printable(owner)}`"
        )
        hint = f"give the members of `{printable(population.id)}` another workspace"
        if len(known) < len(members):
            hint = f"leave member{'s' * (len(known) > 1)} {shown} out of one of the two"
        yield finding("PBT416", message, where=where, hint=hint)
