"""How a member of IsaacGymEnvs continues: as it restarts itself after an exploit.

Its restart drops exactly these spellings of its arguments before it adds its own, so that they do
not pile up on the command line.
"""

from __future__ import annotations

from collections.abc import Sequence

from pbt_tui.populations.contract import Continued, Saved

_ENV = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
"""The checkpoints of rl_games hold numpy scalars, which PyTorch's safe loader refuses."""


def recipe(argv: Sequence[str], saved: Saved | None) -> Continued:
    """The arguments and the environment of an attempt."""
    if saved is None:
        return Continued()
    from pbt_tui.populations.hydra_text import (
        NotHydra,
        overrides,
        value_text,
    )  # late: nothing continues at compile time

    if not saved.experiment_name:
        return Continued(refused="its metadata has no `experiment_name`")
    try:
        args = (
            "++pbt_restart=True",
            f"+full_experiment_name={value_text(saved.experiment_name, again=True)}",
            f"checkpoint={value_text(saved.checkpoint, again=True)}",
            *overrides(saved.params, again=True),
        )
    except NotHydra as e:
        return Continued(refused=f"its command cannot be written: {e}")
    return Continued(args, _ENV)
