"""`keep_descendants`: what has left the session of a job may outlive it, and is told."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest
from msgspec import structs

from pbt_tui.runtimes import claims, proc
from pbt_tui.spec import decode, digest, encode
from tests.executor.driver import ProcessDriver
from tests.executor.running import Place, job, until
from tests.executor.test_process_descendants import lives, pid_in
from tests.executor.test_process_marks import DAEMON
from tests.executor.test_process_survives import killed_executor


@pytest.mark.parametrize("cancel", [False, True])
def test_what_may_stay_is_left_and_told(tmp_path: Path, cancel: bool) -> None:
    driver = ProcessDriver(tmp_path, keep=True)
    (tmp_path / "daemon.py").write_text(DAEMON)
    command = (
        f"{sys.executable} -S -E daemon.py pid; until [ -s pid ]; do sleep 0.02; done; echo up"
    )
    driver.start("sh", "-c", f"{command}; until [ -e go ]; do sleep 0.02; done")
    driver.wait_for_log("up")
    if cancel:
        driver.runtime.stop("job", 1, kill=True)
    (tmp_path / "go").touch()
    end = driver.end()
    assert end.left == "1 process that it left runs on"
    assert end.exit_code == (137 if cancel else 0)
    pid = pid_in(tmp_path / "pid")
    assert lives(pid)
    os.kill(pid, signal.SIGKILL)
    driver.runtime.close()


def test_without_an_executor_the_shim_leaves_what_may_stay(tmp_path: Path) -> None:
    (tmp_path / "daemon.py").write_text(DAEMON)
    command = f"{sys.executable} -S -E daemon.py pid; until [ -e go ]; do sleep 0.02; done; exit 6"
    killed_executor(tmp_path, [command], keep=True)
    pid = pid_in(tmp_path / "pid")
    (tmp_path / "go").touch()
    driver = ProcessDriver(tmp_path, keep=True)
    claim = claims.read(driver.rundir.claim("job0", 1))
    assert claim is not None
    assert claim.handle is not None
    until(lambda: not proc.alive(claim.handle or ""))
    assert driver.runtime.survey([("job0", 1, None)])[0].state == "ended"
    assert lives(pid)
    os.kill(pid, signal.SIGKILL)
    driver.runtime.close()


def test_a_spec_without_the_key_keeps_its_bytes(place: Place) -> None:
    spec = decode((place.path / place.spec(job("a")) / "processes.json").read_bytes())
    assert b"keep_descendants" not in encode(spec)
    policy = structs.replace(spec.policy, keep_descendants=False)
    assert encode(structs.replace(spec, policy=policy)) == encode(spec)
    policy = structs.replace(spec.policy, keep_descendants=True)
    kept = structs.replace(spec, policy=policy)
    assert b'"keep_descendants":true' in encode(kept)
    assert decode(encode(kept)) == kept
    assert digest(kept) == digest(spec)


def test_the_option_keeps_what_a_job_left(place: Place) -> None:
    left = "setsid -f sh -c 'echo $$ >pid; exec sleep 600'; until [ -s pid ]; do sleep 0.02; done"
    said = place.pbt(place.spec(job("a", left)), "--keep_descendants")
    assert said.code == 0
    assert "1 process that it left runs on" in said.out
    os.kill(int((place.path / "pid").read_text()), signal.SIGKILL)
