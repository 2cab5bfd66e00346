"""A real docker engine for these tests, and the images that they run.

One that `DOCKER_HOST` names is taken where it answers and has the test image; else one is brought
up from Debian packages (`tests/services/docker/up`), which needs root. Where neither can be had the
tests are skipped by name; with `CI=true` they fail.
"""

from __future__ import annotations

import io
import os
import re
import secrets
import shlex
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from containers_driver import BUSYBOX, Driver

SERVICES = Path(__file__).resolve().parents[1] / "services" / "docker"
ENTRY, BARE = "pbt-entry:test", "pbt-bare:test"
_NAMES = ("DOCKER_HOST", "PBT_TEST_DOCKER_DIR")


def bring_up(*options: str) -> dict[str, str]:
    """Runs `up`; the environment that it prints. Raises `RuntimeError` with its last words."""
    done = subprocess.run(
        [str(SERVICES / "up"), *options], capture_output=True, text=True, check=False, timeout=900
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no word"])[-1])
    lines = [shlex.split(line)[1] for line in done.stdout.splitlines()]
    return dict(line.split("=", 1) for line in lines)


def take_down(folder: str) -> None:
    subprocess.run([str(SERVICES / "down"), folder], check=False, capture_output=True, timeout=120)


def client(host: str | None = None) -> Any:
    from docker.api import APIClient

    return APIClient(base_url=host or os.environ["DOCKER_HOST"], version="auto", timeout=60)


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


def bare_image(engine: Any) -> str:
    program = shutil.which("busybox")
    assert program is not None
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        tar.add(program, arcname="bin/busybox")
        for name in ("tmp", "proc", "sys", "dev", "etc"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(folder)
    repository, tag = BARE.split(":")
    engine.import_image_from_data(whole.getvalue(), repository=repository, tag=tag)
    return BARE


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
def drive(engine: Any) -> Iterator[Callable[..., Driver]]:
    """Makes drivers of one run; whatever they leave is removed, tests look before that."""
    folder = Path(tempfile.mkdtemp(prefix="pbt-docker-test."))
    folder.chmod(0o755)  # other users must be able to enter
    run_id = secrets.token_hex(4)
    made: list[Driver] = []

    def make(**more: Any) -> Driver:
        one = Driver(folder, more.pop("run_id", run_id), **more)
        made.append(one)
        return one

    yield make
    for one in made:
        close(one)
    for left in engine.containers(all=True, filters={"label": f"pbt.run_id={run_id}"}):
        engine.remove_container(left["Id"], force=True, v=True)
    shutil.rmtree(folder)


def close(one: Driver) -> None:
    if not getattr(one, "closed", False):
        one.runtime.close()
        one.closed = True  # type: ignore[attr-defined]


def left(engine: Any, run_id: str) -> list[str]:
    found = engine.containers(all=True, filters={"label": f"pbt.run_id={run_id}"})
    return [re.sub("^/", "", one["Names"][0]) for one in found]
