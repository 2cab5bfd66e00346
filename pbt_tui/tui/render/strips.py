"""Renders the strips above the table: the executor, counts of states, failures and GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pbt_tui.journal import status_text
from pbt_tui.journal.state import RunState
from pbt_tui.journal.status_text import duration
from pbt_tui.observe.progress import Remaining
from pbt_tui.tui import labels
from pbt_tui.tui.render.sparkline import BLOCKS, counted
from pbt_tui.tui.text import Line, Span, both, cells, clip, cut, filled, fit, length, safe, wrap

if TYPE_CHECKING:
    from pbt_tui.observe.failure_grouping import Group
    from pbt_tui.observe.snapshot_types import GpuRow

SHORT = {
    "running": "run",
    "waiting": "wait",
    "succeeded": "done",
    "failed": "fail",
    "cancelled": "cancel",
    "skipped": "skip",
}
_GPU_CELLS, _GPU_LINES = 60, 4
"""Least cells of a GPU where several are in a line, and most lines of GPUs."""
_HISTORY = 8
"""Minutes of a GPU's use that are drawn."""
_WIDE, _WHEN = 100, 5
"""Cells from which the groups of failures have a histogram, and its cells."""
_HOT = 84
"""Degrees Celsius from which a GPU is marked: data centre devices slow down a little above."""
PAGES = ("jobs", "failures", "population", "log", "timeline")
_RUNS = "6 runs"


def run_name(state: RunState) -> str:
    return safe(state.spec.run + (f"_{state.spec.suffix}" if state.spec.suffix else ""))


def header(
    state: RunState,
    holder: int | None,
    width: int,
    *,
    page: str = "jobs",
    loaded: bool = True,
    error: str | None = None,
    read_only: bool = False,
    workspace: bool = False,
    runs: bool = False,
    then: str | None = None,
) -> Line:
    """One line: the run, its status, its executor and the page.

    `then`: the moment at which the run is shown as it was; None: it is shown as it is.
    """
    status, style = labels.run_status(state, holder, loaded)
    if workspace:
        status, style = "○ a workspace without a run: no requests possible", "dim"
    if error is not None:
        status, style = f"! {safe(error)}", "bad"
    left: list[Span] = [(" " + run_name(state) + " ", "title")]
    if then is not None:
        left.append((f"  ⏪ {then}", "warn"))
    left.append(("  " + status, style))
    who = labels.executor_text(state, holder) if then is None else ""
    runtime = state.executor.runtime if state.executor else ""
    if width >= 100 and who and error is None:
        left.append((f"   {runtime} · {who}", "dim"))
    elif width >= 72 and who and error is None:
        left.append((f"  {who}", "dim"))
    right: list[Span] = [("read-only  ", "warn")] if read_only else []
    if width >= 130:
        for number, name in enumerate(PAGES, 1):
            right.append((f"{number} {name}", "title" if name == page else "dim"))
            right.append(("  ", ""))
        if runs:
            right += [(_RUNS, "dim"), ("  ", "")]
        right.pop()
    elif page != "jobs":
        right.append((page, "title"))
    right.append((" ", ""))
    return both(tuple(left), tuple(right), width)


def nameless(page: str, width: int) -> Line:
    """The header of a page that is about no run."""
    return both(((" pbt-tui ", "title"),), ((page, "title"), (" ", "")), width)


def page_at(header: Line, x: int) -> str | None:
    """The number of the page whose name covers a cell of the header; None: none does."""
    end = 0
    for text, _ in header:
        end += cells(text)
        if x < end:
            number, _, name = text.partition(" ")
            return number if text == _RUNS or (name in PAGES and number.isdigit()) else None
    return None


def trouble(header: Line, text: str, width: int) -> list[Line]:
    """All of a text that the header had to cut; nothing if it shows all of it."""
    text = safe(text)
    if any(text in shown for shown, _ in header):
        return []
    return [((f" {piece}", "bad"),) for piece in wrap(text, max(20, width - 2))]


def bar(done: int, bad: int, total: int, width: int) -> list[Span]:
    """A bar of `width` cells: succeeded jobs, jobs that ended otherwise, and the rest."""
    if total <= 0 or width < 4:
        return []
    good = done * width // total
    ill = min(width - good, -(-bad * width // total)) if bad else 0
    return [("━" * good, "good"), ("━" * ill, "bad"), ("─" * (width - good - ill), "dim")]


def counts(
    state: RunState,
    width: int,
    left: Remaining | None = None,
    best: tuple[str, float] | None = None,
    rate: float | None = None,
) -> Line:
    """One line: the number of jobs in each state, a bar, and the percentage of ended jobs.

    Args:
        left: The time that the run still needs. This and what follows is shown if there is room.
        best: The job with the best objective, and the objective.
        rate: Frames or steps per second of all active jobs.
    """
    have = status_text.counts(state)
    total = sum(have.values())
    ended = total - have["running"] - have["waiting"]
    percent = f"{ended * 100 // total if total else 0} % ended"
    for names in ({}, SHORT):  # labels become shorter before numbers are cut
        spans: list[Span] = [(" ", "")]
        for name, count in have.items():
            if count or name in ("running", "waiting", "succeeded", "failed"):
                glyph, style = labels.STATES[name]
                label = names.get(name, name)
                spans.append((f"{glyph} {count} {label}", style if count else "dim"))
                spans.append(("  ", ""))
        if length(spans) + len(percent) <= width - 1:
            break
    if length(spans) + len(percent) > width:
        percent = percent.removesuffix(" ended")
    room = width - length(spans) - len(percent) - 2
    if left is not None:  # the time that is left comes before the bar
        room -= len(f"ETA {duration(left.seconds)}") + 4
    if room >= 8:
        bad = have["failed"] + have["cancelled"] + have["skipped"]
        spans += [*bar(have["succeeded"], bad, total, min(room, max(40, width // 4))), (" ", "")]
    line = clip((*spans, (percent, "")), width)
    told: list[Span] = [(" ", "")]
    room = width - length(line) - 1
    for text, style in _telling(left, best, rate):
        known = any(text.split()[0] == one.partition(" ")[0] for one, _ in told)
        if not known and length(told) + len(text) + (3 if len(told) > 1 else 0) <= room:
            told = [(text, style), ("   " if len(told) > 1 else " ", ""), *told[len(told) == 1 :]]
    return both(line, tuple(told), width) if len(told) > 1 else line


def _telling(
    left: Remaining | None, best: tuple[str, float] | None, rate: float | None
) -> list[Span]:
    """What stands at the right end of the counts, the most important first."""
    found: list[Span] = []
    if left is not None:
        low, high = duration(left.low), duration(left.high)
        if low != high:
            found.append((f"ETA {duration(left.seconds)} ({low} to {high})", "dim"))
        found.append((f"ETA {duration(left.seconds)}", "dim"))
    if best is not None:
        found.append((f"best {best[1]:.4g} ({safe(best[0])})", "good"))
    if rate is not None:
        found.append((f"{status_text.short_number(rate)} fps", "dim"))
    return found


def reading(state: RunState) -> Line:
    """Replaces the counts while the journal is loading."""
    return ((f" … {state.seq} events read", "dim"),)


def failures(groups: Sequence[Group], width: int, begin: float = 0.0, now: float = 0.0) -> Line:
    """One line with the largest groups of failures; empty if nothing failed.

    Args:
        groups: The groups, the largest first.
        width: Cells. On a wide screen, each group has a histogram of its failures.
        begin: When the run began, in Unix seconds.
        now: The time of drawing, in Unix seconds.
    """
    if not groups:
        return ()
    jobs = sum(group.count for group in groups)
    alike = "" if len(groups) == jobs else f" in {_n(len(groups), 'group')}"
    left: list[Span] = [(f" ✗ {jobs} failed{alike}", "bad")]
    room = width - length(left) - 14
    for index, group in enumerate(groups):
        text = ("  " if index == 0 else "  ·  ") + f"{group.count}× {safe(group.signature)}"
        if now > begin > 0 and width >= _WIDE and len(text) + _WHEN < room:
            text += " " + counted(group.histogram(begin, now, _WHEN))
        if len(text) > room:
            if index == 0 or room > 20:
                left.append((cut(text, room), ""))
            break
        left.append((text, ""))
        room -= len(text)
    return both(tuple(left), (("f", "key"), (" failures ", "dim")), width)


def gpus(rows: Sequence[GpuRow], width: int, slots: int, limit: int = 16) -> list[Line]:
    """One cell for each GPU: use, memory, temperature, jobs; as many in a line as fit."""
    columns = max(1, min(width // _GPU_CELLS, len(rows)))
    each = width // columns
    most = min(limit, _GPU_LINES * columns) if columns > 1 else limit
    shown = rows if len(rows) <= most else rows[: most - 1]
    names = [gpu_name(gpu) for gpu in rows]
    longest = max(map(len, names), default=0)
    drawn = [
        _gpu(gpu, fit(name, longest), each, slots) for gpu, name in zip(shown, names, strict=False)
    ]
    height = -(-len(drawn) // columns)
    lines: list[Line] = []
    for row in range(height):
        line: list[Span] = []
        for column in range(columns):
            index = row + column * height
            if index < len(drawn):
                line += drawn[index]
        lines.append(tuple(line))
    if len(rows) > len(shown):
        busy = sum(1 for gpu in rows[len(shown) :] if gpu.jobs)
        lines.append(((f" + {len(rows) - len(shown)} more GPUs, {busy} busy", "dim"),))
    return lines


def gpu_name(gpu: GpuRow) -> str:
    return f"GPU {gpu.index if gpu.index is not None else (gpu.uuid or '?')[:8]}"


def gpu_numbers(gpu: GpuRow) -> list[Span]:
    """Use with its history, memory and temperature, as far as they are known."""
    spans: list[Span] = []
    if gpu.utilisation is not None:
        if gpu.history:
            spans.append((use_history(gpu.history, _HISTORY) + " ", "dim"))
        spans.append((f"{gpu.utilisation:>3} %  ", ""))
    if gpu.memory is not None:
        total = f"{gpu.memory / 1e9:.0f}"
        used = "" if gpu.memory_used is None else f"{gpu.memory_used / 1e9:.0f}/"
        spans.append((fit(f"{used}{total} GB", 2 * len(total) + 4, ">") + "  ", ""))
    if gpu.temperature is not None:
        hot = gpu.temperature >= _HOT
        spans.append((f"{gpu.temperature:>2}°{'!' if hot else ' '} ", "warn" if hot else ""))
    return spans


def _gpu(gpu: GpuRow, name: str, width: int, slots: int) -> list[Span]:
    spans: list[Span] = [(f" {name}  ", "")]
    if slots > 1:
        spans.append((fit(f"{len(gpu.jobs)}/{slots}", 4) + " ", "dim"))
    parts = [" ".join(gpu.jobs)] if gpu.jobs else []
    if gpu.drained:
        parts.insert(0, f"drained: {safe(gpu.drained_why)}" if gpu.drained_why else "drained")
    if gpu.held is not None:
        parts.append(safe(gpu.held))
    if gpu.others:
        parts.append(f"{'also' if gpu.jobs else 'taken:'} {safe(gpu.others)}")
    what = "; ".join(parts) or "idle"
    style = "warn" if gpu.drained or gpu.others else "run" if gpu.jobs else "dim"
    room = width - length(spans) - 1
    numbers = gpu_numbers(gpu)
    if length(((what, ""),)) > room - length(numbers) and style == "warn":
        numbers = []  # what a person has to know comes before numbers
    return list(filled((*spans, *numbers, (cut(what, room - length(numbers)), style)), (), width))


def use_history(history: Sequence[int | None], width: int) -> str:
    """The use of a GPU in the last minutes as a sparkline of `width` cells.

    Example:
        >>> use_history((0, None, 50, 100), 3)
        ' ▄▇'
    """
    most = len(BLOCKS) - 1
    drawn = "".join(
        " " if value is None else BLOCKS[max(0, min(most, value * len(BLOCKS) // 101))]
        for value in history[-width:]
    )
    return drawn.rjust(width)


def _n(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
