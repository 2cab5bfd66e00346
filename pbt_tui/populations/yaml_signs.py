"""Which of two trainers wrote a workspace of folders `000` with YAML files: they look alike.

Must not read anything: it judges what was found.
"""

from __future__ import annotations

import re

from pbt_tui.populations.contract import FoundFolder

_BEST = re.compile(r"best\d+")


def lab_wrote(found: FoundFolder) -> bool:
    """Isaac Lab, or rl_games: parameters begin with `agent.`.

    Where no file has parameters, best folders and a place in `runs` mean the other one.
    """
    if params := found.params():
        return any(key.startswith("agent.") for key in params)
    return found.parent != "runs" and not any(_BEST.fullmatch(name) for name in found.folders)
