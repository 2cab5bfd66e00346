"""What outlives the restart of an engine: the same containers, their true codes, none run twice."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.runtimes.docker import exit_status
from pbt_tui.runtimes.docker.client import DockerEngine
from pbt_tui.runtimes.worker_pool import WorkerPool
from pbt_tui.spec import Container, Policy
from tests.docker.containers_driver import ContainerDriver
from tests.docker.engines import bare_image, bring_up, client, close, daemons, kill, take_down
from tests.docker.test_docker_survives import WAITS, go, killed, wait_stopped

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
    pids = daemons(lines["PBT_TEST_DOCKER_DIR"])
    kill(*(pids[name] for name in names))
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
    kill(*daemons(lines["PBT_TEST_DOCKER_DIR"]).values(), *map(int, shims), pid)
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
    kill(daemons(lines["PBT_TEST_DOCKER_DIR"])["dockerd"])
    try:
        with pytest.raises(RuntimeUnavailable, match="does not answer"):
            its.wait(lambda: False)
        assert its.ended() is None
    finally:
        bring_up(
            *("--dir", lines["PBT_TEST_DOCKER_DIR"], "--no-install"),
            *(["--live-restore"] if live else []),
        )


@pytest.mark.parametrize("begun", [False, True], ids=["not begun", "begun"])
def test_an_engine_is_killed_in_the_middle_of_a_start(
    its: ContainerDriver, restarting: Restarting, monkeypatch: pytest.MonkeyPatch, begun: bool
) -> None:
    """It leaves the folder of the start, and refuses the next one: `file exists`."""
    live, lines = restarting
    its.prepare()
    run = Path(lines["DOCKER_HOST"].removeprefix("unix://")).parent
    (tasks,) = run.glob("containerd/io.containerd.runtime.v2.task/*")
    starts = []
    real = DockerEngine.start

    def start(engine: DockerEngine, container: str) -> None:
        starts.append(container)
        if len(starts) > 1:
            return real(engine, container)
        (tasks / container).mkdir()
        if begun:
            its.rundir.claim("job", 1).write_text("started elsewhere\n")
        kill(daemons(lines["PBT_TEST_DOCKER_DIR"])["dockerd"])
        try:
            return real(engine, container)
        finally:
            crash(lines, live)

    monkeypatch.setattr(DockerEngine, "start", start)
    end = its.run("sh", "-c", "echo ran >>ran")
    assert len(starts) == 2, "it was refused after the restart"
    if begun:
        assert (end.lost, end.stopped) == (True, None), "it has begun"
        return
    assert (end.stopped, end.exit_code, end.refused) == ("interrupt", None, False)
    assert end.detail == exit_status.RESTARTED
    its.runtime.forget("job", 1)
    assert its.run("sh", "-c", "echo ran >>ran", attempt=2, job="again").exit_code == 0
    assert (its.folder / "ran").read_text() == "ran\n"
