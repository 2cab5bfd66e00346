"""The lineage of what a test knows, computed from nothing."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

from pbt_tui.observe.lineage import LineageEvent
from pbt_tui.observe.member_logs import MemberLog
from pbt_tui.observe.population_lineage import PopulationLineage
from pbt_tui.observe.workspaces import Generation, Start
from pbt_tui.populations import STYLES


def at_once(
    style: str,
    generations: Sequence[Generation],
    starts: Sequence[Start] = (),
    texts: Sequence[tuple[int | None, float, float, bytes]] = (),
    kept: Sequence[LineageEvent] = (),
    attempts: Sequence[tuple[int, float]] = (),
) -> list[LineageEvent]:
    """The events of all that is known, computed from nothing."""
    logs = []
    for member, since, until, text in texts:
        log = MemberLog(member, since, until)
        log.feed(text)
        logs.append(log)
    lineage = PopulationLineage(STYLES.get(style))
    newest = {g.key: g for g in generations}
    ordered = sorted(newest.values(), key=lambda g: (g.at, g.generation, g.member))
    lineage.update(ordered, starts, logs, kept, attempts)
    return lineage.events


def inferred(
    generations: Sequence[Generation], style: str, restarts: Sequence[tuple[int, float]] = ()
) -> list[LineageEvent]:
    """The events that metadata suggests, with (member, Unix seconds) of known starts."""
    return at_once(style, generations, [Start(member, at) for member, at in restarts])


def spoken(text: str, member: int | None = None) -> tuple[int | None, float, float, bytes]:
    """A log of the only attempt of a member, for `at_once`."""
    return (member, -inf, inf, text.encode())
