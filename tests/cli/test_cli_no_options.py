"""`pbt-tui TARGET` needs no parser: without one, its arguments say what the parser says."""

from __future__ import annotations

import pytest

from pbt_tui.cli.tui_options import parser, target_alone
from pbt_tui.cli.tui_targets import passed_on


@pytest.mark.parametrize("argv", [[], ["train_dir/ant"]])
def test_arguments_without_options(argv: list[str]) -> None:
    parsed, found = parser(argv).parse_args(argv), target_alone(argv)
    assert found is not None
    for name, value in vars(parsed).items():
        if name != "settings":
            assert getattr(found, name) == (None if value is False else value), name
    assert passed_on(found) == passed_on(parsed) == []


@pytest.mark.parametrize(
    "argv", [["--once"], ["ant", "--ascii"], ["--", "ant"], ["a", "--at", "-2h"]]
)
def test_an_option_is_parsed(argv: list[str]) -> None:
    assert target_alone(argv) is None
