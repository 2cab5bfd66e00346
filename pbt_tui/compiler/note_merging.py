"""One line for a note that several experiments of a run earn alike."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from pbt_tui.errors import Diagnostic


def notes_once(found: list[Diagnostic]) -> list[Diagnostic]:
    """A note that several experiments earn alike is one line, with their number."""
    first: dict[tuple[str | None, str], int] = {}
    more: Counter[int] = Counter()
    kept: list[Diagnostic] = []
    for d in found:
        key = (d.code, d.message.partition(" (and ")[0])
        if d.level == "note" and key in first:
            more[first[key]] += 1
            continue
        if d.level == "note":
            first[key] = len(kept)
        kept.append(d)
    for k, count in more.items():
        kept[k] = replace(kept[k], message=f"{kept[k].message}, and so in {count} more experiments")
    return kept
