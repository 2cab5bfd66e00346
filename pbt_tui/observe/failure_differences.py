"""How failed jobs differ from good ones: their parameters, and where they ran.

A good job is one of the same experiment that succeeded, or that runs for longer than the failed
ones ran. Counts only: no claim is made about a cause. Must not read files or the clock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from operator import ne
from typing import Any, NamedTuple

from msgspec import Struct

from pbt_tui.errors import printable
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe.failure_grouping import Group
from pbt_tui.observe.snapshot_types import GpuRow

FEWEST = 3
"""Jobs that a group needs, and good jobs that there must be, for a statement about all of them."""
_CONCENTRATED = 0.7
"""Share of a group on one device or node from which that is said."""
_AT_ONCE = 4000
"""Jobs that are looked at in one step: a step takes some milliseconds."""
_MISSING = object()
_NAMED, _LONGEST = 4, 40
"""Parameters that a sentence names, and characters of a value."""


class ParamDifference(NamedTuple):
    """A parameter that has another value in another job; None: it has none."""

    name: str
    good: Any
    failed: Any


class Nearest(NamedTuple):
    """The good job that differs least from a failed one."""

    job: JobState
    differences: tuple[ParamDifference, ...]
    """Empty: both have the same parameters."""


class FailurePlace(NamedTuple):
    """Where most jobs of a group ran."""

    what: str
    """`GPU` or `node`."""
    name: str
    """Index of the device, else its name as the runtime got it; or name of the node."""
    key: str
    """The device as the runtime got it, or the node."""
    failed: int
    """Jobs of the group that ran there."""
    of: int
    """Jobs of the group of which that is known."""
    good: int
    """Good jobs that ran there."""
    good_of: int
    """Good jobs of which that is known."""


class FailureFindings(Struct):
    """What is known of a group of failures."""

    good: Sequence[JobState] = ()
    """Good jobs of its experiments, in plan order."""
    shared: tuple[tuple[str, Any], ...] = ()
    """Parameters that all jobs of the group share, with a value that no good job has."""
    place: FailurePlace | None = None
    """Where most of its jobs ran; None: at no place in particular."""


def alike(one: Any, other: Any) -> bool:
    """Whether two values of a parameter are the same value: `true` is not 1, and 1 is 1.0."""
    return bool(one == other) and isinstance(one, bool) == isinstance(other, bool)


def differences(good: Mapping[str, Any], failed: Mapping[str, Any]) -> tuple[ParamDifference, ...]:
    """The parameters that differ, in the order of the failed job.

    Example:
        >>> differences({"lr": 0.1, "seed": 1}, {"lr": 0.1, "seed": 2})
        (ParamDifference(name='seed', good=1, failed=2),)
    """
    names = [*failed, *(name for name in good if name not in failed)]
    return tuple(
        ParamDifference(name, good.get(name), failed.get(name))
        for name in names
        if not alike(good.get(name, _MISSING), failed.get(name, _MISSING))
    )


def distance(one: ParamDifference) -> float:
    """From 0 to 1: how far two values are apart, in proportion to their size; 1 if not numbers."""
    a, b = one.good, one.failed
    if isinstance(a, bool) or isinstance(b, bool):
        return 1.0
    if not isinstance(a, int | float) or not isinstance(b, int | float):
        return 1.0
    try:
        x, y = float(a), float(b)
    except OverflowError:
        return 1.0
    return abs(x / 2 - y / 2) / (abs(x) / 2 + abs(y) / 2)


def nearest(failed: JobState, good: Iterable[JobState]) -> Nearest | None:
    """The good job with the fewest different parameters; of equal ones the one with the closest
    values, then the first; None without a good job."""
    found = None
    for found in _nearer(failed, good):  # noqa: B007 - the last one counts
        pass
    return found


def _nearer(failed: JobState, good: Iterable[JobState]) -> Iterator[Nearest]:
    """The good jobs that are nearer than all before them."""
    params = failed.spec.params
    names, values = tuple(params), tuple(params.values())
    best: tuple[int, float] | None = None
    for job in good:
        theirs = job.spec.params
        # Typed differences are at least as many as those of `!=`, which C counts.
        if (
            best is not None
            and tuple(theirs) == names
            and (sum(map(ne, theirs.values(), values)) > best[0])
        ):
            continue
        found = differences(theirs, params)
        if best is not None and len(found) > best[0]:
            continue
        rank = len(found), sum(map(distance, found))
        if best is None or rank < best:
            best = rank
            yield Nearest(job, found)


def search(failed: JobState, good: Sequence[JobState]) -> Generator[None, None, Nearest | None]:
    """As `nearest`, in steps of some milliseconds each."""
    found: Nearest | None = None
    for start in range(0, len(good), _AT_ONCE):
        some = good[start : start + _AT_ONCE]
        found = nearest(failed, some if found is None else [found.job, *some])
        yield
    return found


def find(group: Group, state: RunState) -> FailureFindings:
    """What is known of a group, at once."""
    steps = study(group, state)
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: FailureFindings = done.value
            return found


def study(group: Group, state: RunState) -> Generator[None, None, FailureFindings]:
    """As `find`, in steps of some milliseconds each."""
    failed: list[JobState] = []
    ran = 0.0
    on: Counter[tuple[str, ...]] = Counter()
    nodes: Counter[str] = Counter()
    for start in range(0, len(group.jobs), _AT_ONCE):
        some = [state.by_id[name] for name in group.jobs[start : start + _AT_ONCE]]
        failed += some
        _count_places(some, on, nodes)
        ran = max(ran, *map(_ran, some))
        yield
    experiments = {job.spec.experiment for job in failed}
    good: list[JobState] = []
    for start in range(0, len(state.jobs), _AT_ONCE):
        good += [
            job
            for job in state.jobs[start : start + _AT_ONCE]
            if job.phase in ("succeeded", "running")
            and job.spec.experiment in experiments
            and (job.phase == "succeeded" or _runs(job, state.at) > ran)
        ]
        yield
    good_on: Counter[tuple[str, ...]] = Counter()
    good_nodes: Counter[str] = Counter()
    for start in range(0, len(good), _AT_ONCE):
        _count_places(good[start : start + _AT_ONCE], good_on, good_nodes)
        yield
    indices = _indices(state)
    devices = _each(on)
    place = None
    if len(indices) != 1:  # else all ran on that one
        place = _place("GPU", devices, len(failed), _each(good_on), len(good), indices)
    place = place or _place("node", nodes, len(failed), good_nodes, len(good), {})
    found = FailureFindings(good, (), place)
    if len(failed) >= FEWEST and len(good) >= FEWEST:
        left = list(failed[0].spec.params.items())
        for start in range(0, len(failed), _AT_ONCE):
            left = [pair for pair in left if _all_have(pair, failed[start : start + _AT_ONCE])]
            yield
        for start in range(0, len(good), _AT_ONCE):
            left = [pair for pair in left if not _one_has(pair, good[start : start + _AT_ONCE])]
            yield
        found.shared = tuple(left)
    return found


def _all_have(pair: tuple[str, Any], jobs: Sequence[JobState]) -> bool:
    name, value = pair
    return all(alike(job.spec.params.get(name, _MISSING), value) for job in jobs)


def _one_has(pair: tuple[str, Any], jobs: Sequence[JobState]) -> bool:
    name, value = pair
    return any(alike(job.spec.params.get(name, _MISSING), value) for job in jobs)


def _ran(job: JobState) -> float:
    last = job.attempt
    if last is None or last.started_at is None or last.ended_at is None:
        return 0.0
    return last.ended_at - last.started_at


def _runs(job: JobState, now: float) -> float:
    last = job.attempt
    return now - last.started_at if last is not None and last.started_at is not None else 0.0


def _count_places(
    jobs: Sequence[JobState], on: Counter[tuple[str, ...]], nodes: Counter[str]
) -> None:
    last = [job.attempts[-1] for job in jobs if job.attempts]
    on.update([attempt.gpus for attempt in last if attempt.gpus])
    nodes.update([attempt.node for attempt in last if attempt.node])


def _each(on: Counter[tuple[str, ...]]) -> Counter[str]:
    """Jobs for each device: one that had several counts for each of them."""
    found: Counter[str] = Counter()
    for gpus, count in on.items():
        for gpu in set(gpus):
            found[gpu] += count
    return found


def _place(
    what: str,
    on: Counter[str],
    of: int,
    good_on: Counter[str],
    good_of: int,
    indices: Mapping[str | None, int | None],
) -> FailurePlace | None:
    """The place of most jobs of a group, unless most good jobs ran there, too."""
    if of < FEWEST or not on:
        return None
    key, failed = min(on.items(), key=lambda item: (-item[1], item[0]))
    if failed < FEWEST or failed < _CONCENTRATED * of:
        return None
    if good_on[key] > 0.5 * good_of:
        return None  # it does not tell them from the good ones
    return FailurePlace(what, _name(key, indices), key, failed, of, good_on[key], good_of)


def _indices(state: RunState) -> Mapping[str | None, int | None]:
    return {gpu.uuid: gpu.index for gpu in state.executor.gpus} if state.executor else {}


def _name(key: str, indices: Mapping[str | None, int | None]) -> str:
    index = indices.get(key)
    return printable(key).partition(".")[0] if index is None else str(index)


def places_text(group: Group, state: RunState) -> str:
    """The GPUs (in a cluster: nodes) of a group: `GPU 3 ×6, 2 more`, `3 GPUs`; empty: unknown."""
    on: Counter[tuple[str, ...]] = Counter()
    nodes: Counter[str] = Counter()
    _count_places([state.by_id[name] for name in group.jobs], on, nodes)
    return _words("GPU", _each(on), _indices(state)) or _words("node", nodes, {})


def _words(what: str, on: Counter[str], indices: Mapping[str | None, int | None]) -> str:
    if not on:
        return ""
    key, count = min(on.items(), key=lambda item: (-item[1], item[0]))
    more = len(on) - 1
    if not more:
        return f"{what} {_name(key, indices)}" + (f" ×{count}" if count > 1 else "")
    text = f"{what} {_name(key, indices)} ×{count}, {more} more"
    return text if count > 1 else f"{len(on)} {what}s"


# -- in words --------------------------------------------------------------------------------------


def is_device(place: FailurePlace, gpu: Gpu | GpuRow) -> bool:
    """Whether most jobs of the group ran on this device."""
    return place.what == "GPU" and place.key in (gpu.uuid, str(gpu.index))


def place_text(place: FailurePlace, others: str | None = None, *, live: bool = True) -> str:
    """Where a group failed, with who else uses that device.

    Args:
        others: Who else uses the device, from the newest sample.
        live: Whether that sample is of now.

    Example:
        >>> place_text(FailurePlace("GPU", "3", "GPU-1", 6, 8, 1, 23), "pid 4117 holds 31.0 GB")
        '6 of 8 on GPU 3, 1 of the 23 good ones; now also there: pid 4117 holds 31.0 GB'
    """
    text = f"{place.failed} of {place.of} on {place.what} {place.name}"
    if place.good_of:
        text += f", {place.good or 'none'} of the {place.good_of} good ones"
    if others:
        text += f"; {'now' if live else 'last'} also there: {printable(others)}"
    return text


def shared_text(group: Group, found: FailureFindings) -> str:
    """What all jobs of a group have and no good one has; empty if there is nothing.

    `all 8 have num_envs 16384; none of the 23 good ones has`
    """
    if not found.shared:
        return ""
    pairs = [f"{printable(name)} {value_text(value)}" for name, value in found.shared[:_NAMED]]
    many = len(found.shared) - _NAMED
    pairs += [f"{many} more"] if many > 0 else []
    each = "has" if len(pairs) == 1 else "has any of these"
    good = len(found.good)
    return f"all {group.count} have {_listed(pairs)}; none of the {good} good ones {each}"


def nearest_text(near: Nearest | None, job: JobState) -> str:
    """How a failed job differs from the nearest good one.

    `differs from the nearest good job 07_lr1e-3: num_envs 8192 → 16384`
    """
    if near is None:
        return f"no good job of {printable(job.spec.experiment)} to compare with"
    name = f"the nearest good job {near.job.spec.id}"
    if near.job.phase != "succeeded":
        name += " (still running)"
    if not near.differences:
        return f"has the same parameters as {name}"
    told = [
        f"{printable(d.name)} {_side(d.name, near.job)} → {_side(d.name, job)}"
        for d in near.differences[:_NAMED]
    ]
    many = len(near.differences) - _NAMED
    return f"differs from {name}: " + ", ".join([*told, *([f"{many} more"] if many > 0 else [])])


def _side(name: str, job: JobState) -> str:
    params = job.spec.params
    return value_text(params[name]) if name in params else "(none)"


def value_text(value: Any) -> str:
    """A value of a parameter, on one line and not longer than 40 characters."""
    if isinstance(value, bool) or value is None:
        return str(value).lower() if value is not None else "null"
    text = printable(str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _listed(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else ", ".join(words[:-1]) + " and " + words[-1]
