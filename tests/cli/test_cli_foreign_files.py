"""Files of other kinds in the places that `pbt-compile` reads: one message, no hang."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.compiling import Pbt

NOT_REGULAR = "not a regular file"


def zeros(path: Path) -> None:
    path.symlink_to("/dev/zero")


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


@pytest.mark.parametrize(
    ("place", "said"),
    [(os.mkfifo, NOT_REGULAR), (zeros, NOT_REGULAR), (huge, "larger than 1 GiB")],
)
def test_a_process_list_that_is_none(
    pbt: Pbt, here: Path, place: Callable[[Path], None], said: str
) -> None:
    assert pbt("runs.ant").code == 0
    path = here / "specs" / "ant_pbt" / "processes.json"
    path.unlink()
    place(path)
    shown = "specs/ant_pbt/processes.json"
    written = pbt("runs.ant")
    assert written.code == 2
    assert written.err.startswith(f"error: cannot write `{shown}`: {said}")
    for args in (
        ("runs.ant", "--check"),
        ("runs.ant", "--diff"),
        ("--validate", "specs"),
        ("--validate", shown),
    ):
        read = pbt(*args)
        assert (read.code, read.err) == (2, f"error: cannot read `{shown}`: {said}\n"), args


@pytest.mark.parametrize("name", ["pbt.toml", "pyproject.toml"])
@pytest.mark.parametrize("place", [os.mkfifo, zeros, huge])
def test_a_settings_file_that_is_none(
    pbt: Pbt, here: Path, place: Callable[[Path], None], name: str
) -> None:
    place(here / name)
    said = pbt("runs.ant")
    assert said.code == 2
    assert f"{name}`: cannot be read: " in said.err
    assert said.err.count("\n") == 1


@pytest.mark.parametrize(
    ("path", "why"),
    [("/dev/zero", NOT_REGULAR), ("/dev/null", NOT_REGULAR), ("nothing", "no such file")],
)
def test_what_cannot_be_validated(pbt: Pbt, here: Path, path: str, why: str) -> None:
    said = pbt("--validate", path)
    assert said.code == 2
    assert why in said.err


def test_a_file_of_a_backend_that_is_none(pbt: Pbt, here: Path) -> None:
    assert pbt("runs.ant").code == 0
    index = here / "specs" / "ant_pbt" / "slurm" / "index.json"
    index.unlink()
    os.mkfifo(index)
    calls: tuple[tuple[str, ...], ...] = (("runs.ant",), ("--validate", "specs"))
    for args in calls:
        said = pbt(*args)
        assert said.code == 2, args
        assert f"`specs/ant_pbt/slurm/index.json`: {NOT_REGULAR}" in said.err
