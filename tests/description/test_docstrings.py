"""What people write against says what it takes, what it raises, and shows an example that runs."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import pbt_tui
from pbt_tui import description, launcher, naming

RAISE_NOTHING = {
    "ParamGenerator", "add_ngc_args", "add_os_parallelism_args", "add_slurm_args", "as_upstream",
    "plain", "root_of", "run", "seeds",
}  # fmt: skip
INNER = {"Params", "bad", "placed"}
"""Public to the modules beside them only."""


def public(module: ModuleType) -> list[Any]:
    """Functions and classes that are the module's own."""
    return [
        value
        for name, value in vars(module).items()
        if (inspect.isfunction(value) or inspect.isclass(value))
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and name not in INNER
    ]


PUBLIC = [*public(description), *public(naming), *public(launcher)]


def lacking(thing: Callable[..., Any]) -> list[str]:
    """The sections that a docstring should have and does not, and parameters it passes over."""
    text = inspect.cleandoc(thing.__doc__ or "")
    sections = re.split(r"^(\w+):$", text, flags=re.MULTILINE)
    there = dict(zip(sections[1::2], sections[2::2], strict=True))
    takes = list(inspect.signature(thing).parameters)
    wanted = ["Example"] + ["Args"] * bool(takes)
    wanted += ["Raises"] * (thing.__name__ not in RAISE_NOTHING)
    missing = [name for name in wanted if name not in there]
    return missing + [p for p in takes if f"    {p}: " not in there.get("Args", "")]


@pytest.mark.parametrize("thing", PUBLIC, ids=lambda thing: thing.__name__)
def test_every_public_name_is_documented(thing: Any) -> None:
    assert lacking(thing) == []


def test_they_are_all_there() -> None:
    names = {thing.__name__ for thing in PUBLIC}
    assert names >= {*pbt_tui.__all__, *launcher.__all__, "ParamGenerator", "shorthands"}
    assert names >= RAISE_NOTHING


def test_what_is_not_documented_is_found() -> None:
    def half(size: int, style: str) -> None:
        """Does half of it.

        Args:
            size: How much.
        """

    assert lacking(half) == ["Example", "Raises", "style"]


@pytest.mark.parametrize("module", [description, naming, launcher], ids=lambda m: m.__name__)
def test_the_examples_run(module: ModuleType, tmp_path: Path) -> None:
    code = (
        f"import doctest, {module.__name__} as module\n"
        "failed, tried = doctest.testmod(module)\n"
        "assert tried >= 4, tried\nassert not failed"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
