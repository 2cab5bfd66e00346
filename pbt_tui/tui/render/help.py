"""The help: keys of one screen, made from the registry of actions, and the words of states.

Must not know Textual.
"""

from __future__ import annotations

from pbt_tui.tui import actions, labels
from pbt_tui.tui.query import FIELDS
from pbt_tui.tui.text import Line, fit, wrap

_PAGES = {
    "jobs": "the jobs",
    "failures": "the failures",
    "job": "a job's page",
    "log": "a log",
    "population": "the populations",
}


def page(name: str, width: int) -> list[Line]:
    lines: list[Line] = [(), ((f" keys of {_PAGES.get(name, name)}", "title"),), ()]
    for action in actions.on(name):
        if not action.shown:
            continue
        asks = "  asks first" if action.asks else ""
        pieces = wrap(action.help + asks, max(20, width - 14))
        lines.append((("  " + fit(action.shown, 10), "key"), (" " + pieces[0], "")))
        lines += [((" " * 13 + piece, ""),) for piece in pieces[1:]]
    lines += [(), ((" states", "title"),), ()]
    for state, (glyph, style) in labels.STATES.items():
        lines.append(((f"  {glyph} {fit(state, 10)}", style), (f" {_MEANING[state]}", "dim")))
    if name == "jobs":
        lines += [(), ((" filter", "title"),), ()]
        for text in (
            "words are regular expressions over name, state and cause; all must match",
            f"field:value with {', '.join(FIELDS)}",
            "! before a word inverts it: state:fail !cause:cuda lr:0.0003",
        ):
            lines += [(("  " + piece, ""),) for piece in wrap(text, max(20, width - 4))]
    lines += [(), (("  the run does not need this screen: leaving it stops nothing", "dim"),)]
    return lines


_MEANING = {
    "starting": "decided, and on its way",
    "running": "its process is there",
    "stopping": "asked to end, given some grace",
    "failed": "ended badly, and will not be tried again by itself",
    "waiting": "for its turn, or until it is tried again",
    "queued": "started, but the engine's own queue holds it",
    "cancelled": "ended by a person",
    "skipped": "never to be started, by decision of the system",
    "succeeded": "ended with code 0",
}
