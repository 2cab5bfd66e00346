"""The table `[monitor]` of the user's configuration, as types.

Which keys, actions, columns and colours there are is known to the monitor, which checks them.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

Keys = str | list[str]
"""One key, or several that do the same."""
SHORTEST, LONGEST = 0.05, 3600.0
"""Seconds between two reads of the journal."""


class MonitorSettings(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True
):
    """How the monitor looks and behaves, for one person on one machine."""

    theme: str | None = None
    """Name of a theme: `dark`, `light`, `ansi-dark`, `ansi-light`, one below `themes`, or one of
    Textual's."""
    ascii: bool | None = None
    """Whether it draws with ASCII characters only."""
    mouse: bool | None = None
    """Whether it captures the mouse."""
    interval: Annotated[float, msgspec.Meta(ge=SHORTEST, le=LONGEST)] | None = None
    """Seconds between two reads of the journal."""
    title: bool | None = None
    """Whether the title of the terminal tells the run."""
    notify: list[Literal["bell", "osc9", "osc777"]] | None = None
    """How the terminal is told what happens."""
    tell: list[Literal["failure", "best", "plateau", "end"]] | None = None
    """What it is told of."""
    keys: dict[str, Keys | dict[str, Keys]] = {}
    """An action and its keys; or a page, and in it actions with the keys that they have there."""
    columns: dict[str, list[str]] = {}
    """A page and its columns in their order, each as `name` or `name:width`."""
    themes: dict[str, dict[str, str]] = {}
    """A name and its colors; `base` is `dark` or `light`."""
