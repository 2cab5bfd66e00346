"""Renders what the time line says below its rows: what is at the cursor, and why it is idle there.

Must not read files or the clock.
"""

from __future__ import annotations

from pbt_tui.journal import status_text
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.journal.status_text import duration
from pbt_tui.observe.occupancy import Lane
from pbt_tui.tui import labels
from pbt_tui.tui.render.timeline import LEGEND, attempt_of
from pbt_tui.tui.text import Line, Span, at, cells, safe, wrap

_MOST = 3
"""Attempts in one cell that are named."""


def clock(moment: float, now: float) -> str:
    """A time, within those that have a date."""
    return at(max(0.0, min(moment, 1e11)), now)


def attempts(state: RunState, lane: Lane, low: int, high: int, now: float) -> list[Line]:
    """The attempts from `low` to `high`, exclusive, of a lane: a line for each."""
    lines = []
    for place in range(low, min(high, low + _MOST)):
        attempt = attempt_of(state, lane, place)
        if attempt is not None:
            lines.append(_attempt(state, lane, place, attempt, now))
    if high - low > _MOST:
        lines.append(((f" and {high - low - _MOST} more: + shows less time", "dim"),))
    return lines


def _attempt(state: RunState, lane: Lane, place: int, attempt: Attempt, now: float) -> Line:
    job = state.jobs[lane.jobs[place]]
    many = len(job.attempts)
    begin, held = lane.begins[place], lane.held(place)
    which = f"attempt {attempt.number}" + (f" of {many}" if many > 1 else "")
    if attempt.outcome is None:
        when = f"since {clock(begin, now)} ({duration(now - begin)})"
    else:
        when = f"{clock(begin, now)} to {clock(held.end, now)} ({duration(held.end - begin)})"
    where = []
    if attempt.gpus:
        where.append(f"GPU {safe(labels.gpu_names(state, attempt.gpus))}")
    if attempt.node:
        where.append(f"on {labels.node_name(attempt.node)}")
    if attempt.restarts:
        where.append(f"started again {attempt.restarts} times by its queue")
    about = " · ".join([which, *where, when])
    detail = status_text.ending_text(attempt) if attempt.outcome not in (None, "succeeded") else ""
    ending = f"{attempt.outcome}: {detail}" if detail else status_text.outcome_text(attempt)
    style = {None: "run", "succeeded": "good", "stopped": "warn", "interrupted": "warn"}
    return (
        (f" {safe(job.spec.id)}", "title"),
        (f"  {about}  ", ""),
        (safe(ending), style.get(attempt.outcome, "bad")),
    )


def idle(name: str, begin: float, end: float, now: float, *, waits: bool, is_open: bool) -> Line:
    """What is idle, or which job waits, and for how long."""
    word = "waits" if waits and is_open else "waited" if waits else "idle"
    since = f"since {clock(begin, now)}" if is_open else f"{clock(begin, now)} to {clock(end, now)}"
    return ((f" {name}", "title"), (f"  {word} {since} ({duration(end - begin)})", ""))


def reason(moment: float, now: float, why: str | None) -> Line:
    """Why it was idle at the cursor; None: that is being found out."""
    when = f" why at {clock(moment, now)}: "
    return ((when, "head"), (safe(why), "warn") if why is not None else ("…", "dim"))


def folded(lines: list[Line], width: int, most: int) -> list[Line]:
    """The lines in so many cells: a long one goes on in the next."""
    out: list[Line] = []
    for spans in lines:
        rest: list[Span] = []
        room = width - 1
        for text, style in spans:
            pieces = wrap(text, room) if cells(text) > room > 8 else [text]
            rest.append((pieces[0], style))
            room -= cells(pieces[0])
            if len(pieces) > 1:
                out.append(tuple(rest))
                again = wrap("".join(pieces[1:]).strip(), width - 4)
                out += [((f"   {piece}", style),) for piece in again[:-1]]
                rest = [(f"   {again[-1]}", style)]
                room = width - 4 - cells(again[-1])
        out.append(tuple(rest))
    return out[:most]


def legend(width: int) -> Line:
    """What the glyphs mean, as many as there is room for."""
    spans: list[Span] = [(" ", "")]
    room = width - 1
    for glyph, style, word in LEGEND:
        text = f" {word}  "
        if room < 1 + len(text):
            break
        spans += [(glyph, style), (text, "dim")]
        room -= 1 + len(text)
    return tuple(spans)
