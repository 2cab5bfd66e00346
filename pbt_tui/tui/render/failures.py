"""Renders the failures page: the table of groups, and one job of a group with the end of its log.

Must not read files: the caller passes the lines of the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from pbt_tui.journal import status_text
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.journal.status_text import duration
from pbt_tui.observe.failure_grouping import Group
from pbt_tui.tui import labels
from pbt_tui.tui.text import Frame, Line, Span, at, both, cut, fit, safe, wrap

Of = Callable[[JobState], str]


def head(width: int) -> Line:
    return ((fit("     N  SIGNATURE", _signature(width) + 8), "head"), *_right(width, None))


def row(group: Group, state: RunState, width: int, now: float) -> Line:
    room = _signature(width)
    jobs = [state.by_id[name] for name in group.jobs]
    where = _where(jobs, state)
    return (
        (f"  {group.count:>4}  ", "bad"),
        (fit(safe(group.signature), room), ""),
        *_right(width, (where, at(group.last_at, now))),
    )


def _signature(width: int) -> int:
    return max(10, width - 8 - (10 if width >= 60 else 0) - (20 if width >= 100 else 0))


def _right(width: int, cells_: tuple[str, str] | None) -> list[Span]:
    where, last = cells_ or ("WHERE", "LAST")
    style = "dim" if cells_ else "head"
    spans: list[Span] = []
    if width >= 100:
        spans.append(("  " + fit(where, 18), style))
    if width >= 60:
        spans.append(("  " + fit(last, 8, ">"), style))
    return spans


def _where(jobs: Sequence[JobState], state: RunState) -> str:
    """The GPUs (in a cluster: nodes) on which the jobs failed, with the number of jobs."""
    what, on = "GPU", Counter(map(_gpu_of(state), jobs))
    del on[""]
    if not on:
        what, on = "node", Counter(map(_node_of, jobs))
        del on[""]
    if not on:
        return "-"
    name, count = on.most_common(1)[0]
    rest = len(on) - 1
    if not rest:
        return f"{what} {name}" + (f" ×{count}" if count > 1 else "")
    return f"{what} {name} ×{count}, {rest} more" if count > 1 else f"{len(on)} {what}s"


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
    note: str | None = None,
) -> list[Line]:
    """One failed job: outcome, cause, and the end of its log."""
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
    if attempt is not None and attempt.detail:
        lines += [((" " + piece, ""),) for piece in wrap(safe(attempt.detail), width - 2)[:3]]
    if note:
        lines.append(((f" note: {cut(note, width - 8)}", "warn"),))
    room = height - len(lines) - 1
    if room > 0:
        where = f" log, line {attempt.line}" if attempt and attempt.line else " end of its log"
        lines.append(((where, "head"),))
        lines += excerpt(log, attempt.detail if attempt else None, width, room)
    return lines


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
