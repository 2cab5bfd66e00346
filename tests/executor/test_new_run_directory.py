"""A new run directory is whole or is not there, wherever its maker is killed."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time

import pytest

from pbt_tui.journal import RunDir, lock
from tests.executor.running import ROOT, Place, job

DIES_AT_EACH_CALL = """
import os, sys
from pathlib import Path
from pbt_tui.executor.run_dirs import close_run, open_run
from pbt_tui.files import disk
from pbt_tui.journal import RunDir
from pbt_tui.spec import decode

spec = decode(Path("specs/processes.json").read_bytes())
NAMES = ("open", "mkdir", "rename", "fsync", "close", "fdatasync", "ftruncate", "write")

def dying(n, after):
    left = [n]
    def wrapped(real):
        def call(*args, **more):
            left[0] -= 1
            if left[0] == 0 and not after:
                os._exit(9)
            found = real(*args, **more)
            if left[0] == 0:
                os._exit(9)
            return found
        return call
    for name in NAMES:
        setattr(disk.calls, name, wrapped(getattr(disk.calls, name)))

def child(work):
    pid = os.fork()
    if pid == 0:
        try:
            work()
        except BaseException as e:
            print(type(e).__name__, e, flush=True)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

calls = 0
for after in (False, True):
    for n in range(1, 200):
        run = RunDir.of(Path(f"t{n}{after}").absolute(), "r")
        def first():
            dying(n, after)
            open_run(run, spec)
        code = child(first)
        calls += 1
        if run.path.exists():
            assert run.is_run(), (n, after, os.listdir(run.path))
            assert child(lambda: close_run(open_run(run, None))) == 0, (n, after)
        assert child(lambda: close_run(open_run(run, spec))) == 0, (n, after)
        assert run.is_run()
        assert os.listdir(run.path.parent) == ["_pbt"], (n, after, os.listdir(run.path.parent))
        if code == 0:
            break
        assert code == 9, (n, after, code)
    else:
        raise AssertionError("it never came to an end")
print(calls, "calls")
"""


def test_killed_before_and_after_each_call(place: Place) -> None:
    place.spec(job("a"))
    done = subprocess.run(
        [sys.executable, "-c", DIES_AT_EACH_CALL],
        cwd=place.path, env={**place.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert int(done.stdout.split()[-2]) > 20, "hardly a call was tried"


@pytest.mark.parametrize("seed", range(6))
def test_killed_in_the_first_moments(place: Place, seed: int) -> None:
    target = place.spec(job("a", "true"))
    executor = place.start(target)
    rng = random.Random(seed)
    if seed % 2:
        while not place.rundir.path.exists() and executor.poll() is None:
            pass
    else:
        time.sleep(rng.random() * 0.6)
    executor.send_signal(signal.SIGKILL)
    executor.communicate()
    if place.rundir.path.exists():
        assert place.pbt(str(place.rundir.path)).code == 0
    assert place.pbt(target).code == 0
    assert place.phases() == {"a": "succeeded"}
    assert [p.name for p in place.rundir.path.parent.iterdir()] == ["_pbt"]


def test_what_another_executor_is_making_is_left_alone(place: Place) -> None:
    target = place.spec(job("a", "true"))
    folder = place.rundir.path.parent
    busy, dead = folder / "._pbt.00000001", folder / "._pbt.00000002"
    alike = folder / "._pbt.mine"
    for path in (busy, dead, alike):
        path.mkdir(parents=True)
    lock.acquire(busy / "lock")
    try:
        assert place.pbt(target).code == 0
    finally:
        lock.release(busy / "lock")
    assert sorted(p.name for p in folder.iterdir()) == sorted([busy.name, alike.name, "_pbt"])
    assert place.pbt(target).code == 0
    assert not busy.exists()


def test_two_that_begin_at_once(place: Place) -> None:
    target = place.spec(job("a", "echo x >>ran"))
    both = [place.start(target) for _ in range(3)]
    codes = sorted(place.end(one).code for one in both)
    assert codes[0] == 0
    assert set(codes) <= {0, 5}
    assert (place.path / "ran").read_text() == "x\n"
    assert [p.name for p in place.rundir.path.parent.iterdir()] == ["_pbt"]


def test_a_directory_that_a_crash_of_an_earlier_version_left(place: Place) -> None:
    target = place.spec(job("a", "true"))
    for folder in (place.rundir.requests, place.rundir.logs, place.rundir.attempts):
        folder.mkdir(parents=True)
    place.rundir.lock.touch()
    place.rundir.journal.touch()
    assert place.pbt(target).code == 0
    assert RunDir(place.rundir.path).is_run()


def test_a_file_at_its_place(place: Place) -> None:
    target = place.spec(job("a", "true"))
    place.rundir.path.parent.mkdir(parents=True)
    place.rundir.path.touch()
    said = place.pbt(target)
    assert said.code == 5
    assert "cannot create the run directory" in said.err
    assert [p.name for p in place.rundir.path.parent.iterdir()] == ["_pbt"]
