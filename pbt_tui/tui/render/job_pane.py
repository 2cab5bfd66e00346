"""Renders the pane below the job table: the job or the group of jobs under the cursor.

Must not read files: the caller passes the lines of the log.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pbt_tui.journal import status_text
from pbt_tui.journal.state import ACTIVE, JobState
from pbt_tui.journal.status_text import duration, lasting
from pbt_tui.observe.process_use import ProcessUse
from pbt_tui.observe.snapshot_types import GpuRow
from pbt_tui.scheduler.explain import explain
from pbt_tui.tui import labels
from pbt_tui.tui.columns import TableContext
from pbt_tui.tui.folding import Fold
from pbt_tui.tui.render import folds, strips
from pbt_tui.tui.render.failures import excerpt
from pbt_tui.tui.render.job_curve import job_curve
from pbt_tui.tui.runtime_view import kind_of
from pbt_tui.tui.text import Line, Span, amount, at, clip, cut, filled, fit, length, safe, wrap

_SIZES = ((160, 28), (110, 36))
"""Columns and rows of a terminal from which the pane is shown unless a person has closed it."""
LEAST = 9
"""Lines of the pane at least."""
_NAME = 9
"""Cells of the name before a fact."""
_VALUES = 2000
"""Jobs of a group whose parameters are counted."""


def has_room(width: int, height: int) -> bool:
    """Whether a terminal is so large that the pane is shown by itself."""
    return any(width >= columns and height >= rows for columns, rows in _SIZES)


def pane_height(room: int, rows: int, now: int) -> int:
    """Lines for the pane: what the table leaves, within bounds.

    Args:
        room: Lines for table and pane together.
        rows: Rows of the table.
        now: Lines of the pane until now; it keeps them while little would change.
    """
    least, most = max(LEAST, room * 3 // 10), room * 6 // 10
    wanted = max(least, min(most, room - rows))
    return now if least <= now <= most and 0 <= wanted - now <= 3 else wanted


def of_job(
    job: JobState,
    context: TableContext,
    width: int,
    height: int,
    *,
    log: Sequence[str],
    gpus: Sequence[GpuRow] = (),
    use: ProcessUse | None = None,
    ascii_only: bool = False,
) -> list[Line]:
    """The pane of a job: its curve, facts, and the end of its log.

    Args:
        gpus: The GPUs of the executor.
        use: What its processes use; None: unknown.
        ascii_only: Whether the terminal shows ASCII alone.
    """
    suspended = context.is_suspended(job)
    state = labels.state_span(job, suspended=suspended, pause=context.pause(job))
    lines = [_rule(((job.spec.id, "title"), ("  ", ""), state), width)]
    series, found = context.series(job), context.progress(job)
    unit = found.unit if found is not None and found.unit else "steps"
    body = height - 1
    curve: list[Line] = []
    if series is not None:
        curve = job_curve(series, width * 11 // 20, body, unit=unit, ascii_only=ascii_only)
    room = width - (width * 11 // 20 + 3 if curve else 0)
    facts = _facts(job, context, gpus, use, room if curve else width // 2)
    detail = job.attempt.detail if job.attempt is not None else None
    if curve:
        facts = facts[: max(3, body - 2)]
        rest = body - len(facts)
        right = facts + (_log(log, detail, room, rest) if job.attempts and rest > 0 else [])
        return lines + _beside(curve, right, width, body, width * 11 // 20 + 3)
    left = width // 2
    right = _log(log, detail, width - left - 2, body) if job.attempts else []
    return lines + _beside(facts, right, width, body, left + 2)


def of_fold(
    fold: Fold, context: TableContext, width: int, height: int, *, log: Sequence[str] = ()
) -> list[Line]:
    """The pane of a group: what its jobs have in common, their names, and a log of one of them.

    Args:
        log: The end of the log of its first job.
    """
    jobs = [context.state.jobs[i] for i in fold.jobs]
    title: Line = ((f"{len(jobs)} jobs", "title"), ("  ", ""), folds.state(fold))
    left = width // 2
    facts: list[Line] = []
    why = "".join(text for text, _ in folds.note(fold, context))
    detail = jobs[0].attempt.detail if fold.state == "failed" and jobs[0].attempt else None
    facts += _fact("why", safe(detail) if detail else why, left, 3)
    for name, text in _values(jobs[:_VALUES]):
        facts += _fact(name, text, left, 1)
    names = ", ".join(job.spec.id for job in jobs[:200])
    facts = facts[: max(2, height - 3)]
    facts += _fact("jobs", names, left, max(1, height - 1 - len(facts)))
    right: list[Line] = []
    if fold.state == "failed" and height > 3:
        right = [(("   first: ", "dim"), (jobs[0].spec.id, ""))]
        right += _log(log, detail, width - left - 2, height - 2)
    return [_rule(title, width), *_beside(facts, right, width, height - 1, left + 2)]


def _rule(title: Line, width: int) -> Line:
    line: list[Span] = [("─ ", "dim"), *title, (" ", "")]
    return clip((*line, ("─" * max(0, width - length(line)), "dim")), width)


def _facts(
    job: JobState,
    context: TableContext,
    gpus: Sequence[GpuRow],
    use: ProcessUse | None,
    width: int,
) -> list[Line]:
    lines: list[Line] = []
    if job.phase == "waiting" or (job.phase in ("skipped", "cancelled") and not job.attempts):
        why = explain(context.state, job.spec.id, context.now, context.held)
        lines += _fact("why", safe(why), width, 2)
    lines += _fact("params", _params(job), width, 3)
    attempt = job.attempt
    if attempt is not None:
        lines += _fact("attempt", _attempt_text(job, context), width, 2)
        if attempt.outcome not in (None, "succeeded"):
            why = f"{attempt.outcome}: {status_text.detail_text(attempt)}"
            lines += _fact("ended", safe(why), width, 3)
    if use is not None and job.phase in ACTIVE:
        lines += _fact("use", use_text(use), width, 1)
    mine = [gpu for gpu in gpus if job.spec.id in gpu.jobs and gpu.utilisation is not None]
    for gpu in mine[:8]:
        name = fit(strips.gpu_name(gpu), _NAME - 1)
        lines.append(((f" {name} ", "head"), *strips.gpu_numbers(gpu)))
    return [clip(line, width) for line in lines]


def use_text(use: ProcessUse) -> str:
    """`3.1 cores  12.0 GB resident  4 processes`."""
    cores = "" if use.cores is None else f"{use.cores:.1f} cores  "
    many = "1 process" if use.processes == 1 else f"{use.processes} processes"
    return f"{cores}{amount(use.resident)} resident  {many}"


def _attempt_text(job: JobState, context: TableContext) -> str:
    attempt = job.attempts[-1]
    parts = [str(attempt.number)]
    kind = kind_of(context.state)
    if attempt.handle and kind is not None and attempt.outcome is None:
        handle = safe(attempt.handle)
        parts.append(f"{kind.handle} {handle.partition('.')[0] if kind.plain else handle}")
    if attempt.node and not attempt.queued:
        parts.append(f"on {safe(attempt.node)}")
    if attempt.started_at is not None:
        parts.append(f"since {at(attempt.started_at, context.now)}")
        if attempt.ended_at is None:
            parts.append(lasting(context.now - attempt.started_at))
        else:
            parts.append(f"took {duration(attempt.ended_at - attempt.started_at)}")
    if attempt.why:
        parts.append(safe(attempt.why))
    return "  ".join(parts)


def _params(job: JobState) -> str:
    """All parameters, by the last part of their names where no other has the same."""
    last = Counter(name.rpartition(".")[2] for name in job.spec.params)
    texts = []
    for name, value in job.spec.params.items():
        short = name.rpartition(".")[2]
        shown = short if last[short] == 1 else name
        texts.append(f"{safe(shown)} {labels.value_text(value)}")
    return "  ".join(texts)


def _values(jobs: Sequence[JobState]) -> list[tuple[str, str]]:
    """The parameters of a group with their values, the most frequent first."""
    found = []
    for name in list(jobs[0].spec.params)[:20]:
        counts = Counter(labels.value_text(job.spec.params.get(name)) for job in jobs)
        if len(counts) == len(jobs) > 1 or len(counts) > max(4, len(jobs) // 2):
            continue  # nothing that the jobs have in common
        text = "  ".join(f"{value} ×{count}" for value, count in counts.most_common(12))
        found.append((safe(name.rpartition(".")[2]), text))
    return found


def _fact(name: str, text: str, width: int, most: int) -> list[Line]:
    """A name and its text, on at most `most` lines."""
    if not text:
        return []
    room = max(8, width - _NAME - 1)
    pieces = wrap(text, room)
    if len(pieces) > most:
        pieces = [*pieces[: most - 1], cut("".join(pieces[most - 1 :]), room)]
    head = fit(name, _NAME - 1)
    return [
        ((f" {head} " if i == 0 else " " * (_NAME + 1), "head"), (piece, ""))
        for i, piece in enumerate(pieces)
    ]


def _log(log: Sequence[str], detail: str | None, width: int, height: int) -> list[Line]:
    return excerpt(log, detail, width, max(1, height))[:height]


def _beside(
    left: Sequence[Line], right: Sequence[Line], width: int, height: int, at_cell: int
) -> list[Line]:
    """Two blocks beside each other, in exactly `height` lines; `right` begins at a cell."""
    lines: list[Line] = []
    for row in range(height):
        one = left[row] if row < len(left) else ()
        other = right[row] if row < len(right) else ()
        begin = filled(clip(one, at_cell), (), at_cell)
        lines.append((*begin, *filled(clip(other, width - at_cell), (), width - at_cell)))
    return lines
