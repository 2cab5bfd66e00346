"""What the script of a task writes while SLURM queues it again; `scontrol` is a stand-in here."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pbt_tui.backends.slurm.index import Slurm
from tests.slurm.arrays import attempt, lay_out, python, spec

BEGUN = ["slurm 7", "start 0", "requeue 1"]


@pytest.mark.parametrize(
    ("scontrol", "lines"),
    [
        ("exit 0", BEGUN),
        ("kill -TERM $$; exit 0", BEGUN),
        ("kill -KILL $$", BEGUN),
        ("kill -HUP $$", BEGUN),
        ("exit 1", [*BEGUN, "exit 75"]),
        ("exit 3", [*BEGUN, "exit 75"]),
    ],
)
def test_a_requeue_that_ends_its_own_caller_is_no_failure(
    tmp_path: Path, scontrol: str, lines: list[str]
) -> None:
    """SLURM ends all processes of a job as it queues it again, `scontrol` possibly among them."""
    program = tmp_path / "bin" / "scontrol"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{scontrol}\n")
    program.chmod(0o755)
    how = Slurm(gpus_per_job=0, requeue=True, max_requeues=1)
    [script] = lay_out(tmp_path, spec([python("sys.exit(75)")]), how)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    ended = subprocess.run(
        ["bash", script, script.parent],
        cwd=tmp_path,
        env={"PATH": path, "SLURM_JOB_ID": "7", "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 75
    assert attempt(tmp_path, "00_ant") == lines
