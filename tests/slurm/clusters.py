"""Starts and stops SLURM, and reads its state for the tests of this folder.

It never uses a cluster that somebody works on: only one that `PBT_TEST_SLURM_DIR` names.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

SERVICES = Path(__file__).resolve().parents[1] / "services" / "slurm"
NAMES = ("SLURM_CONF", "PBT_TEST_SLURM_DIR")
SIZE = ("--nodes", "2", "--gpus", "4")


def bring_up(*options: str) -> dict[str, str]:
    """Runs `up`; the environment that it prints. Raises `RuntimeError` with its last words."""
    done = subprocess.run(
        [str(SERVICES / "up"), *(options or SIZE)],
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no word"])[-1])
    lines = [shlex.split(line)[1] for line in done.stdout.splitlines()]
    return dict(line.split("=", 1) for line in lines)


def take_down(folder: str) -> None:
    subprocess.run([str(SERVICES / "down"), folder], check=False, capture_output=True, timeout=120)


def ask(*argv: str, cwd: Path | None = None) -> str:
    """The stdout of a SLURM command, which has to succeed."""
    environ = {k: v for k, v in os.environ.items() if not k.startswith(("SBATCH_", "SQUEUE_"))}
    done = subprocess.run(
        argv, cwd=cwd, env=environ, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, f"{argv}: {done.stderr}"
    return done.stdout.strip()


def submit(script: Path, *arguments: str, cwd: Path, options: Sequence[str] = ()) -> str:
    """Submits a script from `cwd` and returns its id."""
    return ask("sbatch", "--parsable", *options, str(script), *arguments, cwd=cwd).split(";")[0]


def states(job: str) -> dict[str, tuple[str, int]]:
    """Array id → state and exit status of each task."""
    fields = "JobArrayID:40,State:20,exit_code:10"
    rows = ask("squeue", "-h", "-r", "-t", "all", "-j", job, "-O", fields).splitlines()
    return {name: (state, int(code)) for name, state, code in (row.split() for row in rows)}


_GOES_ON = ("PENDING", "RUNNING", "COMPLETING", "SIGNALING")


def over(job: str, seconds: float = 60) -> dict[str, tuple[str, int]]:
    """The states of all tasks once none is pending or running any more."""
    end = time.monotonic() + seconds
    while True:
        found = states(job)
        if not any(state in _GOES_ON for state, _ in found.values()):
            return found
        assert time.monotonic() < end, found
        time.sleep(0.1)
