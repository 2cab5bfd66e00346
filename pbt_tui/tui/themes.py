"""Two themes with the Okabe-Ito palette, which people with any colour vision can read."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from textual.theme import Theme

from pbt_tui.tui.preferences import OwnTheme
from pbt_tui.tui.text import COLOURS


def colours(*, dark: bool) -> dict[str, str]:
    """The colours of curves and shades, as variables of a theme; also for themes of others.

    Args:
        dark: whether the background is dark.

    Example:
        >>> colours(dark=True)["hue1"]
        '#56B4E9'
    """
    return dict(zip(COLOURS, _DARK if dark else _LIGHT, strict=True))


_DARK = (
    "#E69F00", "#56B4E9", "#009E73", "#F0E442", "#2A7BD6", "#D55E00", "#CC79A7", "#FFFFFF",
    "#3B4A7A", "#3A6A9A", "#2F87A8", "#2CA39C", "#45BD83", "#85D05A", "#C3DC3F", "#F4E84A",
)  # fmt: skip
"""Okabe and Ito's colours, with a lighter blue, and white for black; then from blue to yellow,
ever lighter."""
_LIGHT = (
    "#C68B00", "#3A97D3", "#006B50", "#85712B", "#0A4A9E", "#7A1C08", "#B9569A", "#111111",
    "#D9CF3C", "#A8C23C", "#66B25A", "#2F9E78", "#2A7F8E", "#33608D", "#3F437F", "#440F56",
)  # fmt: skip
"""The same, dark enough for white paper; then from yellow to purple, ever darker."""

DARK = Theme(
    name="pbt-dark",
    dark=True,
    primary="#56B4E9",  # sky blue: runs
    secondary="#CC79A7",  # reddish purple: marked
    accent="#F0E442",  # yellow: keys and titles
    success="#009E73",  # bluish green
    warning="#E69F00",  # orange
    error="#D55E00",  # vermilion
    foreground="#E4E4E4",
    background="#121212",
    surface="#1A1A1A",
    panel="#262626",
    boost="#303A44",
    variables={
        "block-cursor-text-style": "none",
        "footer-key-foreground": "#F0E442",
        **colours(dark=True),
    },
)
LIGHT = Theme(
    name="pbt-light",
    dark=False,
    primary="#0072B2",
    secondary="#AA4499",
    accent="#005A8C",
    success="#00734F",
    warning="#9A6700",
    error="#B84A00",
    foreground="#1A1A1A",
    background="#FFFFFF",
    surface="#F6F6F6",
    panel="#E8E8E8",
    boost="#D6E6F2",
    variables={
        "block-cursor-text-style": "none",
        "footer-key-foreground": "#005A8C",
        **colours(dark=False),
    },
)
_FIELDS = {
    "run": "primary", "mark": "secondary", "key": "accent", "good": "success", "warn": "warning",
    "bad": "error", "text": "foreground",
}  # fmt: skip
"""Roles that Textual calls otherwise."""


def own_theme(own: OwnTheme) -> Theme:
    """The theme of a person.

    Example:
        >>> from pbt_tui.tui.preferences import OwnTheme
        >>> own_theme(OwnTheme("mine", "light", {"bad": "#FF0000"})).error
        '#FF0000'
    """
    base = DARK if own.base == "dark" else LIGHT
    variables = {role: colour for role, colour in own.colours.items() if role in COLOURS}
    if "key" in own.colours:
        variables["footer-key-foreground"] = own.colours["key"]
    fields: dict[str, Any] = {
        _FIELDS.get(role, role): colour
        for role, colour in own.colours.items()
        if role not in COLOURS
    }
    return replace(base, name=own.name, variables={**base.variables, **variables}, **fields)


NAMES = {"dark": DARK.name, "light": LIGHT.name}
