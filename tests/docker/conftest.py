"""A real docker engine for these tests, and the images that they run.

Tests use the engine in `DOCKER_HOST` if it answers and has the test image; else one is started
from Debian packages (`tests/services/docker/up`), which needs root. Without either, the
tests are skipped by name; with `CI=true` they fail.
"""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.docker.containers_driver import BUSYBOX, ContainerDriver
from tests.docker.docked import Docked, placed
from tests.docker.engines import bare_image, bring_up, client, close, take_down

ENTRY = "pbt-entry:test"
_NAMES = ("DOCKER_HOST", "PBT_TEST_DOCKER_DIR")


def _answers() -> bool:
    from docker.errors import DockerException

    if not os.environ.get("DOCKER_HOST"):
        return False
    try:
        return bool(client().images(name=BUSYBOX))
    except (DockerException, OSError):
        return False


@pytest.fixture(scope="session")
def engine() -> Iterator[Any]:
    """A low-level client of the engine; its address is in `DOCKER_HOST`."""
    if _answers():
        yield client()
        return
    before = {name: os.environ.pop(name, None) for name in _NAMES}
    try:
        lines = bring_up()
    except (RuntimeError, OSError, subprocess.SubprocessError) as error:
        why = f"no docker engine, so containers were not tried: {error}"
        if os.environ.get("CI", "").lower() == "true":
            pytest.fail(why)
        pytest.skip(why)
    os.environ.update(lines)
    try:
        yield client()
    finally:
        take_down(lines["PBT_TEST_DOCKER_DIR"])
        for name, value in before.items():
            os.environ.pop(name, None)
            if value is not None:
                os.environ[name] = value


@pytest.fixture(scope="session")
def bare(engine: Any) -> str:
    """An image without a shell: one static program under another name."""
    return bare_image(engine)


@pytest.fixture(scope="session")
def entry(engine: Any) -> str:
    """An image with an entry point that must be kept, a user, and a stop signal of its own."""
    made = engine.create_container(BUSYBOX, ["true"])
    repository, tag = ENTRY.split(":")
    config = {
        "Entrypoint": ["/bin/sh", "-c", 'echo "by the entry point"; exec "$@"', "entry"],
        "User": "1234:5678",
        "StopSignal": "SIGINT",
    }
    engine.commit(made["Id"], repository, tag, conf=config)
    engine.remove_container(made["Id"])
    return ENTRY


@pytest.fixture
def drive(engine: Any) -> Iterator[Callable[..., ContainerDriver]]:
    """Creates drivers of one run; afterwards, removes everything that they left."""
    folder = Path(tempfile.mkdtemp(prefix="pbt-docker-test."))
    folder.chmod(0o755)  # other users must be able to enter
    run_id = secrets.token_hex(4)
    made: list[ContainerDriver] = []

    def make(**more: Any) -> ContainerDriver:
        one = ContainerDriver(folder, more.pop("run_id", run_id), **more)
        made.append(one)
        return one

    yield make
    for one in made:
        close(one)
    for left in engine.containers(all=True, filters={"label": f"pbt.run_id={run_id}"}):
        engine.remove_container(left["Id"], force=True, v=True)
    shutil.rmtree(folder)


@pytest.fixture
def docked(engine: Any, tmp_path: Path) -> Iterator[Docked]:
    """Where `pbt-run` runs its jobs in containers."""
    yield from placed(tmp_path, os.environ["DOCKER_HOST"])
