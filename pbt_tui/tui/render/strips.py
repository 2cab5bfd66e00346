"""Renders the strips above the table: the executor, counts of states, failures and GPUs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pbt_tui.journal import status_text
from pbt_tui.journal.state import RunState
from pbt_tui.journal.status_text import duration
from pbt_tui.observe.progress import Remaining
from pbt_tui.tui import labels
from pbt_tui.tui.text import Line, Span, both, clip, cut, fit, length, safe, wrap

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
PAGES = ("jobs", "failures", "population", "log")


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
) -> Line:
    """One line: the run, its status, its executor and the page."""
    status, style = labels.run_status(state, holder, loaded)
    if workspace:
        status, style = "○ a workspace without a run: no requests possible", "dim"
    if error is not None:
        status, style = f"! {safe(error)}", "bad"
    left: list[Span] = [(" " + run_name(state) + " ", "title"), ("  " + status, style)]
    who = labels.executor_text(state, holder)
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
        right.pop()
    elif page != "jobs":
        right.append((page, "title"))
    right.append((" ", ""))
    return both(tuple(left), tuple(right), width)


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


def counts(state: RunState, width: int, left: Remaining | None = None) -> Line:
    """One line: the number of jobs in each state, a bar, and the percentage of ended jobs.

    `left`: the time that the run still needs; it is shown if there is room.
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
    if room >= 8:
        bad = have["failed"] + have["cancelled"] + have["skipped"]
        spans += [*bar(have["succeeded"], bad, total, min(room, 40)), (" ", "")]
    line = clip((*spans, (percent, "")), width)
    if left is None:
        return line
    band = f"{duration(left.low)} to {duration(left.high)}"
    for text in (f"ETA {duration(left.seconds)} ({band}) ", f"ETA {duration(left.seconds)} "):
        if length(line) + len(text) + 2 <= width:
            return both(line, ((text, "dim"),), width)
    return line


def reading(state: RunState) -> Line:
    """Replaces the counts while the journal is loading."""
    return ((f" … {state.seq} events read", "dim"),)


def failures(groups: Sequence[Group], width: int) -> Line:
    """One line with the largest groups of failures; empty if nothing failed."""
    if not groups:
        return ()
    jobs = sum(group.count for group in groups)
    alike = "" if len(groups) == jobs else f" in {_n(len(groups), 'group')}"
    left: list[Span] = [(f" ✗ {jobs} failed{alike}", "bad")]
    room = width - length(left) - 14
    for index, group in enumerate(groups):
        text = ("  " if index == 0 else "  ·  ") + f"{group.count}× {safe(group.signature)}"
        if len(text) > room:
            if index == 0 or room > 20:
                left.append((cut(text, room), ""))
            break
        left.append((text, ""))
        room -= len(text)
    return both(tuple(left), (("f", "key"), (" failures ", "dim")), width)


def gpus(rows: Sequence[GpuRow], width: int, slots: int, limit: int = 8) -> list[Line]:
    """One cell for each GPU (index, utilisation, jobs), two cells per line if they fit."""
    columns = 2 if width >= 120 and len(rows) > 1 else 1
    each = width // columns
    shown = rows if len(rows) <= limit else rows[: limit - 1]
    drawn = [_gpu(gpu, each, slots) for gpu in shown]
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
        lines.append(((f"   + {len(rows) - len(shown)} more GPUs, {busy} busy", "dim"),))
    return lines


def _gpu(gpu: GpuRow, width: int, slots: int) -> list[Span]:
    name = gpu.index if gpu.index is not None else (gpu.uuid or "?")[:8]
    head = f" GPU {name}".ljust(8)
    head += f" {len(gpu.jobs)}/{slots}" if slots > 0 else f" {len(gpu.jobs)}"
    head = fit(head, 13)
    if gpu.utilisation is not None:
        head += f"{gpu.utilisation:>4} % " + bar_text(gpu.utilisation, 8)
    if gpu.memory is not None:
        used = "" if gpu.memory_used is None else f"{gpu.memory_used / 1e9:.0f}/"
        head += fit(f"  {used}{gpu.memory / 1e9:.0f} GB", 11)
    parts = [" ".join(gpu.jobs)] if gpu.jobs else []
    if gpu.drained:
        parts.insert(0, f"drained: {safe(gpu.drained_why)}" if gpu.drained_why else "drained")
    if gpu.held is not None:
        parts.append(gpu.held)
    if gpu.others:
        parts.append(f"{'also' if gpu.jobs else 'taken:'} {safe(gpu.others)}")
    what = "; ".join(parts) or "idle"
    style = "warn" if gpu.drained or gpu.others else "run" if gpu.jobs else "dim"
    room = max(0, width - length(((head, ""),)) - 3)
    return [(head + "  ", ""), (fit(what, room) + " ", style)]


def bar_text(percent: int, width: int) -> str:
    full = min(width, round(percent * width / 100))
    return "━" * full + "─" * (width - full)


def _n(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
