"""INT and TERM stop all jobs (D18); a closed terminal or pipe stops none."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import shlex
import signal
import subprocess
import sys
import termios
from collections.abc import Callable

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal import lock
from tests.executor.running import Place, decoded, job, until
from tests.shelf.scrub import unsealed

WAITS = "until [ -e go ]; do sleep 0.02; done"


def outcomes(place: Place) -> dict[tuple[str, int], str]:
    return {(e.job, e.attempt): e.outcome for e in place.of(ev.AttemptEnded)}


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_d18_the_first_signal_stops_all_and_the_run_can_go_on(
    place: Place, number: signal.Signals
) -> None:
    target = place.spec(job("a", WAITS), job("b", WAITS), job("c", WAITS), max_parallel=2)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted, 2)
    executor.send_signal(number)
    said = place.end(executor)
    assert said.code == 130
    assert f"go on with `pbt-run {place.rundir.path}`" in said.out
    assert not place.alive(), "jobs of a stopped run go with it"
    assert outcomes(place) == {("a", 1): "interrupted", ("b", 1): "interrupted"}
    accepted = place.of(ev.RequestAccepted)
    assert [(e.action, e.by) for e in accepted] == [("stop", "signal")]
    place.write("go")
    assert place.pbt(target).code == 0
    assert place.phases() == {"a": "succeeded", "b": "succeeded", "c": "succeeded"}
    assert [len(found.attempts) for found in place.state().jobs] == [2, 2, 1]


def test_the_second_signal_kills(place: Place) -> None:
    target = place.spec(job("deaf", f"trap '' TERM; echo deaf; {WAITS}"), grace=3600.0)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    until(lambda: place.log("deaf"))
    executor.send_signal(signal.SIGINT)
    place.wait_for(ev.StopRequested)
    executor.send_signal(signal.SIGINT)
    said = place.end(executor)
    assert said.code == 130
    assert "killing   deaf: the executor was told to stop" in said.out
    (killed,) = place.of(ev.KillRequested)
    assert killed.why == "interrupt"
    assert outcomes(place) == {("deaf", 1): "interrupted"}


def test_a_job_that_ignores_the_stop_is_killed_after_its_grace(place: Place) -> None:
    target = place.spec(job("deaf", f"trap '' TERM; echo deaf; {WAITS}"), grace=0.2)
    executor = place.start(target)
    until(lambda: place.rundir.log("deaf", 1).exists() and place.log("deaf"))
    executor.send_signal(signal.SIGTERM)
    assert place.end(executor).code == 130
    (stop,) = place.of(ev.StopRequested)
    (kill,) = place.of(ev.KillRequested)
    assert kill.at >= stop.at + 0.2


def test_a_detached_run_survives_a_hangup(place: Place) -> None:
    target = place.spec(job("j", WAITS))
    said = place.pbt(target, "--detach")
    assert said.code == 0, said.all
    pid = lock.holder(place.rundir.lock)
    assert pid
    assert f"pid {pid}" in said.out
    assert str(place.rundir.path) in said.out
    os.kill(pid, signal.SIGHUP)
    place.write("go")
    until(lambda: lock.holder(place.rundir.lock) is None)
    assert place.state().closed == "succeeded"
    assert "✓ succeeded j" in place.rundir.executor_log.read_text()


def test_nohup_is_respected(place: Place) -> None:
    target = place.spec(job("j", WAITS))
    executor = place.start(target, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    place.wait_for(ev.AttemptStarted)
    executor.send_signal(signal.SIGHUP)
    place.write("go")
    assert place.end(executor).code == 0


def on_terminal(terminal: int) -> Callable[[], None]:
    def own() -> None:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        os.setsid()
        fcntl.ioctl(terminal, termios.TIOCSCTTY, 0)

    return own


@pytest.mark.parametrize("how", ["", "--json"])
def test_d18_a_closed_terminal_leaves_the_jobs_an_executor(place: Place, how: str) -> None:
    """The kernel sends SIGHUP to the leader of the session, which is the executor here."""
    ours, theirs = pty.openpty()
    target = place.spec(
        job("a", WAITS),
        job("b", f"{WAITS}; exit 3"),
        job("late", "cat /proc/self/status"),
        max_parallel=2,
    )
    executor = place.start(
        target,
        *([how] if how else []),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=on_terminal(theirs),
    )
    os.close(theirs)
    shown = b""
    while b"2 running" not in shown and shown.count(b"attempt_started") < 2:
        shown += os.read(ours, 65536)
    os.close(ours)
    until(place.rundir.executor_log.exists)
    assert executor.poll() is None
    place.write("go")
    assert executor.wait(60) == 4
    assert outcomes(place) == {("a", 1): "succeeded", ("b", 1): "failed", ("late", 1): "succeeded"}
    assert not place.of(ev.RequestAccepted)
    ignored = re.search(r"SigIgn:\s*([0-9a-f]+)", place.log("late"))
    assert ignored is not None
    assert int(ignored[1], 16) & 1 == 0, "a job that starts afterwards hears its own hangups"
    written = place.rundir.executor_log.read_text()
    assert written.startswith(f"the terminal was closed; the run goes on: pid {executor.pid}\n")
    if not how:
        assert "✗ failed    b" in written
        assert "run `r` closed with failures" in written
        assert "\x1b" not in written, "a progress line is for terminals"


def test_a_shell_that_hangs_up_stops_nothing(place: Place) -> None:
    """As a closed ssh session: the shell gets SIGHUP, repeats it to its jobs, and ends."""
    ours, theirs = pty.openpty()
    target = place.spec(job("a", WAITS))
    command = shlex.join([sys.executable, "-m", "pbt_tui.cli.run", target])
    shell = subprocess.Popen(
        ["bash", "--norc", "-i"],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=on_terminal(theirs),  # noqa: PLW1509 - this process has no other threads
        cwd=place.path,
        env={**place.environ, "HISTFILE": ""},
    )
    os.close(theirs)
    os.write(ours, f"{command}\n".encode())
    place.wait_for(ev.AttemptStarted)
    pid = lock.holder(place.rundir.lock)
    os.close(ours)
    shell.wait(60)
    until(place.rundir.executor_log.exists)
    assert lock.holder(place.rundir.lock) == pid
    place.write("go")
    until(lambda: lock.holder(place.rundir.lock) is None)
    assert outcomes(place) == {("a", 1): "succeeded"}
    assert "run `r` succeeded" in place.rundir.executor_log.read_text()


def test_a_terminal_that_breaks_without_a_signal_stops_nothing(place: Place) -> None:
    """As after `disown`: no SIGHUP, but every write fails."""
    ours, theirs = pty.openpty()
    executor = place.start(place.spec(job("a", WAITS)), stdout=theirs, stderr=theirs)
    os.close(theirs)
    place.wait_for(ev.AttemptStarted)
    os.close(ours)
    place.write("go")
    assert executor.wait(60) == 0
    assert "✓ succeeded a" in place.rundir.executor_log.read_text(), "no line is lost"


def test_a_hangup_leaves_files_alone(place: Place) -> None:
    """With its output in a file, the terminal is only where it was started."""
    ours, theirs = pty.openpty()
    with (place.path / "out").open("w") as out:
        executor = place.start(
            place.spec(job("a", WAITS)), stdin=theirs, stdout=out, preexec_fn=on_terminal(theirs)
        )
    os.close(theirs)
    place.wait_for(ev.AttemptStarted)
    os.close(ours)
    place.write("go")
    assert place.end(executor).code == 0
    assert "✓ succeeded a" in (place.path / "out").read_text()


def test_a_terminal_sees_a_progress_line(place: Place) -> None:
    ours, theirs = pty.openpty()
    target = place.spec(job("a", WAITS))
    executor = place.start(target, stdin=theirs, stdout=theirs, preexec_fn=on_terminal(theirs))
    os.close(theirs)
    shown = b""
    while b"0/1 done: 1 running" not in shown:
        shown += os.read(ours, 65536)
    stop = f"  to stop   press Ctrl-C or run `pbt-run {place.rundir.path} --stop`;"
    assert f"{stop} a closed terminal stops nothing\r\n".encode() in shown
    place.write("go")
    while b"run `r` succeeded" not in shown:
        shown += os.read(ours, 65536)
    assert executor.wait(60) == 0
    assert b"\x1b[2K" in shown
    os.close(ours)
    executor.communicate()


@pytest.mark.parametrize("how", ["--json", ""])
def test_a_reader_that_has_seen_enough_ends_no_run(place: Place, how: str) -> None:
    target = place.spec(*(job(f"j{i}", f"{WAITS}; exit {i}") for i in range(3)))
    executor = place.start(target, *([how] if how else []))
    assert executor.stdout is not None
    executor.stdout.readline()
    executor.stdout.close()
    place.write("go")
    assert executor.wait(60) == 4, "its code is that of the run"
    assert place.rundir.executor_log.exists(), "what nobody reads is kept"
    assert executor.stderr is not None
    assert executor.stderr.read() == ""
    executor.stderr.close()
    assert place.state().closed == "failures"


def test_a_reader_that_stalls_stalls_no_run(place: Place) -> None:
    """A full pipe that nobody reads: the jobs run on, and all is said once it is read again."""
    jobs = [job(f"j{n:03}", "true") for n in range(150)]
    reading, writing = os.pipe()
    fcntl.fcntl(writing, fcntl.F_SETPIPE_SZ, 4096)
    executor = place.start(place.spec(*jobs), stdout=writing)
    os.close(writing)
    until(lambda: len(place.of(ev.RunClosed)) == 1, "the run waits for its reader")
    with os.fdopen(reading) as reader:
        said = reader.read()
    assert executor.wait() == 0
    assert len(said) > 4096
    assert said.count("✓ succeeded j") == len(jobs)


def test_without_any_standard_stream(place: Place) -> None:
    """Closed descriptors must not become the journal's or the lock's."""
    target = place.spec(job("j", "echo hello"))
    code = subprocess.call(
        ["sh", "-c", f"exec {sys.executable} -m pbt_tui.cli.run {target} 0<&- 1>&- 2>&-"],
        cwd=place.path,
        env=place.environ,
    )
    assert code == 0
    assert place.log("j") == "hello\n"
    assert place.state().closed == "succeeded"


def test_events_as_json_are_the_journal(place: Place) -> None:
    target = place.spec(job("a"), job("b", "exit 3"), job("c", "nope", "x"))
    said = place.pbt(target, "--json")
    assert said.code == 4
    written = unsealed(place.rundir.journal.read_bytes()).decode()
    assert decoded(said.out) == decoded(written)
    assert said.err == ""
    again = place.pbt(target, "--json")
    assert (again.code, again.out) == (4, ""), "nothing has happened"


def test_a_terminal_that_knows_no_glyphs(place: Place) -> None:
    target = place.spec(job("a"), job("b", "exit 3"))
    said = place.pbt(target, env={**place.environ, "PYTHONIOENCODING": "ascii"})
    assert said.code == 4
    assert "failed    b" in said.out
