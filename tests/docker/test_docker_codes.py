"""The true exit code outlives the container: prune, rm, and an engine that is killed at an end."""

from __future__ import annotations

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.runtimes.docker import exit_status
from pbt_tui.spec import Container
from tests.docker.containers_driver import ContainerDriver, Drive
from tests.docker.docked import GATE, Docked, placed
from tests.docker.engines import bring_up, client, close, daemons, kill, left, take_down
from tests.docker.test_docker_survives import go, killed, wait_stopped
from tests.executor.running import job, until

SAVES = "trap 'sleep 0.5; echo saved >>saved; exit 0' TERM; echo up; while :; do sleep 0.05; done"


def prune(engine: Any, run_id: str, handle: str) -> None:
    engine.prune_containers(filters={"label": [f"pbt.run_id={run_id}"]})


def remove(engine: Any, run_id: str, handle: str) -> None:
    engine.remove_container(handle)


@pytest.mark.parametrize("away", [prune, remove])
def test_a_container_that_went_while_no_executor_lived(
    drive: Drive, engine: Any, away: Callable[[Any, str, str], None]
) -> None:
    driver = drive()
    handles = killed(driver, "j0", "j7")
    go(driver, "j0", "j7")
    wait_stopped(engine, *handles.values())
    for handle in handles.values():
        away(engine, driver.run_id, handle)
    assert left(engine, driver.run_id) == []
    driver.prepare()
    seen = driver.runtime.survey([("j0", 1, handles["j0"]), ("j7", 1, None)])
    assert [one.state for one in seen] == ["ended", "ended"], "the start of j7 was not recorded"
    ends = [one.ended for one in seen if one.ended is not None]
    codes = [(e.exit_code, e.lost, e.order) for e in ends]
    assert codes == [(0, False, "before"), (7, False, "before")]


def test_a_container_that_was_killed_and_went_is_lost_and_not_run_again(
    drive: Drive, engine: Any
) -> None:
    driver = drive()
    handles = killed(driver, "j0")
    engine.remove_container(handles["j0"], force=True)
    driver.prepare()
    (seen,) = driver.runtime.survey([("j0", 1, None)])
    assert seen.ended is not None
    assert (seen.state, seen.ended.lost, seen.ended.detail) == ("ended", True, exit_status.REMOVED)


def test_a_container_that_went_under_an_executor_that_did_not_hear_its_end(
    drive: Drive, engine: Any
) -> None:
    driver = drive().prepare()
    driver.start("sh", "-c", "until [ -e go ]; do sleep 0.05; done; exit 8")
    handle = driver.begin()
    driver.runtime._tracker.listening._hear = lambda event: None
    (driver.folder / "go").touch()
    engine.wait(handle)
    engine.remove_container(handle)
    driver.runtime._poll_at = 0.0
    end = driver.end()
    assert (end.exit_code, end.lost) == (8, False)


def test_an_image_without_a_shell_keeps_only_the_engines_code(
    drive: Drive, engine: Any, bare: str
) -> None:
    driver = drive(container=Container(image=bare, network="none"))
    handles = killed(driver, "j7")
    go(driver, "j7")
    wait_stopped(engine, handles["j7"])
    engine.remove_container(handles["j7"])
    driver.prepare()
    (seen,) = driver.runtime.survey([("j7", 1, handles["j7"])])
    assert seen.ended is not None
    assert (seen.ended.lost, seen.ended.detail) == (True, exit_status.REMOVED)


def test_what_a_refused_signal_proves_without_a_shell(drive: Drive, engine: Any, bare: str) -> None:
    """A refusal of the first signal: it had ended before. A delivery proves nothing."""
    driver = drive(container=Container(image=bare, network="none")).prepare()
    for name in ("refused", "again", "sent"):
        driver.start("/bin/busybox", "sleep", "1000", job=name)
    handles = {name: driver.begin(name) for name in ("refused", "again", "sent")}
    driver.rundir.stop_mark("again", 1).touch()  # another executor has stopped it, and died
    driver.runtime._tracker.listening._hear = lambda event: None
    for name in ("refused", "again"):
        engine.kill(handles[name])
        engine.wait(handles[name])
    for name in handles:
        driver.runtime.stop(name, 1, kill=True)
    driver.wait(lambda: engine.inspect_container(handles["sent"])["State"]["Status"] == "exited")
    tracked = driver.runtime._tracker._attempts
    driver.wait(lambda: all(one.delivered for one in tracked.values()), look=0.05)
    driver.runtime._tracker.catch_up()
    assert [driver.end(name).order for name in handles] == ["before", None, None]


def test_a_stop_that_could_not_be_marked(
    drive: Drive, engine: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a full disk the wrapper finds no mark, and its word says nothing."""
    driver = drive().prepare()
    driver.start("sh", "-c", SAVES)
    driver.begin()
    driver.wait_for_log("up")
    monkeypatch.setattr("pbt_tui.runtimes.claims.mark_stop", lambda path: False)
    driver.runtime.stop("job", 1, kill=False)
    end = driver.end()
    assert (end.exit_code, end.order) == (0, None)


# -- with `pbt-run` --------------------------------------------------------------------------------


def test_ctrl_c_is_an_interrupt_whatever_the_clock_of_the_engine(docked: Docked) -> None:
    target = docked.spec(job("saves", SAVES), job("done", "exit 0"))
    run = docked.start(target)
    docked.wait_for(ev.AttemptEnded)
    until(lambda: docked.rundir.log("saves", 1).exists() and "up" in docked.log("saves"))
    run.terminate()
    said = docked.end(run)
    assert said.code == 130, said.all
    ends = {name: (e.outcome, e.exit_code) for (name, _), e in docked.ended().items()}
    assert ends == {"saves": ("interrupted", 0), "done": ("succeeded", 0)}
    assert (docked.path / "saved").read_text() == "saved\n"


# -- an engine of our own, to be killed ------------------------------------------------------------


@pytest.fixture(scope="module", params=["live", "stopping"])
def own(request: pytest.FixtureRequest, engine: object) -> Iterator[tuple[list[str], str, str]]:
    """Options of an engine of our own, its folder, and its address."""
    options = ["--no-install", *(["--live-restore"] if request.param == "live" else [])]
    folder = tempfile.mkdtemp(prefix="pbt-docker-killed.")
    try:
        lines = bring_up("--dir", folder, *options)
    except RuntimeError as error:
        pytest.skip(f"no second docker engine, so none was killed: {error}")
    yield options, folder, lines["DOCKER_HOST"]
    take_down(folder)


@pytest.mark.parametrize("executor", ["lives", "is_dead"])
def test_a_row_of_staggered_ends_around_the_kill_of_the_engine(
    own: tuple[list[str], str, str], tmp_path: Path, executor: str
) -> None:
    options, folder, host = own
    driver = ContainerDriver(tmp_path, secrets.token_hex(4), environ={"DOCKER_HOST": host})
    jobs = [f"j{n}" for n in range(12)]
    script = "until [ -e go ]; do sleep 0.02; done; sleep $(printf 0.%02d $((${0#j} * 8)));"
    script += "exit $((40 + ${0#j}))"
    handles: dict[str, str] = {}
    if executor == "is_dead":
        process_handles = killed_with(driver, jobs, script)
        handles |= process_handles
    else:
        driver.prepare()
        for name in jobs:
            driver.start("sh", "-c", script, name, job=name)
        handles |= {name: driver.begin(name) for name in jobs}
    (tmp_path / "go").touch()
    claims = [driver.rundir.claim(name, 1) for name in jobs]
    until(lambda: sum("exit" in one.read_text() for one in claims) >= 4)
    kill(daemons(folder)["dockerd"])
    until(lambda: all("exit" in one.read_text() for one in claims))
    time.sleep(0.3)
    bring_up("--dir", folder, *options)
    if executor == "is_dead":
        driver.prepare()
        seen = driver.runtime.survey([(name, 1, handles[name]) for name in jobs])
        ends = [one.ended for one in seen]
    else:
        ends = [driver.end(name) for name in jobs]
    codes = [(e.exit_code, e.lost, e.order) if e is not None else None for e in ends]
    assert codes == [(40 + n, False, "before") for n in range(12)]
    for name in jobs:
        driver.runtime.forget(name, 1)
    close(driver)
    assert left(client(host), driver.run_id) == []


def killed_with(driver: ContainerDriver, jobs: list[str], script: str) -> dict[str, str]:
    from tests.docker.test_docker_survives import executor

    process = executor(driver, *jobs, script=script)
    assert process.stdout is not None
    handles = dict(line.split() for line in iter(process.stdout.readline, "up\n"))
    process.kill()
    process.wait()
    return handles


@pytest.fixture
def there(own: tuple[list[str], str, str], tmp_path: Path) -> Iterator[Docked]:
    yield from placed(tmp_path, own[2])


def test_a_trainer_checkpoints_on_term_while_no_executor_and_no_engine_live(
    own: tuple[list[str], str, str], there: Docked
) -> None:
    """Stopped with `docker stop`, the engine killed, its container pruned: the code is true."""
    options, folder, host = own
    target = there.spec(job("saves", SAVES.replace("exit 0", "exit 42")), job("waits", GATE))
    run = there.start(target)
    until(lambda: len(there.handles()) == 2 and "up" in there.log("saves"))
    run.kill()
    run.communicate()
    handle = there.handles()["saves", 1]
    there.api.kill(handle, signal="SIGTERM")
    claim = there.rundir.claim("saves", 1)
    until(lambda: "exit" in claim.read_text())
    kill(daemons(folder)["dockerd"])
    there.write("go")
    until(lambda: "exit" in there.rundir.claim("waits", 1).read_text())
    bring_up("--dir", folder, *options)
    run_id = there.of(ev.RunOpened)[0].run_id
    there.api = client(host)
    until(lambda: all(one["State"] != "running" for one in there.listed()))
    prune(there.api, run_id, handle)
    assert there.listed() == []
    said = there.pbt(str(there.rundir.path))
    assert said.code == 4, said.all
    ends = {name: (e.outcome, e.exit_code) for (name, _), e in there.ended().items()}
    assert ends == {"saves": ("failed", 42), "waits": ("succeeded", 0)}
    assert (there.path / "saved").read_text() == "saved\n"
