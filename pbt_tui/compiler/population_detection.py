"""Finds the populations among the jobs: the members name a policy index in their commands.

Must not know run modules, files or settings. Reads a command as its trainer does: the last value of
a key counts.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from operator import attrgetter

from msgspec.structs import replace

from pbt_tui.compiler import member_rules as rules
from pbt_tui.compiler.member_rules import as_whole, at, member_of
from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, printable
from pbt_tui.populations import Member, Style
from pbt_tui.spec import Job, Population, Processes


@dataclass(slots=True)
class _Group:
    """The members of one style that share a workspace and give their index under the same key."""

    style: Style
    workspace: str
    members: list[Member]


def recognise(
    jobs: list[Job], named: Iterable[str] = ()
) -> tuple[list[Job], list[Population], list[Diagnostic]]:
    """The jobs with `population` and `member` filled in, the populations, and findings (codes 4xx).

    The members of a population share a workspace. If an index occurs twice in one workspace, each
    set of members with equal other parameters is a population, and sharing the workspace is an
    error. `named` are the styles that the run module asked for: a style of an installed package is
    recognised only if it is among them.
    """
    styles = rules.styles(named)
    apart = [style for style in styles if style.members_are_jobs]
    keys = [key.key for style in apart for key in style.index_keys]
    together = [(style, sign) for style in styles for sign in style.signs if style not in apart]
    groups: dict[tuple[str, str, str | None], _Group] = {}
    populations: list[Population] = []
    found: list[Diagnostic] = []
    result = list(jobs)
    texts = [*keys, *(sign for _, sign in together)]
    for place, job in _with_any(texts, jobs):
        line = "\n".join(job.argv)
        if _any(keys, line) and (known := member_of(place, job, apart)) is not None:
            style, member = known
            workspace = style.workspace(member)
            place_of = (_key(member), workspace, style.name_below(member.set))
            group = groups.setdefault(place_of, _Group(style, workspace, []))
            group.members.append(member)
            continue
        for style, sign in together:
            if sign not in line or style.policies is None:
                continue
            member = as_whole(place, job)
            if (size := style.policies(member.set)) is None:
                continue
            name = _unique(job.id, populations)
            workspace = style.workspace(member)
            populations.append(Population(name, style.name, size, workspace, (job.id,)))
            result[place] = replace(job, population=name)
            found += rules.check_alone(style, member, size)
            break
    scattered = _scattered(list(groups.values()))
    for group in groups.values():
        members = group.members
        sets = _sets(members)
        if len(sets) > 1:
            first = members[0].job
            shown = printable(group.workspace)
            message = f"{len(sets)} populations share the workspace `{shown}`"
            own = f"{members[0].stem}{group.style.workspace_name}"
            hint = f"give each population its own `{own}`, or its own experiment"
            found.append(finding("PBT404", message, where=at(first), hint=hint))
        for gathered in sets:
            population = _population(group.style, gathered, group.workspace, populations)
            populations.append(population)
            if members[0].place not in scattered:
                found += rules.check(group.style, gathered)
            elif message := scattered[members[0].place]:
                hint = "put the members into one experiment: its jobs share a directory"
                found.append(finding("PBT413", message, where=at(gathered[0].job), hint=hint))
            for member in gathered:
                result[member.place] = replace(
                    member.job, population=population.id, member=member.index
                )
    return result, populations, found


_TOGETHER = 100
"""Jobs whose commands are looked at as one text."""
_ARGV = attrgetter("argv")


def _with_any(texts: list[str], jobs: list[Job]) -> Iterator[tuple[int, Job]]:
    """Jobs, with their places, that may contain one of the texts. The others have none of them."""
    for start in range(0, len(jobs), _TOGETHER):
        several = jobs[start : start + _TOGETHER]
        if _any(texts, "\n".join(chain.from_iterable(map(_ARGV, several)))):
            yield from enumerate(several, start)


def _any(keys: list[str], line: str) -> bool:
    """Whether the command contains the text of any key: much cheaper than parsing every command."""
    for key in keys:  # noqa: SIM110  # a generator would cost more than it finds
        if key in line:
            return True
    return False


def _key(member: Member) -> str:
    return member.key.key if member.key is not None else ""


def check(spec: Processes) -> Iterator[Diagnostic]:
    """The findings for the populations that a process list names, without `recognise`."""
    if not spec.populations:
        return
    jobs = {job.id: (place, job) for place, job in enumerate(spec.jobs)}
    styles = rules.styles(population.style for population in spec.populations)
    by_name = {style.name: style for style in styles}
    for i, population in enumerate(spec.populations):
        own = by_name.get(population.style)
        if own is None:
            continue  # another rule reports the unknown style
        known = [jobs[name] for name in population.members if name in jobs]
        if own.members_are_jobs:
            pairs = [m for place, job in known if (m := member_of(place, job, [own])) is not None]
            members = [m for _, m in pairs]
            found = list(rules.check(own, members)) if pairs else []
            size = rules.size_of(own, members) if pairs else len(population.members)
            if len(population.members) < population.size != size:
                message = f"`size` is {population.size}, but the members' commands say {size}"
                found.append(finding("PBT807", message))
        else:
            found = [
                d
                for place, job in known
                for d in rules.check_alone(own, as_whole(place, job), population.size)
            ]
        for d in found:
            where = dataclasses.replace(d.where, pointer=f"/populations/{i}")
            yield dataclasses.replace(d, where=where)


def _scattered(groups: list[_Group]) -> dict[int, str]:
    """Finds populations whose members have several workspaces, one in the directory of each.

    The groups together give each index once, and no later group has all indices from 0, which would
    make it a population of its own. Returns a message for the first group and an empty text for the
    others, by the place of the group's first member.
    """
    kin: dict[tuple[str, str], list[_Group]] = {}
    for group in groups:
        first, style = group.members[0], group.style
        if style.workspace_in_job_dir:
            name = first.setting(style.workspace_name, style.default_workspace)
            kin.setdefault((_key(first), name), []).append(group)
    result: dict[int, str] = {}
    for together in kin.values():
        parts = [group.members for group in together]
        members = [m for part in parts for m in part]
        indices = {m.index for m in members if m.index is not None}
        size = rules.size_of(together[0].style, members)
        whole = len(indices) == len(members) and max(indices) < size
        alone = any(sorted(m.index or 0 for m in g) == list(range(len(g))) for g in parts[1:])
        if len(parts) < 2 or not whole or alone:
            continue
        folders = ", ".join(f"`{printable(members[0].job.dir)}`" for members in parts[:4])
        message = (
            f"the {len(indices)} members of a population have {len(parts)} workspaces: {folders}"
        )
        result |= {members[0].place: "" for members in parts}
        result[parts[0][0].place] = message + (" and more" if len(parts) > 4 else "")
    return result


def _sets(members: list[Member]) -> list[list[Member]]:
    """One list if no index occurs twice, else one list for each set of other parameters."""
    if len({m.index for m in members}) == len(members):
        return [members]
    by_rest: dict[str, list[Member]] = {}
    for member in members:
        rest = sorted((k, repr(v)) for k, v in member.job.params.items() if k != _key(member))
        by_rest.setdefault(repr((member.job.experiment, rest)), []).append(member)
    return list(by_rest.values())


def _population(
    style: Style, members: list[Member], workspace: str, others: list[Population]
) -> Population:
    members.sort(key=lambda m: -1 if m.index is None else m.index)
    name = _unique(members[0].job.experiment, others)
    ids = tuple(m.job.id for m in members)
    return Population(name, style.name, rules.size_of(style, members), workspace, ids)


def _unique(name: str, others: list[Population]) -> str:
    taken = {p.id for p in others}
    unique, count = name, 1
    while unique in taken:
        count += 1
        unique = f"{name}.{count}"
    return unique
