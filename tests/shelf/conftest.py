"""Starts the engine and the cluster that stored runs of Docker and SLURM need, once.

One that the environment names is taken; else one is brought up from Debian packages
(`tests/services`), which needs root. Where neither can be had these runs are looked at but not
resumed, and the tests say so; with `CI=true` they fail.
"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

SERVICES = Path(__file__).resolve().parents[1] / "services"
IMAGE = "pbt-busybox:test"
_OPTIONS = {"docker": (), "slurm": ("--nodes", "2", "--gpus", "4")}
_NAMES = {
    "docker": ("DOCKER_HOST", "PBT_TEST_DOCKER_DIR"),
    "slurm": ("SLURM_CONF", "PBT_TEST_SLURM_DIR"),
}


def _answers(what: str) -> bool:
    if not all(os.environ.get(name) for name in _NAMES[what][: 1 if what == "docker" else 2]):
        return False
    question = ["sinfo"] if what == "slurm" else ["docker", "image", "inspect", IMAGE]
    try:
        return not subprocess.run(question, capture_output=True, check=False, timeout=30).returncode
    except (OSError, subprocess.SubprocessError):
        return False


def _bring_up(what: str) -> dict[str, str]:
    done = subprocess.run(
        [str(SERVICES / what / "up"), *_OPTIONS[what]],
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no word"])[-1])
    lines = [shlex.split(line)[1] for line in done.stdout.splitlines()]
    return dict(line.split("=", 1) for line in lines)


@pytest.fixture(scope="session")
def bring() -> Iterator[Callable[[str], None]]:
    """Makes `docker` or `slurm` available to all commands started later."""
    folders: dict[str, str] = {}
    before = {name: os.environ.get(name) for names in _NAMES.values() for name in names}

    def bring(what: str) -> None:
        if what in folders or _answers(what):
            return
        for name in _NAMES[what]:
            os.environ.pop(name, None)
        try:
            lines = _bring_up(what)
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            why = f"no {what}, so a run of its was not resumed: {error}"
            if os.environ.get("CI", "").lower() == "true":
                pytest.fail(why)
            pytest.skip(why)
        folders[what] = lines[_NAMES[what][1]]
        os.environ.update(lines)

    yield bring
    for what, folder in folders.items():
        subprocess.run(
            [str(SERVICES / what / "down"), folder], check=False, capture_output=True, timeout=120
        )
    for name, value in before.items():
        os.environ.pop(name, None)
        if value is not None:
            os.environ[name] = value
