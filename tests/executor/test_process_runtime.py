"""Real processes through the `process` runtime: codes, signals, claims, survey, and no traces."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import select
import shlex
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.process import shim
from pbt_tui.runtimes.process.runtime import ProcessRuntime
from pbt_tui.runtimes.protocol import Ended, Fact, Launch, Runtime, Started
from pbt_tui.spec import Job

PATIENCE = 30.0
"""Seconds after which a test has hung; nothing is asserted about how long things take."""


def until(what: Callable[[], object]) -> None:
    end = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.01)


class Driver:
    """The smallest loop: launches, and waits for facts as the executor does."""

    def __init__(self, folder: Path, **more: object) -> None:
        self.rundir = RunDir(folder / "_pbt")
        self.folder = folder
        self.runtime = ProcessRuntime(self.rundir, **more)  # type: ignore[arg-type]
        self.runtime.prepare(())
        self.all: list[Fact] = []

    def start(
        self,
        *argv: str,
        job: str = "job",
        attempt: int = 1,
        env: dict[str, str] | None = None,
        cwd: Path | None = None,
    ) -> None:
        spec = Job(id=job, experiment="e", name="n", argv=argv or ("x",), env={}, dir="", params={})
        self.runtime.launch(
            [
                Launch(
                    job=job,
                    attempt=attempt,
                    argv=argv,
                    env=env or {},
                    cwd=cwd or self.folder,
                    log=self.rundir.log(job, attempt),
                    claim=self.rundir.claim(job, attempt),
                    gpus=(),
                    spec=spec,
                )
            ]
        )

    def turn(self, seconds: float = PATIENCE) -> list[Fact]:
        wake = self.runtime.next_wake()
        wait = seconds if wake is None else max(0.0, min(seconds, wake - time.monotonic()))
        select.select([self.runtime.fileno()], [], [], wait)
        facts = self.runtime.facts()
        self.all += facts
        return facts

    def wait(self, done: Callable[[], object]) -> None:
        end = time.monotonic() + PATIENCE
        while not done():
            assert time.monotonic() < end, f"waited in vain: {self.all}"
            self.turn(1.0)

    def ended(self, job: str = "job") -> Ended | None:
        found = [f for f in self.all if isinstance(f, Ended) and f.job == job]
        assert len(found) < 2, found
        return found[0] if found else None

    def started(self, job: str = "job") -> Started | None:
        found = [f for f in self.all if isinstance(f, Started) and f.job == job]
        assert len(found) < 2, found
        return found[0] if found else None

    def end(self, job: str = "job") -> Ended:
        self.wait(lambda: self.ended(job))
        found = self.ended(job)
        assert found is not None
        return found

    def begin(self, job: str = "job") -> str:
        self.wait(lambda: self.started(job))
        found = self.started(job)
        assert found is not None
        return found.handle

    def run(self, *argv: str, **more: object) -> Ended:
        self.start(*argv, **more)  # type: ignore[arg-type]
        return self.end()

    def log(self, job: str = "job", attempt: int = 1) -> str:
        return self.rundir.log(job, attempt).read_text()


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[Driver]:
    one = Driver(tmp_path)
    yield one
    for job, attempt in list(one.runtime._attempts):
        one.runtime.stop(job, attempt, kill=True)
    one.wait(lambda: not one.runtime._attempts)
    one.runtime.close()


def script(folder: Path, text: str, name: str = "job.py") -> tuple[str, ...]:
    path = folder / name
    path.write_text(textwrap.dedent(text))
    return sys.executable, "-S", "-E", str(path)


def test_it_is_a_runtime(driver: Driver) -> None:
    runtime: Runtime = driver.runtime
    assert runtime.name == "process"
    assert runtime.next_wake() is None


@pytest.mark.parametrize("code", [0, 1, 3, 125, 126, 127, 128, 255])
def test_the_code_is_the_jobs_own(driver: Driver, code: int) -> None:
    end = driver.run("sh", "-c", f"exit {code}")
    assert (end.exit_code, end.signal, end.refused, end.lost) == (code, None, False, False)
    assert end.handle == driver.begin()
    assert driver.all.index(driver.started()) < driver.all.index(end)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP])
def test_a_signal_is_told_as_a_shell_tells_it(driver: Driver, number: signal.Signals) -> None:
    end = driver.run("sh", "-c", f"kill -{number.value} $$")
    assert (end.exit_code, end.signal, end.lost) == (128 + number, number, False)


@pytest.mark.parametrize("name", ["no-such-command", "./no-such", "/no/such", "", "-x", "exit"])
def test_a_command_that_is_not_there_is_refused(driver: Driver, name: str) -> None:
    end = driver.run(name, "3")
    assert (end.refused, end.cause, end.exit_code) == (True, "command_not_found", 127)
    assert end.detail == f"command not found: `{name}`"


@pytest.mark.parametrize("command", ["true", "echo", "test", "cd", "read", "exec", "return"])
def test_the_shells_own_words_are_not_commands(driver: Driver, command: str) -> None:
    """A builtin would run inside the shim, and `exec` or `return` would end it."""
    end = driver.run(command)
    found = subprocess.run(["/usr/bin/which", command], capture_output=True, check=False)
    assert end.refused == (found.returncode != 0)


def test_a_script_without_its_interpreter_is_refused(driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("#!/no/such/interpreter\n")
    (tmp_path / "odd").chmod(0o755)
    end = driver.run("./odd")
    assert end.exit_code == 127
    assert "odd" in driver.log()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_cannot_be_executed_is_refused(driver: Driver, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "thing"
    path.mkdir() if kind == "folder" else path.write_text("true\n")
    end = driver.run(str(path))
    assert (end.refused, end.cause, end.exit_code) == (True, "not_executable", 126)
    assert str(path) in (end.detail or "")


def test_a_folder_that_is_not_there_is_refused(driver: Driver, tmp_path: Path) -> None:
    end = driver.run("true", cwd=tmp_path / "gone")
    assert (end.refused, end.cause, end.exit_code) == (True, None, None)
    assert end.detail == f"the working directory cannot be entered: `{tmp_path / 'gone'}`"


def test_arguments_too_long_for_the_system_are_refused(driver: Driver) -> None:
    end = driver.run("true", "x" * 3_000_000)
    assert end.refused
    assert "rgument list too long" in (end.detail or "")
    assert driver.runtime.survey([("job", 1, None)])[0].state == "ended"


def test_a_log_that_cannot_be_opened_is_refused(driver: Driver) -> None:
    driver.rundir.log("job", 1).mkdir()
    end = driver.run("true")
    assert end.refused
    assert "irectory" in (end.detail or "")


TALE = "import sys, json; json.dump(sys.argv[1:], sys.stdout)"
WORDS = st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])))


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(WORDS)
@example(["a b", "new\nline", "'", '"', "`id`", "$HOME", "$(id)", "\\", "*", "~", "ünï→", "", "-n"])
@example(["a=b=c", "--", ";", "&", "|", ">x", "#", "!", "\t", "\x7f", "\x1b[31m", "{a,b}", "%s"])
def test_arguments_arrive_letter_for_letter(
    tmp_path_factory: pytest.TempPathFactory, words: list[str]
) -> None:
    driver = Driver(tmp_path_factory.mktemp("run"))
    assert driver.run(sys.executable, "-S", "-E", "-c", TALE, *words).exit_code == 0
    assert json.loads(driver.log()) == words
    driver.runtime.close()


def test_the_environment_arrives_and_the_shim_adds_nothing(tmp_path: Path) -> None:
    ours = {"PATH": os.environ["PATH"], "A": "1", "IFS_": "x", "_pbt_x": "y", "code": "z"}
    driver = Driver(tmp_path, environ=ours)
    env = {"A": "2", "LINES": "a\nb 'c' \"$d\"", "claim": "x", "a.b": "dot", "u": "ünï", "E": ""}
    tale = "import os, json; print(json.dumps(dict(os.environ)))"
    driver.run(sys.executable, "-S", "-c", tale, env=env)
    told = json.loads(driver.log())
    for shell in ("PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"):
        told.pop(shell, None)
    assert told == {**ours, **env}
    driver.runtime.close()


def test_the_first_entry_of_path_decides(driver: Driver, tmp_path: Path) -> None:
    """Members restart as bare `python3` (defect R1): what is first on PATH is what they get."""
    (tmp_path / "bin").mkdir()
    own = tmp_path / "bin" / "python3"
    own.write_text("#!/bin/sh\necho mine\n")
    own.chmod(0o755)
    driver.run("python3", env={"PATH": f"{own.parent}:{os.environ['PATH']}"})
    assert driver.log() == "mine\n"


def test_folder_session_input_and_both_outputs(driver: Driver, tmp_path: Path) -> None:
    (tmp_path / "with blank").mkdir()
    command = "pwd; read x || echo no input; echo error >&2; ls -l /proc/self/fd | wc -l"
    driver.run("sh", "-c", f"{command}; cut -d ' ' -f 6 /proc/$$/stat", cwd=tmp_path / "with blank")
    first, second, third, descriptors, session = driver.log().splitlines()
    assert (first, second, third) == (str(tmp_path / "with blank"), "no input", "error")
    assert int(descriptors) == 5  # 0, 1, 2, the folder that `ls` reads, and the line of the total
    assert int(session) == proc.pid_of(driver.begin()) != os.getsid(0)


def test_the_log_is_appended_from_the_first_byte(driver: Driver) -> None:
    driver.rundir.log("job", 1).write_text("before\n")
    driver.run("sh", "-c", "echo first; echo second >&2")
    assert driver.log() == "before\nfirst\nsecond\n"


def test_signals_are_as_at_birth(driver: Driver, tmp_path: Path) -> None:
    """Python ignores SIGPIPE and `nohup` SIGHUP; the shim catches more: a job sees none of it."""
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        driver.run("grep", "-E", "Sig(Ign|Blk)", "/proc/self/status")
    finally:
        signal.signal(signal.SIGHUP, old)
    for line in driver.log().splitlines():
        ours = sum(1 << number - 1 for number in signal.valid_signals())
        assert int(line.split()[1], 16) & ours == 0, line


def test_limits_are_the_callers(driver: Driver) -> None:
    driver.run("sh", "-c", "ulimit -S -n")
    assert int(driver.log()) == driver.runtime._open_files
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard


def test_a_term_reaches_the_job_and_its_code_is_kept(driver: Driver, tmp_path: Path) -> None:
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


def test_a_term_that_nobody_catches(driver: Driver) -> None:
    driver.start("sleep", "600")
    driver.begin()
    until(lambda: kin(driver.begin()))
    assert driver.runtime.stop("job", 1, kill=False)
    assert (driver.end().exit_code, driver.end().signal) == (143, 15)


def called(pid: int) -> str:
    """The name of a process; nothing if it is gone by now."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def kin(handle: str) -> list[int]:
    """Everyone else in the session, but for a copy of the shim on its way to becoming the job."""
    session = proc.pid_of(handle)
    rest = [p.pid for p in proc.everyone() if p.session == session and p.pid != session]
    return [pid for pid in rest if proc._words(pid) not in (b"", proc._words(session))]


def test_a_term_reaches_other_process_groups_of_the_session(driver: Driver) -> None:
    """`timeout` puts itself into a group of its own, where a signal to ours does not come."""
    driver.start("timeout", "600", "sleep", "600")
    driver.begin()
    until(lambda: len(kin(driver.begin())) == 2)
    time.sleep(0.05)  # it changes group just after it begins
    driver.runtime.stop("job", 1, kill=False)
    assert driver.end().exit_code in (124, 143)


def test_a_kill_takes_all_and_the_code_is_known(driver: Driver, tmp_path: Path) -> None:
    driver.start("sh", "-c", "trap '' TERM; sleep 600 & sleep 600 & setsid sleep 0; wait")
    handle = driver.begin()
    until(lambda: len(kin(handle)) >= 3)
    driver.runtime.stop("job", 1, kill=False)
    driver.turn(0.1)
    assert driver.ended() is None or driver.ended().exit_code is not None  # type: ignore[union-attr]
    driver.runtime.stop("job", 1, kill=True)
    assert driver.end().lost is False
    until(lambda: not kin(handle))


def test_a_kill_ends_a_job_that_ignores_a_stop(driver: Driver) -> None:
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


def test_orphans_of_an_ended_job_are_killed(driver: Driver) -> None:
    """Defect R8: workers of a dead trainer train on and keep its GPU memory."""
    driver.start("sh", "-c", "sleep 600 & sleep 600 & exit 7")
    assert driver.end().exit_code == 7
    until(lambda: not kin(driver.begin()))


def test_a_killed_group_leaves_no_code_and_is_lost(driver: Driver) -> None:
    driver.start("sleep", "600")
    handle = driver.begin()
    os.killpg(proc.pid_of(handle), signal.SIGKILL)
    end = driver.end()
    assert (end.lost, end.cause, end.exit_code, end.handle) == (True, "lost", None, handle)
    assert driver.runtime.survey([("job", 1, handle)])[0].state == "gone"


def test_a_killed_shim_does_not_leave_its_job_running(driver: Driver) -> None:
    driver.start("sleep", "600")
    handle = driver.begin()
    until(lambda: kin(handle))
    os.kill(proc.pid_of(handle), signal.SIGKILL)
    assert driver.end().lost
    until(lambda: not kin(handle))


def test_one_name_starts_once(driver: Driver) -> None:
    driver.start("sleep", "600")
    driver.start("sleep", "600")
    handle = driver.begin()
    driver.turn(0.2)
    assert len([f for f in driver.all if isinstance(f, Started)]) == 1
    assert driver.rundir.claim("job", 1).read_text().split()[0] == handle


def test_two_shims_on_one_claim_run_one_job(tmp_path: Path) -> None:
    """As after a kill -9 between a start and its record: the loser follows the winner."""
    for i in range(15):
        folder = tmp_path / str(i)
        folder.mkdir()
        one, two = Driver(folder), Driver(folder)
        for each in (one, two):
            each.start("sh", "-c", "echo once; exit 5")
        ends = [one.end(), two.end()]
        assert [end.exit_code for end in ends] == [5, 5]
        assert ends[0].handle == ends[1].handle == one.begin() == two.begin()
        assert one.log() == "once\n"
        one.runtime.close()
        two.runtime.close()


def test_losing_to_a_job_that_still_runs_follows_it(tmp_path: Path) -> None:
    one, two = Driver(tmp_path), Driver(tmp_path)
    one.start("sh", "-c", "while ! [ -e go ]; do sleep 0.02; done; exit 9")
    handle = one.begin()
    one.runtime.close()
    two.start("sh", "-c", "echo second")
    assert two.begin() == handle
    assert two.ended() is None
    (tmp_path / "go").touch()
    assert two.end().exit_code == 9
    assert two.log() == ""
    two.runtime.close()


EXECUTOR = """
import sys, time
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_process_runtime import Driver
driver = Driver(Path({folder!r}))
for i, command in enumerate({commands!r}):
    driver.start("sh", "-c", command, job=f"job{{i}}")
if {wait!r}:
    for i in range({n}):
        driver.begin(f"job{{i}}")
print("up", flush=True)
time.sleep(600)
"""


def killed_executor(folder: Path, commands: list[str], *, wait: bool = True) -> None:
    """Starts the commands from another process, which is then really killed."""
    text = EXECUTOR.format(
        tests=str(Path(__file__).parent),
        folder=str(folder),
        commands=commands,
        wait=wait,
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
    driver = Driver(tmp_path)
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
    driver = Driver(tmp_path)
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
    driver = Driver(tmp_path)
    seen = driver.runtime.survey([("job0", 1, None), ("job1", 1, None)])
    for one in seen:
        assert one.handle is not None
        until(lambda handle=one.handle: kin(handle))
    driver.runtime.stop("job0", 1, kill=False)
    assert driver.end("job0").exit_code == 143
    driver.runtime.stop("job1", 1, kill=True)
    assert driver.end("job1").exit_code == 137
    driver.runtime.close()


def test_jobs_outlive_close_and_the_terminals_hangup(tmp_path: Path) -> None:
    driver = Driver(tmp_path)
    driver.start("sh", "-c", "while ! [ -e go ]; do sleep 0.02; done; exit 3")
    handle = driver.begin()
    until(lambda: kin(handle))
    driver.runtime.close()
    os.kill(proc.pid_of(handle), signal.SIGHUP)
    assert proc.alive(handle)
    (tmp_path / "go").touch()
    os.waitpid(proc.pid_of(handle), 0)
    again = Driver(tmp_path)
    found = again.runtime.survey([("job", 1, handle)])[0].ended
    assert found is not None
    assert found.exit_code == 3
    again.runtime.close()


def claim(driver: Driver, text: str, job: str = "job") -> None:
    driver.rundir.claim(job, 1).write_text(text)


def test_survey_of_claims(driver: Driver) -> None:
    boot = proc.boot_id()
    me = proc.look(os.getpid())
    assert me is not None
    stranger = f"{me.pid}.{int(me.start) + 1}"
    other = "0f0e0d0c-0000-0000-0000-000000000000"
    cases = {
        "reboot": (f"{me.handle} {other}\n", "gone"),
        "reboot-code": (f"{me.handle} {other}\nexit 6\n", "ended"),
        "reused": (f"{stranger} {boot}\n", "gone"),
        "alive": (f"{me.handle} {boot}\n", "alive"),
        "torn": (f"{stranger} {boot}\nexit 1", "gone"),
        "given-up": ("given up\n", "forfeited"),
        "refused": (f"{stranger} {boot}\nrefused 127\nexit 127\n", "ended"),
        "nonsense": ("\xff\nwhat is this\n", "gone"),
    }
    for job, (text, _) in cases.items():
        claim(driver, text, job)
        os.utime(driver.rundir.claim(job, 1), (time.time() - 5, time.time() - 5))
    seen = driver.runtime.survey([(job, 1, None) for job in cases])
    assert {j: s.state for j, s in zip(cases, seen, strict=True)} == {
        job: state for job, (_, state) in cases.items()
    }
    assert seen[1].ended is not None
    assert seen[1].ended.exit_code == 6
    assert seen[1].ended.ended_at < time.time() - 4
    assert seen[6].ended is not None
    assert seen[6].ended.cause == "command_not_found"
    assert driver.runtime.survey([("nowhere", 1, "5.5")])[0].state == "gone"
    driver.runtime._attempts.clear()  # `alive` was this very process: not for the clean-up to kill


def test_a_zombie_counts_as_dead(driver: Driver) -> None:
    child = subprocess.Popen(["true"])
    until(lambda: (p := proc.look(child.pid)) is not None and p.dead)
    process = proc.look(child.pid)
    assert process is not None
    claim(driver, f"{process.handle} {proc.boot_id()}\n")
    assert driver.runtime.survey([("job", 1, None)])[0].state == "gone"
    child.wait()


def test_an_empty_claim_is_given_a_second(driver: Driver) -> None:
    claim(driver, "")
    claim(driver, "", "late")
    writer = subprocess.Popen(
        ["sh", "-c", f"sleep 0.2; echo 1.1 other >{driver.rundir.claim('late', 1)}"]
    )
    seen = driver.runtime.survey([("job", 1, None), ("late", 1, None)])
    assert [(s.state, s.handle) for s in seen] == [("gone", None), ("gone", "1.1")]
    writer.wait()


def test_losing_to_a_shim_that_died_before_its_word(driver: Driver) -> None:
    claim(driver, "")
    driver.start("echo", "never")
    end = driver.end()
    assert end.lost
    assert driver.log() == ""


def test_an_end_is_never_dated_in_the_future(driver: Driver) -> None:
    claim(driver, "1.1 x\nexit 0\n")
    os.utime(driver.rundir.claim("job", 1), (time.time() + 900, time.time() + 900))
    found = driver.runtime.survey([("job", 1, None)])[0].ended
    assert found is not None
    assert found.ended_at <= time.time()


def test_what_cannot_be_told_is_unknown(tmp_path: Path) -> None:
    driver = Driver(tmp_path, elsewhere="other-host")
    claim(driver, "1.1 x\n")
    claim(driver, "1.1 x\nexit 2\n", "over")
    names = [("job", 1, "1.1"), ("over", 1, "1.1")]
    seen = driver.runtime.survey(names)
    assert [(s.state, s.detail) for s in seen] == [("unknown", "other-host"), ("ended", None)]
    driver.rundir.attempts.rename(tmp_path / "away")
    assert {s.state for s in driver.runtime.survey(names)} == {"unknown"}
    driver.runtime.close()


def test_abandoned_is_never_started(driver: Driver) -> None:
    assert driver.runtime.forfeit("job", 1)
    assert driver.runtime.forfeit("job", 1)
    assert driver.runtime.survey([("job", 1, None)])[0].state == "forfeited"
    end = driver.run("sh", "-c", "echo ran")
    assert end.lost
    assert driver.started() is None
    assert driver.log() == ""


def test_abandoning_what_has_begun_tells_of_it(tmp_path: Path) -> None:
    one, two = Driver(tmp_path), Driver(tmp_path)
    one.start("sh", "-c", "exit 8")
    handle = one.begin()
    assert not two.runtime.forfeit("job", 1)
    assert two.end().exit_code == 8
    assert two.begin() == handle
    assert not one.runtime.forfeit("job", 1)
    assert one.end().exit_code == 8
    one.runtime.close()
    two.runtime.close()


def test_abandoning_while_the_shim_is_on_its_way(tmp_path: Path) -> None:
    """Either it was faster and runs to its end, or it never runs: nothing in between."""
    won = i = 0
    while i < 30 or (won == 0 and i < 500):
        i += 1
        folder = tmp_path / str(i)
        folder.mkdir()
        driver = Driver(folder)
        driver.start("sh", "-c", "echo ran")
        time.sleep(0.0005 * (i % 4))
        if driver.runtime.forfeit("job", 1):
            won += 1
            driver.wait(lambda d=driver: not d.runtime._children)
            assert driver.all == []
            assert driver.log() == ""
        else:
            assert driver.end().exit_code == 0
            assert driver.log() == "ran\n"
        driver.runtime.close()
    assert won > 0


def held(driver: Driver) -> list[str]:
    """What we hold of processes and of the run's files; other tests have sockets of their own."""
    links = []
    for fd in Path("/proc/self/fd").iterdir():
        with contextlib.suppress(OSError):
            links.append(str(fd.readlink()))
    ours = ("anon_inode:[pidfd]", str(driver.rundir.path))
    return sorted(link for link in links if link.startswith(ours))


def test_many_at_once_leave_no_trace(driver: Driver) -> None:
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
    driver: Driver, monkeypatch: pytest.MonkeyPatch
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
    driver = Driver(tmp_path)
    driver.start("sleep", "600")
    driver.begin()
    os.close(write)
    assert select.select([read], [], [], PATIENCE)[0]
    assert os.read(read, 1) == b""
    os.close(read)
    driver.runtime.stop("job", 1, kill=True)
    driver.end()
    driver.runtime.close()


def test_a_stop_before_the_claim_is_an_end(tmp_path: Path) -> None:
    """Whenever it comes, the attempt ends, once, and nothing is left running."""
    for i in range(20):
        folder = tmp_path / str(i)
        folder.mkdir()
        driver = Driver(folder)
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
        ]
    ):
        path = tmp_path / f"claim{i}"
        call = [*first, "-c", shim.SHIM, "pbt-shim", str(path), "boot", str(tmp_path), "64", *argv]
        subprocess.run(
            call, start_new_session=True, stderr=subprocess.DEVNULL, check=False, cwd=tmp_path
        )
        lines = path.read_text().splitlines()
        assert lines[1:] == said
        again = subprocess.run(call, start_new_session=True, stderr=subprocess.DEVNULL, check=False)
        assert again.returncode == 0
        assert path.read_text().splitlines() == lines


def test_a_code_is_written_when_the_disk_has_room_again(driver: Driver, tmp_path: Path) -> None:
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


def test_a_run_directory_that_is_gone_is_not_waited_for(driver: Driver, tmp_path: Path) -> None:
    driver.start("sh", "-c", "while ! [ -e go ]; do sleep 0.02; done; exit 3")
    driver.begin()
    driver.rundir.attempts.rename(tmp_path / "away")
    (tmp_path / "go").touch()
    assert driver.end().lost


def test_read_tells_a_missing_folder_from_a_missing_claim(tmp_path: Path) -> None:
    assert claims.read(tmp_path / "none") is None
    with pytest.raises(OSError, match="No such file"):
        claims.read(tmp_path / "gone" / "none")
