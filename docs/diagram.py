"""The life of a job, drawn from the transition table: for `docs/architecture.md`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from pbt_tui.journal.transitions import ENDED, TABLE, Move, Phase

BEGIN = "<!-- drawn by `make fix` from pbt_tui/journal/transitions.py: change it there -->"
END = "<!-- end of what is drawn -->"
BY_OUTCOME = ("waiting", "succeeded", "failed", "cancelled")
"""Where `by outcome` leads: the phases that the fold chooses from."""


def drawn_into(page: str) -> str:
    """`page` with what stands between the two marks made anew; raises ValueError without them."""
    head, _, rest = page.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not end:
        raise ValueError("the marks of the diagram are not on the page")
    drawing = "\n".join(["```mermaid", *_diagram(), "```", "", *_table()])
    return f"{head}{BEGIN}\n\n{drawing}\n\n{END}{tail}"


def _diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield "  state outcome <<choice>>"
    yield "  [*] --> waiting"
    for phase, row in TABLE.items():
        for move, to in row.items():
            if to == "by outcome":
                yield f"  {phase} --> outcome: {move}"
            elif to not in ("same", "flag"):
                yield f"  {phase} --> {to}: {move}"
    yield from (f"  outcome --> {to}" for to in BY_OUTCOME)


def _table() -> Iterator[str]:
    moves: tuple[Move, ...] = get_args(Move)
    yield f"| phase | {' | '.join(moves)} |"
    yield "| --- " * (len(moves) + 1) + "|"
    rows: dict[str, list[Phase]] = {}
    for phase in TABLE:
        cells = " | ".join(_cell(phase, move) for move in moves)
        rows.setdefault(cells, []).append(phase)
    for cells, phases in rows.items():
        yield f"| {', '.join(phases)} | {cells} |"


def _cell(phase: Phase, move: Move) -> str:
    to = TABLE[phase].get(move)
    if to is None:
        return "–"
    if to == "same":
        return "·"
    return f"{to}, reopens" if phase in ENDED and to not in ENDED else to
