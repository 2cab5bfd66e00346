"""The lineage of populations as a picture: a lane for each member, and copies between the lanes.

Pure. The ancestry of the best generation is drawn on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from pbt_tui.errors import printable
from pbt_tui.observe.ancestry import Step
from pbt_tui.observe.lineage_document import PopulationHistory
from pbt_tui.observe.workspaces import Generation

_WIDTH = 1200
_LANE = 28
_LEFT = 110
_TOP = 64
_STYLE = (
    "text{font:13px sans-serif;fill:#333}.lane{stroke:#bbb;stroke-width:2}"
    ".copy{stroke:#7a8aa0;stroke-width:1;fill:none}.unsure{stroke-dasharray:4 3}"
    ".best{stroke:#c0392b;stroke-width:3;fill:none;stroke-linejoin:round}"
    ".anew{fill:#fff;stroke:#333}.top{fill:#c0392b}"
)


def lineage_svg(run: str, histories: Sequence[PopulationHistory]) -> str:
    """The picture as an SVG document.

    Args:
        run: name of the run.
        histories: its populations, drawn below each other.
    """
    parts: list[str] = []
    top = 0
    for history in histories:
        parts += _population(history, top)
        top += _TOP + _LANE * max(1, history.size) + 24
    height = max(top, 40)
    title = escape(printable(f"lineage of {run}"))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" '
        f'width="{_WIDTH}" height="{height}" role="img">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _population(history: PopulationHistory, top: int) -> list[str]:
    generations = history.generations()
    place = _Place(generations, top)
    best = history.best
    told = ""
    if best is not None:
        told = f": best {best.objective:.6g}, member {best.member}, generation {best.generation}"
    parts = [_text(12, top + 24, f"{history.name} ({history.style}){told}")]
    for member in range(history.size):
        known = history.lineage.steps.get(member)
        y = place.y(member)
        parts.append(_text(12, y + 4, f"member {member}"))
        if known is not None and known.steps:
            ends = place.x(known.steps[0]), place.x(known.steps[-1])
            parts.append(f'<path class="lane" d="M{ends[0]} {y}H{ends[1]}"/>')
    for member, known in history.lineage.steps.items():
        for i, generation in enumerate(known.steps[:-1]):
            for event in history.lineage.decided(generation):
                x, y = place.x(known.steps[i + 1]), place.y(member)
                if event.kind == "relaunch":
                    parts.append(f'<circle class="anew" cx="{x}" cy="{y}" r="4"/>')
                elif event.kind == "exploit" and event.donor is not None and event.applied:
                    unsure = "" if event.confidence >= 1 else " unsure"
                    start = place.x(generation)
                    parts.append(
                        f'<path class="copy{unsure}" d="M{start} {place.y(event.donor)}L{x} {y}"/>'
                    )
    if history.line:
        parts.append(f'<path class="best" d="{_path(history.line, place)}"/>')
    if best is not None:
        x, y = place.x(best), place.y(best.member)
        parts.append(f'<circle class="top" cx="{x}" cy="{y}" r="5"/>')
    return parts


class _Place:
    """Where a generation is drawn: by its time, and by its member."""

    def __init__(self, generations: Sequence[Generation], top: int) -> None:
        self._first = generations[0].at if generations else 0.0
        self._span = (generations[-1].at - self._first if generations else 0.0) or 1.0
        self._top = top

    def x(self, generation: Generation) -> float:
        share = (generation.at - self._first) / self._span
        return round(_LEFT + share * (_WIDTH - _LEFT - 24), 1)

    def y(self, member: int) -> int:
        return self._top + _TOP + _LANE * member


def _path(line: Sequence[Step], place: _Place) -> str:
    points = [(place.x(known.generation), place.y(known.generation.member)) for known in line]
    return "M" + "L".join(f"{x} {y}" for x, y in points)


def _text(x: float, y: float, text: str) -> str:
    return f'<text x="{x}" y="{y}">{escape(printable(text))}</text>'
