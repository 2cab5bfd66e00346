"""Runs that cannot go on, or requests that nobody answers: one clear message, exit 5."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal import lock
from pbt_tui.runtimes import proc
from tests.executor.other_users import small_disk
from tests.executor.running import WAITS, Place, Said, job, until
from tests.shelf.scrub import unsealed

MEGABYTE = 1 << 20


NO_LOCKS = Path(__file__).with_name("no_locks.py")


def without_locks(place: Place, program: str, *args: str) -> Said:
    """What `pbt-PROGRAM ARGS` says on a file system without locks."""
    done = subprocess.run(
        [sys.executable, NO_LOCKS, sys.executable, "-m", f"pbt_tui.cli.{program}", *args],
        capture_output=True,
        text=True,
        check=False,
        cwd=place.path,
        env=place.environ,
    )
    return Said(done.returncode, done.stdout, done.stderr)


def killed(place: Place, *args: str) -> None:
    """A run whose executor was killed once two attempts had started."""
    executor = place.start(*args)
    place.wait_for(ev.AttemptStarted, 2)
    executor.kill()
    executor.communicate()


# -- attempts of another host ----------------------------------------------------------------------


def test_attempts_of_another_host_are_counted(place: Place) -> None:
    target = place.spec(job("a", WAITS), job("b", WAITS))
    killed(place, target)
    place.clean()  # a job that is alive here is seen by its lock
    here = os.uname().nodename
    journal = place.rundir.journal
    text = journal.read_bytes().replace(f'"host":"{here}"'.encode(), b'"host":"far"')
    boot = proc.boot_id().encode()
    journal.write_bytes(unsealed(text.replace(boot, boot[::-1])))
    for claim in place.rundir.attempts.iterdir():
        claim.write_bytes(claim.read_bytes().replace(boot, boot[::-1]))
    before = journal.read_bytes()
    said = place.pbt(target)
    assert said.code == 5
    assert said.err == (
        f"error: 2 attempts were started on host `far`, this is `{here}`: only `far` can say what "
        "still runs\n"
        "hint: start `pbt-run` where host and engine answer; nothing was changed; "
        "`--forget_host NAME` counts what a host has started as lost\n"
    )
    assert said.out == "", "what is refused was not resumed"
    assert journal.read_bytes() == before
    place.write("go")


# -- disks -----------------------------------------------------------------------------------------


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """An empty file system of 60 MB."""
    with small_disk(tmp_path / "disk") as folder:
        yield folder


def test_a_small_disk_is_not_a_full_one(place: Place, disk: Path) -> None:
    (place.path / "train_dir").symlink_to(disk)
    target = place.spec(job("a"))
    said = place.pbt(target)
    assert (said.code, said.err) == (0, "")
    (disk / "fills").write_bytes(b"x" * (55 * MEGABYTE))
    said = place.pbt(target, "--fresh")
    assert said.code == 5
    assert "the disk is full: 4 MiB free\nhint: free disk space\n" in said.err
    (disk / "fills").write_bytes(b"x" * (51 * MEGABYTE))
    said = place.pbt(target, "--fresh")
    assert said.code == 0
    assert "the disk is nearly full: 8 MiB free\n" in said.err


# -- the run directory -----------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["removed", "moved"])
def test_a_run_directory_that_goes_away(place: Place, how: str) -> None:
    executor = place.start(place.spec(job("a", f"echo $$ > pid; {WAITS}; touch done")))
    place.wait_for(ev.AttemptStarted)
    until((place.path / "pid").exists)
    executor.send_signal(signal.SIGSTOP)  # else it writes and looks while files go, one by one
    until(lambda: " T " in Path(f"/proc/{executor.pid}/stat").read_text())
    if how == "removed":
        shutil.rmtree(place.rundir.path)
    else:
        place.rundir.path.rename(place.path / "away")
    executor.send_signal(signal.SIGCONT)
    said = place.end(executor)
    assert said.code == 5
    assert said.err == (
        f"error: `{place.rundir.path}`: this executor has lost the run: the run directory was "
        "removed or moved\n"
        "hint: running jobs keep running; once its files are back, run it again to pick them up\n"
    )
    place.write("go")
    until((place.path / "done").exists, "the job goes on")
    assert not place.rundir.path.exists(), "nothing is written where it was"
    place.clean()  # the shell of the job waits a minute for its folder


def test_a_file_system_without_locks(place: Place) -> None:
    target = place.spec(job("a"))
    assert place.pbt(target).code == 0
    said = without_locks(place, "run", target, "--fresh")
    assert said.code == 5
    assert said.err == (
        f"error: `{place.rundir.path}`: the file system of the run directory has no locks: no "
        "locks available\n"
        "hint: pass a `--train_dir` on another file system, or mount this one with locks\n"
    )
    looked = without_locks(place, "tui", str(place.rundir.path), "--once")
    assert (looked.code, looked.err) == (0, "")
    assert "1 succeeded" in looked.out


# -- requests --------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["--cancel", "--kill", "--stop", "--hold", "--release"])
def test_a_closed_run_obeys_nothing_but_a_retry(place: Place, how: str) -> None:
    place.pbt(place.spec(job("a"), job("b", "exit 3")))
    before = place.rundir.journal.read_bytes()
    said = place.pbt(str(place.rundir.path), how)
    assert said.code == 4, "as a closed run always"
    assert said.err == f"nothing to {how.removeprefix('--')}: the run is closed\n"
    assert "run `r` closed with failures" in said.out
    assert place.rundir.journal.read_bytes() == before, "no executor was started"
    assert not list(place.rundir.requests.iterdir())


def test_a_stopped_executor_does_not_answer(place: Place) -> None:
    executor = place.start(place.spec(job("a", WAITS)))
    place.wait_for(ev.AttemptStarted)
    executor.send_signal(signal.SIGSTOP)
    said = place.pbt(str(place.rundir.path), "--hold")
    assert said.code == 5
    assert said.err == (
        f"error: `{place.rundir.path}`: no answer within 5 s\n"
        f"hint: its executor (pid {executor.pid}) may be stopped; it obeys when it goes on\n"
    )
    executor.send_signal(signal.SIGCONT)
    until(lambda: place.of(ev.RequestAccepted), "it obeys when it goes on")
    place.write("go")
    place.end(executor)


# -- hints -----------------------------------------------------------------------------------------


def hinted(said: Said) -> list[str]:
    """The arguments of the command in the last hint, as bash reads them."""
    hint = [line for line in said.all.splitlines() if line.startswith("hint: ")][-1]
    words = hint.split("`")[1]
    done = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {words}"], capture_output=True, check=True
    )
    return [os.fsdecode(word) for word in done.stdout.split(b"\0")[:-1]]


@pytest.mark.parametrize("name", ["it's my $HOME;x", "a\x1b[2J\r'b\u202e"])
def test_commands_of_hints_can_be_pasted(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    place = Place(folder)
    run = str(place.rundir.path)
    target = place.spec(job("a", "exit 3"), job("b", WAITS))
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted, 2)
    assert hinted(place.pbt(target)) == ["pbt-tui", run]
    place.wait_for(ev.AttemptEnded)
    executor.send_signal(signal.SIGINT)
    assert hinted(place.end(executor)) == ["pbt-run", run]
    assert hinted(place.pbt(run, "--hold")) == ["pbt-run", run]
    killed_here = place.start(target)
    place.wait_for(ev.AttemptStarted, 3)
    killed_here.kill()
    killed_here.communicate()
    until(lambda: lock.holder(place.rundir.lock) is None)
    assert hinted(place.pbt(target, "--fresh")) == ["pbt-run", run, "--cancel"]
    place.write("go")
    closed = place.pbt(run)
    assert "hint: run again what did not succeed with" in closed.out
    assert hinted(closed) == ["pbt-run", run, "--failed"]
    assert hinted(place.pbt(run)) == ["pbt-run", run, "--fresh"]
    assert hinted(place.pbt(run, "--failed", "--detach")) == ["pbt-tui", run]
    until(lambda: lock.holder(place.rundir.lock) is None)
    assert not place.clean()
    assert shlex.quote(run) in closed.out or "$'" in closed.out
