"""A cluster whose nodes hold jobs by control groups: the kernel ends what outgrows its memory.

Skipped where control groups cannot be written.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.executor.running import job
from tests.slurm.clusters import bring_up, take_down
from tests.slurm.queued import Queued, placed

EATS = "x = bytearray(300_000_000); x[::4096] = b'1' * len(x[::4096]); import time; time.sleep(60)"


@pytest.fixture
def held(cluster: Path, tmp_path: Path) -> Iterator[Queued]:
    folder = tempfile.mkdtemp(prefix="pbt-slurm-cgroup.")
    try:
        lines = bring_up("--nodes", "1", "--gpus", "0", "--cgroup", "--dir", folder)
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        take_down(folder)
        pytest.skip(f"no control groups for SLURM, so they were not tried: {error}")
    place = Queued(tmp_path)
    place.environ |= lines
    try:
        yield from placed(place)
    finally:
        take_down(folder)


def test_the_kernel_ends_what_outgrows_its_memory(held: Queued) -> None:
    """OUT_OF_MEMORY hides the code (`0:125`); the file has it, and the cause is SLURM's."""
    spec = held.spec(job("eats", sys.executable, "-c", EATS), job("well", "true"))
    said = held.small(spec)
    assert said.code == 4, said.all
    ends = held.ends()
    assert (ends["eats"].outcome, ends["eats"].exit_code, ends["eats"].cause) == (
        "failed", 137, "oom",
    )  # fmt: skip
    assert ends["eats"].detail == "out of memory on `n0`: killed by SLURM"
    assert ends["well"].outcome == "succeeded"
