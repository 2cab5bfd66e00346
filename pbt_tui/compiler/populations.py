"""Jobs in, the populations among them out: upstream's ways of naming a policy index.

Must not know run modules, files or settings. What is read is the command, as the trainer reads it:
of a key that is given twice the last one counts.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from pbt_tui.compiler import words
from pbt_tui.compiler.codes import finding
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.spec import Job, Population, Style

_STYLES: dict[str, Style] = {
    "pbt.policy_idx": "isaacgymenvs",
    "pbt_policy_idx": "isaacgymenvs",
    "agent.pbt.policy_idx": "isaaclab",
}
_DEFAULT_SIZE = {"pbt.policy_idx": 8, "agent.pbt.policy_idx": 8}
_SEEDS = ("seed", "train.seed", "agent.seed")
_TRUE = ("true", "1", "yes")


@dataclass(slots=True)
class _Member:
    """A job that names a policy index: where it stands, and what its command sets."""

    place: int
    job: Job
    index: int | None
    key: str
    set: dict[str, str]

    @property
    def stem(self) -> str:
        """What the keys of its population begin with: `pbt.`, `agent.pbt.`, `pbt_`."""
        return self.key.removesuffix("policy_idx")


def recognise(jobs: list[Job]) -> tuple[list[Job], list[Population], list[Diagnostic]]:
    """The jobs with `population` and `member` filled in, the populations, codes 4xx.

    The members of a population share a workspace; where indices come again in one workspace, each
    set of other parameters is a population, and that they share it is an error.
    """
    groups: dict[tuple[str, str], list[_Member]] = {}
    populations: list[Population] = []
    found: list[Diagnostic] = []
    result = list(jobs)
    for place, job in enumerate(jobs):
        line = "\n".join(job.argv)
        if "policy_idx" in line and (member := _member(place, job)) is not None:
            groups.setdefault((member.key, _workspace(member)), []).append(member)
        elif "with_pbt" in line and (size := _policies(job)) is not None:
            name = _unique(job.id, populations)
            workspace = posixpath.join(job.dir, job.name)
            populations.append(Population(name, "sample_factory", size, workspace, (job.id,)))
            result[place] = replace(job, population=name)
            found += _small(size, 2, job)
    for (_, workspace), members in groups.items():
        sets = _sets(members)
        if len(sets) > 1:
            first = members[0].job
            said = f"{len(sets)} populations share the workspace `{printable(workspace)}`"
            hint = f"give each its own `{members[0].stem}workspace`, or an experiment of its own"
            found.append(finding("PBT404", said, where=_at(first), hint=hint))
        for gathered in sets:
            population = _population(gathered, workspace, populations)
            populations.append(population)
            found += _check(gathered)
            for member in gathered:
                result[member.place] = replace(
                    member.job, population=population.id, member=member.index
                )
    return result, populations, found


def settings(argv: tuple[str, ...]) -> dict[str, str]:
    """What a command sets: `key=value` and `--key value`, without prefixes; the last one counts."""
    values: dict[str, str] = {}
    for word, following in zip(argv, (*argv[1:], "-"), strict=True):
        if (name := words.key(word)) is not None:
            _, equals, value = word.partition("=")
            values[name] = value if equals or following.startswith("-") else following
    return values


def _member(place: int, job: Job) -> _Member | None:
    values = settings(job.argv)
    key = next((k for k in _STYLES if k in values), None)
    if key is None:
        return None
    index = values[key]
    known = index.isascii() and index.isdigit() and len(index) < 10
    return _Member(place, job, int(index) if known else None, key, values)


def _policies(job: Job) -> int | None:
    values = settings(job.argv)
    size = values.get("num_policies", "1")
    if values.get("with_pbt", "").lower() not in _TRUE or not size.isdigit():
        return None
    return max(int(size), 1)


def _workspace(member: _Member) -> str:
    """The shared folder, relative to `train_dir` or absolute; of Isaac Lab as deep as is known."""
    name = member.set.get(f"{member.stem}workspace") or "pbt_workspace"
    if _STYLES[member.key] == "isaacgymenvs":
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


def _sets(members: list[_Member]) -> list[list[_Member]]:
    """One list if every index stands there once, else one for each set of other parameters."""
    if len({m.index for m in members}) == len(members):
        return [members]
    by_rest: dict[str, list[_Member]] = {}
    for member in members:
        rest = sorted((k, repr(v)) for k, v in member.job.params.items() if k != member.key)
        by_rest.setdefault(repr((member.job.experiment, rest)), []).append(member)
    return list(by_rest.values())


def _population(members: list[_Member], workspace: str, others: list[Population]) -> Population:
    members.sort(key=lambda m: -1 if m.index is None else m.index)
    name = _unique(members[0].job.experiment, others)
    ids = tuple(m.job.id for m in members)
    return Population(name, _STYLES[members[0].key], len(ids), workspace, ids)


def _unique(name: str, others: list[Population]) -> str:
    taken = {p.id for p in others}
    unique, count = name, 1
    while unique in taken:
        count += 1
        unique = f"{name}.{count}"
    return unique


def _check(members: list[_Member]) -> Iterator[Diagnostic]:
    first = members[0]
    key, at = first.key, _at(first.job, first.key)
    indices = [m.index for m in members]
    if indices != list(range(len(members))):
        shown = ", ".join("?" if i is None else str(i) for i in indices[:20])
        said = f"members are not numbered 0 to {len(members) - 1}, each once: {shown}"
        hint = f'`("{key}", list(range({len(members)})))`'
        yield finding("PBT402", said, where=at, hint=hint)
    yield from _check_size(members)
    yield from _check_same(members)
    for word in first.job.argv:
        if word.count("=") > 1:
            said = f"`{printable(word)[:80]}` holds a second `=`: the first restart dies of it"
            hint = "the trainer cuts its arguments at every `=`; put such a value into its config"
            yield finding("PBT406", said, where=_at(first.job), hint=hint)


def _check_size(members: list[_Member]) -> Iterator[Diagnostic]:
    first, name = members[0], f"{members[0].stem}num_policies"
    default = _DEFAULT_SIZE.get(first.key)
    given = first.set.get(name)
    size = str(default or len(members)) if given is None else given
    if size != str(len(members)):
        by = "its default" if given is None else "as the command says"
        said = f"population has {len(members)} members, but `{name}` is {printable(size)}, {by}"
        hint = f"add `{name}={len(members)}` to the command"
        yield finding("PBT403", said, where=_at(first.job), hint=hint)
    yield from _small(len(members), 3 if _STYLES[first.key] == "isaacgymenvs" else 2, first.job)


def _check_same(members: list[_Member]) -> Iterator[Diagnostic]:
    """Members differ in their index, name and seed, and in nothing else."""
    first = members[0]
    own = {first.key, *_SEEDS}
    for seed in _SEEDS:
        given = {m.set.get(seed) for m in members}
        if len(members) > 1 and len(given) == 1 and (first.set.get(seed) or "-").isdigit():
            said = f"all members have `{seed}={first.set[seed]}`, and so begin alike"
            hint = f"leave it out, or write `{seed}=-1` where the trainer draws one"
            yield finding("PBT408", said, where=_at(first.job, seed), hint=hint)
    for member in members[1:]:
        names = dict.fromkeys((*first.set, *member.set))
        for name in names:
            a, b = first.set.get(name), member.set.get(name)
            if name in own or a == b or (a == first.job.name and b == member.job.name):
                continue
            said = f"members differ in `{printable(name)}`: {_value(a)} and {_value(b)}"
            hint = "members begin alike; the trainer itself changes what its mutation names"
            yield finding("PBT405", said, where=_at(member.job, name), hint=hint)
            return


def _value(value: str | None) -> str:
    return "nothing" if value is None else f"`{printable(value)[:60]}`"


def _small(size: int, least: int, job: Job) -> Iterator[Diagnostic]:
    if size < least:
        said = f"a population of {size} never exchanges anything: it takes {least}"
        yield finding("PBT407", said, where=_at(job))


def _at(job: Job, param: str | None = None) -> Where:
    return Where(experiment=job.experiment, job=job.id, param=param)
