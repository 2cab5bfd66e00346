"""Distinguishes the workspaces of IsaacGymEnvs and Isaac Lab: both have folders `000` with YAML."""

from __future__ import annotations

import re

from pbt_tui.populations.contract import FoundFolder

_BEST = re.compile(r"best\d+")


def lab_wrote(found: FoundFolder) -> bool:
    """Whether Isaac Lab or rl_games wrote the workspace: parameter names begin with `agent.`.

    If no file has parameters, folders `best<n>` or a parent folder `runs` mean IsaacGymEnvs.
    """
    if params := found.params():
        return any(key.startswith("agent.") for key in params)
    return found.parent != "runs" and not any(_BEST.fullmatch(name) for name in found.folders)
