"""A real SLURM for these tests: two nodes with four GPUs each, on this host alone.

Tests use the one that `PBT_TEST_SLURM_DIR` names; else one is started from Debian packages
(`tests/services/slurm/up`), which needs root. Without either, the tests are skipped by
name; with `CI=true` they fail.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.slurm.clusters import NAMES, bring_up, take_down
from tests.slurm.queued import Queued, placed


def _answers() -> bool:
    if not all(os.environ.get(name) for name in NAMES):
        return False
    return not subprocess.run(["sinfo"], capture_output=True, check=False).returncode


@pytest.fixture(scope="session")
def cluster() -> Iterator[Path]:
    """Yields the state folder of a cluster; `SLURM_CONF` is set meanwhile."""
    if _answers():
        yield Path(os.environ["PBT_TEST_SLURM_DIR"])
        return
    before = {name: os.environ.pop(name, None) for name in NAMES}
    try:
        lines = bring_up()
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        why = f"no SLURM, so it was not tried: {error}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(why)
        pytest.skip(why)
    os.environ.update(lines)
    try:
        yield Path(lines["PBT_TEST_SLURM_DIR"])
    finally:
        take_down(lines["PBT_TEST_SLURM_DIR"])
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@pytest.fixture
def queued(cluster: Path, tmp_path: Path) -> Iterator[Queued]:
    """A place whose `pbt-run` submits its jobs to the cluster."""
    yield from placed(Queued(tmp_path))
