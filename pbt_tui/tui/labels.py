"""Short texts that screens share: states with their glyphs, the run's status, names, progress.

A glyph always comes with its word. Must not import Textual or read files.
"""

from __future__ import annotations

from pbt_tui.journal.state import JobState, RunState
from pbt_tui.journal.status_text import lasting, short_number
from pbt_tui.observe.pauses import Pause
from pbt_tui.observe.progress import Progress
from pbt_tui.tui.text import Span, at, safe

STATES: dict[str, tuple[str, str]] = {
    "starting": ("◐", "run"),
    "running": ("●", "run"),
    "suspended": ("‖", "warn"),
    "paused": ("‖", "warn"),
    "stopping": ("◑", "warn"),
    "failed": ("✗", "bad"),
    "waiting": ("◌", "wait"),
    "queued": ("◌", "wait"),
    "cancelled": ("⊘", "dim"),
    "skipped": ("–", "dim"),
    "succeeded": ("✓", "good"),
}
"""Glyph and style of each state, in the default sort order of the table."""
ORDER = {state: index for index, state in enumerate(STATES)}


def value_text(value: object) -> str:
    """A value for a table, numbers with four digits; `-`: there is none."""
    if value is None:
        return "-"
    if isinstance(value, bool) or not isinstance(value, int | float):
        return safe(str(value))
    if isinstance(value, int) and abs(value) < 10_000_000:
        return str(value)
    return f"{value:.4g}"


def progress_text(progress: Progress) -> str:
    """`gen 3 · objective 31.2 · 1.2M frames · 45.5k fps`, or the last line of the log."""
    parts = []
    if progress.generation is not None:
        parts.append(f"gen {progress.generation}")
    if progress.objective is not None:
        parts.append(f"objective {float(progress.objective):.4g}")
    if progress.step is not None:
        parts.append(f"{short_number(progress.step)} {progress.unit or 'steps'}")
    if progress.fps is not None:
        parts.append(f"{short_number(progress.fps)} fps")
    return " · ".join(parts) or safe(progress.line)


def state_span(job: JobState, *, suspended: bool = False, pause: Pause | None = None) -> Span:
    """Glyph and state; `suspended`: the engine has stopped the running job for now."""
    shown = job.shown
    if shown == "running" and (suspended or pause is not None):
        shown = "suspended" if pause is None else "paused"
    glyph, style = STATES[shown]
    return f"{glyph} {shown}", style


def pause_text(pause: Pause, now: float) -> str:
    """`paused for 3m`; without a duration if nobody knows since when."""
    return "paused" if pause.since is None else f"paused for {lasting(now - pause.since)}"


def run_status(state: RunState, holder: int | None, loaded: bool = True) -> tuple[str, str]:
    """The status of the run: a text and a style."""
    if not loaded:
        return "… reading the journal", "dim"
    executor = state.executor
    if state.closed is not None:
        good = state.closed == "succeeded"
        return f"{'✓' if good else '✗'} closed: {state.closed}", "good" if good else "bad"
    if holder is None:
        if executor is None:
            return "○ no executor: nothing has started", "warn"
        return "○ no executor" + (", held" if state.held else ""), "warn"
    if state.stop is not None:
        return "◑ stopping" if state.stop == "stop" else "◑ killing", "warn"
    if state.held:
        return "‖ held: nothing new starts", "warn"
    return "● live", "good"


def executor_text(state: RunState, holder: int | None) -> str:
    """The current or last executor: `pid 4182 on node7`."""
    executor = state.executor
    if executor is None:
        return f"pid {holder}" if holder else ""
    who = f"pid {holder or executor.pid} on {safe(executor.host)}"
    return who if holder is not None else f"last: {who} at {at(state.at, state.at)}"


def clock(moment: float, now: float) -> str:
    """An estimated time, to the minute."""
    return at(moment, now)[:-3]


def node_name(node: str | None) -> str:
    """The host name without its domain, which all nodes share."""
    return safe(node or "").partition(".")[0]


def gpu_names(state: RunState, gpus: tuple[str, ...]) -> str:
    """Short names of an attempt's GPUs: their index if the executor knew it."""
    if not gpus:
        return ""
    known = {g.uuid: g.index for g in state.executor.gpus} if state.executor else {}
    return ",".join(str(known.get(g, g) if known.get(g) is not None else g) for g in gpus)
