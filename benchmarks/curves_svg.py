"""Curves over the number of jobs as an SVG document, with two logarithmic axes. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

_WIDTH, _HEIGHT = 820, 400
_LEFT, _RIGHT, _TOP, _BOTTOM = 76, 200, 44, 48
_STYLES = {
    "light": {
        "page": "#ffffff",
        "text": "#333333",
        "grid": "#dddddd",
        "lines": ("#0b62a8", "#b3421b", "#2e7d32", "#7b3fa0"),
    },
    "dark": {
        "page": "#111111",
        "text": "#dddddd",
        "grid": "#3a3a3a",
        "lines": ("#6db3f2", "#f2a07b", "#81c784", "#c8a2e0"),
    },
}
THEMES = tuple(_STYLES)
_DASHES = ("", "7 4", "2 4", "9 3 2 3")
"""The lines differ in their dashes too: colour never carries meaning alone."""
_SMALLEST = 1e-9


def curves_svg(
    about: str, unit: str, lines: Mapping[str, Sequence[tuple[int, float]]], theme: str
) -> str:
    """The picture.

    Args:
        about: what it shows; its title.
        unit: of the vertical axis.
        lines: points (jobs, figure) by the name of the line.
        theme: `light` or `dark`, the page around it.
    """
    look = _STYLES[theme]
    points = [point for line in lines.values() for point in line]
    across = _decades([float(jobs) for jobs, _ in points])
    up = _decades([max(value, _SMALLEST) for _, value in points])
    place = _Place(across, up)
    parts = [f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="{look["page"]}"/>']
    parts.append(_text(_LEFT, 24, f"{about}, by the number of jobs"))
    for power in range(across[0], across[1] + 1):
        x = place.x(10.0**power)
        parts.append(f'<path class="grid" d="M{x} {_TOP}V{_HEIGHT - _BOTTOM}"/>')
        parts.append(_text(x, _HEIGHT - _BOTTOM + 20, f"{10**power:,}", "middle"))
    for power in range(up[0], up[1] + 1):
        y = place.y(10.0**power)
        parts.append(f'<path class="grid" d="M{_LEFT} {y}H{_WIDTH - _RIGHT}"/>')
        parts.append(_text(_LEFT - 8, y + 4, f"{10.0**power:g} {unit}", "end"))
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - 8, "jobs", "middle"))
    for number, (name, line) in enumerate(lines.items()):
        parts += _line(number, name, line, place, look["lines"])
    style = (
        f"text{{font:13px sans-serif;fill:{look['text']}}}"
        f".grid{{stroke:{look['grid']};stroke-width:1}}.line{{stroke-width:2;fill:none}}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" '
        f'width="{_WIDTH}" height="{_HEIGHT}" role="img">\n<title>{escape(about)}</title>\n'
        f"<style>{style}</style>\n" + "\n".join(parts) + "\n</svg>\n"
    )


def _line(
    number: int,
    name: str,
    line: Sequence[tuple[int, float]],
    place: _Place,
    colours: Sequence[str],
) -> list[str]:
    colour = colours[number % len(colours)]
    dashes = _DASHES[number % len(_DASHES)]
    drawn = [(place.x(jobs), place.y(max(value, _SMALLEST))) for jobs, value in sorted(line)]
    path = "M" + "L".join(f"{x} {y}" for x, y in drawn)
    stroke = f'stroke="{colour}" stroke-dasharray="{dashes}"' if dashes else f'stroke="{colour}"'
    parts = [f'<path class="line" {stroke} d="{path}"/>']
    parts += [f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>' for x, y in drawn]
    y = _TOP + 14 + 24 * number
    left = _WIDTH - _RIGHT + 16
    parts.append(f'<path class="line" {stroke} d="M{left} {y - 4}h28"/>')
    return [*parts, _text(left + 36, y, name)]


def _decades(values: Sequence[float]) -> tuple[int, int]:
    """The powers of ten around all values, at least one decade."""
    low = math.floor(math.log10(min(values)) + 1e-9)
    high = math.ceil(math.log10(max(values)) - 1e-9)
    return low, max(high, low + 1)


class _Place:
    """Where a point is drawn."""

    def __init__(self, across: tuple[int, int], up: tuple[int, int]) -> None:
        self._across, self._up = across, up

    def x(self, value: float) -> float:
        low, high = self._across
        share = (math.log10(value) - low) / (high - low)
        return round(_LEFT + share * (_WIDTH - _LEFT - _RIGHT), 1)

    def y(self, value: float) -> float:
        low, high = self._up
        share = (math.log10(value) - low) / (high - low)
        return round(_HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM), 1)


def _text(x: float, y: float, text: str, anchor: str = "start") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{escape(text)}</text>'
