"""The population style of rl_games: Isaac Lab's style without the options of Isaac Lab's script.

The commands of both look alike, so a population has this style only if its run module says
`style="rl_games"`.
"""

from __future__ import annotations

from dataclasses import replace

from pbt_tui.populations.contract import CallStyle, FoundFolder
from pbt_tui.populations.isaaclab.rules import check
from pbt_tui.populations.isaaclab.style import STYLE as ISAACLAB


def _is_workspace(found: FoundFolder) -> bool:
    return False  # a workspace without a run is shown as Isaac Lab's


STYLE = replace(
    ISAACLAB,
    name="rl_games",
    title="rl_games",
    call=CallStyle(prefix="", dir_arg="agent.pbt.directory"),
    forgotten_options=(),
    rules=check,
    is_workspace=_is_workspace,
)
