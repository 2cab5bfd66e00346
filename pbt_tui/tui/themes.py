"""Two themes with the Okabe-Ito palette, which people with any colour vision can read."""

from __future__ import annotations

from textual.theme import Theme

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
    variables={"block-cursor-text-style": "none", "footer-key-foreground": "#F0E442"},
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
    variables={"block-cursor-text-style": "none", "footer-key-foreground": "#005A8C"},
)
NAMES = {"dark": DARK.name, "light": LIGHT.name}
