"""The axes of curves: what the y axis shows of the values, and round numbers for ticks.

Pure. A diverged member must not make all others flat, so an axis may be clipped at what lies far
outside of the quartiles.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

ScaleName = Literal["linear", "log", "clipped"]
SCALES: tuple[ScaleName, ...] = ("linear", "log", "clipped")
_MOST = 4e307
"""Half of the longest axis."""
_SHORTEST = 1e-290
"""The shortest axis: a screen has so many rows that a unit may be infinitely many of them."""
_SAMPLES = 4096
"""Most values that tell the quartiles."""
_FENCE = 3.0
"""Distances between the quartiles, beyond them, at which an axis is clipped."""
_FLAT = 4.0
"""How many times longer than the clipped axis a linear one is at least, where it hides curves."""


@dataclass(frozen=True)
class Axis:
    """The y axis: the part of the values that it shows, and how."""

    name: Literal["linear", "log", "clipped", "symlog"]
    """What it is, for people; `symlog`: a logarithm of values of both signs."""
    low: float
    """Position of the lower end."""
    high: float
    """Position of the upper end."""
    sign: int = 0
    """For a logarithm: the sign of all values; 0 if they have both."""
    linear_within: float = 0.0
    """For a logarithm of values of both signs: those nearer to zero are not spread."""

    def place(self, value: float) -> float:
        """The position of a value."""
        if self.sign:
            return self.sign * math.log10(abs(value)) if value * self.sign > 0 else -math.inf
        if self.linear_within:
            size = math.log10(1 + min(1e300, abs(value) / self.linear_within))
            return math.copysign(size, value)
        return value

    def ticks(self, most: int) -> list[tuple[float, str]]:
        """Positions and labels of round values, at most `most` of them, the lowest first."""
        if not (self.sign or self.linear_within):
            return [(value, short(value)) for value in steps(self.low, self.high, most)]
        values = [v for v in self._powers() if self.low <= self.place(v) <= self.high]
        if len(values) < 2:
            values = steps(self._value(self.low), self._value(self.high), most)
        stride = max(1, math.ceil(len(values) / max(1, most)))
        return [(self.place(v), short(v)) for v in values[::stride] if v or not self.sign]

    def _value(self, place: float) -> float:
        """The value at a position of a logarithm."""
        try:
            if self.sign:
                return float(self.sign * 10 ** (self.sign * place))
            return math.copysign((10 ** abs(place) - 1) * self.linear_within, place)
        except OverflowError:
            return math.copysign(_MOST, place)

    def _powers(self) -> list[float]:
        """Powers of ten, as far as the axis spreads them, the least first."""
        signs = (self.sign,) if self.sign else (-1, 1)
        least = -300 if self.sign else math.ceil(math.log10(self.linear_within))
        found = [sign * 10.0**power for sign in signs for power in range(least, 308)]
        return sorted(found if self.sign else [*found, 0.0])


def axis(values: Sequence[Sequence[float]], name: ScaleName | None) -> Axis | None:
    """The y axis for some values; None: there is nothing to draw.

    Args:
        values: finite values by series.
        name: what a person chose; None: linear, or clipped where that would hide the curves.
    """
    some = [series for series in values if series]
    if not some:
        return None
    low, high = min(map(min, some)), max(map(max, some))
    if name == "log":
        return _logarithmic(some, low, high)
    if name == "linear":
        return _wide("linear", low, high)
    inner = _fences(some)
    if inner is None or (inner[0] <= low and high <= inner[1]):
        return _wide("linear" if name is None else "clipped", low, high)
    within = [v for each in some for v in each if inner[0] <= v <= inner[1]]
    clipped = _wide("clipped", min(within), max(within))
    if name == "clipped":
        return clipped
    linear = _wide("linear", low, high)
    shorter = linear.high - linear.low > _FLAT * (clipped.high - clipped.low)
    return clipped if shorter else linear


def _wide(name: ScaleName, low: float, high: float) -> Axis:
    """An axis that has a finite length."""
    low, high = (min(_MOST, max(-_MOST, end)) for end in (low, high))
    if high - low < _SHORTEST:
        reach = max(_SHORTEST, abs(low) / 2) if low else 0.5
        low, high = low - reach, high + reach
    return Axis(name, low, high)


def _fences(series: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """Where an axis is clipped, from the quartiles; None: these are one value."""
    every = max(1, sum(map(len, series)) // _SAMPLES)
    some = sorted(value for values in series for value in values[::every])
    low, high = some[len(some) // 4], some[(3 * len(some)) // 4]
    reach = (high - low) * _FENCE
    if not math.isfinite(reach) or not reach:
        return None
    return low - reach, high + reach


def _logarithmic(series: Sequence[Sequence[float]], low: float, high: float) -> Axis:
    if low > 0 or high < 0:  # objectives below zero are losses with a sign
        found = Axis("log", 0.0, 1.0, sign=1 if low > 0 else -1)
    else:
        sizes = sorted(abs(v) for values in series for v in values[:: len(values) // 64 + 1] if v)
        within = max(1e-300, sizes[len(sizes) // 10]) if sizes else 1.0
        found = Axis("symlog", 0.0, 1.0, linear_within=within)
    ends = _wide("log", found.place(low), found.place(high))
    return replace(found, low=ends.low, high=ends.high)


def steps(low: float, high: float, most: int) -> list[float]:
    """At most `most` round numbers at equal distances between two values.

    Args:
        low: the least.
        high: the greatest.
        most: how many at most.

    Example:
        >>> steps(0.3, 9.7, 5)
        [2.0, 4.0, 6.0, 8.0]
    """
    if not high > low or most < 1 or not math.isfinite(high - low):
        return []
    rough = (high - low) / most
    if not rough:
        return []
    power = 10.0 ** math.floor(math.log10(rough))
    for size in (power * unit for unit in (0.5, 1, 2, 5, 10, 20)):
        first, last = math.ceil(low / size - 1e-9), math.floor(high / size + 1e-9)
        if last - first < most:
            return [i * size for i in range(first, last + 1)]
    return []


def short(value: float) -> str:
    """A round number in few cells: `1500`, `20k`, `1.5M`, `1e-05`.

    Args:
        value: the number.

    Example:
        >>> short(20_000.0), short(0.1 + 0.2), short(-5e12)
        ('20k', '0.3', '-5e+12')
    """
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e4)):
        if 1e13 > abs(value) >= size and not abs(value) >= 1e12:
            return f"{value / (1e3 if unit == 'k' else size):.4g}{unit}"
    return f"{value:.4g}"
