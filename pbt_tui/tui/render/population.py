"""Renders a population: its name, its alarms, and the table of its members by rank.

Must not read workspaces: it draws the rows of the snapshot.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from pbt_tui.journal.status_text import lasting
from pbt_tui.observe.snapshot_types import LostBest, MemberRow, PopulationRow
from pbt_tui.tui import labels
from pbt_tui.tui.render.heat_map import HeatMap
from pbt_tui.tui.text import Line, Span, both, cells, clip, cut, fit, length, safe, wrap

_NO_HUES: Mapping[int, str] = MappingProxyType({})
_LEAST_HEAT = 18
"""Cells of the column of shades."""
_LONGEST = 16
"""Most cells of a parameter in the table."""
_LEVELS = {"error": ("✗", "bad"), "warning": ("!", "warn"), "note": ("·", "dim")}


def title(
    row: PopulationRow,
    place: tuple[int, int],
    width: int,
    *,
    facts: Sequence[Span] = (),
    at: int | None = None,
    most: int = 4,
) -> list[Line]:
    """The name, what is known of the whole, the best member, and the alarms, most severe first.

    Args:
        row: the population.
        place: which of how many populations it is.
        width: cells.
        facts: more about the whole population.
        at: the generation that is looked at; None: now.
        most: how many alarms.
    """
    furthest = max((m.generation for m in row.members if m.generation is not None), default=None)
    known: list[Span] = [
        (row.style, "dim"),
        (f"{row.size} member{'' if row.size == 1 else 's'}", "dim"),
    ]
    if at is not None:
        known.append((f"as it was at generation {at}", "mark"))
    elif furthest is not None:
        known.append((f"generation {furthest}", "dim"))
    right: Line = ((f"{place[0]} of {place[1]} ([ ]) ", "dim"),) if place[1] > 1 else ()
    name: Span = (f" {safe(row.id)}  ", "title")
    whole = (name, *joined([*known, *facts]))
    if length(whole) + length(right) < width:
        lines = [both(whole, right, width)]
    else:
        lines = [both((name, *joined(known)), right, width)]
        lines += [clip(((" ", ""), *joined(facts)), width)] if facts else []
    lines += _best(row, width, at)
    if row.original is not None:
        text = f"a copy without its workspace: shown is that of `{safe(row.original)}`"
        lines += [
            ((" ! " if not i else "   ", "warn"), (piece, "warn"))
            for i, piece in enumerate(wrap(text, max(20, width - 4)))
        ]
    return [*lines, *(_alarms(row, width, most) if at is None else ())]


def joined(facts: Sequence[Span]) -> list[Span]:
    """Facts with dots between them.

    Args:
        facts: a text and a style each.
    """
    spans: list[Span] = []
    for fact in facts:
        spans += [(" · ", "dim"), fact] if spans else [fact]
    return spans


def _best(row: PopulationRow, width: int, at: int | None) -> list[Line]:
    if at is not None or row.best is None:
        best = max((m for m in row.members if _known(m.objective)), key=_objective, default=None)
        if best is None:
            return []
        text = f" best then {labels.value_text(best.objective)}  member {best.index}"
        return [((cut(text, width), "good"),)]
    found = row.best
    where = f"  {safe(found.checkpoint)}" if found.checkpoint else "  its weights are gone"
    objective = labels.value_text(found.objective)
    text = f" best {objective}  member {found.member}, generation {found.generation}"
    lines: list[Line] = [((cut(text, width), "good"), (cut(where, width - len(text)), "dim"))]
    if found.lost is not None:
        lines.append(((cut(f" {lost_text(found.lost)}", width), "dim"),))
    return lines


def _alarms(row: PopulationRow, width: int, most: int) -> list[Line]:
    order = list(_LEVELS)
    lines: list[Line] = []
    found = sorted(row.alarms, key=lambda a: order.index(a.level))
    for alarm in found[: most if len(found) <= most else most - 1]:
        glyph, style = _LEVELS[alarm.level]
        text = f"{alarm.level}: {safe(alarm.message)}"
        pieces = wrap(text, max(20, width - 4))[:2]
        lines.append(((f" {glyph} ", style), (pieces[0], style)))
        lines += [((f"   {piece}", style),) for piece in pieces[1:]]
    if len(found) > most:
        lines.append(((f"   … {len(found) - most + 1} more alarms", "dim"),))
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
    """The members' table at one width.

    Args:
        row: the population.
        width: cells.
        now: Unix seconds.
        hues: styles of the members that have a colour.
        heat: makes the column of shades for so many cells; None: without it.
        at: the generation that is looked at; None: now. What a member was doing then is not told.
    """

    def __init__(
        self,
        row: PopulationRow,
        width: int,
        now: float,
        *,
        hues: Mapping[int, str] = _NO_HUES,
        heat: Callable[[int], HeatMap] | None = None,
        at: int | None = None,
    ) -> None:
        self.row = row
        self.now = now
        self.hues = hues
        self.at = at
        self.wide = width >= 70
        self.state = 0
        if at is None:
            self.state = max([11, *(len(self._state(member)[0]) for member in row.members)])
        self.change = max([7, *(len(_change(member)) for member in row.members)])
        self.copies = _copies(row)
        room = width - (50 + self.change if self.wide else 33) - (self.state or -2)
        names = varied(row, max(0, room // 12))
        self.heat: HeatMap | None = None
        shaded = heat if room >= _LEAST_HEAT + 14 else None
        self.params = _fitting(names, room - (_LEAST_HEAT + 2 if shaded is not None else 0))
        """The parameters, each with its cells."""
        if shaded is not None:
            self.heat = shaded(room - sum(2 + cells_ for cells_ in self.params.values()) - 3)
        self.width = width

    def head(self) -> Line:
        text = f"  {'RANK':>4}  {'MEMBER':<6}"
        text += f"  {'STATE':<{self.state}}" if self.state else ""
        text += f"  {'GEN':>4}"
        if self.wide:
            text += f"  {'LAG':>3}"
        text += f"  {'OBJECTIVE':>9}"
        if self.wide:
            text += f"  {'CHANGE':>{self.change}}  {'COPIED':<8}"
        for name, cells_ in self.params.items():
            text += "  " + fit(safe(name.rpartition(".")[2]), cells_, ">")
        if self.heat is None:
            return ((text, "head"),)
        return ((text + "  ", "head"), *self.heat.head(self.at))

    def line(self, rank: int, member: MemberRow) -> Line:
        spans: list[Span] = [
            (f"  {rank if _known(member.objective) else '-':>4}  ", ""),
            (f"{member.index:<6}", self.hues.get(member.index, "")),
        ]
        if self.state:
            state, style = self._state(member)
            spans += [("  ", ""), (fit(state, self.state), style)]
        spans.append((f"  {_text(member.generation):>4}", ""))
        if self.wide:
            lag = "-" if member.lag is None else str(member.lag)
            spans.append((f"  {lag:>3}", "warn" if member.lag and member.lag > 1 else "dim"))
        spans.append((f"  {labels.value_text(member.objective):>9}", ""))
        if self.wide:
            spans.append((f"  {_change(member):>{self.change}}", "dim"))
            spans.append(("  " + fit(self.copies.get(member.index, "-"), 8), "dim"))
        for name, cells_ in self.params.items():
            spans.append(("  " + fit(labels.value_text(member.params.get(name)), cells_, ">"), ""))
        if self.heat is not None:
            spans += [("  ", ""), *self.heat.strip(member.index)]
        return tuple(spans)

    def _state(self, member: MemberRow) -> Span:
        """The state, and for a paused member for how long: `‖ paused 3m`."""
        glyph, style = labels.STATES.get(member.state, ("·", "dim"))
        since = "" if member.paused_at is None else f" {lasting(self.now - member.paused_at)}"
        return f"{glyph} {member.state}{since}", style


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _text(value: int | None) -> str:
    return "-" if value is None else str(value)


def _fitting(names: Sequence[str], room: int) -> dict[str, int]:
    """As many parameters as fit, with their cells: 10, or more for a longer name."""
    found: dict[str, int] = {}
    for name in names:
        size = min(_LONGEST, max(10, cells(safe(name.rpartition(".")[2]))))
        if size + 2 > room:
            size = 10
        if size + 2 > room:
            break
        room -= size + 2
        found[name] = size
    return found


def _objective(member: MemberRow) -> float:
    return member.objective or 0.0


def _change(member: MemberRow) -> str:
    """The last objective less the one before."""
    last: list[float] = []
    for step in reversed(member.generations):
        if step.objective is not None and _known(step.objective):
            last.append(step.objective)
            if len(last) == 2:
                return f"{last[0] - last[1]:+.3g}"
    return "-"


def _copies(row: PopulationRow) -> dict[int, str]:
    """`2 @18` by member: it copied generation 18 of member 2 last."""
    found: dict[int, str] = {}
    for event in reversed(row.events):
        if event.kind == "exploit" and event.applied is not False and event.member not in found:
            donor = "?" if event.donor is None else str(event.donor)
            known = event.donor_generation
            found[event.member] = donor if known is None else f"{donor} @{known}"
    return found


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
