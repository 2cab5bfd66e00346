"""What outlives an executor or an engine: the same containers, their true codes, none run twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.runtimes.docker import exit_status, start
from pbt_tui.runtimes.docker import request as containers
from pbt_tui.runtimes.protocol import Queued
from pbt_tui.spec import Container
from tests.docker.containers_driver import BUSYBOX, ContainerDriver, Drive
from tests.docker.engines import close, left
from tests.executor.running import PATIENCE

ROOT = Path(__file__).parents[2]
DIES = "tests.docker.executor_that_dies"
WAITS = "echo first; while [ ! -e $0.go ]; do sleep 0.05; done; echo last; exit ${0#j}"
"""Ends with the number in its job's name, once a file says so."""


def executor(driver: ContainerDriver, *jobs: str, script: str = WAITS) -> subprocess.Popen[str]:
    """Starts another process that launches the jobs."""
    return subprocess.Popen(
        [
            *(sys.executable, "-m", DIES, str(driver.folder), driver.run_id),
            *(driver.container.image, script, *jobs),
        ],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, **driver.environ},
    )


def killed(driver: ContainerDriver, *jobs: str) -> dict[str, str]:
    """The handles of what an executor started that was killed then."""
    process = executor(driver, *jobs)
    assert process.stdout is not None
    handles = dict(line.split() for line in iter(process.stdout.readline, "up\n"))
    process.kill()
    process.wait()
    return handles


def go(driver: ContainerDriver, *jobs: str) -> None:
    for job in jobs:
        (driver.folder / f"{job}.go").touch()


def wait_stopped(engine: Any, *handles: str) -> None:
    for handle in handles:
        engine.wait(handle, timeout=PATIENCE)


@pytest.mark.parametrize("image", [BUSYBOX, "bare"])
def test_a_killed_executors_containers_are_adopted(
    drive: Drive, engine: Any, bare: str, image: str
) -> None:
    container = Container(image=bare if image == "bare" else image, network="none")
    driver = drive(container=container)
    handles = killed(driver, "j0", "j3", "j7")
    go(driver, "j3")
    wait_stopped(engine, handles["j3"])
    driver.prepare()
    seen = driver.runtime.survey([(job, 1, handle) for job, handle in handles.items()])
    assert [one.state for one in seen] == ["alive", "ended", "alive"]
    assert [one.handle for one in seen] == list(handles.values())
    assert seen[1].ended is not None
    assert (seen[1].ended.exit_code, driver.log("j3")) == (3, "first\nlast\n")
    go(driver, "j0", "j7")
    for job in ("j0", "j7"):
        assert (driver.end(job).exit_code, driver.log(job)) == (int(job[1:]), "first\nlast\n")
    assert {f.handle for f in driver.all if not isinstance(f, Queued)} == {
        handles["j0"],
        handles["j7"],
    }
    for job in handles:
        driver.runtime.forget(job, 1)
    close(driver)
    assert left(engine, driver.run_id) == []


def test_ten_kills_run_sixteen_attempts_once_each(drive: Drive, engine: Any) -> None:
    """Whatever moment the executor dies at, launching again under the same name is harmless."""
    driver = drive()
    jobs = [f"j{n}" for n in range(16)]
    script = "echo $HOSTNAME >> $0.ran; sleep 0.3; exit ${0#j}"
    dice = random.Random(4)
    for _ in range(10):
        process = executor(driver, *jobs, script=script)
        time.sleep(dice.uniform(0.3, 1.5))
        process.kill()
        process.wait()
    driver.prepare()
    seen = driver.runtime.survey([(job, 1, None) for job in jobs])
    ends = {s.ended.job: s.ended for s in seen if s.ended is not None}
    again = [job for job, s in zip(jobs, seen, strict=True) if s.state == "never"]
    command = ("/bin/busybox", "sh", "-c", script)
    driver.runtime.launch([driver.of(*command, job, job=job) for job in again])
    for job in jobs:
        ends.setdefault(job, ends.get(job) or driver.end(job))
    assert {job: end.exit_code for job, end in ends.items()} == {j: int(j[1:]) for j in jobs}
    ran = [(driver.folder / f"{job}.ran").read_text().split() for job in jobs]
    assert [len(one) for one in ran] == [1] * 16
    for job in jobs:
        driver.runtime.forget(job, 1)
    close(driver)
    assert left(engine, driver.run_id) == []


def test_a_start_under_way_that_is_over_before_the_name_is_free(
    drive: Drive, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dead executor's start is granted between our look at its container and the removal."""
    monkeypatch.setattr(start, "SETTLE", 0.2)
    driver = drive().prepare()
    script = "echo ran >> ran; exit 3"
    first = driver.of("sh", "-c", script)
    driver.rundir.claim("job", 1).touch()
    body = containers.body(driver.runtime.request(first), {})
    name = containers.container_name(driver.run_id, "job", 1)
    made = engine.create_container_from_config(body, name=name)["Id"]
    ours = driver.runtime._there
    remove = ours.remove

    def late(container: str, *, force: bool = False) -> None:
        engine.start(container)
        engine.wait(container)
        remove(container, force=force)

    ours.remove = late  # type: ignore[method-assign]
    driver.rundir.log("job", 1).touch()
    end = driver.run("sh", "-c", script)
    assert (driver.folder / "ran").read_text() == "ran\n"
    assert (end.handle, end.lost, end.exit_code) == (made, False, 3), "its attempt file has it"
    ours.remove = remove  # type: ignore[method-assign]


def test_a_survey_tells_all_states_apart(
    drive: Drive, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(start, "SETTLE", 0.2)
    first = drive().prepare()
    first.start("nope", job="failed")
    first.end("failed")
    gone = first.run("true", job="gone").handle
    assert gone is not None
    first.runtime.forget("gone", 1)
    assert first.runtime.forfeit("abandoned", 1)
    assert first.runtime.forfeit("abandoned", 1), "asked twice"
    forgotten = first.run("true", job="forgotten").handle
    first.runtime._tracker._left.clear()  # it dies before it could remove it
    first.rundir.claim("unstarted", 1).touch()
    unstarted = containers.body(first.runtime.request(first.of("true", job="unstarted")), {})
    name = containers.container_name(first.run_id, "unstarted", 1)
    engine.create_container_from_config(unstarted, name=name)
    close(first)
    driver = drive().prepare()
    asked = [("failed", 1, None), ("gone", 1, gone), ("abandoned", 1, None)]
    asked += [("unstarted", 1, None), ("nobody", 1, None), ("nobody", 2, "0" * 64)]
    seen = driver.runtime.survey(asked)
    states = [one.state for one in seen]
    assert states == ["ended", "ended", "forfeited", "never", "never", "ended"]
    ends = [one.ended for one in seen if one.ended is not None]
    assert [one.cause for one in ends] == ["command_not_found", None, "lost"]
    assert (ends[1].exit_code, ends[2].detail) == (0, exit_status.REMOVED)
    assert driver.run("sh", "-c", "exit 4", job="unstarted").exit_code == 4
    close(driver)
    names = left(engine, driver.run_id)
    assert f"pbt-{driver.run_id}-forgotten-1" not in names, forgotten


def test_a_name_that_somebody_else_started_is_not_given_up(drive: Drive, engine: Any) -> None:
    driver = drive()
    handles = killed(driver, "j5")
    driver.prepare()
    assert not driver.runtime.forfeit("j5", 1)
    assert driver.begin("j5") == handles["j5"]
    assert not driver.runtime.stop("j5", 1, kill=True)
    assert driver.end("j5").signal == 9


def test_started_by_somebody_else_between_survey_and_launch(drive: Drive) -> None:
    driver = drive().prepare()
    handles = killed(driver, "j5")
    driver.start("false", job="j5")
    assert driver.begin("j5") == handles["j5"]
    go(driver, "j5")
    assert driver.end("j5").exit_code == 5


def test_another_engine_knows_nothing_of_it(drive: Drive) -> None:
    driver = drive(engine_before="ANOTHER").prepare()
    (seen,) = driver.runtime.survey([("job", 1, "0" * 64)])
    assert seen.state == "unknown"
    assert "`ANOTHER`" in (seen.detail or "")
