"""What was measured, as `results.json` keeps it: parts, their rows and curves, and where they ran.

Running one part replaces that part only. The page of the benchmarks is made of this file alone.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

FILE = Path(__file__).with_name("results.json")
_LIMIT = re.compile(r"(<=|>=|<|>)?\s*(\d+(?:\.\d+)?)")
_HOLDS = {
    "<=": lambda value, limit: value <= limit,
    ">=": lambda value, limit: value >= limit,
    "<": lambda value, limit: value < limit,
    ">": lambda value, limit: value > limit,
}


class Beside(msgspec.Struct, frozen=True, omit_defaults=True):
    """The other side of a row: the same work, done by another program."""

    name: str
    theirs: str
    ratio: float
    """Ours divided by theirs."""
    ours: str = ""
    cpu: float | None = None
    """The ratio of processor time, where `ratio` is of elapsed time."""
    floor: bool = False
    """Whether the other side does less than the same work, so that nobody can be ahead of it."""
    more: bool = False
    """Whether more is better, as for jobs a second."""

    @property
    def loses(self) -> bool:
        """Whether the other side does the same work and is ahead."""
        return not self.floor and (self.ratio < 1 if self.more else self.ratio > 1)


class Measured(msgspec.Struct, frozen=True, omit_defaults=True):
    """One row."""

    what: str
    figure: str
    target: str = ""
    met: bool | None = None
    """None for a row without a target."""
    beside: Beside | None = None


class Surroundings(msgspec.Struct, frozen=True):
    """The machine and the versions when a part began. It has no name of a machine and no path."""

    date: str
    load: float
    """Processes that wanted a processor, on average, in the minute before."""
    cores: int
    cpu: str
    kernel: str
    python: str
    version: str
    """Of pbt_tui, with its commit."""


class Part(msgspec.Struct, omit_defaults=True):
    """One part of the benchmarks."""

    name: str
    at: Surroundings
    title: str = ""
    rows: list[Measured] = []
    commands: dict[str, str] = {}
    """What was run, by name."""
    versions: dict[str, str] = {}
    """Of the programs beside ours."""
    left_out: list[str] = []
    """What could not be measured, with the reason."""
    curves: dict[str, dict[str, list[tuple[int, float]]]] = {}
    """Points (jobs, figure) by picture and line."""


def met(target: str, values: tuple[float, ...]) -> bool:
    """Whether each value keeps its limit in a target such as `<= 12 s, <= 1.2 GB`.

    Args:
        target: the limits, separated by commas; without a sign it is `<=`.
        values: as many as there are limits, in the units of the target.

    Raises:
        ValueError: there are more or fewer values than limits.

    Example:
        >>> met("<= 12 s, <= 1.2 GB", (11.0, 1.3))
        False
    """
    found = [_LIMIT.search(part) for part in target.split(",")]
    limits = [(m[1] or "<=", float(m[2])) for m in found if m]
    return all(
        _HOLDS[sign](value, limit) for (sign, limit), value in zip(limits, values, strict=True)
    )


def load(path: Path = FILE) -> list[Part]:
    """The parts that are kept; none if there is no such file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    return msgspec.json.decode(data, type=list[Part])


def renew(part: Part, order: tuple[str, ...], path: Path = FILE) -> list[Part]:
    """Replaces one part in the file, keeps all others, and returns all parts.

    Args:
        part: what was measured now.
        order: the names of all parts, in the order of the page; a part with another name goes.
        path: the file.
    """
    kept = {one.name: one for one in load(path)} | {part.name: part}
    parts = [kept[name] for name in order if name in kept]
    text = msgspec.json.format(msgspec.json.encode(parts), indent=1) + b"\n"
    fresh = path.with_name(path.name + ".new")
    fresh.write_bytes(text)
    fresh.replace(path)
    return parts
