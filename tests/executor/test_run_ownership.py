"""An executor whose files are taken away ends, writes nothing more, and its jobs go on."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pbt_tui.journal import byte_locks
from pbt_tui.journal import events as ev
from tests.executor.running import WAITS, Place, job, until

LOST = "this executor has lost the run: "
TWO = (job("a", f"{WAITS}; echo a >>ran"), job("b", f"{WAITS}; echo b >>ran"))


def running(place: Place) -> tuple[str, subprocess.Popen[str]]:
    target = place.spec(*TWO)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted, 2)
    return target, executor


def ends_well(place: Place, target: str) -> None:
    """A later executor adopts both jobs: each runs once."""
    place.write("go")
    said = place.pbt(target)
    assert said.code == 0, said.all
    assert sorted((place.path / "ran").read_text().split()) == ["a", "b"]
    assert all(len(found.attempts) == 1 for found in place.state().jobs)


def stopped(process: subprocess.Popen[str]) -> None:
    """Freezes an executor between two turns, so that it notices nothing."""
    os.kill(process.pid, signal.SIGSTOP)
    until(lambda: " T " in Path(f"/proc/{process.pid}/stat").read_text())


def test_a_removed_lock_lets_no_second_executor_in(place: Place) -> None:
    target, first = running(place)
    stopped(first)
    place.rundir.lock.unlink()
    before = place.rundir.journal.read_bytes()
    for words in ((target,), (target, "--failed"), (target, "--fresh"), (target, "--detach")):
        second = place.pbt(*words)
        assert second.code == 5
        assert "already being executed: another executor writes its journal" in second.err
    assert place.rundir.journal.read_bytes() == before
    os.kill(first.pid, signal.SIGCONT)
    said = place.end(first)
    assert said.code == 5
    # The second executor made the file again: it was removed, and it is another.
    assert f"`{place.rundir.path}`: {LOST}the lock was replaced" in said.err
    assert "running jobs keep running" in said.err
    assert place.rundir.journal.read_bytes() == before, "nothing was written any more"
    ends_well(place, target)


def nothing_else(place: Place) -> None:
    place.rundir.lock.unlink()


def replaced(place: Place) -> None:
    aside = place.rundir.path / "aside"
    shutil.copy(place.rundir.journal, aside)
    aside.rename(place.rundir.journal)


def restored(place: Place) -> None:
    """Restores an older state into the same file, as `cp` does."""
    older = b"".join(place.rundir.journal.read_bytes().splitlines(keepends=True)[:-1])
    place.rundir.journal.write_bytes(older)


def written(place: Place) -> None:
    with place.rundir.journal.open("ab") as file:
        file.write(b'{"event":')


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (nothing_else, "the lock was removed"),
        (replaced, "the journal was replaced"),
        (restored, "the journal was cut short"),
        (written, "another executor wrote the journal"),
    ],
)
def test_an_idle_executor_notices_what_was_taken(
    place: Place, change: Callable[[Place], None], words: str
) -> None:
    """Both jobs wait: nothing happens that would have to be written."""
    target, executor = running(place)
    stopped(executor)
    change(place)
    after = place.rundir.journal.read_bytes()
    os.kill(executor.pid, signal.SIGCONT)
    said = place.end(executor)
    assert said.code == 5
    assert LOST + words in said.err
    assert place.rundir.journal.read_bytes() == after
    ends_well(place, target)


def test_a_directory_that_is_moved_is_missed(place: Place) -> None:
    target, executor = running(place)
    away = place.rundir.path.with_name("_pbt_away")
    place.rundir.path.rename(away)
    said = place.end(executor)
    assert said.code == 5
    assert f"{LOST}the run directory was removed or moved" in said.err
    away.rename(place.rundir.path)
    ends_well(place, target)


def test_a_directory_that_is_removed_is_missed(place: Place) -> None:
    _, executor = running(place)
    stopped(executor)  # else it writes and looks while files go, one by one
    shutil.rmtree(place.rundir.path)
    os.kill(executor.pid, signal.SIGCONT)
    said = place.end(executor)
    assert said.code == 5
    assert f"{LOST}the run directory was removed or moved" in said.err
    assert not place.rundir.path.exists(), "nothing was made again"
    place.write("go")
    place.clean()  # the shell of the job waits a minute for its folder


RIGHT_BEFORE_AN_APPEND = """
import subprocess, sys
from pbt_tui.cli import error_boundary, run
from pbt_tui.journal import file
real, done = file._room, []
def late(fd):
    real(fd)
    if {when} and not done:
        done.append(1)
        {action}
file._room = late
error_boundary.run(run.main)
"""


def started_with(place: Place, code: str, *args: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *args],
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        env=place.environ, cwd=place.path, text=True,
    )  # fmt: skip


def test_a_lock_removed_between_check_and_append(place: Place) -> None:
    """A second executor comes in the moment between the look at the files and the write."""
    target = place.spec(*TWO)
    lock, journal = place.rundir.lock, place.rundir.journal
    second = f"[{sys.executable!r}, '-m', 'pbt_tui.cli.run', {target!r}]"
    action = (
        f"import os; os.unlink({str(lock)!r}); before = open({str(journal)!r}, 'rb').read(); "
        f"said = subprocess.run({second}, capture_output=True, text=True); "
        f"after = open({str(journal)!r}, 'rb').read(); "
        "open('second', 'w').write(f'{said.returncode} {before == after} {said.stderr}')"
    )
    # Not in the first batches: two attempts have started.
    when = f"open({str(journal)!r}).read().count('attempt_scheduled') == 2"
    code = RIGHT_BEFORE_AN_APPEND.format(when=when, action=action)
    first = started_with(place, code, target)
    said = place.end(first)
    assert said.code == 5
    assert LOST in said.err
    told = (place.path / "second").read_text()
    assert told.startswith("5 True "), told
    assert "another executor writes its journal" in told
    ends_well(place, target)


NO_OFD = """
import errno, fcntl
from pbt_tui.cli import error_boundary, run
real = fcntl.fcntl
def none(fd, command, *rest):
    if command in (36, 37):
        raise OSError(errno.ENOLCK, "No locks available")
    return real(fd, command, *rest)
fcntl.fcntl = none
error_boundary.run(run.main)
"""


def test_without_byte_locks_the_lock_alone_holds_and_that_is_said_once(place: Place) -> None:
    target = place.spec(*TWO)
    first = started_with(place, NO_OFD, target)
    place.wait_for(ev.AttemptStarted, 2)
    assert "already being executed: pid" in place.pbt(target).err
    stopped(first)
    place.rundir.lock.unlink()
    place.write("go")
    assert place.end(started_with(place, NO_OFD, target)).code == 0, "it cannot know"
    after = place.rundir.journal.read_bytes()
    os.kill(first.pid, signal.SIGCONT)
    said = place.end(first)
    assert said.code == 5
    assert f"{LOST}another executor wrote the journal" in said.err
    assert said.err.count("only the file `lock` keeps a second executor away") == 1
    assert place.rundir.journal.read_bytes() == after, "the journal is whole"
    ends_well(place, target)


def test_a_journal_restored_while_later_attempts_live(place: Place) -> None:
    """The processes of an attempt hold a byte that the restored journal does not reach."""
    target = place.spec(job("a", "true"))
    assert place.pbt(target).code == 0
    late = len(place.events()) + 3
    holder = byte_locks.hold(place.rundir.journal, late)
    try:
        said = place.pbt(target, "--failed")
        assert said.code == 5
        assert "jobs are running that this journal does not know" in said.err
        assert "hint: wait until they end" in said.err
    finally:
        os.close(holder)
    assert place.pbt(target, "--failed").code == 0
