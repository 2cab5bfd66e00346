"""`pbt-tui --demo` from outside: what it prints, what it refuses, and that nothing is left."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pbt_tui.demo.replay_session import ReplaySession
from pbt_tui.errors import RunError
from pbt_tui.journal import lock
from pbt_tui.journal.requests import ask
from pbt_tui.tui.journal_follower import JournalFollower
from tests.executor.running import PATIENCE, until

SHOWS = """
import signal, time
from pbt_tui.demo.replay_session import ReplaySession
signal.signal(signal.SIGINT, signal.default_int_handler)
with ReplaySession() as session:
    print(session.wait().path, flush=True)
    time.sleep(600)
"""


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of temporary files, empty."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


def demo(*argv: str, before: str = "") -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "pbt_tui.cli.tui", "--demo", *argv]
    return subprocess.run(
        ["sh", "-c", f'{before}exec "$@"', "sh", *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
    )


def gone(temporary: Path) -> bool:
    end = time.monotonic() + PATIENCE
    while list(temporary.iterdir()) and time.monotonic() < end:
        time.sleep(0.02)
    return not list(temporary.iterdir())


def test_a_session_leaves_nothing(temporary: Path) -> None:
    with ReplaySession() as session:
        rundir = session.wait()
        assert rundir.is_run()
        assert rundir.path.is_relative_to(temporary)
        holder = lock.holder(rundir.lock)
        assert holder not in (None, os.getpid())
        first = session.clock.now()
        time.sleep(0.1)
        assert session.clock.now() > first + 1, "faster than the clock on the wall"
        session.check()
    assert list(temporary.iterdir()) == []
    assert not Path(f"/proc/{holder}").exists()


def test_it_can_be_stopped_and_started_again(temporary: Path) -> None:
    with ReplaySession() as session:
        rundir = session.wait()
        session.start_executor()  # there is one: nothing happens
        ask(rundir, "stop", by="person")
        until(lambda: lock.holder(rundir.lock) is None)
        session.start_executor()
        until(lambda: lock.holder(rundir.lock) is not None)
        follower = JournalFollower(rundir)

        def again() -> bool:
            follower.poll()
            return sum(len(job.attempts) > 1 for job in follower.state.jobs) > 10

        until(again)
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_what_was_killed_leaves_nothing(temporary: Path, number: signal.Signals) -> None:
    watching = subprocess.Popen(
        [sys.executable, "-c", SHOWS],
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert watching.stdout is not None
    assert watching.stdout.readline().strip().endswith("/cube_lift/_pbt")
    assert len(list(temporary.iterdir())) == 1
    watching.send_signal(number)
    watching.wait(PATIENCE)
    watching.stdout.close()
    assert gone(temporary)


def test_once_prints_it(temporary: Path) -> None:
    done = demo("--once", "--ascii")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()
    assert "16 running" in done.stdout
    assert "CUDA out of memory" in done.stdout
    assert "copied" in done.stdout
    assert list(temporary.iterdir()) == []


def test_once_prints_json(temporary: Path) -> None:
    done = demo("--once", "--json", "--read_only")
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads(done.stdout)
    assert (found["format"], found["state"], found["run"]) == (
        "pbt-snapshot/1",
        "live",
        "cube_lift",
    )
    assert len(found["populations"][0]["members"]) == 8
    assert found["eta"]["seconds"] > 3600
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "argv",
    [("train_dir",), ("--run", "m"), ("--export", "a.csv"), ("--num_gpus", "2"), ("--fresh",)],
)
def test_what_has_no_effect_is_refused(temporary: Path, argv: tuple[str, ...]) -> None:
    done = demo(*argv)
    assert done.returncode == 2
    assert done.stderr.startswith("error: `--demo` shows an example run: ")
    assert done.stderr.count("\n") == 1
    assert list(temporary.iterdir()) == []


def test_a_place_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TMPDIR", "/nowhere")
    done = demo("--once")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr == (
        "error: `/nowhere`: cannot write the example run: no such file or directory\n"
        "hint: set `TMPDIR` to a folder with 20 MB of free space\n"
    )


def test_a_disk_without_room_is_one_message(temporary: Path) -> None:
    """Here, files that may not grow."""
    done = demo("--once", before="ulimit -f 8; ")
    assert (done.returncode, done.stdout) == (5, "")
    assert done.stderr.splitlines()[0].startswith(
        f"error: `{temporary}`: cannot write the example run: "
    )
    assert "file too large" in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 2
    assert list(temporary.iterdir()) == []


def test_a_place_that_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "file"))
    with pytest.raises(RunError, match="not a directory"), ReplaySession():
        pass
