"""The engines whose followers pass the same tests: a real SLURM, and the double of OSMO's service.

SLURM is skipped where none can be started. `PBT_TEST_OSMO` names NVIDIA's own client, if it is to
be used in place of the stand-in.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.followers.engines import Follower, on_osmo, on_slurm
from tests.slurm.conftest import cluster

__all__ = ["cluster", "engine"]


@pytest.fixture(params=["slurm", "osmo", "osmo-rest"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Follower]:
    """A place whose `pbt-run` submits its jobs to one of the engines."""
    if request.param == "slurm":
        request.getfixturevalue("cluster")
        yield from on_slurm(tmp_path)
    else:
        yield from on_osmo(tmp_path, rest=request.param == "osmo-rest")
