"""Tells what the members decided in their rounds, and why: by generation, or the newest first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pbt_tui.observe.snapshot_types import EventRow, PopulationRow, RoundRow
from pbt_tui.tui import labels
from pbt_tui.tui.text import Line, Span, at, cells, clip, cut, length, safe, wrap

_NAMED = 6
"""Most members of a round that are named."""
_LEADS = "among the best"
_STAYS = "not below"
_HISTORY: Line = ((" what happened, newest first", "head"),)
_NOTHING: Line = (("   no member has copied another yet", "dim"),)


def event_text(event: EventRow) -> str:
    """What a member decided: `member 5 copied member 3 @11`.

    Args:
        event: the decision.
    """
    who = f"member {event.member}"
    if event.kind == "exploit":
        donor = "another" if event.donor is None else f"member {event.donor}"
        at_ = "" if event.donor_generation is None else f" @{event.donor_generation}"
        did = {True: "copied", False: "announced to copy", None: "decided to copy"}[event.applied]
        never = ", and did not" if event.applied is False else ""
        return f"{who} {did} {donor}{at_}{never}"
    if event.kind == "mutate":
        if event.applied is False:
            return f"{who} announced other parameters of its own, and did not change them"
        return f"{who} changed its own parameters"
    if event.kind == "restart":
        return f"{who} started again with its own weights"
    return f"{who} was launched again"


def why(event: EventRow, rounds: Iterable[RoundRow]) -> str:
    """Why a member decided so, from the log of its round; empty: no log tells.

    Args:
        event: the decision.
        rounds: rounds of the member at that generation, oldest first.
    """
    if event.kind not in ("exploit", "mutate"):
        return ""
    for found in reversed(list(rounds)):
        parts = []
        if found.lower is not None and found.objective is not None:
            parts.append(f"{_number(found.objective)} is below {_number(found.lower)}")
        elif found.worst:
            parts.append(f"among the {_some('worst', found.worst)}")
        if found.difference is not None:
            better = f"the best was better by {_number(found.difference)}"
            needed = "" if found.needed is None else f", {_number(found.needed)} is needed"
            parts.append(better + needed)
        elif found.best:
            parts.append(_some("leaders", found.best))
        if parts:
            return ", ".join(parts)
    return ""


def history(row: PopulationRow, width: int, height: int, now: float) -> list[Line]:
    """The newest exchanges and relaunches, newest first, one in a line.

    Args:
        row: the population.
        width: cells.
        height: rows, with the head.
        now: Unix seconds.
    """
    if height < 2:
        return []
    lines: list[Line] = [_HISTORY]
    if not row.events:
        return [*lines, _NOTHING]
    shown = row.events[-(height - 1) :]
    for event, when in zip(reversed(shown), reversed(_times(row, shown, now)), strict=True):
        generation = "" if event.generation is None else f"generation {event.generation}: "
        unsure = "" if event.confidence >= 1 else f"  (from the {event.source}, likely)"
        text = cut(event_text(event), max(10, width - 20 - len(when)))
        lines.append((("   " + when + generation, "dim"), (text, ""), (unsure, "dim")))
    return lines


def told(row: PopulationRow, width: int, height: int, now: float) -> list[Line]:
    """The same with reasons, where a log tells them; what does not fit a line gets two.

    Args:
        row: the population.
        width: cells.
        height: rows, with the head.
        now: Unix seconds.
    """
    if height < 2:
        return []
    lines: list[Line] = [_HISTORY]
    if not row.events:
        return [clip(line, width) for line in (*lines, _NOTHING)]
    shown = row.events[-(height - 1) :]
    known = _of(row, shown)
    for event, when in zip(reversed(shown), reversed(_times(row, shown, now)), strict=True):
        number = "" if event.generation is None else f"gen {event.generation}: "
        lines += _entry(when + number, event, known[event.member, event.generation], width)
        if len(lines) >= height:
            break
    return [clip(line, width) for line in lines[:height]]


def _entry(start: str, event: EventRow, rounds: list[RoundRow], width: int) -> list[Line]:
    """A decision with its reason, in one line if they fit."""
    reason, likely = why(event, rounds), "" if event.confidence >= 1 else "  likely"
    text = event_text(event)
    line: Line = ((f"   {start}", "dim"), (text, ""), (likely, "dim"))
    if not reason:
        return [clip(line, width)]
    if length(line) + len(reason) + 2 <= width:
        return [(*line, (f"  {reason}", "dim"))]
    pieces = wrap(reason, max(20, width - 6))
    return [clip(line, width), *((((f"     {piece}"), "dim"),) for piece in pieces)]


def decided(row: PopulationRow, number: int, width: int, height: int) -> list[Line]:
    """What each member decided at a generation, and why.

    Args:
        row: the population.
        number: number of the generation.
        width: cells.
        height: rows, with the head.
    """
    if height < 2:
        return []
    lines: list[Line] = [((f" what generation {number} decided", "head"),)]
    events = [event for event in row.events if event.generation == number]
    known = _of(row, events)
    for event in events:
        lines += _entry("", event, known[event.member, number], width)
    moved = {event.member for event in events}
    rounds = [found for found in row.rounds if found.generation == number]
    lines += _went_on([found for found in rounds if found.member not in moved], width)
    if len(lines) == 1:
        lines.append((("   no member copied another or changed its parameters", "dim"),))
    if not rounds:
        lines.append((("   no log tells how the members compared themselves", "dim"),))
    if len(lines) > height:
        more = len(lines) - height + 1
        lines = [*lines[: height - 1], ((f"   … {more} more", "dim"),)]
    return [clip(line, width) for line in lines]


def _went_on(rounds: Sequence[RoundRow], width: int) -> list[Line]:
    """The members that neither copied nor changed anything, by reason."""
    newest = {found.member: found for found in rounds}
    groups: dict[str, list[RoundRow]] = {}
    for found in newest.values():
        groups.setdefault(_stays(found), []).append(found)
    lines: list[Line] = []
    for reason, group in groups.items():
        members = _members(found.member for found in group)
        who = f"member {members}" if len(group) == 1 else f"members {members}"
        start: Span = (f"   {who} went on: ", "")
        pieces = wrap(reason + _cut(reason, group), max(20, width - cells(start[0])))
        lines.append((start, (pieces[0], "dim")))
        lines += [((f"     {piece}", "dim"),) for piece in pieces[1:]]
    return lines


def _stays(found: RoundRow) -> str:
    if found.waits is not None and not found.best and not found.worst:
        return safe(found.waits)
    if found.member in found.best:
        return _LEADS
    if found.member in found.worst:
        return f"among the {_some('worst', found.worst)}"
    if found.lower is not None:
        return _STAYS
    if not found.worst:
        return "nobody was among the worst"
    return f"not among the {_some('worst', found.worst)}"


def _cut(reason: str, group: Sequence[RoundRow]) -> str:
    """The objective with which each compared its own: ` 49.96 to 91.68`."""
    if reason not in (_LEADS, _STAYS):
        return ""
    cuts = [found.upper if reason == _LEADS else found.lower for found in group]
    known = sorted(cut_ for cut_ in cuts if cut_ is not None)
    if not known:
        return ""
    low, high = _number(known[0]), _number(known[-1])
    word = ", above" if reason == _LEADS else ""
    return f"{word} {low}" if low == high else f"{word} {low} to {high}"


def _of(
    row: PopulationRow, shown: Iterable[EventRow]
) -> dict[tuple[int, int | None], list[RoundRow]]:
    """The rounds of some decisions, by member and generation."""
    found: dict[tuple[int, int | None], list[RoundRow]] = {
        (event.member, event.generation): [] for event in shown
    }
    for each in row.rounds:
        if (each.member, each.generation) in found:
            found[each.member, each.generation].append(each)
    return found


def _times(row: PopulationRow, shown: Sequence[EventRow], now: float) -> list[str]:
    """When the generations were written at which the members decided, in equally many cells."""
    members = {member.index: member for member in row.members}
    wanted = {(event.member, event.generation) for event in shown}
    written: dict[tuple[int, int | None], float] = {}
    for index in {event.member for event in shown}:
        member = members.get(index)
        for step in member.generations if member is not None else ():
            if (index, step.generation) in wanted:
                written[index, step.generation] = step.at
    moments = [written.get((event.member, event.generation)) for event in shown]
    texts = ["" if moment is None else at(moment, now) for moment in moments]
    longest = max(map(len, texts))
    return [text.ljust(longest + 2) if longest else "" for text in texts]


def _some(word: str, members: Sequence[int]) -> str:
    """`worst: 1, 5`; of many, how many: `12 worst`."""
    if len(members) > _NAMED:
        return f"{len(members)} {word}"
    return f"{word}: {_members(members)}"


def _members(members: Iterable[int]) -> str:
    return ", ".join(map(str, members))


def _number(value: float) -> str:
    return labels.value_text(float(value))
