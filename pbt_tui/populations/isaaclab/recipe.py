"""How a member of Isaac Lab or rl_games continues: as it restarts itself after an exploit."""

from __future__ import annotations

from collections.abc import Sequence

from pbt_tui.populations.contract import Continued, Saved


def recipe(argv: Sequence[str], saved: Saved | None) -> Continued:
    """The arguments of an attempt; the script's argparse reads the first, Hydra the others."""
    if saved is None:
        return Continued()
    from pbt_tui.populations.hydra_text import (
        NotHydra,
        overrides,
    )  # late: nothing continues at compile time

    try:
        return Continued((f"--checkpoint={saved.checkpoint}", *overrides(saved.params)))
    except NotHydra as e:
        return Continued(refused=f"its command cannot be written: {e}")
