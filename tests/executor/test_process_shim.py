"""The shim of the `process` runtime in every shell and on a full disk; it leaves no traces."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.errors import RunError
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.process import shim
from tests.executor.driver import ProcessDriver, called, kin
from tests.executor.running import PATIENCE, until


def held(driver: ProcessDriver) -> list[str]:
    """What we hold of processes and of the run's files; other tests have sockets of their own."""
    links = []
    for fd in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(fd.readlink()))
    ours = ("anon_inode:[pidfd]", str(driver.rundir.path))
    return sorted(link for link in links if link.startswith(ours))


def test_many_at_once_leave_no_trace(driver: ProcessDriver) -> None:
    before = held(driver)
    for i in range(300):
        driver.start("sh", "-c", f"exit {i % 100}", job=f"j{i}")
    for i in range(300):
        end = driver.end(f"j{i}")
        assert end.exit_code == i % 100
        assert end.handle == driver.begin(f"j{i}")
    assert held(driver) == before
    assert driver.runtime._children == {}
    for i in range(300):
        with pytest.raises(ChildProcessError):
            os.waitpid(proc.pid_of(driver.begin(f"j{i}")), os.WNOHANG)


def test_without_descriptors_exits_are_still_learnt(
    driver: ProcessDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(pid: int, flags: int = 0) -> int:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(os, "pidfd_open", none_left)
    driver.start("sh", "-c", "exit 5")
    driver.start("sh", "-c", "sleep 0.3; exit 6", job="slow")
    assert driver.runtime.next_wake() is not None
    assert (driver.end().exit_code, driver.end("slow").exit_code) == (5, 6)
    assert driver.runtime.next_wake() is None


def test_nothing_of_ours_leaks_into_jobs(tmp_path: Path) -> None:
    """A job that held our caller's pipe would keep the caller waiting long after we have gone."""
    read, write = os.pipe()
    os.set_inheritable(write, True)
    driver = ProcessDriver(tmp_path)
    driver.start("sleep", "600")
    handle = driver.begin()
    until(lambda: "sleep" in [called(p) for p in kin(handle)])
    os.close(write)
    assert select.select([read], [], [], PATIENCE)[0]
    assert os.read(read, 1) == b""
    os.close(read)
    driver.runtime.stop("job", 1, kill=True)
    driver.end()
    driver.runtime.close()


@pytest.mark.parametrize("shell", ["dash", "bash", "bash --posix"])
def test_other_shells_say_the_same(tmp_path: Path, shell: str) -> None:
    first = shlex.split(shell)
    if subprocess.run(["/usr/bin/which", first[0]], capture_output=True, check=False).returncode:
        pytest.skip(f"no {shell} here")
    (tmp_path / "file").touch()
    for i, (argv, said) in enumerate(
        [
            (["sh", "-c", "exit 3"], ["exit 3"]),
            (["sh", "-c", "exit 127"], ["exit 127"]),
            (["sh", "-c", "kill -9 $$"], ["exit 137"]),
            (["no-such"], ["refused 127", "exit 127"]),
            (["./file"], ["refused 126", "exit 126"]),
            (["-x"], ["refused 127", "exit 127"]),
            (["true"], ["exit 0"]),
            (["away"], ["refused away", "exit 125"]),
        ]
    ):
        path = tmp_path / f"claim{i}"
        cwd = tmp_path / "away" if argv == ["away"] else tmp_path
        own = (str(path), "boot - 1", str(cwd), "64", "5", "0022", "0022")
        call = [*first, "-c", shim.SHIM, "pbt-shim", *own, *argv]
        _run(call, b"", tmp_path)
        assert not path.exists(), "without an order it leaves no trace"
        _run(call, b"77\n", tmp_path)
        lines = path.read_text().splitlines()
        assert lines[0].partition(".")[2] == "77 boot - 1"
        assert lines[1:] == said
        again = _run(call, b"77\n", tmp_path)
        assert again.returncode == 0
        assert path.read_text().splitlines() == lines


def _run(call: list[str], order: bytes, cwd: Path) -> subprocess.CompletedProcess[bytes]:
    """Runs a shim, which gets `order` from its executor."""
    return subprocess.run(
        call,
        input=order,
        start_new_session=True,
        stderr=subprocess.DEVNULL,
        check=False,
        cwd=cwd,
        timeout=60,
    )


def test_the_order_to_begin_is_no_input_of_the_job(driver: ProcessDriver) -> None:
    driver.start("sh", "-c", "cat; readlink /proc/self/fd/0")
    assert driver.end().exit_code == 0
    assert driver.log() == "/dev/null\n"


def test_a_shim_whose_executor_dies_before_the_order_leaves_no_trace(
    driver: ProcessDriver, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The executor may die between the start of a shim and its order to begin."""
    started: list[int] = []

    class Died(BaseException):
        pass

    def die(pid: int, order: int) -> None:
        started.append(pid)
        os.close(order)  # as the kernel does
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(shim, "begin", die)
        with pytest.raises(Died):
            driver.start("touch", "it-ran")
    os.waitpid(started[0], 0)
    assert not (tmp_path / "it-ran").exists()
    assert list(driver.rundir.attempts.iterdir()) == []
    [seen] = driver.runtime.survey([("job", 1, None)])
    assert seen.state == "never"
    driver.start("touch", "it-ran")
    assert driver.end().exit_code == 0
    assert (tmp_path / "it-ran").exists()


def test_a_shim_that_never_gets_its_order_leaves_nothing_but_an_empty_log(
    driver: ProcessDriver, tmp_path: Path
) -> None:
    """The record of its attempt may fail to become durable."""
    launch = driver.of("touch", "it-ran")
    driver.runtime.start_waiting([launch])
    [shim] = driver.runtime._waiting._shims.values()
    until(lambda: called(shim.pid) == "sh")
    assert list(driver.rundir.attempts.iterdir()) == []
    driver.runtime._waiting.close()
    os.waitpid(shim.pid, 0)
    assert not (tmp_path / "it-ran").exists()
    assert list(driver.rundir.attempts.iterdir()) == []
    assert driver.log() == ""
    [seen] = driver.runtime.survey([("job", 1, None)])
    assert seen.state == "never"
    assert driver.run("touch", "it-ran").exit_code == 0
    assert (tmp_path / "it-ran").exists()


def test_a_shim_that_waits_is_the_one_that_is_launched(driver: ProcessDriver) -> None:
    launch = driver.of("sh", "-c", "echo ran")
    driver.runtime.start_waiting([launch])
    [shim] = driver.runtime._waiting._shims.values()
    driver.runtime.launch([launch])
    assert proc.pid_of(driver.begin()) == shim.pid
    assert (driver.end().exit_code, driver.log()) == (0, "ran\n")


def test_what_keeps_a_shim_from_waiting_is_told_by_the_launch(driver: ProcessDriver) -> None:
    launch = driver.of("echo", "a\0b")
    driver.runtime.start_waiting([launch])
    driver.runtime.launch([launch])
    assert driver.end().refused


def test_a_code_is_written_when_the_disk_has_room_again(
    driver: ProcessDriver, tmp_path: Path
) -> None:
    """`/dev/full` stands for the full disk: the shim holds on to the code until it is written."""
    driver.start("sh", "-c", "while ! [ -e go ]; do sleep 0.02; done; exit 3")
    handle = driver.begin()
    path = driver.rundir.claim("job", 1)
    kept = path.read_text()
    (tmp_path / "full").symlink_to("/dev/full")
    (tmp_path / "full").rename(path)
    (tmp_path / "go").touch()
    until(lambda: "sleep" in [called(p) for p in kin(handle)])
    driver.turn(0.2)
    assert driver.ended() is None
    (tmp_path / "room").write_text(kept)
    (tmp_path / "room").rename(path)
    assert driver.end().exit_code == 3


def test_a_folder_of_claims_that_comes_back_gets_its_code(
    driver: ProcessDriver, tmp_path: Path
) -> None:
    driver.start("sh", "-c", "while ! [ -e go ]; do sleep 0.02; done; exit 3")
    handle = driver.begin()
    driver.rundir.attempts.rename(tmp_path / "away")
    (tmp_path / "go").touch()
    until(lambda: "sleep" in [called(p) for p in kin(handle)] and not _job_runs(handle))
    driver.turn(0.2)
    assert driver.ended() is None
    (tmp_path / "away").rename(driver.rundir.attempts)
    assert driver.end().exit_code == 3


def _job_runs(handle: str) -> bool:
    return "sh" in [called(p) for p in kin(handle)]


def test_a_folder_of_claims_that_stays_away_is_not_waited_for_for_ever(tmp_path: Path) -> None:
    claims = tmp_path / "attempts"
    claims.mkdir()
    soon = shim.SHIM.replace("-lt 60", "-lt 2")
    assert soon != shim.SHIM
    own = (str(claims / "j.1"), "boot - 1", str(tmp_path), "64", "5", "0022", "0022")
    call = ["sh", "-c", soon, "pbt-shim", *own]
    done = _run([*call, "rm", "-r", str(claims)], b"77\n", tmp_path)
    assert done.returncode == -signal.SIGKILL
    assert not claims.exists()


@contextlib.contextmanager
def waiting(driver: ProcessDriver, *argv: str, **more: Any) -> Iterator[Path]:
    """A shim that has its claim, and has not begun its job; within, it goes on.

    It writes into the pipe to the executor before it begins the job, and the pipe is full.
    """
    runtime, claim = driver.runtime, driver.rundir.claim("job", 1)
    os.set_blocking(runtime._reports.tell, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(runtime._reports.tell, b"\n")
    os.set_blocking(runtime._reports.tell, True)
    driver.start(*argv, **more)
    until(lambda: claim.exists() and claim.read_bytes().endswith(b"\n"))
    yield claim
    os.read(runtime._reports._heard, 1 << 20)  # empties the pipe; `heard` could hear the shim too


def test_a_refusal_is_written_when_the_disk_has_room_again(
    driver: ProcessDriver, tmp_path: Path
) -> None:
    """Without it, the code that follows would be told as the job's own."""
    with waiting(driver, "no-such") as path:
        path.rename(tmp_path / "kept")
        path.symlink_to("/dev/full")
    handle = driver.begin()
    until(lambda: "sleep" in [called(p) for p in kin(handle)])
    (tmp_path / "kept").rename(path)
    end = driver.end()
    assert (end.refused, end.cause, end.exit_code) == (True, "command_not_found", 127)
    assert path.read_text().splitlines()[1:] == ["refused 127", "exit 127"]


def test_a_job_does_not_begin_while_all_of_the_run_is_away(tmp_path: Path) -> None:
    place, away = tmp_path / "place", tmp_path / "away"
    place.mkdir()
    driver = ProcessDriver(place)
    with waiting(driver, "touch", "ran"):
        place.rename(away)
    handle = driver.begin()
    until(lambda: "sleep" in [called(p) for p in kin(handle)])
    away.rename(place)
    with pytest.raises(RunError, match="jobs could not start in this directory: it was away"):
        driver.end()
    driver.runtime.close()
    assert not (place / "ran").exists()
    second = ProcessDriver(place)
    (seen,) = second.runtime.survey([("job", 1, handle)])
    assert seen.ended is not None
    assert (seen.ended.stopped, seen.ended.exit_code) == ("interrupt", None), "it is no try"
    second.runtime.close()
