"""Population styles: how each trainer does population-based training. Each is one folder.

A style is pure data and predicates: how a command gives the index of a member, which rules members
follow, and how a workspace is recognised. Must not read or write files: a style names the reader of
its workspaces, and `observe` loads it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbt_tui.populations.contract import (
    CallStyle,
    Continued,
    ExchangeSettings,
    FoundFolder,
    Saved,
    Style,
)
from pbt_tui.populations.member import IndexKey, Member, StyleFinding, from_train_dir
from pbt_tui.registry import Registry

if TYPE_CHECKING:
    from pbt_tui.spec import Processes

__all__ = [
    "STYLES",
    "CallStyle",
    "Continued",
    "ExchangeSettings",
    "FoundFolder",
    "IndexKey",
    "Member",
    "Saved",
    "Style",
    "StyleFinding",
    "from_train_dir",
    "refuse_unknown_styles",
]

STYLES: Registry[Style] = Registry(
    "style",
    "pbt_tui.populations",
    {
        "isaacgymenvs": "pbt_tui.populations.isaacgymenvs.style:STYLE",
        "isaaclab": "pbt_tui.populations.isaaclab.style:STYLE",
        "rl_games": "pbt_tui.populations.rl_games.style:STYLE",
        "sample_factory": "pbt_tui.populations.sample_factory.style:STYLE",
    },
    Style,
)


def refuse_unknown_styles(spec: Processes, file: str | None = None) -> None:
    """Raises `BadSpec` if a population of a decoded spec names a style that is not installed."""
    for i, population in enumerate(spec.populations):
        if population.style not in STYLES:
            from pbt_tui.errors import BadSpec, UnknownKind, Where

            unknown = UnknownKind(STYLES.sort, population.style, STYLES.names())
            where = Where(file=file, pointer=f"/populations/{i}/style")
            raise BadSpec(unknown.what, hint=unknown.hint, where=where)
