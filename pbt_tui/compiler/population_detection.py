"""Jobs in, the populations among them out: upstream's ways of naming a policy index.

Must not know run modules, files or settings. What is read is the command, as the trainer reads it:
of a key that is given twice the last one counts.
"""

from __future__ import annotations

import dataclasses
import posixpath
from collections.abc import Iterator

from msgspec.structs import replace

from pbt_tui.compiler import member_rules as rules
from pbt_tui.compiler.member_rules import Member, at, member_of, policies
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, printable
from pbt_tui.spec import Job, Population, Processes


def recognise(jobs: list[Job]) -> tuple[list[Job], list[Population], list[Diagnostic]]:
    """The jobs with `population` and `member` filled in, the populations, codes 4xx.

    The members of a population share a workspace; where indices come again in one workspace, each
    set of other parameters is a population, and that they share it is an error.
    """
    groups: dict[tuple[str, str], list[Member]] = {}
    populations: list[Population] = []
    found: list[Diagnostic] = []
    result = list(jobs)
    for place, job in enumerate(jobs):
        line = "\n".join(job.argv)
        if "policy_idx" in line and (member := member_of(place, job)) is not None:
            groups.setdefault((member.key, _workspace(member)), []).append(member)
        elif "with_pbt" in line and (size := policies(job)) is not None:
            name = _unique(job.id, populations)
            workspace = posixpath.join(job.dir, job.name)
            populations.append(Population(name, "sample_factory", size, workspace, (job.id,)))
            result[place] = replace(job, population=name)
            found += rules.check_alone(job, size)
    scattered = _scattered(list(groups.values()))
    for (_, workspace), members in groups.items():
        sets = _sets(members)
        if len(sets) > 1:
            first = members[0].job
            said = f"{len(sets)} populations share the workspace `{printable(workspace)}`"
            hint = f"give each its own `{members[0].stem}workspace`, or an experiment of its own"
            found.append(finding("PBT404", said, where=at(first), hint=hint))
        for gathered in sets:
            population = _population(gathered, workspace, populations)
            populations.append(population)
            if members[0].place not in scattered:
                found += rules.check(gathered)
            elif said := scattered[members[0].place]:
                hint = "make one experiment of them: its jobs share a directory"
                found.append(finding("PBT413", said, where=at(gathered[0].job), hint=hint))
            for member in gathered:
                result[member.place] = replace(
                    member.job, population=population.id, member=member.index
                )
    return result, populations, found


def check(spec: Processes) -> Iterator[Diagnostic]:
    """The same findings for the populations that a process list names, which nobody recognised."""
    jobs = {job.id: (place, job) for place, job in enumerate(spec.jobs)}
    for i, population in enumerate(spec.populations):
        known = [jobs[name] for name in population.members if name in jobs]
        if population.style == "sample_factory":
            found = [d for _, job in known for d in rules.check_alone(job, population.size)]
        else:
            members = [m for place, job in known if (m := member_of(place, job)) is not None]
            found = list(rules.check(members)) if members else []
        for d in found:
            where = dataclasses.replace(d.where, pointer=f"/populations/{i}")
            yield dataclasses.replace(d, where=where)


def _scattered(groups: list[list[Member]]) -> dict[int, str]:
    """IsaacGymEnvs members of one population in several directories: place of each group's first
    member -> what is said of it, nothing but for the first group.

    No group is a population on its own, and all together they are one.
    """
    kin: dict[tuple[str, str], list[list[Member]]] = {}
    for group in groups:
        first = group[0]
        if first.style == "isaacgymenvs":
            name = first.set.get(f"{first.stem}workspace") or "pbt_workspace"
            kin.setdefault((first.key, name), []).append(group)
    result: dict[int, str] = {}
    for parts in kin.values():
        indices = [m.index for group in parts for m in group]
        whole = sorted(-1 if i is None else i for i in indices) == list(range(len(indices)))
        alone = any(sorted(m.index or 0 for m in g) == list(range(len(g))) for g in parts[1:])
        if len(parts) < 2 or not whole or alone:
            continue
        folders = ", ".join(f"`{printable(group[0].job.dir)}`" for group in parts[:4])
        said = f"the {len(indices)} members of a population have {len(parts)} workspaces: {folders}"
        result |= {group[0].place: "" for group in parts}
        result[parts[0][0].place] = said + (" and more" if len(parts) > 4 else "")
    return result


def _workspace(member: Member) -> str:
    """The shared folder, relative to `train_dir` or absolute; of Isaac Lab as deep as is known."""
    name = member.set.get(f"{member.stem}workspace") or "pbt_workspace"
    if member.style == "isaacgymenvs":
        return posixpath.join(member.job.dir, "runs", name)
    folder = member.set.get("agent.pbt.directory") or ""
    config = member.set.get("agent.params.config.name")
    path = posixpath.join(folder, "logs/rl_games", *((config, name) if config else ()))
    return path if path.startswith("/") else _from_train_dir(path, member.job)


def _from_train_dir(path: str, job: Job) -> str:
    """A path from the current folder as one from `train_dir`, where that is relative too."""
    end = f"/{job.dir}"
    for word in reversed(job.argv):
        if "=" in word and word.endswith(end):
            train_dir = word.partition("=")[2].removesuffix(end)
            if train_dir and not train_dir.startswith("/"):
                return posixpath.relpath(path, train_dir)
    return path


def _sets(members: list[Member]) -> list[list[Member]]:
    """One list if every index stands there once, else one for each set of other parameters."""
    if len({m.index for m in members}) == len(members):
        return [members]
    by_rest: dict[str, list[Member]] = {}
    for member in members:
        rest = sorted((k, repr(v)) for k, v in member.job.params.items() if k != member.key)
        by_rest.setdefault(repr((member.job.experiment, rest)), []).append(member)
    return list(by_rest.values())


def _population(members: list[Member], workspace: str, others: list[Population]) -> Population:
    members.sort(key=lambda m: -1 if m.index is None else m.index)
    name = _unique(members[0].job.experiment, others)
    ids = tuple(m.job.id for m in members)
    return Population(name, members[0].style, len(ids), workspace, ids)


def _unique(name: str, others: list[Population]) -> str:
    taken = {p.id for p in others}
    unique, count = name, 1
    while unique in taken:
        count += 1
        unique = f"{name}.{count}"
    return unique
