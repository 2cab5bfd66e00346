"""Where the disk of a run fails, no container is started, and no job is to blame."""

from __future__ import annotations

import errno
import os
import subprocess
from typing import Any

import pytest

from pbt_tui.errors import RunError
from pbt_tui.files import disk
from pbt_tui.journal import events as ev
from pbt_tui.runtimes.docker import exit_status
from pbt_tui.runtimes.docker.client import DockerEngine
from pbt_tui.runtimes.docker.tracker import LOG_AWAY
from pbt_tui.runtimes.engine_errors import EngineError
from pbt_tui.spec import Container
from tests.docker.containers_driver import BUSYBOX, Drive
from tests.docker.docked import GATE, Docked, told
from tests.docker.engines import client
from tests.executor.running import until


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO, errno.ESTALE, errno.EACCES])
def test_a_log_that_cannot_be_made(
    drive: Drive, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    driver = drive().prepare()
    logs = str(driver.rundir.logs)

    def fails(path: Any, *args: Any) -> int:
        if str(path).startswith(logs):
            raise OSError(code, os.strerror(code), str(path))
        return os.open(path, *args)

    monkeypatch.setattr(disk.calls, "open", fails)
    driver.start("true")
    with pytest.raises(RunError, match="cannot make a log") as found:
        driver.wait(driver.ended)
    assert found.value.where.file == logs
    assert found.value.exit_code == 5
    monkeypatch.undo()
    again = drive().prepare()
    assert [s.state for s in again.runtime.survey([("job", 1, None)])] == ["never"]
    assert again.run("true").exit_code == 0


def test_a_mounted_folder_that_went_away_before_the_start_is_no_missing_command() -> None:
    words = "unable to start: error mounting `/t` to rootfs: stat /t: no such file or directory"
    found = {"Id": "c", "State": {"Status": "created", "ExitCode": 127, "Error": words}}
    end = exit_status.of_refusal("a", 1, EngineError(400, words), 9.0, found)
    assert (end.stopped, end.exit_code, end.refused) == ("interrupt", None, False)
    words = 'exec: "nix": executable file not found in $PATH'
    end = exit_status.of_refusal("a", 1, EngineError(400, words), 9.0, found)
    assert (end.refused, end.cause) == (True, "command_not_found")


def test_the_attempts_are_away_when_a_container_is_created(
    drive: Drive, monkeypatch: pytest.MonkeyPatch
) -> None:
    driver = drive().prepare()
    own = driver.rundir.attempts
    away = own.with_name("away")
    real = DockerEngine.create

    def create(engine: DockerEngine, name: str, body: Any) -> str:
        own.rename(away)
        try:
            return real(engine, name, body)
        finally:
            away.rename(own)

    monkeypatch.setattr(DockerEngine, "create", create)
    driver.start("true")
    with pytest.raises(RunError, match="cannot start an attempt: no such file") as found:
        driver.wait(driver.ended)
    assert found.value.where.file == str(own)
    monkeypatch.undo()
    again = drive().prepare()
    (seen,) = again.runtime.survey([("job", 1, None)])
    assert seen.state == "never", "it is started under its name"
    assert again.run("true").exit_code == 0


@pytest.mark.parametrize("back", [True, False], ids=["back", "away"])
def test_the_logs_are_away_when_a_container_starts(
    drive: Drive, monkeypatch: pytest.MonkeyPatch, back: bool
) -> None:
    driver = drive().prepare()
    logs = driver.rundir.logs
    away = logs.with_name("away")
    real = DockerEngine.start

    def start(engine: DockerEngine, container: str) -> None:
        logs.rename(away)
        real(engine, container)
        client().wait(container)
        if back:
            away.rename(logs)

    monkeypatch.setattr(DockerEngine, "start", start)
    driver.start("true")
    with pytest.raises(RunError, match="cannot start an attempt: no such file") as found:
        driver.wait(driver.ended)
    assert found.value.where.file == str(logs)
    monkeypatch.undo()
    if not back:
        away.rename(logs)
    again = drive().prepare()
    (seen,) = again.runtime.survey([("job", 1, None)])
    assert seen.ended is not None
    assert (seen.ended.stopped, seen.ended.exit_code) == ("interrupt", None), "it is no try"
    assert seen.ended.detail == LOG_AWAY


def test_a_log_that_a_user_may_not_write_is_no_fault_of_the_disk(drive: Drive) -> None:
    driver = drive(container=Container(image=BUSYBOX, network="none", user="4321")).prepare()
    driver.rundir.logs.chmod(0o700)
    end = driver.run("true")
    assert end.refused
    assert "cannot write its log" in (end.detail or "")


def test_the_logs_are_moved_away(docked: Docked) -> None:
    jobs = [told("j0", "sleep 0.2"), *(told(f"j{i}", GATE) for i in range(1, 6))]
    executor = docked.start(docked.spec(*jobs, max_parallel=2), stdout=subprocess.DEVNULL)
    docked.wait_for(ev.AttemptStarted, 3)
    # Nothing may be in the middle of a start: its container would not find the log that was made.
    assert docked.pbt(str(docked.rundir.path), "--hold").code == 0
    docked.write("go")
    until(lambda: not docked.state().active)
    away = docked.rundir.logs.with_name("away")
    docked.rundir.logs.rename(away)
    docked.start(str(docked.rundir.path), "--release").communicate()
    said = docked.end(executor)
    away.rename(docked.rundir.logs)
    assert said.code == 5, said.err
    assert f"`{docked.rundir.logs}`: cannot make a log" in said.err
    again = docked.pbt(str(docked.rundir.path))
    assert again.code == 0, again.all
    assert {event.outcome for event in docked.of(ev.AttemptEnded)} == {"succeeded"}
    assert [len(docked.ran(f"j{i}")) for i in range(6)] == [1] * 6
