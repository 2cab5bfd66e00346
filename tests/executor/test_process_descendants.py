"""Processes that leave the session of their job end with it, and a retry never runs beside them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.process import descendants, marks
from pbt_tui.runtimes.process.descendants import Family
from tests.executor.driver import ProcessDriver
from tests.executor.running import Place, job, until
from tests.executor.test_process_marks import DAEMON
from tests.executor.test_process_survives import killed_executor
from tests.walkthroughs import shown

QUICK = [sys.executable, "-S", "-E", "-c"]

# What torchrun does: each worker in a session of its own, and the agent waits for them.
AGENT = """
import os, subprocess, sys, time
for i in range(2):
    worker = subprocess.Popen(["sleep", "600"], start_new_session=True)
    with open(f"worker{i}.new", "w") as file:
        file.write(str(worker.pid))
    os.rename(f"worker{i}.new", f"worker{i}")
print("up", flush=True)
while not os.path.exists("go"):
    time.sleep(0.01)
sys.exit(int(open("go").read() or 0))
"""


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[ProcessDriver]:
    one = ProcessDriver(tmp_path, grace=0.3)
    yield one
    for name, attempt in list(one.runtime._attempts):
        one.runtime.stop(name, attempt, kill=True)
    one.wait(lambda: not one.runtime._attempts)
    one.runtime.close()


def pid_in(path: Path) -> int:
    until(path.exists, f"no {path.name}")
    return int(path.read_text())


def lives(pid: int) -> bool:
    found = proc.look(pid)
    return found is not None and not found.dead


def workers(folder: Path) -> list[int]:
    return [pid_in(folder / f"worker{i}") for i in range(2)]


def test_workers_in_sessions_of_their_own_end_with_their_job(
    quick: ProcessDriver, tmp_path: Path
) -> None:
    quick.start(*QUICK, AGENT)
    quick.wait_for_log("up")
    started = workers(tmp_path)
    (tmp_path / "go").write_text("7")
    end = quick.end()
    assert (end.exit_code, end.left) == (7, "2 processes that it left were ended")
    assert not any(map(lives, started)), "the end is reported only when they are gone"


@pytest.mark.parametrize("kill", [False, True])
def test_a_stop_reaches_workers_in_sessions_of_their_own(
    quick: ProcessDriver, tmp_path: Path, kill: bool
) -> None:
    quick.start(*QUICK, AGENT)
    quick.wait_for_log("up")
    started = workers(tmp_path)
    assert all(map(lives, started))
    assert quick.runtime.stop("job", 1, kill=kill)
    end = quick.end()
    assert (end.exit_code, end.order) == (137 if kill else 143, "after")
    assert not any(map(lives, started))


def test_workers_of_a_killed_agent_end(quick: ProcessDriver, tmp_path: Path) -> None:
    """Its session and its children are empty then: only the mark finds them."""
    quick.start(*QUICK, AGENT)
    quick.wait_for_log("up")
    started = workers(tmp_path)
    agents = {found.parent for found in map(proc.look, started) if found is not None}
    assert len(agents) == 1
    os.kill(agents.pop(), signal.SIGKILL)
    assert quick.end().exit_code == 137
    assert not any(map(lives, started))


def test_a_lost_shim_leaves_no_worker(quick: ProcessDriver, tmp_path: Path) -> None:
    quick.start(*QUICK, AGENT)
    quick.wait_for_log("up")
    started = workers(tmp_path)
    os.kill(proc.pid_of(quick.begin()), signal.SIGKILL)
    end = quick.end()
    assert (end.lost, end.left) == (True, "3 processes that it left were ended")
    assert not any(map(lives, started))


def test_a_daemon_that_cleared_everything_ends(quick: ProcessDriver, tmp_path: Path) -> None:
    quick.start(*QUICK, DAEMON, str(tmp_path / "pid"))
    end = quick.end()
    assert (end.exit_code, end.left) == (0, "1 process that it left was ended")
    assert not lives(pid_in(tmp_path / "pid"))


def test_the_shim_ends_a_daemon_when_no_executor_lives(tmp_path: Path) -> None:
    """After kill -9 of the executor nobody reads the pipe of the shim."""
    (tmp_path / "daemon.py").write_text(DAEMON)
    command = f"{sys.executable} -S -E daemon.py pid; until [ -e go ]; do sleep 0.02; done; exit 6"
    killed_executor(tmp_path, [command])
    pid = pid_in(tmp_path / "pid")
    until(lambda: proc.command_line(pid) == b"sleep\x00600\x00")
    (tmp_path / "go").touch()
    until(lambda: not lives(pid), "the daemon outlives everybody")
    driver = ProcessDriver(tmp_path)
    path = driver.rundir.claim("job0", 1)
    until(lambda: "left" in path.read_text())
    end = driver.runtime.survey([("job0", 1, None)])[0].ended
    if end is None:  # the shim is still on its way out
        end = driver.end("job0")
    assert (end.exit_code, end.left) == (6, "1 process that it left was ended")
    assert path.read_text().splitlines()[1:] == ["exit 6", "left 1"]
    driver.runtime.close()


def test_without_an_executor_the_shim_kills_what_ignores_a_stop(tmp_path: Path) -> None:
    deaf = "trap '' TERM; echo $$ >deaf.new; mv deaf.new deaf; while :; do sleep 0.05; done"
    text = f"""
        import sys
        from pathlib import Path
        from tests.executor.driver import ProcessDriver
        driver = ProcessDriver(Path({str(tmp_path)!r}), grace=1.0)
        job = "setsid -f sh -c \\"$1\\"; until [ -e go ]; do sleep 0.02; done"
        driver.start("sh", "-c", job, "x", {deaf!r})
        driver.begin()
        print("up", flush=True)
        sys.stdin.read()
    """
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(text)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == b"up\n"
        other.kill()
    pid = pid_in(tmp_path / "deaf")
    (tmp_path / "go").touch()
    until(lambda: not lives(pid))
    assert "exit 0\nleft " in (tmp_path / "_pbt" / "attempts" / "job.1").read_text()


def test_the_next_executor_ends_what_an_ended_attempt_left(tmp_path: Path) -> None:
    """The executor died after the shim had told it of the end."""
    one = ProcessDriver(tmp_path)
    one.start(*QUICK, AGENT)
    one.wait_for_log("up")
    handle = one.begin()
    started = workers(tmp_path)
    (tmp_path / "go").write_text("4")
    until(lambda: not proc.alive(handle))
    one.runtime.close()
    assert all(map(lives, started))
    two = ProcessDriver(tmp_path)
    seen = two.runtime.survey([("job", 1, handle)])[0]
    assert (seen.state, seen.handle) == ("alive", handle)
    end = two.end()
    assert (end.exit_code, end.handle) == (4, handle)
    assert end.left == "2 processes that it left were ended"
    assert not any(map(lives, started))
    two.runtime.close()


def test_the_next_executor_can_kill_what_an_ended_attempt_left(tmp_path: Path) -> None:
    one = ProcessDriver(tmp_path)
    deaf = "trap '' TERM; echo up; while :; do sleep 0.05; done"
    one.start("sh", "-c", f'setsid -f sh -c "{deaf}"; until [ -e go ]; do sleep 0.02; done')
    one.wait_for_log("up")
    handle = one.begin()
    (tmp_path / "go").touch()
    until(lambda: not proc.alive(handle))
    one.runtime.close()
    two = ProcessDriver(tmp_path, grace=3600.0)
    assert two.runtime.survey([("job", 1, handle)])[0].state == "alive"
    two.turn(0.3)
    two.turn(0.3)
    assert two.ended() is None, "it has an hour to leave"
    two.runtime.stop("job", 1, kill=True)
    assert two.end().exit_code == 0
    two.runtime.close()


def test_a_stray_has_its_grace(tmp_path: Path) -> None:
    """An uploader that needs a moment after SIGTERM is not killed."""
    driver = ProcessDriver(tmp_path, grace=600.0)
    upload = (
        "trap 'sleep 0.3; echo done >uploaded; exit' TERM; echo up; while :; do sleep 0.02; done"
    )
    driver.start("sh", "-c", f'setsid -f sh -c "{upload}"; until [ -e go ]; do sleep 0.02; done')
    driver.wait_for_log("up")
    (tmp_path / "go").touch()
    assert driver.end().exit_code == 0
    assert (tmp_path / "uploaded").read_text() == "done\n"
    driver.runtime.close()


def test_a_helper_that_ends_at_once_is_not_worth_a_word(quick: ProcessDriver) -> None:
    """As the resource tracker of multiprocessing, which ends a moment after its owner."""
    quick.start("sh", "-c", "setsid sleep 0.03 & exit 0")
    assert quick.end().left is None


def test_what_a_job_starts_on_a_stop_gets_no_stop(quick: ProcessDriver, tmp_path: Path) -> None:
    save = "sh -c 'sleep 1.3; echo all >saved'"
    quick.start("sh", "-c", f'trap "{save}; exit 0" TERM; echo up; while :; do sleep 0.02; done')
    quick.wait_for_log("up")
    quick.runtime.stop("job", 1, kill=False)
    assert quick.end().exit_code == 0
    assert (tmp_path / "saved").read_text() == "all\n"


def test_a_kill_takes_processes_that_fork_on(quick: ProcessDriver, tmp_path: Path) -> None:
    """Four chains: each process leaves its session, starts the next one and ends.

    They end by themselves after ten seconds: on a busy machine, nothing could catch up with more.
    """
    chain = """
        import os, time
        end = time.monotonic() + 10
        for _ in range(4):
            if not os.fork():
                while time.monotonic() < end:
                    time.sleep(0.01)
                    if os.fork():
                        os._exit(0)
                    os.setsid()
                os._exit(0)
        print("up", flush=True)
        time.sleep(600)
    """
    quick.start(*QUICK, textwrap.dedent(chain))
    quick.wait_for_log("up")
    claim = claims.read(quick.rundir.claim("job", 1))
    assert claim is not None
    mark = marks.parse(claim.mark)
    assert mark is not None
    until(lambda: len(marks.everyone()[0].get(mark, ())) > 3)
    assert quick.runtime.stop("job", 1, kill=True)
    assert quick.end().exit_code == 137
    assert descendants.find([Family("1.1", {mark})]) == [[]]


def nested(quick: ProcessDriver, tmp_path: Path, command: str) -> int:
    """Starts a job that executes a run of one job, `command`; returns the pid of that one."""
    inner = tmp_path / "inner"
    inner.mkdir()
    text = f"""
        import sys, time
        from pathlib import Path
        from tests.executor.driver import ProcessDriver
        driver = ProcessDriver(Path({str(inner)!r}))
        driver.start("sh", "-c", {command!r})
        driver.begin()
        time.sleep(600)
    """
    root = str(Path(__file__).parents[2])
    quick.start(sys.executable, "-c", textwrap.dedent(text), env={"PYTHONPATH": root})
    return pid_in(inner / "pid")


def test_a_nested_run_belongs_to_its_job(quick: ProcessDriver, tmp_path: Path) -> None:
    """Its jobs have marks of their own, and are found while their executor lives."""
    pid = nested(quick, tmp_path, "echo $$ >pid.new; mv pid.new pid; exec sleep 600")
    assert quick.runtime.stop("job", 1, kill=True)
    assert quick.end().exit_code == 137
    assert not lives(pid)


def test_the_end_of_a_job_waits_for_the_nested_run_that_was_stopped_with_it(
    quick: ProcessDriver, tmp_path: Path
) -> None:
    """Its executor ends at once, and its job saves something first: by a mark of the nested run."""
    saves = "trap 'sleep 1; echo all >saved; exit' TERM; echo $$ >pid.new; mv pid.new pid"
    pid = nested(quick, tmp_path, f"{saves}; while :; do sleep 0.02; done")
    assert quick.runtime.stop("job", 1, kill=False)
    assert quick.end().exit_code == 143
    assert not lives(pid)
    assert (tmp_path / "inner" / "saved").read_text() == "all\n"


@pytest.mark.skipif(shutil.which("tmux") is None, reason="no tmux here")
def test_a_tmux_server_of_the_job_ends_and_an_older_one_does_not(
    quick: ProcessDriver, tmp_path: Path
) -> None:
    def tmux(server: str, *words: str) -> str:
        done = subprocess.run(
            ["tmux", "-S", str(tmp_path / server), *words],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout.strip()

    tmux("old", "new-session", "-d", "sleep 600")
    old = int(tmux("old", "display", "-p", "#{pid}"))
    try:
        new = f"tmux -S {tmp_path}/new new-session -d 'sleep 600'"
        window = f"tmux -S {tmp_path}/old new-window -d 'sleep 602'"
        show = f"tmux -S {tmp_path}/new display -p '#{{pid}}' >server; mv server new.pid"
        quick.start("sh", "-c", f"{new} && {window} && {show}")
        assert quick.end().exit_code == 0
        assert not lives(pid_in(tmp_path / "new.pid"))
        assert lives(old)
        assert len(tmux("old", "list-windows").splitlines()) == 2
    finally:
        tmux("old", "kill-server")


def test_a_signal_never_reaches_another_process_with_that_pid() -> None:
    with subprocess.Popen(["sleep", "600"]) as child:
        found = proc.look(child.pid)
        assert found is not None
        earlier = proc.Process(
            found.pid, "R", found.parent, found.group, found.session, str(int(found.start) - 1)
        )
        assert not proc.send(earlier, signal.SIGKILL)
        assert child.poll() is None
        assert proc.send(found, signal.SIGKILL)
        assert child.wait() == -9
        assert not proc.send(found, signal.SIGKILL)


def test_a_retry_never_runs_beside_what_it_replaces(place: Place) -> None:
    worker = "trap '' TERM; echo \\$\\$ >>worker; while :; do sleep 0.02; done"
    text = (
        "touch worker; for pid in $(cat worker); do "
        "grep -qs '^State:.[^XZ]' /proc/$pid/status && echo $pid >>beside; done; "
        f'before=$(wc -l <worker); setsid -f sh -c "{worker}"; '
        "until [ $(wc -l <worker) -gt $before ]; do sleep 0.02; done; exit 1"
    )
    spec = place.spec(
        job("a", text), retries=2, retry_on=("exit",), retry_delay=0.0, grace=0.2, pause_between=0.0
    )
    said = place.pbt(spec)
    assert said.code == 4
    assert len((place.path / "worker").read_text().split()) == 3
    assert not (place.path / "beside").exists()
    assert said.out.count(" that it left w") >= 3


def test_a_success_that_left_its_training_behind_says_so(place: Place) -> None:
    leaves = "setsid -f sleep 600; setsid -f sleep 600; true"
    said = place.pbt(place.spec(job("00_train", leaves), grace=5.0))
    assert said.code == 0
    assert shown.missing("docs/guide/resume-and-requests.md", "✓", said.out) == []
    told = place.jobs()["00_train"].attempts[0].detail
    assert told == "2 processes that it left were ended"


@pytest.mark.parametrize("hidden", [1, 2, 5])
def test_a_child_that_was_started_during_a_look_is_found(
    monkeypatch: pytest.MonkeyPatch, hidden: int
) -> None:
    """Its parent was listed, and ended before its mark was read; so were those before it."""
    real = marks.everyone
    looks = 0

    def missing_one() -> tuple[dict[int, list[int]], bool]:
        nonlocal looks
        looks += 1
        return ({}, True) if looks <= hidden else real()

    mark = marks.new()
    with marks.inherited(mark), subprocess.Popen(["sleep", "600"]) as child:
        monkeypatch.setattr(marks, "everyone", missing_one)
        found = descendants.find([Family("1.1", {mark})])[0]
        assert [process.pid for process in found] == [child.pid]
        child.kill()
