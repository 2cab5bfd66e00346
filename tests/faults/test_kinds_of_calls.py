"""A fault at one call of each kind, in runs of containers and of SLURM's tasks.

`make faults` tries them all, each night; `make test` every hundredth (`PBT_FAULT_KINDS=100`).
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from tests.docker import conftest as docker_fixtures
from tests.docker.docked import Docked
from tests.faults import small_place
from tests.faults.small_place import JOBS, POLICY, SmallPlace
from tests.slurm import conftest as slurm_fixtures
from tests.slurm.queued import QUICK, SMALL, Queued

EVERY = int(os.environ.get("PBT_FAULT_KINDS", "100"))
PARALLEL = 2 * (os.cpu_count() or 1)
engine, cluster = docker_fixtures.engine, slurm_fixtures.cluster
pytestmark = [pytest.mark.slow, pytest.mark.timeout(14400)]


def in_docker(path: Path) -> SmallPlace:
    place = Docked(path, os.environ["DOCKER_HOST"])
    place.module = "tests.faults.faulty_executor"
    return SmallPlace(place, place.spec(*JOBS, **POLICY))


def in_slurm(path: Path) -> SmallPlace:
    place = Queued(path)
    place.module = "tests.faults.faulty_executor"
    return SmallPlace(place, place.spec(*JOBS, **POLICY), ("--backend", "slurm", *QUICK, *SMALL))


def clean(run: SmallPlace) -> list[str]:
    place = run.place
    if isinstance(place, Queued):
        place.cancel_all()
    left = [f"left running: {command:.200}" for command in place.clean().values()]
    if isinstance(place, Docked):
        left += [f"container left: {name}" for name in place.sweep()]
    return left


def test_a_fault_at_each_kind_of_call_with_docker(engine: Any, tmp_path: Path) -> None:
    assert small_place.every(in_docker, clean, tmp_path, EVERY, PARALLEL) == []


def test_a_fault_at_each_kind_of_call_with_slurm(cluster: Path, tmp_path: Path) -> None:
    assert small_place.every(in_slurm, clean, tmp_path, EVERY, PARALLEL) == []
