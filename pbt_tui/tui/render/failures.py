"""Renders the failures page: the table of groups, and one job of a group with the end of its log.

Must not read files: the caller passes the lines of the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from pbt_tui.journal import status_text
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.journal.status_text import duration
from pbt_tui.observe.failure_grouping import Group
from pbt_tui.tui import labels
from pbt_tui.tui.render.sparkline import counted
from pbt_tui.tui.text import Frame, Line, Span, at, both, cut, fit, safe, wrap

if TYPE_CHECKING:
    from pbt_tui.observe.failure_differences import FailureFindings

Of = Callable[[JobState], str]
_SMALL = 14
"""Lines of the detail below which it is shortened, so that the sentences stay."""


def head(width: int) -> Line:
    return ((fit("     N  SIGNATURE", _signature(width) + 8), "head"), *_right(width, None))


def row(group: Group, places: str, width: int, begin: float, now: float) -> Line:
    """A group: its number of jobs, its signature, when and where they failed.

    Args:
        group: The group.
        places: The GPUs or nodes on which its jobs ran, in some words.
        width: Cells.
        begin: When the run began, in Unix seconds.
        now: The time of drawing, in Unix seconds.
    """
    when = counted(group.histogram(begin, now, _when(width)))
    return (
        (f"  {group.count:>4}  ", "bad"),
        (fit(safe(group.signature), _signature(width)), ""),
        *_right(width, (when, places or "-", at(group.last_at, now))),
    )


def _when(width: int) -> int:
    """Cells of the histogram."""
    return 24 if width >= 160 else 12 if width >= 100 else 8 if width >= 72 else 0


def _signature(width: int) -> int:
    last, where = 10 if width >= 60 else 0, 20 if width >= 100 else 0
    when = _when(width) + 2 if _when(width) else 0
    return max(10, width - 8 - last - where - when)


def _right(width: int, cells_: tuple[str, str, str] | None) -> list[Span]:
    when, where, last = cells_ or ("WHEN", "WHERE", "LAST")
    style = "dim" if cells_ else "head"
    spans: list[Span] = []
    if _when(width):
        spans.append(("  " + fit(when, _when(width)), "bad" if cells_ else "head"))
    if width >= 100:
        spans.append(("  " + fit(where, 18), style))
    if width >= 60:
        spans.append(("  " + fit(last, 8, ">"), style))
    return spans


def concentration(jobs: Sequence[JobState], state: RunState) -> str | None:
    """A GPU, node or parameter value that 70 % of a group share and most other jobs do not.

    None if there is none, or if the group has fewer than three jobs.
    """
    if len(jobs) < 3:
        return None
    everyone = [job for job in state.jobs if job.attempts]
    for what, of in (("on GPU", _gpu_of(state)), ("on node", _node_of)):
        shared = _shared(what, of, jobs, everyone)
        if shared:
            return shared
    for name in jobs[0].spec.params:
        shared = _shared(f"with {name} =", _param_of(name), jobs, everyone)
        if shared:
            return shared
    return None


def _shared(
    what: str, of: Of, jobs: Sequence[JobState], everyone: Sequence[JobState]
) -> str | None:
    values = Counter(of(job) for job in jobs)
    value, count = values.most_common(1)[0]
    if not value or count < 0.7 * len(jobs):
        return None
    others = Counter(of(job) for job in everyone)
    if others[value] > 0.5 * len(everyone):
        return None  # most jobs share it, so it does not explain the failures
    return f"{count} of {len(jobs)} {what} {value}"


def _gpu_of(state: RunState) -> Of:
    return lambda job: labels.gpu_names(state, job.attempts[-1].gpus) if job.attempts else ""


def _node_of(job: JobState) -> str:
    return labels.node_name(job.attempts[-1].node) if job.attempts else ""


def _param_of(name: str) -> Of:
    return lambda job: safe(str(job.spec.params.get(name, "")))


def detail(
    job: JobState,
    state: RunState,
    frame: Frame,
    *,
    place: tuple[int, int],
    log: Sequence[str],
    told: Sequence[tuple[str, str]] = (),
) -> list[Line]:
    """One failed job: outcome, cause, what is known of its group, and the end of its log.

    Args:
        job: The job.
        state: The state of the run.
        frame: The area, and the time of drawing.
        place: The number of the job in its group, and how many there are.
        log: The last lines of its log.
        told: When and where the group failed, and what differs from good jobs: a heading and a
            sentence each, the most important last.
    """
    width, height, now = frame
    attempt = job.attempt
    which, many = place
    title: list[Span] = [(f" {job.spec.id}", "title")]
    if attempt is not None:
        facts = [f"attempt {attempt.number}"]
        if attempt.gpus:
            facts.append(f"GPU {labels.gpu_names(state, attempt.gpus)}")
        if attempt.node:
            facts.append(f"on {labels.node_name(attempt.node)}")
        if attempt.started_at is not None and attempt.ended_at is not None:
            facts.append(f"ran {duration(attempt.ended_at - attempt.started_at)}")
        if attempt.ended_at is not None:
            facts.append(f"ended {at(attempt.ended_at, now)}")
        title.append(("  " + " · ".join(facts), "dim"))
    lines: list[Line] = [
        (("─" * width, "dim"),),
        both(tuple(title), ((f"{which} of {many} (n N) ", "dim"),), width),
    ]
    if attempt is not None:
        lines.append(((" " + cut(status_text.outcome_text(attempt), width - 2), "bad"),))
    is_small = height < _SMALL
    if attempt is not None and attempt.detail:
        pieces = wrap(safe(attempt.detail), width - 2)[: 1 if is_small else 3]
        lines += [((" " + piece, ""),) for piece in pieces]
    lines += _told(told[-2:] if is_small else told, width)
    room = height - len(lines) - 1
    if room > 0:
        where = f" log, line {attempt.line}" if attempt and attempt.line else " end of its log"
        lines.append(((where, "head"),))
        lines += excerpt(log, attempt.detail if attempt else None, width, room)
    return lines


def _told(told: Sequence[tuple[str, str]], width: int) -> list[Line]:
    lines: list[Line] = []
    before = ""
    for heading, text in told:
        for piece in wrap(safe(text), max(10, width - 11))[:2]:
            head = f" {heading if heading != before else '':<8}  "
            lines.append(((head, "head"), (piece, "warn" if heading == "where" else "")))
            before = heading
    return lines


def told(
    group: Group,
    found: FailureFindings | None,
    near: str,
    *,
    where: str | None,
    now: float,
) -> list[tuple[str, str]]:
    """What is known of a group: a heading and a sentence each.

    Args:
        group: The group.
        found: What is known of it; None while the jobs are compared.
        near: How the job that is shown differs from the nearest good one.
        where: Where most of its jobs ran; None: at no place in particular.
        now: The time of drawing, in Unix seconds.
    """
    from pbt_tui.observe.failure_differences import shared_text  # late, for a fast first page

    lines = [("when", when(group, now))]
    if where:
        lines.append(("where", where))
    if found is None:
        return [*lines, ("compared", "the good jobs are read …")]
    shared = shared_text(group, found)
    if shared:
        lines.append(("compared", shared))
    return [*lines, ("compared", near)]


def when(group: Group, now: float) -> str:
    """`5 in 7m06, from 09:23:35 to 09:30:41`."""
    if group.count == 1:
        return f"once, at {at(group.last_at, now)}"
    took = duration(group.last_at - group.first_at)
    return f"{group.count} in {took}, from {at(group.first_at, now)} to {at(group.last_at, now)}"


def excerpt(log: Sequence[str], cause: str | None, width: int, height: int) -> list[Line]:
    """The last `height` lines; the line that shows the cause is marked and kept visible."""
    if not log:
        return [(("   the log is empty", "dim"),)]
    needle = safe(cause)[:60] if cause else None
    marked = next((i for i in range(len(log) - 1, -1, -1) if needle and needle in log[i]), None)
    last = len(log) if marked is None else min(len(log), max(marked + 3, height))
    first = max(0, last - height)
    lines: list[Line] = []
    for i in range(first, last):
        mark, style = (" ▸ ", "bad") if i == marked else ("   ", "")
        lines.append(((mark, style), (cut(log[i], width - 4), style)))
    return lines


def none(width: int, failed_before: int) -> list[Line]:
    """The page of a run without failures."""
    lines: list[Line] = [(), (("  ✓ nothing has failed", "good"),)]
    if failed_before:
        lines.append(((f"  {failed_before} attempts failed and were retried", "dim"),))
    return [*lines, (), (("  1", "key"), (" all jobs", "dim"))]
