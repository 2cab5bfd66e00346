"""Run modules that tests write and load."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pbt_tui.compiler.load import load
from pbt_tui.compiler.loaded import Loaded
from pbt_tui.errors import CannotLoad, PbtError

Write = Callable[[str, str | bytes], str]
"""Writes a module of this name into the test's folder; returns the name."""
WORDS = "from pbt_tui import Experiment, ParamGrid, ParamList, RunDescription, seeds\n"
RUN = 'RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])\n'
PLENTY = 60.0
"""Seconds: loads are quick, machines may be busy."""


def read(target: str, **words: Any) -> Loaded:
    return load(target, timeout=PLENTY, **words)


def refused(target: str, error: type[PbtError] = CannotLoad, **words: Any) -> PbtError:
    with pytest.raises(error) as e:
        load(target, **{"timeout": PLENTY, **words})
    return e.value
