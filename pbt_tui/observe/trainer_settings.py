"""The numbers that decide when a population exchanges, out of its members' commands.

Must not know files: an argv in, settings out. The defaults are those of the originals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from pbt_tui.spec import Style


@dataclass(frozen=True, slots=True)
class Settings:
    """None where neither the command nor a default tells."""

    initial_delay: float | None = None
    """Frames before the first exchange."""
    worst: float = 0.125
    """Share of the members that can be replaced (IsaacGymEnvs)."""
    top: float = 0.3
    """Share of the members that can be copied (IsaacGymEnvs)."""
    std: float = 0.5
    absolute: float = 0.05
    """Thresholds: standard deviations, and a share of the value (Lab: the value itself)."""


_NAMES = {
    "initial_delay": ("pbt.initial_delay", "pbt_start_mutation"),
    "worst": ("pbt.replace_fraction_worst", "pbt_replace_fraction"),
    "top": ("pbt.replace_fraction_best",),
    "std": ("pbt.replace_threshold_frac_std", "pbt.threshold_std"),
    "absolute": ("pbt.replace_threshold_frac_absolute", "pbt.threshold_abs"),
}


def defaults(style: Style) -> Settings:
    """For a workspace without a command: nothing is assumed about frames."""
    if style == "isaaclab":
        return Settings(std=0.10, absolute=0.05)
    return Settings()


def settings(style: Style, argv: Sequence[str]) -> Settings:
    """From one member's command; the last value of a key wins, as it does upstream."""
    found = defaults(style)
    if style != "isaaclab":
        found = replace(found, initial_delay=20_000_000.0)
    given: dict[str, float] = {}
    for i, word in enumerate(argv):
        key, equals, value = word.partition("=")
        if not equals and word.startswith("--") and i + 1 < len(argv):
            value = argv[i + 1]
        key = key.lstrip("-+").removeprefix("agent.")
        for name, spellings in _NAMES.items():
            if key in spellings:
                try:
                    given[name] = float(value.replace("_", ""))
                except ValueError:
                    continue
    return replace(found, **given)
