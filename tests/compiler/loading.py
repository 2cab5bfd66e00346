"""Writes run modules into a folder of their own, and loads them."""

import pytest

from pbt_tui.compiler.load import load
from pbt_tui.errors import CannotLoad

WORDS = "from pbt_tui import Experiment, ParamGrid, ParamList, RunDescription, seeds\n"

RUN = 'RUN_DESCRIPTION = RunDescription("r", [Experiment("e", "python t.py")])\n'

PLENTY = 60.0
"""Seconds: loads are quick, machines may be busy."""


def read(target, **words):
    return load(target, timeout=PLENTY, **words)


def refused(target, error=CannotLoad, **words):
    with pytest.raises(error) as e:
        load(target, **{"timeout": PLENTY, **words})
    return e.value
