"""What outlives an executor or an engine: the same containers, their true codes, none run twice."""

from __future__ import annotations

import os
import random
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.runtimes.docker import exit_status, start
from pbt_tui.runtimes.docker import request as containers
from pbt_tui.runtimes.protocol import Queued
from pbt_tui.runtimes.worker_pool import WorkerPool
from pbt_tui.spec import Container, Policy
from tests.docker.containers_driver import BUSYBOX, ContainerDriver, Drive
from tests.docker.engines import bare_image, bring_up, client, close, left, take_down
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


# -- engines that restart ------------------------------------------------------------------------


Restarting = tuple[bool, dict[str, str]]
"""Whether it restores its containers alive; its environment."""


@pytest.fixture(scope="module", params=["live", "stopping"])
def restarting(
    request: pytest.FixtureRequest, engine: Any
) -> Iterator[tuple[bool, dict[str, str]]]:
    """An engine of our own to be restarted, with and without live-restore."""
    live = request.param == "live"
    folder = tempfile.mkdtemp(prefix="pbt-docker-restart.")
    try:
        lines = bring_up("--dir", folder, "--no-install", *(["--live-restore"] if live else []))
    except RuntimeError as error:
        pytest.skip(f"no second docker engine, so restarts were not tried: {error}")
    yield live, lines
    take_down(folder)


@pytest.fixture
def its(restarting: Restarting, tmp_path: Path) -> Iterator[ContainerDriver]:
    _, lines = restarting
    policy = Policy(experiments_per_gpu=1, grace=2.0)
    driver = ContainerDriver(tmp_path, secrets.token_hex(4), environ=lines, policy=policy)
    yield driver
    close(driver)


def restart(lines: dict[str, str], live: bool) -> None:
    options = ["--live-restore"] if live else []
    bring_up("--dir", lines["PBT_TEST_DOCKER_DIR"], "--no-install", "--restart", *options)


def crash(lines: dict[str, str], live: bool, *names: str) -> None:
    """Kills the engine's daemons, then brings it up again."""
    pids = dict(line.split()[:2] for line in (Path(lines["PBT_TEST_DOCKER_DIR"]) / "pids").open())
    for name in names:
        os.kill(int(pids[name]), 9)
    time.sleep(0.3)
    options = ["--live-restore"] if live else []
    bring_up("--dir", lines["PBT_TEST_DOCKER_DIR"], "--no-install", *options)


@pytest.mark.parametrize("how", ["restarted", "crashed"])
def test_an_engine_restarts_under_a_living_executor(
    its: ContainerDriver, restarting: Restarting, how: str
) -> None:
    live, lines = restarting
    its.prepare()
    before = its.run("sh", "-c", "exit 3", job="before")
    assert before.exit_code == 3
    script = "echo up; while [ ! -e go ]; do sleep 0.05; done; exit 6"
    its.start("sh", "-c", script, job="through")
    handle = its.begin("through")
    (restart if how == "restarted" else lambda a, b: crash(a, b, "dockerd"))(lines, live)
    (its.folder / "go").touch()
    end = its.end("through")
    assert end.handle == handle
    if live:
        assert (end.exit_code, end.lost) == (6, False)
    else:
        assert end.lost
        assert (end.cause, end.detail) == ("lost", "the engine was restarted")
    after = its.run("sh", "-c", "exit 7", job="after")
    assert after.exit_code == 7, "it is the same executor, and goes on"


def test_an_engine_restarts_while_nobody_watches(
    its: ContainerDriver, restarting: Restarting
) -> None:
    live, lines = restarting
    handles = killed(its, "j2", "j4")
    engine = client(lines["DOCKER_HOST"])
    go(its, "j2")
    wait_stopped(engine, handles["j2"])
    restart(lines, live)
    its.prepare()
    seen = its.runtime.survey([(job, 1, handle) for job, handle in handles.items()])
    assert seen[0].ended is not None
    assert (seen[0].ended.exit_code, seen[0].ended.lost) == (2, False)
    if live:
        assert seen[1].state == "alive"
        go(its, "j4")
        assert its.end("j4").exit_code == 4
    else:
        assert seen[1].ended is not None
        assert (seen[1].ended.lost, seen[1].ended.detail) == (True, "the engine was restarted")


def test_both_daemons_and_all_shims_are_lost(its: ContainerDriver, restarting: Restarting) -> None:
    """The engine then records 255, which a job may also return by itself."""
    live, lines = restarting
    its.prepare()
    own = its.run("sh", "-c", "exit 255", job="own")
    assert (own.exit_code, own.lost) == (255, False)
    its.start("sleep", "1000", job="lost")
    its.begin("lost")
    shims = subprocess.run(
        ["pgrep", "-f", f"containerd-shim.*{lines['PBT_TEST_DOCKER_DIR']}"],
        capture_output=True,
        text=True,
        check=False,
    ).stdout.split()
    assert shims
    engine = client(lines["DOCKER_HOST"])
    handle = its.begin("lost")
    pid = engine.inspect_container(handle)["State"]["Pid"]
    pids = dict(line.split()[:2] for line in (Path(lines["PBT_TEST_DOCKER_DIR"]) / "pids").open())
    for one in (pids["dockerd"], pids["containerd"], *shims, pid):
        os.kill(int(one), 9)
    bring_up(
        *("--dir", lines["PBT_TEST_DOCKER_DIR"], "--no-install"),
        *(["--live-restore"] if live else []),
    )
    end = its.end("lost")
    assert (end.lost, end.cause, end.detail) == (True, "lost", "the engine was restarted")


def test_output_without_a_shell_outlives_the_engine(
    its: ContainerDriver, restarting: Restarting
) -> None:
    live, lines = restarting
    if not live:
        pytest.skip("its container does not outlive this engine")
    bare = bare_image(client(lines["DOCKER_HOST"]))
    its.container = Container(image=bare, network="none")
    close(its)
    driver = ContainerDriver(
        its.folder, its.run_id, container=its.container, environ=its.environ
    ).prepare()
    driver.start("/bin/busybox", "sh", "-c", WAITS, "j0", job="j0")
    driver.begin("j0")
    restart(lines, live)
    go(driver, "j0")
    assert (driver.end("j0").exit_code, driver.log("j0")) == (0, "first\nlast\n")
    close(driver)


def test_an_engine_that_stays_away_ends_the_run_not_the_attempts(
    its: ContainerDriver, restarting: Restarting, monkeypatch: pytest.MonkeyPatch
) -> None:
    live, lines = restarting
    its.prepare()
    its.start("sleep", "1000")
    its.begin()
    monkeypatch.setattr(its.runtime._pool, "patience", 1.0)
    assert isinstance(its.runtime._pool, WorkerPool)
    pids = dict(line.split()[:2] for line in (Path(lines["PBT_TEST_DOCKER_DIR"]) / "pids").open())
    os.kill(int(pids["dockerd"]), 9)
    try:
        with pytest.raises(RuntimeUnavailable, match="does not answer"):
            its.wait(lambda: False)
        assert its.ended() is None
    finally:
        bring_up(
            *("--dir", lines["PBT_TEST_DOCKER_DIR"], "--no-install"),
            *(["--live-restore"] if live else []),
        )
