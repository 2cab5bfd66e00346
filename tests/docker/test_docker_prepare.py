"""Checks before the first job: engine, image, devices, mounts; and pulling images."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes.docker import image
from pbt_tui.runtimes.docker.client import DockerRuntime, connect
from pbt_tui.runtimes.engine_errors import EngineError
from pbt_tui.spec import Container, Policy
from tests.docker.containers_driver import BUSYBOX, Drive
from tests.docker.engines import left


def test_no_engine(drive: Drive, tmp_path: Path) -> None:
    with pytest.raises(RuntimeUnavailable, match="no docker engine answers") as raised:
        drive(environ={"DOCKER_HOST": f"unix://{tmp_path}/none.sock"}).prepare()
    assert "DOCKER_HOST" in (raised.value.hint or "")
    assert raised.value.exit_code == 5


def test_an_image_that_may_not_be_pulled(drive: Drive) -> None:
    container = Container(image="pbt-not-there:test", pull="never")
    with pytest.raises(RuntimeUnavailable, match="`pbt-not-there:test` is not there"):
        drive(container=container).prepare()


def test_an_image_that_cannot_be_pulled(drive: Drive) -> None:
    driver = drive(container=Container(image="127.0.0.1:9/pbt-not-there:test"))
    with pytest.raises(RuntimeUnavailable, match="cannot be pulled"):
        driver.prepare()
    assert driver.said == ["pulling `127.0.0.1:9/pbt-not-there:test`"]


def test_a_pull_says_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(image, "_REPORT_EVERY", 0.0)
    said: list[str] = []
    objects: list[dict[str, Any]] = [
        {"status": "Pulling from x", "id": "latest"},
        {"status": "Downloading", "id": "a", "progressDetail": {"current": 10**6, "total": 2e6}},
        {"status": "Pull complete", "id": "a"},
        {"status": "Already exists", "id": "b"},
    ]
    assert image.pull(objects, "x", said.append) is None
    assert said[0] == "pulling `x`"
    assert "pulling `x`: 1 of 2 MB, 0 of 1 layers done" in said
    assert said[-1] == "pulled `x`"
    assert image.pull([{"error": "denied"}], "x", said.append) == "denied"


def test_no_nvidia_runtime_in_the_engine(drive: Drive) -> None:
    """An engine without the toolkit answers a start so; ours here has it, so its word is put in."""
    driver = drive(known_gpus=(Gpu(0),))
    engine = connect(os.environ)

    def start(container: str) -> None:
        raise EngineError(500, 'could not select device driver "" with capabilities: [[gpu]]')

    engine.start = start  # type: ignore[method-assign]
    driver.runtime._connect = lambda: engine
    with pytest.raises(RuntimeUnavailable, match="could not select device driver") as raised:
        driver.prepare(driver.of("x").spec)
    assert "NVIDIA Container Toolkit" in (raised.value.hint or "")


def test_the_probe_leaves_nothing(drive: Drive, engine: Any) -> None:
    driver = drive(known_gpus=(Gpu(0), Gpu(1))).prepare(drive().of("x").spec)
    assert left(engine, driver.run_id) == []
    assert driver.runtime.engine_id == engine.info()["ID"]
    assert driver.runtime.image_digest == engine.inspect_image(BUSYBOX)["Id"]


@pytest.mark.parametrize("where", ["/", "~", "~/.."])
def test_root_and_home_are_never_mounted(tmp_path: Path, where: str) -> None:
    home = tmp_path / "home"
    home.mkdir()
    cwd = {"/": Path("/"), "~": home, "~/..": tmp_path}[where]
    with pytest.raises(RuntimeUnavailable, match="would be mounted into every container"):
        DockerRuntime(
            RunDir(tmp_path),
            Container(image=BUSYBOX),
            run_id="00000000",
            run="r",
            plan="",
            cwd=cwd,
            train_dir=home / "train_dir",
            policy=Policy(),
            known_gpus=(),
            environ={"HOME": str(home)},
        )


def test_a_dry_run_asks_without_changing_anything(drive: Drive, engine: Any, entry: str) -> None:
    driver = drive(container=Container(image=entry))
    assert driver.runtime.peek() is None
    assert driver.runtime.request(driver.of("x")).words[5:7] == ("/bin/sh", "-c")
    assert left(engine, driver.run_id) == []
    missing = drive(container=Container(image="pbt-not-there:test"))
    assert "is not there" in (missing.runtime.peek() or "")
    nobody = drive(environ={"DOCKER_HOST": "unix:///none.sock"})
    assert "not checked with the engine" in (nobody.runtime.peek() or "")
    assert nobody.runtime.request(nobody.of("x")).name.startswith("pbt-")
