"""The run as one page of plain text, for pipes, logs and screen readers: `--once`.

It uses the lines of the screens without their styles. Must not import Textual.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pbt_tui.journal.state import RunState
from pbt_tui.observe import failure_differences
from pbt_tui.observe.failure_rows import STUDIED, difference_text, where_text
from pbt_tui.observe.gpu_status import gpu_rows
from pbt_tui.observe.snapshot_types import PopulationRow
from pbt_tui.tui import labels
from pbt_tui.tui.columns import TableContext, TableLayout
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.model import Model
from pbt_tui.tui.render import population as render_population
from pbt_tui.tui.render import queue as render_queue
from pbt_tui.tui.render import round_lines, strips
from pbt_tui.tui.text import Line, ascii_only, cut, plain, safe, wrap

if TYPE_CHECKING:
    from pbt_tui.tui.time_travel.past_run import PastRun

_JOBS = 40
_POPULATIONS = 8
_LOGS = 3
"""Number of jobs of a group of failures whose logs are listed."""


def page(
    follower: JournalFollower | PastRun,
    now: float,
    *,
    width: int = 80,
    populations: Sequence[PopulationRow] = (),
    then: str | None = None,
) -> str:
    """The whole page, ending with a newline. `follower` must have read the journal.

    `then`: the moment at which the run is shown as it was; None: it is shown as it is.
    """
    state = follower.state
    model = Model(follower)
    lines: list[Line] = []
    if not follower.workspace:
        status, _ = labels.run_status(state, follower.holder)
        if then is not None:
            lines.append(((f"⏪ {then}", ""),))
        lines.append(((f"{strips.run_name(state)}  {status}", ""),))
        who = labels.executor_text(state, follower.holder)
        runtime = f"{state.executor.runtime} · " if state.executor else ""
        if who:
            lines.append(((f"{runtime}{who}", ""),))
        lines.append(((f"{follower.rundir.path}", ""),))
        lines += [(), _flush(strips.counts(state, width))]
        if model.queue is not None:
            asks = follower.holder is not None
            texts = model.kind.queue if model.kind is not None else None
            strip = render_queue.strip(model.queue, width, now, asks=asks, texts=texts)
            lines += map(_flush, strip)
        lines += _failures(model, follower, width)
        gpus = gpu_rows(state, follower.rundir, live=follower.holder is not None)
        if any(gpu.uuid is not None or gpu.jobs for gpu in gpus):
            slots = state.policy.experiments_per_gpu
            lines += [(), *map(_flush, strips.gpus(gpus, width, slots, limit=16))]
        lines += _jobs(model, now, width)
    for row in populations[:_POPULATIONS]:
        lines += _population(row, width, now)
    if len(populations) > _POPULATIONS:
        lines.append(((f"… {len(populations) - _POPULATIONS} more populations", ""),))
    return "".join(safe(plain(line)) + "\n" for line in lines)


def in_ascii(text: str) -> str:
    return "\n".join(map(ascii_only, text.split("\n")))


def exit_code(state: RunState) -> int:
    """The exit code that `pbt-run` would return for a closed run; 0 if the run is not closed."""
    return 0 if state.closed in (None, "succeeded") else 4


def _failures(model: Model, follower: JournalFollower | PastRun, width: int) -> list[Line]:
    if not model.groups:
        return []
    lines: list[Line] = [(), (("failures", ""),)]
    live = follower.holder is not None
    gpus = gpu_rows(model.state, follower.rundir, live=live)
    for place, group in enumerate(model.groups):
        signature = wrap(f"{group.count}× {safe(group.signature)}", width - 4)
        lines += [(("  " + piece, ""),) for piece in signature]
        if place < STUDIED:
            found = failure_differences.find(group, model.state)
            where = where_text(found, gpus, live=live)
            difference = difference_text(group, found, model.state)
            for text in filter(None, (where, difference)):
                lines += [(("     " + piece, ""),) for piece in wrap(safe(text), width - 7)]
        for name in group.jobs[:_LOGS]:
            job = model.state.by_id[name]
            attempt = job.attempt
            if attempt is None:
                continue
            where = f":{attempt.line}" if attempt.line else ""
            lines.append(((f"     {follower.rundir.log(name, attempt.number)}{where}", ""),))
        if group.count > _LOGS:
            lines.append(((f"     … {group.count - _LOGS} more", ""),))
    return lines


def _jobs(model: Model, now: float, width: int) -> list[Line]:
    state = model.state
    while model.poll_progress(now):
        pass
    layout = TableLayout(width, model.longest, model.useless_columns, model.parameters)
    context = TableContext(
        state,
        now,
        progress=model.progress_of,
        series=model.progress.series,
        queue_status=model.queue_status,
        pause=model.pause,
        held=model.follower.held,
    )
    lines: list[Line] = [(), _flush(layout.head())]
    shown = model.rows.order[:_JOBS]
    lines += [_flush(layout.row(state.jobs[i], context, False)) for i in shown]
    if len(state.jobs) > _JOBS:
        lines.append(((f"… {len(state.jobs) - _JOBS} more; `--once --json` has them all", ""),))
    return lines


def _population(row: PopulationRow, width: int, now: float) -> list[Line]:
    lines = [(), *map(_flush, render_population.title(row, (1, 1), width))]
    if all(member.generation is None for member in row.members):
        return lines
    table = render_population.MemberTable(row, width, now)
    lines.append(_flush(table.head()))
    ranked = render_population.ranked(row)
    lines += [_flush(table.line(i + 1, member)) for i, member in enumerate(ranked[:_JOBS])]
    if row.events:
        lines += map(_flush, round_lines.history(row, width, 6, now))
    return lines


def _flush(line: Line) -> Line:
    """The line without the left margin of screens."""
    text = plain(line)
    return ((cut(text[1:] if text.startswith(" ") else text, 10_000), ""),)
