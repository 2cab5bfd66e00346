"""A container holds its slots of the machine until it has ended, whoever is dead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pbt_tui import machine_slots
from pbt_tui.machine_slots import HeldSlots
from pbt_tui.runtimes.docker.keeper import Keeper, pipe_of
from pbt_tui.spec import Container
from tests.docker.containers_driver import BUSYBOX, ContainerDriver, Drive
from tests.docker.engines import shell_image
from tests.docker.slots import slot
from tests.docker.test_docker_survives import executor, go
from tests.executor.running import until

WAITS = "until [ -e j.go ]; do sleep 0.05; done"
SHELLS = ("busybox", "dash", "bash")


def taken(gpu: int = 0, job: str = "j") -> HeldSlots:
    found = machine_slots.take([[slot(gpu, "0f3c9a11", job)]])
    assert isinstance(found, list)
    return found[0]


def held() -> list[str]:
    return sorted(one.attempt for one in machine_slots.held())


@pytest.mark.parametrize("shell", SHELLS)
def test_the_slot_lives_with_the_container(drive: Drive, engine: Any, shell: str) -> None:
    image = BUSYBOX if shell == "busybox" else shell_image(engine, shell)
    driver = drive(container=Container(image=image, network="none")).prepare()
    slots = taken()
    driver.start("sh", "-c", WAITS, job="j", slots=slots)
    driver.begin("j")
    assert slots.descriptors == (), "the keeper holds it"
    assert held() == ["j.1"]
    claim = driver.rundir.claim("j", 1)
    until(lambda: "started" in claim.read_text())
    go(driver, "j")
    assert driver.end("j").exit_code == 0
    assert held() == [], "it is free before the end is reported"
    driver.runtime.forget("j", 1)
    assert not pipe_of(claim).exists()


def test_it_outlives_a_killed_executor_and_ends_with_the_container(drive: Drive) -> None:
    driver = drive(environ={"PBT_TEST_HOLDS": "1"})
    process = executor(driver, "j0", "j3")
    assert process.stdout is not None
    until(lambda: process.stdout and process.stdout.readline() == "up\n")
    claims = [driver.rundir.claim(job, 1) for job in ("j0", "j3")]
    until(lambda: all("started" in one.read_text() for one in claims))
    process.kill()
    process.communicate()
    assert held() == ["j0.1", "j3.1"]
    go(driver, "j3")
    until(lambda: held() == ["j0.1"])
    go(driver, "j0")
    until(lambda: held() == [])


def test_without_a_shell_in_the_image_the_executor_holds_it(drive: Drive, bare: str) -> None:
    driver = drive(container=Container(image=bare, network="none")).prepare()
    slots = taken()
    driver.start("/bin/busybox", "sh", "-c", WAITS, job="j", slots=slots)
    driver.begin("j")
    assert len(slots.descriptors) == 1
    go(driver, "j")
    driver.end("j")
    slots.close()


def test_a_container_that_cannot_start_frees_it(drive: Drive) -> None:
    driver: ContainerDriver = drive().prepare()
    driver.run("/no/such/program", job="j", slots=taken())
    assert held() == []


def test_a_keeper_of_a_container_that_never_began(tmp_path: Path) -> None:
    keeper = Keeper.start(taken(), tmp_path / "j.1", foreign=False)
    assert held() == ["j.1"]
    keeper.leave()  # as the death of the executor does
    until(lambda: held() == [])
    keeper.end()
