"""Stands in for `python -m isaacgymenvs.train`: the trainer of `examples`, which has its format.

It takes the settings of IsaacGymEnvs that pages of the guide use, and trains on a small budget.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

from examples.swingup import train
from examples.swingup.settings import Settings

_THEIRS = ("task", "headless", "pbt")
_SMALL = (
    "pbt.interval_steps=2000",
    "pbt.initial_delay=4000",
    "pbt.start_after=2000",
    "train.generations=100000",
)
_parse = Settings.parse


def _parsed(words: Iterable[str]) -> Settings:
    own = (word for word in words if word.partition("=")[0] not in _THEIRS)
    return _parse([*_SMALL, *own])


if __name__ == "__main__":
    Settings.parse = _parsed  # type: ignore[method-assign]
    sys.exit(train.main(sys.argv[1:]))
