"""Jobs of runtime `process`: their environment, and their ends: exit codes, signals, limits."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pbt_tui.errors import NotOurs, RunError
from pbt_tui.runtimes import proc
from pbt_tui.runtimes.protocol import Runtime
from tests.executor.driver import ProcessDriver


def test_it_is_a_runtime(driver: ProcessDriver) -> None:
    runtime: Runtime = driver.runtime
    assert runtime.name == "process"
    assert runtime.next_wake() is None


@pytest.mark.parametrize("code", [0, 1, 3, 125, 126, 127, 128, 255])
def test_the_code_is_the_jobs_own(driver: ProcessDriver, code: int) -> None:
    end = driver.run("sh", "-c", f"exit {code}")
    assert (end.exit_code, end.signal, end.refused, end.lost) == (code, None, False, False)
    assert end.handle == driver.begin()
    assert driver.all.index(driver.started()) < driver.all.index(end)  # type: ignore[arg-type]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV, signal.SIGHUP])
def test_a_signal_is_told_as_a_shell_tells_it(
    driver: ProcessDriver, number: signal.Signals
) -> None:
    end = driver.run("sh", "-c", f"kill -{number.value} $$")
    assert (end.exit_code, end.signal, end.lost) == (128 + number, number, False)


@pytest.mark.parametrize("name", ["no-such-command", "./no-such", "/no/such", "", "-x", "exit"])
def test_a_command_that_is_not_there_is_refused(driver: ProcessDriver, name: str) -> None:
    end = driver.run(name, "3")
    assert (end.refused, end.cause, end.exit_code) == (True, "command_not_found", 127)
    assert end.detail == f"command not found: `{name}`"


@pytest.mark.parametrize("command", ["true", "echo", "test", "cd", "read", "exec", "return"])
def test_the_shells_own_words_are_not_commands(driver: ProcessDriver, command: str) -> None:
    """A builtin would run inside the shim, and `exec` or `return` would end it."""
    end = driver.run(command)
    found = subprocess.run(["/usr/bin/which", command], capture_output=True, check=False)
    assert end.refused == (found.returncode != 0)


def test_a_script_without_its_interpreter_is_refused(driver: ProcessDriver, tmp_path: Path) -> None:
    (tmp_path / "odd").write_text("#!/no/such/interpreter\n")
    (tmp_path / "odd").chmod(0o755)
    end = driver.run("./odd")
    assert end.exit_code == 127
    assert "odd" in driver.log()


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_cannot_be_executed_is_refused(
    driver: ProcessDriver, tmp_path: Path, kind: str
) -> None:
    path = tmp_path / "thing"
    path.mkdir() if kind == "folder" else path.write_text("true\n")
    end = driver.run(str(path))
    assert (end.refused, end.cause, end.exit_code) == (True, "not_executable", 126)
    assert str(path) in (end.detail or "")


def test_no_job_is_to_blame_for_a_directory_that_is_gone(tmp_path: Path) -> None:
    driver = ProcessDriver(tmp_path)
    with pytest.raises(RunError, match="jobs could not start in this directory") as caught:
        driver.run("true", cwd=tmp_path / "gone")
    assert caught.value.where.file == str(tmp_path / "gone")
    (seen,) = driver.runtime.survey([("job", 1, None)])
    assert seen.ended is not None
    assert (seen.ended.refused, seen.ended.stopped) == (False, "interrupt")
    driver.runtime.close()


def test_arguments_too_long_for_the_system_are_refused(driver: ProcessDriver) -> None:
    end = driver.run("true", "x" * 3_000_000)
    assert end.refused
    assert "rgument list too long" in (end.detail or "")
    assert driver.runtime.survey([("job", 1, None)])[0].state == "ended"


def test_a_log_that_is_no_file_is_not_the_jobs_failure(driver: ProcessDriver) -> None:
    driver.rundir.log("job", 1).mkdir()
    with pytest.raises(NotOurs, match="it is not a regular file"):
        driver.run("true")


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
    driver = ProcessDriver(tmp_path_factory.mktemp("run"))
    assert driver.run(sys.executable, "-S", "-E", "-c", TALE, *words).exit_code == 0
    assert json.loads(driver.log()) == words
    driver.runtime.close()


def test_the_environment_arrives_and_the_shim_adds_nothing(tmp_path: Path) -> None:
    ours = {"PATH": os.environ["PATH"], "A": "1", "IFS_": "x", "_pbt_x": "y", "code": "z"}
    driver = ProcessDriver(tmp_path, environ=ours)
    env = {"A": "2", "LINES": "a\nb 'c' \"$d\"", "claim": "x", "a.b": "dot", "u": "ünï", "E": ""}
    tale = "import os, json; print(json.dumps(dict(os.environ)))"
    driver.run(sys.executable, "-S", "-c", tale, env=env)
    told = json.loads(driver.log())
    for shell in ("PWD", "OLDPWD", "SHLVL", "_", "LC_CTYPE"):
        told.pop(shell, None)
    assert told == {**ours, **env}
    driver.runtime.close()


def test_the_first_entry_of_path_decides(driver: ProcessDriver, tmp_path: Path) -> None:
    """Members restart as bare `python3` (defect R1): what is first on PATH is what they get."""
    (tmp_path / "bin").mkdir()
    own = tmp_path / "bin" / "python3"
    own.write_text("#!/bin/sh\necho mine\n")
    own.chmod(0o755)
    driver.run("python3", env={"PATH": f"{own.parent}:{os.environ['PATH']}"})
    assert driver.log() == "mine\n"


def test_folder_session_input_and_both_outputs(driver: ProcessDriver, tmp_path: Path) -> None:
    (tmp_path / "with blank").mkdir()
    command = "pwd; read x || echo no input; echo error >&2; ls -l /proc/self/fd | wc -l"
    driver.run("sh", "-c", f"{command}; cut -d ' ' -f 6 /proc/$$/stat", cwd=tmp_path / "with blank")
    first, second, third, descriptors, session = driver.log().splitlines()
    assert (first, second, third) == (str(tmp_path / "with blank"), "no input", "error")
    assert int(descriptors) == 5  # 0, 1, 2, the folder that `ls` reads, and the line of the total
    assert int(session) == proc.pid_of(driver.begin()) != os.getsid(0)


def test_the_log_is_appended_from_the_first_byte(driver: ProcessDriver) -> None:
    driver.rundir.log("job", 1).write_text("before\n")
    driver.run("sh", "-c", "echo first; echo second >&2")
    assert driver.log() == "before\nfirst\nsecond\n"


def test_signals_are_as_at_birth(driver: ProcessDriver, tmp_path: Path) -> None:
    """Python ignores SIGPIPE and `nohup` SIGHUP; the shim catches more: a job sees none of it."""
    old = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        driver.run("grep", "-E", "Sig(Ign|Blk)", "/proc/self/status")
    finally:
        signal.signal(signal.SIGHUP, old)
    for line in driver.log().splitlines():
        ours = sum(1 << number - 1 for number in signal.valid_signals())
        assert int(line.split()[1], 16) & ours == 0, line


def test_limits_are_the_callers(driver: ProcessDriver) -> None:
    driver.run("sh", "-c", "ulimit -S -n")
    assert int(driver.log()) == driver.runtime._spawner.open_files
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    assert soft == hard
