"""Durations, sizes, exit codes, mounts and images, as a workflow file writes them.

Each parser raises `ValueError` with a message that says what is wrong. Units are seconds and bytes.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import NamedTuple

SIGNALLED = 255
"""Exit code of a task whose command was killed by a signal, or ended with this code."""
OUT_OF_MEMORY = 3004
"""Exit code of an evicted task, and of one that ran out of memory."""
_SERVICE = ((256, 257), (1001, 1999), (2002, 2040), (3000, 3006), (4000, 4000))
"""Exit codes of the service itself, which no program ends with."""
_DURATION = re.compile(r"([0-9]{1,15})(d|h|ms|us|m|s)", re.ASCII)
_ISO = re.compile(
    r"P(?:(\d{1,9})D)?(?:T(?:(\d{1,9})H)?(?:(\d{1,9})M)?(?:(\d{1,9}(?:\.\d{1,6})?)S)?)?", re.ASCII
)
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_SMALL = {"ms": Decimal("0.001"), "us": Decimal("0.000001")}
_SIZE = re.compile(r"([0-9]{1,15})(?:\.([0-9]{1,9}))?([A-Za-z]*)", re.ASCII)
_POWER = {"Ki": 1, "Mi": 2, "Gi": 3, "Ti": 4}
_CODES = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", re.ASCII)
_HOST = (
    r"(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|localhost|(?:[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?\.)+"
)
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_PART = r"[0-9a-z](?:[0-9a-z_.-]*[0-9a-z])?"
_IMAGE = re.compile(
    rf"(?:{_HOST}{_LABEL}|{_LABEL}(?=:[0-9]+/))(?::[0-9]{{1,5}})?/)?"
    rf"{_PART}(?:/{_PART})*(?::(?P<tag>[a-zA-Z0-9_][a-zA-Z0-9._-]*))?"
    r"(?:@(?P<digest>[A-Za-z0-9_+.-]+:[A-Fa-f0-9]+))?"
)
"""`[registry[:port]/]name[/name][:tag][@digest]`."""
LONGEST_IMAGE = 500
"""Characters of an image: the pattern takes quadratic time."""


def seconds(text: str) -> Decimal:
    """A duration: `<integer>` with d, h, m, s, ms or us, or `PnDTnHnMnS`.

    Raises:
        ValueError: for anything else, such as `10h5m`.

    Example:
        >>> seconds("36h"), seconds("PT1H30M")
        (Decimal('129600'), Decimal('5400'))
    """
    if found := _DURATION.fullmatch(text):
        unit = found[2]
        return Decimal(found[1]) * (_SMALL[unit] if unit in _SMALL else _SECONDS[unit])
    found = _ISO.fullmatch(text)
    if found is None or not any(found.groups()):
        raise ValueError("not a duration: write one number with `d`, `h`, `m` or `s`")
    days, hours, minutes, rest = (Decimal(part or 0) for part in found.groups())
    return days * 86400 + hours * 3600 + minutes * 60 + rest


def duration(count: float) -> str:
    """Whole seconds, rounded up, in one unit that the service also stores as one unit.

    It stores 90 minutes as `1h30m`, which it then refuses to read. Where no unit holds the number
    exactly, the next unit is rounded up.

    Example:
        >>> duration(7 * 86400), duration(5400), duration(59.5)
        ('7d', '2h', '1m')
    """
    whole = max(1, int(-(-count // 1)))
    for unit, size, below in (("s", 1, 60), ("m", 60, 60), ("h", 3600, 24)):
        if -(-whole // size) < below:
            return f"{-(-whole // size)}{unit}"
    return f"{-(-whole // 86400)}d"


def stored_as_one(text: str) -> bool:
    """Whether the service stores a valid duration in one unit, so that it can read it again."""
    rest = seconds(text)
    parts = 0
    for unit in (Decimal(86400), Decimal(3600), Decimal(60), Decimal(1), *_SMALL.values()):
        parts += rest >= unit
        rest %= unit
    return parts <= 1


def size(text: str) -> int:
    """Bytes of `memory` or `storage`: an integer with Ki, Mi, Gi or Ti.

    Raises:
        ValueError: for another unit. The service and Kubernetes read `G` differently, `GiB` is
            refused by Kubernetes, and a number without a unit is bytes.

    Example:
        >>> size("32Gi") == 32 * 2**30
        True
    """
    found = _SIZE.fullmatch(text)
    if found is None:
        raise ValueError("not a size: write a number with `Mi` or `Gi`")
    number, decimals, unit = found.groups()
    if unit not in _POWER:
        if not unit:
            raise ValueError("without a unit these are bytes")
        close = f"{unit[0].upper()}i"
        if close in _POWER and unit in (close[0], f"{close}B", f"{close[0]}B"):
            raise ValueError(f"Kubernetes reads `{unit}` otherwise than OSMO, or not at all")
        raise ValueError(f"there is no unit `{unit}`")
    return int(Decimal(f"{number}.{decimals or 0}") * 1024 ** _POWER[unit])


def size_text(count: int) -> str:
    """Bytes in the largest unit that holds them exactly; whole KiB, rounded up.

    Example:
        >>> size_text(32 * 2**30), size_text(1)
        ('32Gi', '1Ki')
    """
    for unit in ("Ti", "Gi", "Mi"):
        if count and count % 1024 ** _POWER[unit] == 0:
            return f"{count // 1024 ** _POWER[unit]}{unit}"
    return f"{max(1, -(-count // 1024))}Ki"


def exit_codes(text: str) -> list[tuple[int, int]]:
    """The ranges of a set of exit codes such as `75,3001-3006`.

    Raises:
        ValueError: for another form, a reversed range, or a code that nothing ends with.

    Example:
        >>> exit_codes("0,10-20")
        [(0, 0), (10, 20)]
    """
    ranges = []
    for part in text.split(","):
        found = _CODES.fullmatch(part)
        if found is None:
            raise ValueError(f"`{part:.40}` is not an exit code or a range such as `10-20`")
        first, last = int(found[1]), int(found[2] or found[1])
        if last < first:
            raise ValueError(f"range `{part}` is reversed")
        for end in (first, last):
            if end > SIGNALLED and not any(low <= end <= high for low, high in _SERVICE):
                raise ValueError(f"nothing ends with exit code {end}")
        ranges.append((first, last))
    return ranges


def overlap(some: list[tuple[int, int]], others: list[tuple[int, int]]) -> int | None:
    """The first exit code that is in both."""
    for first, last in some:
        for low, high in others:
            if first <= high and low <= last:
                return max(first, low)
    return None


class HostMount(NamedTuple):
    """A folder of the node that a task sees; `target` is where."""

    source: str
    target: str


def mount(text: str) -> HostMount:
    """`SRC[:DST]`: a folder of the node, and where the task sees it.

    Raises:
        ValueError: for another form.

    Example:
        >>> mount("/mnt/team")
        HostMount(source='/mnt/team', target='/mnt/team')
    """
    source, *rest = text.split(":")
    if len(rest) > 1:
        raise ValueError(f"`:{rest[1]:.40}` is not accepted: mounts have no options")
    target = rest[0] if rest else source
    if not source or not target:
        raise ValueError("a mount is `SRC` or `SRC:DST`")
    for path in (source, target):
        if not path.startswith("/"):
            raise ValueError(f"`{path:.200}` is a relative path")
        if path.strip("/") == "" or ".." in path.split("/"):
            raise ValueError(f"`{path:.200}` is not a path below `/`")
    return HostMount(source, target)


def image_tag(text: str) -> str | None:
    """The tag of an image; empty if a digest says more, None if there is neither.

    Raises:
        ValueError: if the service would not find registry, name and tag in it.
    """
    found = _IMAGE.fullmatch(text) if len(text) <= LONGEST_IMAGE else None
    if found is None:
        raise ValueError("not an image `[registry/]name[:tag]`")
    return "" if found["digest"] else found["tag"]
