"""Compares two process lists by content: jobs, parameters, settings and populations.

Must not know files. Reports name these changes before the diff of the lines. Two jobs are the same
job if they have the same id, else the same name, else the same experiment and parameters, else the
same number in their experiment.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from pbt_tui.errors import printable
from pbt_tui.spec import Container, Job, Population, Processes

What = Literal["job", "param", "field", "environment", "command", "setting", "population"]
How = Literal["added", "removed", "changed", "renamed"]

_ORDER = ("job", "param", "command", "environment", "field", "setting", "population")
_IN_HEADLINE = 4
_LINES = 40
_NAMED = 6


@dataclass(frozen=True, slots=True)
class SpecChange:
    """One difference between two process lists.

    `jobs` are the ids of the jobs that it concerns, if any. `old` and `new` are the values in the
    files, for the first of these jobs.
    """

    what: What
    how: How
    name: str = ""
    old: str | None = None
    new: str | None = None
    jobs: tuple[str, ...] = ()
    alike: bool = True
    """Whether `old` and `new` are the same for all of `jobs`."""

    def short(self) -> str:
        """The change as a part of `headline`."""
        if self.what == "job":
            return f"{_count(len(self.jobs))} {self.how}"
        kind = f"{self.what} " if self.what in ("population", "environment", "command") else ""
        where = f" in {len(self.jobs)}" if self.jobs else ""
        return f"{kind}`{_cut(self.name)}` {self.how}{where}"

    def __str__(self) -> str:
        if self.what == "job":
            return f"jobs {self.how}: {self._jobs()}"
        among = f" {'from' if self.how == 'removed' else 'in'} {_count(len(self.jobs))}"
        head = f"{self.what} `{_cut(self.name)}` {self.how}{among if self.jobs else ''}"
        values = " → ".join(_cut(v) for v in (self.old, self.new) if v is not None)
        one = "" if self.alike else f" in `{printable(self.jobs[0])}`, others differ"
        return f"{head}: {values}{one}" if values else head

    def _jobs(self) -> str:
        if self.how == "renamed":
            first = f"`{printable(self.old or '')}` → `{printable(self.new or '')}`"
            return first + _more(len(self.jobs) - 1)
        shown = ", ".join(f"`{printable(name)}`" for name in self.jobs[:_NAMED])
        return shown + _more(len(self.jobs) - _NAMED)


def changes(old: Processes, new: Processes) -> list[SpecChange]:
    """The differences of `new` from `old`: first jobs, then their content, then all others."""
    pairs, gone, come = _matched(old.jobs, new.jobs)
    found = []
    if come:
        found.append(SpecChange("job", "added", jobs=tuple(job.id for job in come)))
    if gone:
        found.append(SpecChange("job", "removed", jobs=tuple(job.id for job in gone)))
    seen = _Seen()
    for a, b in pairs:
        if a != b:
            _job(a, b, (old.train_dir, new.train_dir), seen)
    found += seen.changes()
    place = {id(b): k for k, (_, b) in enumerate(pairs)}
    order = [place[id(job)] for job in new.jobs if id(job) in place]
    if order != sorted(order):
        found.append(SpecChange("field", "changed", "order of jobs"))
    found += _changed("setting", _settings(old), _settings(new))
    found += _changed("setting", _container(old), _container(new))
    found += _changed("population", _populations(old), _populations(new))
    return sorted(found, key=lambda change: _ORDER.index(change.what))


def headline(found: Sequence[SpecChange]) -> str:
    """`3 jobs added, 1 removed, 'lr' changed in 4`."""
    if not found:
        return "the same content in another layout"
    parts = [c.short() for c in found[:_IN_HEADLINE]]
    for k, c in enumerate(found[1:_IN_HEADLINE], 1):
        if c.what == "job":
            parts[k] = f"{len(c.jobs)} {c.how}"
    return ", ".join(parts) + _more(len(found) - _IN_HEADLINE)


def lines(found: Sequence[SpecChange]) -> Iterator[str]:
    """A line for each change; from a limit on, only the number of further changes."""
    yield from map(str, found[:_LINES])
    if len(found) > _LINES:
        yield f"{len(found) - _LINES} more changes"


def _matched(
    old: Sequence[Job], new: Sequence[Job]
) -> tuple[list[tuple[Job, Job]], list[Job], list[Job]]:
    """Pairs of the same job in the order of `old`; the removed jobs; the added jobs."""
    partner: dict[int, Job] = {}
    gone, come = list(old), list(new)
    for key in _KEYS:
        before, after = _unique(gone, key), _unique(come, key)
        same = after.keys() & before.keys()
        partner |= {id(before[k]): after[k] for k in same}
        gone = [job for job in gone if id(job) not in partner]
        taken = {id(after[k]) for k in same}
        come = [job for job in come if id(job) not in taken]
        if not gone or not come:
            break
    return [(job, partner[id(job)]) for job in old if id(job) in partner], gone, come


def _unique(jobs: Iterable[Job], key: Callable[[Job], Any]) -> dict[Any, Job]:
    """The jobs by key. Leaves out jobs without a key and jobs that share theirs with another."""
    found: dict[Any, Job] = {}
    silent = {None}
    for job in jobs:
        if found.setdefault(k := key(job), job) is not job:
            silent.add(k)
    return {k: job for k, job in found.items() if k not in silent}


def _described(job: Job) -> tuple[str, bytes] | None:
    return (job.experiment, msgspec.json.encode(job.params)) if job.params else None


def _number(job: Job) -> tuple[str, str] | None:
    """The experiment and the number with which the name of a job begins."""
    number = job.name.partition("_")[0]
    return (job.experiment, number) if number.isdecimal() else None


_KEYS: tuple[Callable[[Job], Any], ...] = (
    lambda job: job.id,
    lambda job: job.name,
    _described,
    _number,
)


class _Seen:
    """Collects the changes of jobs. The same change in several jobs becomes one `SpecChange`."""

    def __init__(self) -> None:
        self.found: dict[tuple[What, How, str], list[tuple[str, str | None, str | None]]] = {}

    def add(self, job: Job, change: SpecChange) -> None:
        key = (change.what, change.how, change.name)
        self.found.setdefault(key, []).append((job.id, change.old, change.new))

    def changes(self) -> Iterator[SpecChange]:
        for (what, how, name), each in self.found.items():
            values = {(old, new) for _, old, new in each}
            _, old, new = each[0]
            ids = tuple(job for job, _, _ in each)
            yield SpecChange(what, how, name, old, new, ids, alike=len(values) == 1)


def _job(old: Job, new: Job, roots: tuple[str, str], seen: _Seen) -> None:
    if old.id != new.id:
        seen.add(new, SpecChange("job", "renamed", old=old.id, new=new.id))
    elif old.name != new.name:
        seen.add(new, SpecChange("field", "changed", "name", old.name, new.name))
    told: set[str] = set()
    if old.params != new.params:
        for change in _changed("param", _texts(old.params), _texts(new.params)):
            told.add(change.name)
            seen.add(new, change)
    for change in _changed("environment", old.env, new.env):
        seen.add(new, change)
    if any(getattr(old, name) != getattr(new, name) for name in _FIELDS):
        for change in _changed("field", _fields(old), _fields(new)):
            seen.add(new, change)
    if old.argv != new.argv:
        gone, come = _left(old.argv, new.argv), _left(new.argv, old.argv)
        for change in _command(
            [w for w in gone if not _told(w, old, roots[0], told)],
            [w for w in come if not _told(w, new, roots[1], told)],
            moved=not gone and not come,
        ):
            seen.add(new, change)


def _left(words: Sequence[str], others: Sequence[str]) -> list[str]:
    """The arguments in `words` that are not in `others`, or occur there less often."""
    if len(set(words)) == len(words):  # takes a tenth of the time of counting
        there = set(others)
        return [word for word in words if word not in there]
    return list((Counter(words) - Counter(others)).elements())


_FIELDS = ("experiment", "dir", "population", "member", "resources")


def _fields(job: Job) -> dict[str, str]:
    values = {name: getattr(job, name) for name in _FIELDS}
    return _texts({name: value for name, value in values.items() if value is not None})


def _told(word: str, job: Job, root: str, params: set[str]) -> bool:
    """Whether an argument only repeats the job's name, its folder or a reported parameter."""
    key, _, value = word.partition("=")
    if value in (job.name, f"{root}/{job.dir}"):
        return True
    return any(key.endswith(name) and value == str(job.params.get(name)) for name in params)


def _command(gone: list[str], come: list[str], *, moved: bool) -> Iterator[SpecChange]:
    """Pairs arguments by key: `--horizon=16` that became `--horizon=32` is one change."""
    if moved:
        yield SpecChange("command", "changed", "order of arguments")
    keyed = {word.partition("=")[0]: word for word in come if "=" in word}
    rest = []
    for word in gone:
        key, _, value = word.partition("=")
        if key in keyed:
            come.remove(other := keyed.pop(key))
            yield SpecChange("command", "changed", key, value, other.partition("=")[2])
        else:
            rest.append(word)
    for word in rest:
        yield SpecChange("command", "removed", word)
    for word in come:
        yield SpecChange("command", "added", word)


def _settings(spec: Processes) -> dict[str, str]:
    head = {name: getattr(spec, name) for name in ("run", "suffix", "module", "train_dir")}
    if spec.seed is not None:
        head["seed"] = spec.seed
    return _texts(head | msgspec.structs.asdict(spec.policy))


def _container(spec: Processes) -> dict[str, str]:
    """The settings of the container that differ from their defaults."""
    if spec.container is None:
        return {}
    values = msgspec.structs.asdict(spec.container)
    usual = msgspec.structs.asdict(Container(image=""))
    return _texts({name: value for name, value in values.items() if value != usual[name]})


def _populations(spec: Processes) -> dict[str, str]:
    return {population.id: _population(population) for population in spec.populations}


def _population(population: Population) -> str:
    size, style, workspace = population.size, population.style, population.workspace
    return f"{size} members, style {style}, workspace `{workspace}`"


def _changed(what: What, old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[SpecChange]:
    if old == new:
        return
    for name, value in old.items():
        if name not in new:
            yield SpecChange(what, "removed", name, value)
        elif value != new[name]:
            yield SpecChange(what, "changed", name, value, new[name])
    for name, value in new.items():
        if name not in old:
            yield SpecChange(what, "added", name, None, value)


def _texts(values: Mapping[str, Any]) -> dict[str, str]:
    """The values as JSON text, as in a file."""
    return {
        name: msgspec.json.encode(value).decode()
        for name, value in values.items()
        if value is not msgspec.UNSET
    }


def _cut(text: str) -> str:
    return printable(text if len(text) <= 80 else text[:79] + "…")


def _count(n: int) -> str:
    return f"{n} job{'' if n == 1 else 's'}"


def _more(n: int) -> str:
    return f" and {n} more" if n > 0 else ""
