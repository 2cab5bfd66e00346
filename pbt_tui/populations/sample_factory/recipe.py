"""How a job of Sample-Factory continues: the same command resumes what its folder holds."""

from __future__ import annotations

from collections.abc import Sequence

from pbt_tui.populations.contract import Continued, Saved

_OPTION = "--restart_behavior"
_ENV = {"TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD": "1"}
"""A checkpoint holds a numpy scalar once the trainer has saved a best policy. PyTorch's safe loader
refuses it, and the trainer then begins the policy anew without an error (defect R12)."""


def recipe(argv: Sequence[str], saved: Saved | None) -> Continued:
    """The option that makes the trainer resume, or put its folder aside; `overwrite` would delete.

    Resuming is the trainer's default: the option is added only where the command says otherwise.
    """
    if saved is None:
        return Continued((f"{_OPTION}=restart",))
    if any(word.partition("=")[0] == _OPTION for word in argv):
        return Continued((f"{_OPTION}=resume",), _ENV)
    return Continued(env=_ENV)
