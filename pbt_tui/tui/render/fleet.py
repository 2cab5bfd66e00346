"""Renders a list of runs: a head, one line for each run, and the strips above them."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from pbt_tui.journal.status_text import lasting
from pbt_tui.observe.fleet_types import FleetRun
from pbt_tui.observe.snapshot_types import Counts
from pbt_tui.tui import labels
from pbt_tui.tui.fleet.fleet_order import FIELDS, share
from pbt_tui.tui.fleet.runs_reader import ListedRun
from pbt_tui.tui.render.sparkline import BLOCKS
from pbt_tui.tui.render.strips import SHORT
from pbt_tui.tui.render.strips import bar as drawn_bar
from pbt_tui.tui.text import Line, Span, both, cells, clip, cut, fit, length, safe, wrap

_STATES: dict[str, tuple[str, str, str]] = {
    "live": ("●", "live", "good"),
    "held": ("‖", "held", "warn"),
    "no_executor": ("○", "no executor", "warn"),
    "unreadable": ("!", "unreadable", "bad"),
}
"""Glyph, word and style of each state but `closed`."""
_COUNTED = ("running", "waiting", "succeeded", "failed")
_NAME_LEAST, _NAME_MOST = 10, 36
_STATE, _BAR, _ETA, _BEST, _CURVE, _WHEN, _NOTE = 11, 14, 6, 8, 12, 11, 20


class FleetLayout:
    """Which columns fit, and how wide they are.

    Args:
        width: Cells of a line.
        rows: The runs that are shown.
    """

    def __init__(self, width: int, rows: Sequence[ListedRun]) -> None:
        runs = [row.run for row in rows if row.run is not None]
        self.width = width
        self._name = max((cells(safe(row.name)) for row in rows), default=_NAME_LEAST)
        self._name = min(
            max(self._name, _NAME_LEAST), max(_NAME_LEAST, min(_NAME_MOST, width // 3))
        )
        self._counts = {
            name: max([2, *(len(str(getattr(run.counts, name))) for run in runs)]) + 1
            for name in _COUNTED
        }
        hosts = max((cells(labels.node_name(run.host)) for run in runs), default=0)
        owners = max((cells(safe(run.owner or "")) for run in runs), default=0)
        wanted = [
            ("counts", sum(self._counts.values()) + len(_COUNTED) - 1, True),
            ("STATE", _STATE, True),
            ("ENDED", _BAR, True),
            ("ETA", _ETA, any(run.eta for run in runs)),
            ("BEST", _BEST, any(run.best for run in runs)),
            ("curve", _CURVE, any(run.best and len(run.best.curve) > 1 for run in runs)),
            ("HOST", min(max(hosts, 4), 14), hosts > 0),
            ("CHANGED", _WHEN, True),
            ("OWNER", min(max(owners, 5), 10), owners > 0),
            ("STARTED", _WHEN, True),
        ]
        room = width - 3 - self._name - 1
        self.columns: dict[str, int] = {}
        """Title -> cells, without the blanks behind it."""
        for title, size, useful in wanted:
            if useful and room >= size + 2:
                self.columns[title] = size
                room -= size + 2
        self._note = max(0, room - 1) if room > _NOTE else 0

    def head(self) -> Line:
        """The titles of the columns."""
        line: list[Span] = [("   " + fit("RUN", self._name) + " ", "head")]
        for title in _ORDER:
            if title == "counts" and title in self.columns:
                line += [(self._counts_head() + "  ", "head")]
            elif title in self.columns:
                shown = "" if title == "curve" else title
                align = ">" if title in ("ETA", "BEST") else "<"
                line.append((fit(shown, self.columns[title], align) + "  ", "head"))
        return clip(tuple(line), self.width)

    def _counts_head(self) -> str:
        return " ".join(fit(labels.STATES[n][0], self._counts[n], ">") for n in _COUNTED)

    def row(self, listed: ListedRun, now: float, *, silent: bool = False) -> Line:
        """The line of a run.

        Args:
            listed: The run.
            now: The time of drawing, in Unix seconds.
            silent: Whether the file system of the run does not answer.
        """
        run = listed.run
        name = fit(safe(listed.name), self._name)
        if run is None:
            word = "its file system does not answer" if silent else "reading …"
            return clip(((f" · {name} ", "dim"), (word, "warn" if silent else "dim")), self.width)
        glyph, word, style = state_of(run)
        line: list[Span] = [(f" {glyph} ", style), (name + " ", "dim" if run.older else "")]
        if run.state == "unreadable":
            line += [(fit(word, _STATE) + "  ", style), (safe(run.why or ""), "")]
            return clip(tuple(line), self.width)
        for title in _ORDER:
            if title in self.columns:
                line += [*self._cell(title, run, word, style, now), ("  ", "")]
        if self._note:
            said = "no answer from its file system" if silent else note(run, now)
            line.append((cut(said, self._note), "warn" if silent or run.problem else "dim"))
        return clip(tuple(line), self.width)

    def _cell(self, title: str, run: FleetRun, word: str, style: str, now: float) -> list[Span]:
        width = self.columns[title]
        match title:
            case "counts":
                return self._counted(run.counts)
            case "STATE":
                return [(fit(word, width), style)]
            case "ENDED":
                return _bar(run, width)
            case "ETA":
                text = lasting(run.eta.seconds) if run.eta else ""
                return [(fit(text, width, ">"), "")]
            case "BEST":
                text = f"{run.best.objective:.4g}" if run.best else ""
                return [(fit(text, width, ">"), "good")]
            case "curve":
                return [(fit(curve(run.best.curve if run.best else (), width), width), "run")]
            case "HOST":
                return [(fit(labels.node_name(run.host), width), "dim")]
            case "CHANGED":
                return [(fit(when(run.changed_at, now), width), "dim")]
            case "STARTED":
                return [(fit(when(run.opened_at, now), width), "dim")]
            case _:
                return [(fit(safe(run.owner or ""), width), "warn")]

    def _counted(self, counts: Counts) -> list[Span]:
        spans: list[Span] = []
        for name in _COUNTED:
            glyph, style = labels.STATES[name]
            count = getattr(counts, name)
            text = f"{count}{glyph}" if count else "·"
            spans.append((fit(text, self._counts[name], ">"), style if count else "dim"))
            spans.append((" ", ""))
        return spans[:-1]


_ORDER = (
    "STATE", "counts", "ENDED", "ETA", "BEST", "curve", "HOST", "STARTED", "CHANGED", "OWNER",
)  # fmt: skip


def state_of(run: FleetRun) -> tuple[str, str, str]:
    """Glyph, word and style of a run's state; of a closed run its verdict."""
    if run.state != "closed":
        glyph, word, style = _STATES[run.state]
        if run.problem == "no_executor":
            return "✗", "no executor", "bad"
        return glyph, word, style
    if run.verdict == "succeeded":
        return "✓", "succeeded", "good"
    if run.verdict == "cancelled":
        return "⊘", "cancelled", "dim"
    return "✗", safe(run.verdict or "closed"), "bad"


def states(width: int) -> list[Line]:
    """What the states of runs mean, and what the filter understands."""
    lines: list[Line] = []
    for glyph, word, style, meaning in _MEANINGS:
        pieces = wrap(meaning, max(20, width - 17))
        lines.append(((f"  {glyph} {fit(word, 12)}", style), (pieces[0], "dim")))
        lines += [((" " * 16 + piece, "dim"),) for piece in pieces[1:]]
    lines += [(), ((" filter", "title"),), ()]
    for text in (
        "words are regular expressions for name, state, host and owner; all must match",
        f"field:value, field<number, also <= > >= =, with {', '.join(FIELDS)}",
        "! before a word inverts it: state:live !host:node7 failed>0",
    ):
        lines += [(("  " + piece, ""),) for piece in wrap(text, max(20, width - 4))]
    return lines


_MEANINGS = (
    ("●", "live", "good", "an executor runs it"),
    ("‖", "held", "warn", "an executor runs it, and starts nothing new: a person held it"),
    ("✗", "no executor", "bad", "attempts were active when its executor went away"),
    ("○", "no executor", "warn", "no executor runs it, and nothing was active"),
    ("✓", "succeeded", "good", "closed: all jobs succeeded"),
    ("✗", "failures", "bad", "closed: a job failed; `budget`: jobs were skipped, too"),
    ("⊘", "cancelled", "dim", "closed: a person cancelled the rest"),
    ("!", "unreadable", "bad", "damaged, not whole, or written by a newer version"),
)


def note(run: FleetRun, now: float) -> str:
    """What a person should know of a run, in a few words."""
    counts = run.counts
    if run.problem == "no_executor":
        return f"{counts.running} active, but no executor"
    if run.problem == "failures":
        return f"{counts.failed} failed, last at {when(run.failed_at, now)}"
    if run.older:
        return "moved aside by `--fresh`"
    if counts.cancelled or counts.skipped:
        pairs = ((counts.cancelled, "cancelled"), (counts.skipped, "skipped"))
        told = [f"{count} {word}" for count, word in pairs if count]
        return ", ".join(told)
    return ""


def when(moment: float | None, now: float) -> str:
    """A time in at most 11 cells: of today, of this year, or a date."""
    if moment is None:
        return ""
    then, today = time.localtime(moment), time.localtime(now)
    if then[:3] == today[:3]:
        return time.strftime("%H:%M", then)
    return time.strftime("%m-%d %H:%M" if then[0] == today[0] else "%Y-%m-%d", then)


def curve(values: Sequence[float | None], width: int) -> str:
    """Values over time as blocks; blank where there is none."""
    values = values[-width:]
    known = [value for value in values if value is not None]
    if len(known) < 2:
        return ""
    low, high = min(known), max(known)
    text = ""
    for value in values:
        if value is None:
            text += " "
        else:
            part = (value / 2 - low / 2) / (high / 2 - low / 2) if high > low else 0.5
            text += BLOCKS[min(len(BLOCKS) - 1, int(part * len(BLOCKS)))]
    return text


def _bar(run: FleetRun, width: int) -> list[Span]:
    counts = run.counts
    bad = counts.failed + counts.cancelled + counts.skipped
    total = counts.waiting + counts.running + counts.succeeded + bad
    percent = f"{int(share(run) * 100)} %"
    spans = drawn_bar(counts.succeeded, bad, total, width - 6)
    if not spans:
        spans = [("─" * (width - 6), "dim")]
    return [*spans, (fit(percent, 6, ">"), "")]


def header(name: str, rows: Iterable[ListedRun], width: int, *, searching: bool) -> Line:
    """One line: the folder, the number of runs, and how many of them are live or have problems."""
    runs = [row for row in rows if not row.found.is_older]
    known = [row.run for row in runs if row.run is not None]
    line: list[Span] = [(f" {safe(name)} ", "title")]
    line.append((f"  {len(runs)} run{'' if len(runs) == 1 else 's'}", ""))
    live = sum(1 for run in known if run.state in ("live", "held"))
    bad = sum(1 for run in known if run.problem is not None)
    line.append((f"   ● {live} live", "good" if live else "dim"))
    if bad:
        line.append((f"   ! {bad} with problems", "bad"))
    if searching:
        line.append(("   … searching", "dim"))
    elif len(known) < len(runs):
        line.append((f"   … {len(runs) - len(known)} still to read", "dim"))
    return both(tuple(line), (("runs ", "title"),), width)


def totals(rows: Iterable[ListedRun], width: int) -> Line:
    """One line: the jobs of all runs that are shown, by state."""
    sums = dict.fromkeys(SHORT, 0)
    for row in rows:
        if row.run is not None:
            for name in sums:
                sums[name] += getattr(row.run.counts, name)
    line: list[Span] = [(" ", "")]
    for name, count in sums.items():
        if count or name in _COUNTED:
            glyph, style = labels.STATES[name]
            line += [(f"{glyph} {count} {SHORT[name]}", style if count else "dim"), ("  ", "")]
    total = sum(sums.values())
    if total:
        ended = total - sums["running"] - sums["waiting"]
        line.append((f"{ended * 100 // total} % of {total} jobs", ""))
    return clip(tuple(line), width) if length(line) > width else tuple(line)
