"""Stops and kills of the `process` runtime reach whatever the job has started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from pbt_tui.runtimes import proc
from tests.executor.driver import ProcessDriver, called, kin
from tests.executor.running import PATIENCE, until


def script(folder: Path, text: str, name: str = "job.py") -> tuple[str, ...]:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return sys.executable, "-S", "-E", str(path)


def test_a_term_reaches_the_job_and_its_code_is_kept(driver: ProcessDriver, tmp_path: Path) -> None:
    driver.start(
        *script(
            tmp_path,
            """
            import signal, sys, time
            signal.signal(signal.SIGTERM, lambda *_: (print("saved", flush=True), sys.exit(0)))
            print("ready", flush=True)
            time.sleep(600)
            """,
        )
    )
    until(lambda: driver.rundir.log("job", 1).exists() and "ready" in driver.log())
    driver.runtime.stop("job", 1, kill=False)
    assert driver.end().exit_code == 0
    assert driver.log() == "ready\nsaved\n"


def test_a_term_that_nobody_catches(driver: ProcessDriver) -> None:
    driver.start("sleep", "600")
    driver.begin()
    until(lambda: kin(driver.begin()))
    assert driver.runtime.stop("job", 1, kill=False)
    assert (driver.end().exit_code, driver.end().signal) == (143, 15)


def test_a_term_reaches_other_process_groups_of_the_session(driver: ProcessDriver) -> None:
    """`timeout` puts itself into a group of its own, where a signal to ours does not come."""
    driver.start("timeout", "600", "sleep", "600")
    driver.begin()
    handle = driver.begin()
    until(lambda: {called(pid) for pid in kin(handle)} == {"timeout", "sleep"})
    assert {os.getpgid(pid) for pid in kin(handle)}.isdisjoint({proc.pid_of(handle)})
    driver.runtime.stop("job", 1, kill=False)
    assert driver.end().exit_code in (124, 143)


def test_a_kill_takes_all_and_the_code_is_known(driver: ProcessDriver, tmp_path: Path) -> None:
    driver.start("sh", "-c", "trap '' TERM; sleep 600 & sleep 600 & setsid sleep 0; wait")
    handle = driver.begin()
    until(lambda: len(kin(handle)) >= 3)
    driver.runtime.stop("job", 1, kill=False)
    driver.turn(0.1)
    assert driver.ended() is None or driver.ended().exit_code is not None  # type: ignore[union-attr]
    driver.runtime.stop("job", 1, kill=True)
    assert driver.end().lost is False
    until(lambda: not kin(handle))


def test_a_kill_ends_a_job_that_ignores_a_stop(driver: ProcessDriver) -> None:
    driver.start("sh", "-c", "trap '' TERM; echo up; while :; do sleep 0.1; done")
    until(lambda: driver.rundir.log("job", 1).exists() and "up" in driver.log())
    handle = driver.begin()
    driver.runtime.stop("job", 1, kill=False)
    driver.turn(0.3)
    assert driver.ended() is None
    driver.runtime.stop("job", 1, kill=True)
    end = driver.end()
    assert (end.exit_code, end.signal, end.lost) == (137, 9, False)
    until(lambda: not kin(handle))
    driver.runtime.stop("job", 1, kill=True)  # sent again without harm


def test_orphans_of_an_ended_job_are_killed(driver: ProcessDriver) -> None:
    """Defect R8: workers of a dead trainer train on and keep its GPU memory."""
    driver.start("sh", "-c", "sleep 600 & sleep 600 & exit 7")
    assert driver.end().exit_code == 7
    until(lambda: not kin(driver.begin()))


def test_a_killed_group_leaves_no_code_and_is_lost(driver: ProcessDriver) -> None:
    driver.start("sleep", "600")
    handle = driver.begin()
    os.killpg(proc.pid_of(handle), signal.SIGKILL)
    end = driver.end()
    assert (end.lost, end.cause, end.exit_code, end.handle) == (True, "lost", None, handle)
    assert driver.runtime.survey([("job", 1, handle)])[0].state == "gone"


def test_a_killed_shim_does_not_leave_its_job_running(driver: ProcessDriver) -> None:
    driver.start("sleep", "600")
    handle = driver.begin()
    until(lambda: kin(handle))
    os.kill(proc.pid_of(handle), signal.SIGKILL)
    assert driver.end().lost
    until(lambda: not kin(handle))


def test_a_stop_before_the_claim_is_an_end(tmp_path: Path) -> None:
    """Whenever it comes, the attempt ends, once, and nothing is left running."""
    for i in range(20):
        folder = tmp_path / str(i)
        folder.mkdir()
        driver = ProcessDriver(folder)
        driver.start("sleep", "600")
        time.sleep(0.0004 * i)
        delivered = driver.runtime.stop("job", 1, kill=False)
        end = time.monotonic() + PATIENCE
        while driver.ended() is None:
            driver.turn(0.05)
            delivered = delivered or driver.runtime.stop("job", 1, kill=False)
            assert time.monotonic() < end
        found = driver.end()
        assert found.lost or found.exit_code == 143
        driver.runtime.close()


def test_a_kill_in_the_moment_of_the_end_leaves_the_exit_code(driver: ProcessDriver) -> None:
    """The job is gone, its shim has not recorded that yet: held in that moment by SIGSTOP."""
    driver.start("sleep", "600")
    handle = driver.begin()
    shim = proc.pid_of(handle)
    until(lambda: kin(handle))
    os.kill(shim, signal.SIGSTOP)
    for pid in kin(handle):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not kin(handle))
    assert not driver.runtime.stop("job", 1, kill=True), "it is sent again: no job was there"
    end = driver.end()
    assert (end.lost, end.exit_code) == (False, 137)


@pytest.mark.parametrize("with_copy", [False, True])
def test_a_stop_that_only_the_shim_heard_is_not_delivered(with_copy: bool) -> None:
    """Nor is one that only its copy heard: it forgets what it caught when it becomes the job."""
    text = "trap : TERM; (echo up; read x; true); true"
    with subprocess.Popen(
        ["sh", "-c", text],
        start_new_session=True,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as leader:
        assert leader.stdout is not None
        assert leader.stdout.readline() == b"up\n"
        process = proc.look(leader.pid)
        assert process is not None
        copy = [p for p in proc.everyone() if p.parent == leader.pid]
        assert len(copy) == 1
        assert not proc.stop_session(process.handle, copy if with_copy else [])
