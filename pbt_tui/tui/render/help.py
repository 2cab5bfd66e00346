"""Renders the help of one screen: its keys, from the table of actions, and the states of jobs."""

from __future__ import annotations

from pbt_tui.tui import labels
from pbt_tui.tui.folding import FEWEST
from pbt_tui.tui.keymap import Keymap
from pbt_tui.tui.query import FIELDS
from pbt_tui.tui.text import Line, fit, wrap

_PAGES = {
    "fleet": "the runs",
    "jobs": "the jobs",
    "failures": "the failures",
    "job": "a job's page",
    "log": "a log",
    "population": "the populations",
    "compare": "a comparison",
    "timeline": "the time line",
}


def page(name: str, width: int, keymap: Keymap) -> list[Line]:
    lines: list[Line] = [(), ((f" keys of {_PAGES.get(name, name)}", "title"),), ()]
    for action in keymap.on(name):
        if not action.shown:
            continue
        asks = "  asks first" if action.asks else ""
        pieces = wrap(action.help + asks, max(20, width - 14))
        lines.append((("  " + fit(action.shown, 10), "key"), (" " + pieces[0], "")))
        lines += [((" " * 13 + piece, ""),) for piece in pieces[1:]]
    lines += [(), ((" states", "title"),), ()]
    if name == "fleet":
        from pbt_tui.tui.render import fleet

        return [*lines, *fleet.states(width)]
    for state, (glyph, style) in labels.STATES.items():
        lines.append(((f"  {glyph} {fit(state, 10)}", style), (f" {_MEANING[state]}", "dim")))
    if name == "jobs":
        lines += [(), ((" filter", "title"),), ()]
        for text in (
            "words are regular expressions for name, state and cause; all must match",
            f"field:value with {', '.join(FIELDS)}",
            "field<number, also <= > >= =: lr<=3e-4 attempt>1 exit=137",
            "! before a word inverts it: state:fail !cause:cuda lr:0.0003",
        ):
            lines += [(("  " + piece, ""),) for piece in wrap(text, max(20, width - 4))]
        lines += [(), ((" groups and mouse", "title"),), ()]
        for text in (
            (
                f"{FEWEST} or more jobs that wait or failed alike have one row; a mark or a "
                "request on it is for all of them, and a filter shows each"
            ),
            (
                "a click on a head sorts by its column, another one reverses; keys below, names of "
                "pages and rows can be clicked, too"
            ),
        ):
            lines += [(("  " + piece, ""),) for piece in wrap(text, max(20, width - 4))]
    lines += [(), (("  the run does not need this screen: leaving it stops nothing", "dim"),)]
    return lines


_MEANING = {
    "starting": "scheduled; its process has not started yet",
    "running": "its process is running",
    "suspended": "started; the engine has stopped its process for now",
    "paused": "started; somebody has paused its container",
    "stopping": "asked to end, within the grace time",
    "failed": "ended badly; will not be retried automatically",
    "waiting": "waits for a slot, or for a retry",
    "queued": "submitted; waits in the engine's own queue",
    "cancelled": "ended by a person",
    "skipped": "the executor will never start it",
    "succeeded": "ended with exit code 0",
}
