"""Renders a population: members by rank, exchanges, alarms and curves.

Must not read workspaces: it draws the rows of the snapshot.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from pbt_tui.journal.status_text import lasting
from pbt_tui.observe.snapshot_types import EventRow, LostBest, MemberRow, PopulationRow
from pbt_tui.tui import labels
from pbt_tui.tui.render.chart import chart
from pbt_tui.tui.text import Line, Span, at, both, cut, fit, safe, wrap

_LEVELS = {"error": ("✗", "bad"), "warning": ("!", "warn"), "note": ("·", "dim")}


def title(row: PopulationRow, place: tuple[int, int], width: int) -> list[Line]:
    """The name, the best member, and the alarms, most severe first."""
    furthest = max((m.generation for m in row.members if m.generation is not None), default=None)
    facts = [row.style, f"{row.size} members"]
    if furthest is not None:
        facts.append(f"generation {furthest}")
    right = ((f"{place[0]} of {place[1]} ([ ]) ", "dim"),) if place[1] > 1 else ()
    lines = [
        both(
            ((f" {safe(row.id)}  ", "title"), (" · ".join(facts), "dim")),
            right,
            width,
        )
    ]
    if row.best is not None:
        best = row.best
        where = f"  {safe(best.checkpoint)}" if best.checkpoint else "  its weights are gone"
        objective = labels.value_text(best.objective)
        text = f" best {objective}  member {best.member}, generation {best.generation}"
        lines.append(((cut(text, width), "good"), (cut(where, width - len(text)), "dim")))
        if best.lost is not None:
            lines.append(((cut(f" {lost_text(best.lost)}", width), "dim"),))
    if row.original is not None:
        text = f"a copy without its workspace: shown is that of `{safe(row.original)}`"
        lines += [
            ((" ! " if not i else "   ", "warn"), (piece, "warn"))
            for i, piece in enumerate(wrap(text, max(20, width - 4)))
        ]
    order = list(_LEVELS)
    for alarm in sorted(row.alarms, key=lambda a: order.index(a.level))[:4]:
        glyph, style = _LEVELS[alarm.level]
        text = f"{alarm.level}: {safe(alarm.message)}"
        pieces = wrap(text, max(20, width - 4))[:2]
        lines.append(((f" {glyph} ", style), (pieces[0], style)))
        lines += [((f"   {piece}", style),) for piece in pieces[1:]]
    return lines


def lost_text(lost: LostBest) -> str:
    """A better generation whose weights are gone, as a phrase."""
    which = f"member {lost.member}, generation {lost.generation}"
    return f"better, but its weights are gone: {labels.value_text(lost.objective)}, {which}"


def ranked(row: PopulationRow) -> list[MemberRow]:
    """Members by objective, best first; members without one last, by index."""
    return sorted(
        row.members,
        key=lambda m: (not _known(m.objective), -(m.objective or 0.0), m.index),
    )


def varied(row: PopulationRow, most: int) -> list[str]:
    """The parameters in which the members differ."""
    names = list(dict.fromkeys(name for member in row.members for name in member.params))
    differ = [n for n in names if len({repr(m.params.get(n)) for m in row.members}) > 1]
    return (differ or names)[:most]


class MemberTable:
    """The members' table at one width."""

    def __init__(self, row: PopulationRow, width: int, now: float) -> None:
        self.row = row
        self.now = now
        self.wide = width >= 70
        self.state = max([11, *(len(self._state(member)[0]) for member in row.members)])
        self.change = max([7, *(len(_change(member)) for member in row.members)])
        room = width - (50 + self.change if self.wide else 33) - self.state
        self.params = varied(row, max(0, room // 12))
        self.width = width

    def head(self) -> Line:
        text = f"  {'RANK':>4}  {'MEMBER':<6}  {'STATE':<{self.state}}  {'GEN':>4}"
        if self.wide:
            text += f"  {'LAG':>3}"
        text += f"  {'OBJECTIVE':>9}"
        if self.wide:
            text += f"  {'CHANGE':>{self.change}}  {'COPIED':<8}"
        for name in self.params:
            text += "  " + fit(safe(name.rpartition(".")[2]), 10, ">")
        return ((text, "head"),)

    def line(self, rank: int, member: MemberRow) -> Line:
        state, style = self._state(member)
        spans: list[Span] = [
            (f"  {rank if _known(member.objective) else '-':>4}  {member.index:<6}  ", ""),
            (fit(state, self.state), style),
            (f"  {_text(member.generation):>4}", ""),
        ]
        if self.wide:
            lag = "-" if member.lag is None else str(member.lag)
            spans.append((f"  {lag:>3}", "warn" if member.lag and member.lag > 1 else "dim"))
        spans.append((f"  {labels.value_text(member.objective):>9}", ""))
        if self.wide:
            spans.append((f"  {_change(member):>{self.change}}", "dim"))
            spans.append(("  " + fit(_copied(member, self.row.events), 8), "dim"))
        for name in self.params:
            spans.append(("  " + fit(labels.value_text(member.params.get(name)), 10, ">"), ""))
        return tuple(spans)

    def _state(self, member: MemberRow) -> Span:
        """The state, and for a paused member for how long: `‖ paused 3m`."""
        glyph, style = labels.STATES.get(member.state, ("·", "dim"))
        since = "" if member.paused_at is None else f" {lasting(self.now - member.paused_at)}"
        return f"{glyph} {member.state}{since}", style


def history(row: PopulationRow, width: int, height: int, now: float) -> list[Line]:
    """The newest exchanges and relaunches, newest first."""
    if height < 2:
        return []
    lines: list[Line] = [((" what happened, newest first", "head"),)]
    if not row.events:
        return [*lines, (("   no member has copied another yet", "dim"),)]
    written = {(m.index, g.generation): g.at for m in row.members for g in m.generations}
    shown = row.events[-(height - 1) :]
    times = [written.get((event.member, event.generation or -1)) for event in shown]
    clocks = ["" if moment is None else at(moment, now) for moment in times]
    clock = max(map(len, clocks))
    for event, moment in zip(reversed(shown), reversed(clocks), strict=True):
        when = moment.ljust(clock + 2) if clock else ""
        when += "" if event.generation is None else f"generation {event.generation}: "
        unsure = "" if event.confidence >= 1 else f"  (from the {event.source}, likely)"
        lines.append(
            (
                ("   " + when, "dim"),
                (cut(_event(event), max(10, width - 22 - clock)), ""),
                (unsure, "dim"),
            ),
        )
    return lines


def _event(event: EventRow) -> str:
    who = f"member {event.member}"
    if event.kind == "exploit":
        donor = "another" if event.donor is None else f"member {event.donor}"
        at = "" if event.donor_generation is None else f" @{event.donor_generation}"
        did = {True: "copied", False: "announced to copy", None: "decided to copy"}[event.applied]
        never = ", and did not" if event.applied is False else ""
        return f"{who} {did} {donor}{at}{never}"
    if event.kind == "mutate":
        if event.applied is False:
            return f"{who} announced other parameters of its own, and did not change them"
        return f"{who} changed its own parameters"
    if event.kind == "restart":
        return f"{who} started again with its own weights"
    return f"{who} was launched again"


def curves(row: PopulationRow, chosen: int | None, width: int, height: int) -> list[Line]:
    """Objective by generation: all members dim, the best and the selected one on top."""
    best = row.best.member if row.best else None
    series = []
    for member in row.members:
        points = [(g.generation, g.objective) for g in member.generations if _known(g.objective)]
        kept = [(float(x), float(y)) for x, y in points if y is not None]
        rank = 2 if member.index == chosen else 1 if member.index == best else 0
        series.append((rank, ("dim", "good", "mark")[rank], kept))
    series.sort(key=lambda s: s[0])
    lines = chart([(style, points) for _, style, points in series], width, height - 1)
    if not lines:
        return []
    legend: list[Span] = [(" objective by generation  ", "head")]
    if best is not None:
        legend += [(f"best: member {best}  ", "good")]
    if chosen is not None and chosen != best:
        legend += [(f"chosen: member {chosen}", "mark")]
    return [tuple(legend), *lines]


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _text(value: int | None) -> str:
    return "-" if value is None else str(value)


def _change(member: MemberRow) -> str:
    values = [g.objective for g in member.generations if _known(g.objective)]
    if len(values) < 2 or values[-1] is None or values[-2] is None:
        return "-"
    return f"{values[-1] - values[-2]:+.3g}"


def _copied(member: MemberRow, events: Sequence[EventRow]) -> str:
    """`2 @18`: it copied generation 18 of member 2 last."""
    for event in reversed(events):
        if event.member == member.index and event.kind == "exploit" and event.applied is not False:
            donor = "?" if event.donor is None else str(event.donor)
            known = event.donor_generation
            return donor if known is None else f"{donor} @{known}"
    return "-"


def none(workspace: str | None, width: int) -> list[Line]:
    """The page of a run without populations, or before its workspaces have been read."""
    if workspace is None:
        return [
            (),
            (("  this run has no population", ""),),
            (("  jobs that do population-based training together are shown here", "dim"),),
            (),
            (("  1", "key"), (" all jobs", "dim")),
        ]
    return [(), ((cut(f"  reading {safe(workspace)} …", width), "dim"),)]
