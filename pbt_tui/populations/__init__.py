"""HOW TRAINERS DO POPULATION-BASED TRAINING: one style each, found by name.

Pure data and predicates: how members name themselves in a command, what their rules are, how a
workspace is recognised. Must not read or write anything: what reads a workspace is named by its
style and loaded by `observe`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbt_tui.populations.contract import CallStyle, ExchangeSettings, FoundFolder, Style
from pbt_tui.populations.member import IndexKey, Member, StyleFinding, from_train_dir
from pbt_tui.registry import Registry

if TYPE_CHECKING:
    from pbt_tui.spec import Processes

__all__ = [
    "STYLES",
    "CallStyle",
    "ExchangeSettings",
    "FoundFolder",
    "IndexKey",
    "Member",
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
    """Raises `BadSpec` where a population of a spec that was read names a style that nobody has."""
    for i, population in enumerate(spec.populations):
        if population.style not in STYLES:
            from pbt_tui.errors import BadSpec, UnknownKind, Where

            unknown = UnknownKind(STYLES.sort, population.style, STYLES.names())
            where = Where(file=file, pointer=f"/populations/{i}/style")
            raise BadSpec(unknown.what, hint=unknown.hint, where=where)
