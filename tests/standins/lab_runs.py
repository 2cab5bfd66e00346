"""The run module and the commands of the tests that run Isaac Lab's stand-in."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import standins
from tests.executor.running import Place

GUIDE = (
    "uv run --extra rl-games isaaclab train --rl_library rl_games "
    "--task Isaac-Reorient-Cube-Shadow-Direct --num_envs 8192 --seed={index} "
    "agent.pbt.enabled=true agent.pbt.num_policies={size} agent.pbt.policy_idx={index} "
    "agent.pbt.directory={directory} agent.pbt.workspace=shadow_reorient_pbt"
)
"""The line of Isaac Lab's guide to population-based training, for one of its eight terminals."""
LINE = (
    "uv run --extra rl-games isaaclab train --rl_library rl_games "
    "--task Isaac-Reorient-Cube-Shadow-Direct --num_envs 8192 --seed={member}"
)
WORKSPACE = "train_dir/cube/cube_/logs/rl_games/shadow_hand/shadow_reorient_pbt"


def module(size: int) -> str:
    return (
        "from pbt_tui import Experiment, RunDescription, population\n"
        f'CUBE = Experiment("cube", "{LINE}",'
        f' population({size}, "isaaclab", "shadow_reorient_pbt"))\n'
        'RUN_DESCRIPTION = RunDescription("cube", [CUBE], None, "agent.pbt.directory", False, "")\n'
    )


def prepared(place: Place) -> Place:
    """A place in which the guide's line works: with the commands on PATH."""
    standins.isaac_lab(place.path)
    place.environ["PATH"] = f"{place.path / 'bin'}{os.pathsep}{place.environ['PATH']}"
    return place


def command(place: Place, name: str, *argv: str) -> str:
    """Runs a command of pbt_tui to its end; returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-m", f"pbt_tui.cli.{name}", *argv],
        cwd=place.path, env=place.environ, stdin=subprocess.DEVNULL,
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def compiled(place: Place, size: int) -> list[list[str]]:
    """Compiles the module; returns the commands of its jobs."""
    place.write("cube.py", module(size))
    command(place, "compile", "cube.py", "--max_parallel", str(size))
    spec = json.loads((place.path / "specs/cube/processes.json").read_text())
    return [job["argv"] for job in spec["jobs"]]


def population(place: Place) -> dict[str, Any]:
    """The population as `pbt-tui RUN --once --json` has it."""
    snapshot = json.loads(command(place, "tui", "train_dir/cube", "--once", "--json"))
    (found,) = snapshot["populations"]
    return dict(found)


def trainings(place: Place) -> dict[int, int]:
    """Member to the process that trains it, below `uv` and `isaaclab`."""
    script = str(Path(place.path, "isaac_lab/train.py").resolve())
    found = {}
    for pid, line in place.alive().items():
        words = shlex.split(line)
        if words[1:2] == [script]:
            given = dict(word.partition("=")[::2] for word in words)
            found[int(given["agent.pbt.policy_idx"])] = pid
    return found
