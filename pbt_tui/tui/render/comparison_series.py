"""Jobs and members that are compared: their values over time, and what is reckoned from them.

Pure. What is reckoned of a contender is kept in it: one whose values change is made anew.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal, NamedTuple, get_args

from pbt_tui.journal.state import ACTIVE, JobState
from pbt_tui.observe.progress import Number, Progress, Series
from pbt_tui.observe.progress.metric_names import is_loss
from pbt_tui.observe.snapshot_types import MemberRow
from pbt_tui.tui import labels
from pbt_tui.tui.render.generations import MemberLives
from pbt_tui.tui.text import Span

Measure = Literal["objective", "progress", "rate"]
MEASURES: tuple[Measure, ...] = get_args(Measure)
CompareBy = Literal["generation", "steps", "time"]
"""What an x axis may be."""
COMPARE_BY: tuple[CompareBy, ...] = get_args(CompareBy)
Place = tuple[float, float]
_MOST_POINTS = 600
"""Points of a stretch of a curve at most; of more, the least and the greatest of some are kept."""
_LARGEST = 4e307
"""The largest value that is drawn as it is."""
_REGULAR = 0.8
"""Share of equal distances between generations, from which a longer one is a gap."""


class Track(NamedTuple):
    """Values over time; the lists have the same length."""

    at: Sequence[float] = ()
    """When, in Unix seconds."""
    steps: Sequence[int | None] = ()
    """Steps or frames by then."""
    objectives: Sequence[Number | None] = ()
    """The objective by then."""
    shares: Sequence[float | None] = ()
    """Share of the training that was done; empty: unknown for all."""
    numbers: Sequence[int] = ()
    """Numbers of generations; empty: these are values of a job."""
    breaks: frozenset[int] = frozenset()
    """Indices that do not continue the value before: a new attempt or life, or a gap."""


@dataclass(frozen=True, slots=True, eq=False)
class Contender:
    """A job or a member with what it is compared by."""

    number: int
    """Its place among those that are compared, from 0: its colour and its letter."""
    name: str
    """Its name, which may be foreign text."""
    params: Mapping[str, object]
    """Its parameters."""
    state: Span
    """Its state with a style."""
    track: Track
    """Its values over time."""
    job: str | None = None
    """Id of its job; None: it has none, as a member of a plain workspace."""
    is_active: bool = False
    """Whether it may still change."""
    attempts: int | None = None
    """How many attempts it had; None: unknown."""
    began: float | None = None
    """When it started, in Unix seconds; None: it has not, or nobody knows."""
    ended: float | None = None
    """When it ended; None: it has not, or nobody knows."""
    unit: str = "steps"
    """What its steps count."""
    is_loss: bool = False
    """Whether a smaller objective is better."""
    newest: Mapping[Measure, float | None] = field(default_factory=dict)
    """The newest value of each measure, which may be no number."""
    kept: dict[object, Any] = field(default_factory=dict)
    """What was reckoned from it."""


class Traced(NamedTuple):
    """A curve: its stretches without interruption, and what is no number."""

    pieces: list[list[Place]]
    """The stretches; x does not fall within one."""
    odd: list[Place]
    """x of each value that is no finite number, and the value."""
    hidden: int
    """How many values have no x, and are not drawn."""


class Figures(NamedTuple):
    """What is told of a curve; None: it has no finite value."""

    first: float | None
    least: float | None
    mean: float | None
    greatest: float | None
    last: float | None


def of_job(number: int, job: JobState, found: Progress | None, series: Series | None) -> Contender:
    """A job as it is compared.

    Args:
        number: its place among those that are compared.
        job: the job.
        found: its newest values; None: nothing is known.
        series: its values over time; None: nothing is known.
    """
    attempts = job.attempts
    newest: dict[Measure, float | None] = {}
    if found is not None:
        told = found.objective
        newest["objective"] = None if told is None else float(told)
        newest["progress"] = found.share
        newest["rate"] = found.fps
    track = Track()
    if series is not None:
        track = Track(
            series.at, series.step, series.objective, series.share, (), frozenset(series.breaks)
        )
    is_active = job.phase in ACTIVE
    return Contender(
        number,
        job.spec.id,
        {"experiment": job.spec.experiment, **job.spec.params},
        labels.state_span(job),
        track,
        job=job.spec.id,
        is_active=is_active,
        attempts=len(attempts),
        began=next((a.started_at for a in attempts if a.started_at is not None), None),
        ended=None if is_active or not attempts else attempts[-1].ended_at,
        unit=(found.unit if found is not None else None) or "steps",
        is_loss=is_loss(found.objective_name if found is not None else None),
        newest=newest,
    )


def of_member(
    number: int, member: MemberRow, lives: MemberLives, job: JobState | None
) -> Contender:
    """A member of a population as it is compared.

    Args:
        number: its place among those that are compared.
        member: the member.
        lives: its generations by life.
        job: its job; None: it has none.
    """
    steps = member.generations
    glyph, style = labels.STATES.get(member.state, ("·", "dim"))
    is_active = member.state in ("starting", "running", "stopping", "suspended", "paused")
    attempts = [] if job is None else job.attempts
    began = next((a.started_at for a in attempts if a.started_at is not None), None)
    ended = attempts[-1].ended_at if attempts and not is_active else None
    if job is None and steps:
        began, ended = steps[0].at, steps[-1].at
    return Contender(
        number,
        f"member {member.index}",
        member.params,
        (f"{glyph} {member.state}", style),
        Track(
            [step.at for step in steps],
            [step.frame for step in steps],
            [step.objective for step in steps],
            (),
            [step.generation for step in steps],
            frozenset(_breaks(lives)),
        ),
        job=None if job is None else job.spec.id,
        is_active=is_active,
        attempts=None if job is None else len(attempts),
        began=began,
        ended=ended,
        unit="frames",
        newest={"objective": member.objective},
    )


def _breaks(lives: MemberLives) -> list[int]:
    """Where a member began again, and where generations are missing."""
    found = [life.first for life in lives.lives[1:]]
    for life in lives.lives:
        distances = Counter(b - a for a, b in pairwise(life.numbers))
        usual, count = distances.most_common(1)[0] if distances else (0, 0)
        if usual and count >= _REGULAR * (len(life.numbers) - 1):
            for k, (a, b) in enumerate(pairwise(life.numbers), 1):
                if b - a > usual:
                    found.append(life.first + k)
    return found


def traced(one: Contender, measure: Measure, x: CompareBy) -> Traced:
    """The curve of a contender.

    Args:
        one: the contender.
        measure: what y is.
        x: what x is.
    """
    key = ("traced", measure, x)
    if key not in one.kept:
        one.kept[key] = _trace(one, measure, x)
    found: Traced = one.kept[key]
    return found


def _trace(one: Contender, measure: Measure, x_name: CompareBy) -> Traced:
    track = one.track
    xs: Sequence[float | None]
    if x_name == "time":
        begin = min([*track.at[:1], *([] if one.began is None else [one.began])], default=0.0)
        xs = [at - begin for at in track.at]
    else:
        xs = track.steps if x_name == "steps" else track.numbers or [None] * len(track.at)
    ys = _values(track, measure)
    pieces: list[list[Place]] = [[]]
    odd: list[Place] = []
    hidden = 0
    for k, (x, y) in enumerate(zip(xs, ys, strict=True)):
        if k in track.breaks:
            pieces.append([])
        if y is None or x is None or not math.isfinite(x):
            hidden += y is not None
            if measure != "rate":
                pieces.append([])
            continue
        if not math.isfinite(y):
            odd.append((float(x), y))
            pieces.append([])
            continue
        if pieces[-1] and x < pieces[-1][-1][0]:
            pieces.append([])
        pieces[-1].append((float(x), max(-_LARGEST, min(_LARGEST, y))))
    return Traced([_thinned(piece) for piece in pieces if piece], odd, hidden)


def _values(track: Track, measure: Measure) -> list[float | None]:
    """The values of a measure; None where it is unknown."""
    if measure == "objective":
        return [None if told is None else float(told) for told in track.objectives]
    if measure == "progress":
        shares = track.shares or [None] * len(track.at)
        return [None if share is None else 100.0 * share for share in shares]
    found: list[float | None] = [None] * len(track.at)
    for k in range(1, len(track.at)):
        before, step = track.steps[k - 1], track.steps[k]
        seconds = track.at[k] - track.at[k - 1]
        if k not in track.breaks and before is not None and step is not None and seconds > 0:
            found[k] = (step - before) / seconds if step >= before else None
    return found


def _thinned(piece: list[Place]) -> list[Place]:
    """At most `_MOST_POINTS` points: the ends, and the least and the greatest of some each."""
    if len(piece) <= _MOST_POINTS:
        return piece
    size = -(-2 * len(piece) // (_MOST_POINTS - 2))
    found = [piece[0]]
    for begin in range(0, len(piece), size):
        some = range(begin, min(len(piece), begin + size))
        low, high = (pick(some, key=lambda i: piece[i][1]) for pick in (min, max))
        found += [piece[i] for i in sorted({low, high})]
    return [*found, piece[-1]]


def figures(one: Contender, measure: Measure) -> Figures:
    """The first, least, mean, greatest and last finite value of a measure.

    Args:
        one: the contender.
        measure: the measure.
    """
    key = ("figures", measure)
    if key not in one.kept:
        told = [v for v in _values(one.track, measure) if v is not None and math.isfinite(v)]
        made = Figures(None, None, None, None, None)
        if told:
            mean = sum(value / len(told) for value in told)
            made = Figures(told[0], min(told), mean, max(told), told[-1])
        one.kept[key] = made
    found: Figures = one.kept[key]
    return found


def newest(one: Contender, measure: Measure) -> float | None:
    """The newest value of a measure, which may be no number; None: unknown.

    Args:
        one: the contender.
        measure: the measure.
    """
    told = one.newest.get(measure)
    if told is not None:
        return 100.0 * told if measure == "progress" else told
    return figures(one, measure).last


def reached(
    one: Contender, measure: Measure, x: CompareBy, limit: float, *, down: bool
) -> float | None:
    """x of the first value that is as good as a limit; None: there is none.

    Args:
        one: the contender.
        measure: the measure.
        x: what x is.
        limit: the limit.
        down: whether smaller values are better.
    """
    key = (measure, x, limit, down)
    known = one.kept.get("reached")
    if known is None or known[0] != key:
        pieces = traced(one, measure, x).pieces
        places = (place for piece in pieces for place in piece)
        found = next((x for x, y in places if (y <= limit if down else y >= limit)), None)
        known = one.kept["reached"] = (key, found)
    answer: float | None = known[1]
    return answer
