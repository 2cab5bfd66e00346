"""Parsers of the values of settings: sizes, durations, lists, mounts, limits.

Units are bytes and seconds. A parser raises `ValueError` without a message: the caller knows which
value it expected and where.
"""

from __future__ import annotations

import math
from typing import Any

_SIZE = r"(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?"
_SLURM_DURATION = (
    r"(?:([0-9]{1,9})-(?=[0-9])|(?=[0-9]+:))([0-9]{1,9})(?::([0-9]{1,9}))?(?::([0-9]{1,9}))?"
)
_DURATION = r"(\d+(?:\.\d+)?)\s*([smhd]?)"
_POWER = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_TRUE = frozenset({"true", "yes", "on", "1"})
_FALSE = frozenset({"false", "no", "off", "0"})


def integer(text: str) -> int:
    import re

    if not re.fullmatch(r"[+-]?[0-9]{1,18}", text.strip()):
        raise ValueError
    return int(text)


def seed(text: str) -> int:
    """An integer that a spec file can hold."""
    if abs(value := integer(text)) > 2**53:
        raise ValueError
    return value


def number(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError
    return value


def boolean(text: str) -> bool:
    word = text.strip().lower()
    if word not in _TRUE | _FALSE:
        raise ValueError
    return word in _TRUE


def truth(text: str) -> bool:
    """A boolean that is written as a value: `--slurm_print_only False`."""
    return boolean(text)


def size(text: str) -> int:
    """Bytes: `512M`, `4G`, `1.5GiB`, `1024`; units are powers of 1024, as Docker reads them."""
    import re

    found = re.fullmatch(_SIZE, text.strip(), re.IGNORECASE | re.ASCII)
    if found is None:
        raise ValueError
    value: float = float(found[1]) * 1024 ** _POWER[found[2].lower()]
    if not value <= 2**53:  # the bound of every number of a spec
        raise ValueError
    return int(value)


def duration(text: str) -> float:
    """Seconds: `90`, `30s`, `5m`, `2h`, `7d`, `1.5h`."""
    import re

    found = re.fullmatch(_DURATION, text.strip(), re.ASCII)
    if found is None:
        raise ValueError
    return number(found[1]) * _SECONDS[found[2]]


def slurm_duration(text: str) -> float:
    """Seconds, also in SLURM's forms: `24:00:00`, `90:00` (minutes), `1-12`, `1-00:30:00`."""
    import re

    found = re.fullmatch(_SLURM_DURATION, text.strip(), re.ASCII)
    if found is None:
        return duration(text)
    days, first, *rest = found.groups()
    parts = [int(part or 0) for part in (first, *rest)]
    if days is None and rest[1] is None:
        parts = [0, *parts[:2]]  # minutes and seconds
    hours, minutes, seconds = parts
    return float(((int(days or 0) * 24 + hours) * 60 + minutes) * 60 + seconds)


def plain(text: str) -> str:
    if not text:
        raise ValueError
    return text


def words(text: str) -> list[str]:
    """A list with commas; empty text is the empty list."""
    return [plain(word.strip()) for word in text.split(",")] if text.strip() else []


def lines(text: str) -> list[str]:
    """One or several whole lines; empty text is none."""
    return text.splitlines()


def command(text: str) -> list[str]:
    """A command as a shell would split it; empty text is the empty command."""
    import shlex

    return shlex.split(text)


def mount(text: str) -> list[dict[str, Any]]:
    """`SRC:DST`, `SRC:DST:ro` or `SRC:DST:rw`."""
    source, target, *rest = text.split(":")
    if not source or not target or rest not in ([], ["ro"], ["rw"]):
        raise ValueError
    return [{"source": source, "target": target, "read_only": rest == ["ro"]}]


def ulimit(text: str) -> list[dict[str, Any]]:
    """`name=soft` or `name=soft:hard`; -1 is unlimited."""
    name, _, limits = text.partition("=")
    soft, _, hard = limits.partition(":")
    if not name:
        raise ValueError
    return [{"name": name, "soft": integer(soft), "hard": integer(hard or soft)}]


def name(text: str) -> list[str]:
    """One name of an environment variable."""
    if "=" in text:
        raise ValueError
    return [plain(text)]
