"""Renders the rows of a time line: what held a slot in each cell, or what kept it idle.

Only the cells in view are computed: each costs two binary searches, however many attempts there
are. Must not read files or the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.observe.occupancy import BAD, Lane
from pbt_tui.observe.run_spans import RunSpan
from pbt_tui.tui.render.sparkline import BLOCKS
from pbt_tui.tui.render.time_axis import midnights
from pbt_tui.tui.text import Line, Span, cells, cut, fit, safe
from pbt_tui.tui.time_view import TimeView

IDLE: Span = ("·", "dim")
NOTHING: Span = (" ", "")
GROUND: dict[str, Span] = {
    "closed": NOTHING,
    "held": ("┃", "warn"),
    "no_executor": ("░", "dim"),
    "drained": ("▒", "warn"),
    "foreign": ("▓", "mark"),
}
"""What a cell without an attempt shows, the less important first."""
LEGEND: tuple[tuple[str, str, str], ...] = (
    ("━", "run", "runs"),
    ("✓", "good", "succeeded"),
    ("✗", "bad", "failed"),
    ("⊘", "warn", "stopped"),
    ("2", "run", "a retry"),
    ("◐", "run", "starts"),
    ("·", "dim", "idle or waits"),
    ("░", "dim", "no executor"),
    ("┃", "warn", "held"),
    ("▒", "warn", "drained"),
    ("▓", "mark", "used by others"),
)
_ENDS: dict[str, Span] = {
    "succeeded": ("✓", "good"),
    "failed": ("✗", "bad"),
    "lost": ("✗", "bad"),
    "refused": ("✗", "bad"),
    "stopped": ("⊘", "warn"),
    "interrupted": ("⊘", "warn"),
}
_LEAST_NAME = 6
"""Least cells of a job's name in its attempt, besides its begin and its end."""


@dataclass(frozen=True)
class Foreign:
    """A time in which another program used a GPU."""

    begin: float
    """When it began, in Unix seconds."""
    end: float
    """When it ended."""
    text: str
    """Who, for people; or how much."""


def ground(
    view: TimeView,
    spans: Iterable[RunSpan],
    gpu: Gpu | None,
    foreign: Sequence[Foreign] = (),
) -> list[Span]:
    """What the cells of a row show where no attempt is.

    Args:
        view: The time in view.
        spans: What kept attempts away.
        gpu: The GPU of the row; None: it has none.
        foreign: When others used the GPU.
    """
    row = [IDLE] * view.columns
    for column in midnights(view.left, view.cell, view.columns):
        row[column] = ("│", "dim")
    known: list[tuple[str, float, float]] = [
        (s.kind, s.begin, s.end) for s in spans if s.is_about(gpu)
    ]
    known += [("foreign", f.begin, f.end) for f in foreign]
    for kind, glyph in GROUND.items():
        for name, begin, end in known:
            if name == kind:
                _paint(row, view, begin, end, glyph)
    _paint(row, view, view.left - view.cell, view.begin, NOTHING)
    _paint(row, view, view.end, view.right + view.cell, NOTHING)
    return row


def _paint(row: list[Span], view: TimeView, begin: float, end: float, glyph: Span) -> None:
    """Paints the cells whose middle lies in a time."""
    first = max(0, view.column(begin + view.cell / 2))
    last = min(view.columns, view.column(end + view.cell / 2))
    for column in range(first, last):
        row[column] = glyph


def executor_row(view: TimeView, spans: Sequence[RunSpan]) -> list[Span]:
    """The row of the executor: when one ran, and when the run was held; no gap is lost."""
    row = ground(view, [s for s in spans if not s.gpu], None)
    row = [("━", "good") if span in (IDLE, ("│", "dim")) else span for span in row]
    for span in spans:
        column = view.column(span.begin)
        if span.kind == "no_executor" and 0 <= column < view.columns:
            row[column] = GROUND["no_executor"]
    return row


def attempts_row(
    lane: Lane, view: TimeView, row: list[Span], state: RunState, *, named: bool = True
) -> list[Span]:
    """Draws the attempts of a lane over what the row shows without them.

    Args:
        lane: The attempts.
        view: The time in view.
        row: The cells without attempts; they are changed.
        state: The state of the run.
        named: Whether to write names of jobs into their attempts.
    """
    first, last = lane.within(view.left, view.right)
    if first >= last:
        return row
    column = max(0, view.column(lane.begins[first]))
    while column < view.columns:
        begin, end = view.times(column)
        if begin >= view.end:
            break
        low, high = lane.within(begin, end)
        if low >= high:
            if low >= len(lane):
                break
            column = max(column + 1, view.column(lane.begins[low]))
        elif high - low == 1:
            column = _attempt(lane, low, view, row, column, state, named=named)
        else:
            row[column] = _several(lane, low, high, begin, end, state)
            column += 1
    return row


def _attempt(
    lane: Lane,
    place: int,
    view: TimeView,
    row: list[Span],
    column: int,
    state: RunState,
    *,
    named: bool,
) -> int:
    """Draws the cells that one attempt has for itself; returns the column after them."""
    end = min(lane.ends[place], view.end)
    after = view.column(lane.begins[place + 1]) if place + 1 < len(lane) else view.columns
    stop = max(column + 1, min(view.columns, view.column(end) + 1, after))
    attempt = attempt_of(state, lane, place)
    if attempt is None:
        return stop
    style = _style(attempt)
    size = stop - column
    body = ["━"] * size
    styles = [style] * size
    if attempt.started_at is None or attempt.started_at > view.times(column)[0]:
        started = attempt.started_at if attempt.started_at is not None else end
        early = max(0, min(size, view.column(started) - column))
        body[:early], styles[:early] = ["◐"] * early, ["run"] * early
    final = attempt.outcome is not None and view.column(lane.ends[place]) == stop - 1
    if final and attempt.outcome is not None:
        glyph, styles[-1] = _ENDS.get(attempt.outcome, ("?", "bad"))
        body[-1] = glyph
    begins = lane.begins[place] >= view.times(column)[0] - view.cell
    at = 0
    if attempt.number > 1 and begins and size > 1:
        body[0] = str(attempt.number) if attempt.number < 10 else "+"
        styles[0], at = style, 1
    room = size - at - 3 - final
    if named and room >= _LEAST_NAME:
        name = f" {cut(safe(state.jobs[lane.jobs[place]].spec.id), room)} "
        if name.isascii() or len(name) == cells(name):
            body[at + 1 : at + 1 + len(name)] = name
    row[column : column + size] = zip(body, styles, strict=True)
    return stop


def _several(lane: Lane, low: int, high: int, begin: float, end: float, state: RunState) -> Span:
    """One cell for several attempts: a failure if there is one, else how busy the slot was."""
    ended = high - 1 if lane.ends[high - 1] >= end else high
    if lane.failures(low, ended):
        return "✗", "bad"
    if high - low == 2:
        attempt = attempt_of(state, lane, low)
        if attempt is not None and attempt.outcome is not None:
            return _ENDS.get(attempt.outcome, ("?", "bad"))
    share = lane.busy(low, high, begin, end) / (end - begin)
    return BLOCKS[max(0, min(len(BLOCKS) - 1, int(share * len(BLOCKS))))], "good"


def attempt_of(state: RunState, lane: Lane, place: int) -> Attempt | None:
    """The attempt at a place of a lane; None: the state lacks it."""
    index, number = lane.jobs[place], lane.numbers[place]
    attempts = state.jobs[index].attempts if index < len(state.jobs) else []
    return attempts[number - 1] if number <= len(attempts) else None


def _style(attempt: Attempt) -> str:
    if attempt.outcome is None:
        return "run" if attempt.stop_at is None else "warn"
    if attempt.outcome in BAD:
        return "bad"
    return "good" if attempt.outcome == "succeeded" else "warn"


def line(label: str, width: int, row: Sequence[Span], cursor: int | None = None) -> Line:
    """A row with its label in so many cells; the cell of the cursor has a style of its own."""
    marked = list(row)
    if cursor is not None and 0 <= cursor < len(row):
        marked[cursor] = row[cursor][0], "cell"
    joined = [
        ("".join(text for text, _ in same), style)
        for style, same in groupby(marked, key=itemgetter(1))
    ]
    return ((" " + fit(label, width - 1), ""), *joined)
