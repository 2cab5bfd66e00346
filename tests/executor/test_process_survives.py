"""Jobs of the `process` runtime outlive the executor that started them, and are found again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

from pbt_tui.runtimes import proc
from tests.executor.driver import ProcessDriver, kin
from tests.executor.running import until

EXECUTOR = """
import sys, time
from pathlib import Path
from tests.executor.driver import ProcessDriver
driver = ProcessDriver(Path({folder!r}), keep={keep!r})
for i, command in enumerate({commands!r}):
    driver.start("sh", "-c", command, job=f"job{{i}}")
if {wait!r}:
    for i in range({n}):
        driver.begin(f"job{{i}}")
print("up", flush=True)
time.sleep(600)
"""


def killed_executor(
    folder: Path, commands: list[str], *, wait: bool = True, keep: bool = False
) -> None:
    """Starts the commands from another process, which is then really killed."""
    text = EXECUTOR.format(
        folder=str(folder),
        commands=commands,
        wait=wait,
        keep=keep,
        n=len(commands),
    )
    other = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"up\n"
    other.kill()
    other.wait()
    other.stdout.close()


def test_a_killed_executor_loses_nothing(tmp_path: Path) -> None:
    hold = "while ! [ -e go ]; do sleep 0.02; done; echo done; exit "
    killed_executor(tmp_path, ["exit 4", hold + "11", hold + "0", "kill -9 $$"])
    driver = ProcessDriver(tmp_path)
    until(lambda: "exit" in driver.rundir.claim("job0", 1).read_text())
    until(lambda: "exit" in driver.rundir.claim("job3", 1).read_text())
    names = [(f"job{i}", 1, None) for i in range(5)]
    seen = driver.runtime.survey(names)
    assert [s.state for s in seen] == ["ended", "alive", "alive", "ended", "never"]
    assert seen[0].ended is not None
    assert seen[0].ended.exit_code == 4
    assert seen[3].ended is not None
    assert (seen[3].ended.exit_code, seen[3].ended.signal) == (137, 9)
    assert driver.turn(0) == []
    again = driver.runtime.survey(names)
    assert [s.handle for s in again] == [s.handle for s in seen]
    (tmp_path / "go").touch()
    assert driver.end("job1").exit_code == 11
    assert driver.end("job2").exit_code == 0
    assert driver.ended("job1").handle == seen[1].handle  # type: ignore[union-attr]
    assert driver.log("job1") == "done\n"
    driver.runtime.close()


def test_a_killed_executor_starts_nothing_twice(tmp_path: Path) -> None:
    """Killed right after the spawn: whether or not the shim had come to its claim by then."""
    commands = [f"echo ran >>ran{i}; exit {i}" for i in range(12)]
    killed_executor(tmp_path, commands, wait=False)
    driver = ProcessDriver(tmp_path)
    for i, seen in enumerate(driver.runtime.survey([(f"job{i}", 1, None) for i in range(12)])):
        assert seen.state in ("never", "alive", "ended")
        if seen.state == "never":
            driver.start("sh", "-c", commands[i], job=f"job{i}")
        if seen.ended is not None:
            assert seen.ended.exit_code == i
        else:
            assert driver.end(f"job{i}").exit_code == i
    assert [(tmp_path / f"ran{i}").read_text() for i in range(12)] == ["ran\n"] * 12
    driver.runtime.close()


def test_an_adopted_job_can_be_stopped(tmp_path: Path) -> None:
    killed_executor(tmp_path, ["exec sleep 600", "trap '' TERM; while :; do sleep 0.1; done"])
    driver = ProcessDriver(tmp_path)
    seen = driver.runtime.survey([("job0", 1, None), ("job1", 1, None)])
    for one in seen:
        assert one.handle is not None
        until(partial(kin, one.handle))
    driver.runtime.stop("job0", 1, kill=False)
    assert driver.end("job0").exit_code == 143
    driver.runtime.stop("job1", 1, kill=True)
    assert driver.end("job1").exit_code == 137
    driver.runtime.close()


def test_jobs_outlive_close_and_the_terminals_hangup(tmp_path: Path) -> None:
    driver = ProcessDriver(tmp_path)
    driver.start("sh", "-c", "while ! [ -e go ]; do sleep 0.02; done; exit 3")
    handle = driver.begin()
    until(lambda: kin(handle))
    driver.runtime.close()
    os.kill(proc.pid_of(handle), signal.SIGHUP)
    assert proc.alive(handle)
    (tmp_path / "go").touch()
    os.waitpid(proc.pid_of(handle), 0)
    again = ProcessDriver(tmp_path)
    found = again.runtime.survey([("job", 1, handle)])[0].ended
    assert found is not None
    assert found.exit_code == 3
    again.runtime.close()
