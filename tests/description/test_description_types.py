"""What a run module gets wrong, mypy and editors say before the compiler does."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

from mypy import api

import pbt_tui
from pbt_tui.naming import ARGUMENT_STYLES
from pbt_tui.populations import STYLES
from pbt_tui.run_module_types import ArgumentStyleName, PopulationStyle

HEAD = "from pbt_tui import Experiment, population\n"


def errors(tmp_path: Path, text: str) -> str:
    module = tmp_path / "module.py"
    module.write_text(HEAD + text)
    config = tmp_path / "mypy.ini"
    config.write_text("[mypy]\n")
    cache = f"--cache-dir={tmp_path / 'cache'}"
    return api.run([str(module), f"--config-file={config}", "--follow-imports=silent", cache])[0]


def test_the_package_says_that_it_is_typed() -> None:
    assert Path(pbt_tui.__file__).with_name("py.typed").exists()


def test_every_built_in_style_is_a_type_and_nothing_else() -> None:
    assert sorted(get_args(PopulationStyle)) == sorted(STYLES.built_in)
    assert get_args(ArgumentStyleName) == ARGUMENT_STYLES


def test_a_good_module_and_the_types_of_a_bad_one(tmp_path: Path) -> None:
    good = (
        'Experiment("a", "python t.py", population(4, "isaaclab", workspace="w"),\n'
        '           resources={"gpus": 1, "cpus": 4, "memory": "16G"})\n'
    )
    assert "Success" in errors(tmp_path, good)
    bad = (
        'population(4, "isaac_lab")\n'
        'population("4")\n'
        'Experiment("a", "t", resources={"gpu": 1})\n'
        'Experiment("a", "t", resources={"cpus": "4"})\n'
    )
    said = errors(tmp_path, bad)
    lines = {line.split(":")[1] for line in said.splitlines() if ": error: " in line}
    assert lines == {"2", "3", "4", "5"}, said
