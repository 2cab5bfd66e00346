"""The scripts of a population, run by real shells: the lead ends after all members."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.runtimes.osmo.shared_marks import SharedMarks
from tests.compiler.compile_specs import job
from tests.osmo import service_model as service
from tests.osmo.osmo_runs import only, population

SHELLS = [shell for shell in ("dash", "bash") if shutil.which(shell)]
QUICK = "#!/bin/sh\necho noise\nexec {sleep} 0.02\n"
"""A `sleep` that is a thousand times as fast, and heard wherever it writes to."""


def in_a_shell(command: str | tuple[str, ...]) -> tuple[str, ...]:
    return ("sh", "-c", command) if isinstance(command, str) else command


class Pods:
    """The tasks of one population as processes of this machine, each in a process group."""

    def __init__(self, folder: Path, commands: list[Any], shell: str = "sh", **more: Any) -> None:
        self.folder = folder
        bin_ = folder / "bin"
        bin_.mkdir()
        (bin_ / "sleep").write_text(QUICK.format(sleep=shutil.which("sleep")))
        (bin_ / "sleep").chmod(0o755)
        self.env = {"PATH": f"{bin_}:{os.environ['PATH']}", "OUT": str(folder)}
        jobs = tuple(
            job(i, population="ant", member=i, argv=argv, env={"ME": str(i)})
            for i, argv in enumerate(map(in_a_shell, commands))
        )
        what = population(len(jobs), jobs=jobs, train_dir=str(folder / "train"))
        text = service.usual(only(what, mount=(str(folder),), **more))
        self.tasks = {one.name: one for one in service.arrived(text)}
        self.shell = shell
        self.started: dict[str, subprocess.Popen[str]] = {}

    @property
    def marks(self) -> Path:
        return self.folder / "train/ant/_osmo" / service.ID

    def start(self, *names: str) -> None:
        for name in names or self.tasks:
            one = self.tasks[name]
            self.started[name] = subprocess.Popen(
                [self.shell, *one.argv[1:]],
                env={**self.env, **one.env},
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
            )  # fmt: skip

    def end(self, name: str) -> int:
        return self.started[name].wait(timeout=60)

    def kill(self, name: str) -> None:
        """As the end of a pod: no process of it gets a word out."""
        os.killpg(self.started[name].pid, signal.SIGKILL)
        self.started[name].wait(timeout=60)

    def close(self) -> None:
        for one in self.started.values():
            if one.poll() is None:
                os.killpg(one.pid, signal.SIGKILL)
            one.communicate()

    def until(self, path: Path) -> None:
        for _ in range(6000):
            if path.exists():
                return
            time.sleep(0.01)
        raise AssertionError(path)


@pytest.fixture
def pods(tmp_path: Path) -> Any:
    made: list[Pods] = []

    def make(*commands: str | tuple[str, ...], **more: Any) -> Pods:
        made.append(Pods(tmp_path, list(commands), **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


WAIT_FOR = 'while [ ! -e "$OUT/go" ]; do sleep 1; done; '


@pytest.mark.parametrize("shell", SHELLS)
def test_the_lead_ends_last_with_its_own_code(pods: Any, shell: str) -> None:
    """The lead has nothing to do, and one member fails."""
    made = pods("exit 7", f"{WAIT_FOR}exit 3", f"{WAIT_FOR}exit 0", shell=shell)
    made.start()
    made.until(made.marks / "t00-ant")
    assert (made.marks / "t00-ant").read_text() == "7\n"
    assert made.started["t00-ant"].poll() is None
    (made.folder / "go").touch()
    assert [made.end(name) for name in ("t01-ant", "t02-ant", "t00-ant")] == [3, 0, 7]
    assert (made.marks / "t01-ant").read_text() == "3\n"
    assert [one.lead for one in made.tasks.values()] == [True, False, False]


def test_a_dead_pod_is_given_up_after_a_bounded_time(pods: Any) -> None:
    made = pods("exit 0", "sleep 1; while :; do sleep 1; done", "exit 0", lead_wait=60.0)
    made.start()
    made.until(made.marks / "t01-ant.alive")
    made.kill("t01-ant")
    assert made.end("t00-ant") == 0
    said = made.started["t00-ant"].stderr.read()
    assert said == "pbt: no sign of t01-ant for 60 seconds: not waiting for it\n"
    assert not (made.marks / "t01-ant").exists()


def test_a_member_that_lives_is_never_given_up(pods: Any) -> None:
    made = pods("exit 0", WAIT_FOR, lead_wait=600.0)
    made.start()
    made.until(made.marks / "t00-ant")
    alive = made.marks / "t01-ant.alive"
    made.until(alive)
    while int(alive.read_text() or 0) < 60:  # as long as twenty minutes
        time.sleep(0.01)
    assert made.started["t00-ant"].poll() is None
    (made.folder / "go").touch()
    assert made.end("t00-ant") == 0
    assert made.started["t00-ant"].stderr.read() == ""


def test_a_member_that_never_began_is_given_up(pods: Any) -> None:
    made = pods("exit 0", "exit 0", lead_wait=60.0)
    made.start("t00-ant")
    assert made.end("t00-ant") == 0


def test_a_member_that_is_started_again_has_not_ended(pods: Any) -> None:
    again = 'if [ -e "$OUT/once" ]; then exit 0; fi; touch "$OUT/once"; exit 75'
    made = pods("exit 0", again, reschedule="75,3001", lead_wait=6000.0)
    made.start()
    assert made.end("t01-ant") == 75
    made.until(made.marks / "t00-ant")
    assert made.started["t00-ant"].poll() is None
    made.start("t01-ant")
    assert made.end("t01-ant") == 0
    assert made.end("t00-ant") == 0
    assert made.tasks["t01-ant"].task["exitActions"] == {"RESCHEDULE": "75,3001"}


def test_a_member_that_osmo_has_ended_is_not_waited_for(pods: Any) -> None:
    made = pods("exit 0", WAIT_FOR, reschedule="75", lead_wait=604800.0)
    made.start()
    made.until(made.marks / "t01-ant.alive")
    made.kill("t01-ant")
    SharedMarks(str(made.marks), "75").leave(service.ID, "t01-ant")
    assert made.end("t00-ant") == 0


def test_a_member_removes_the_mark_of_its_earlier_start(pods: Any) -> None:
    made = pods("exit 0", WAIT_FOR)
    made.marks.mkdir(parents=True)
    (made.marks / "t01-ant").write_text("0\n")
    made.start("t01-ant")
    made.until(made.marks / "t01-ant.alive")
    assert not (made.marks / "t01-ant").exists()


@pytest.mark.parametrize("code", [0, 4])
def test_a_task_without_gpu_may_wait_instead(pods: Any, code: int) -> None:
    made = pods("exit 0", f"{WAIT_FOR}exit {code}", lead="task")
    assert [(one.name, one.lead) for one in made.tasks.values()] == [
        ("waiter", True), ("t00-ant", False), ("t01-ant", False),
    ]  # fmt: skip
    assert made.tasks["waiter"].task["resource"] == "waiter"
    made.start()
    assert made.end("t00-ant") == 0
    assert made.started["waiter"].poll() is None
    (made.folder / "go").touch()
    assert (made.end("t01-ant"), made.end("waiter")) == (code, 1 if code else 0)


def test_a_member_without_the_shared_folder_says_so(pods: Any) -> None:
    made = pods("exit 0", "exit 0")
    (made.folder / "train").write_text("a file")
    made.start("t01-ant")
    assert made.end("t01-ant") == 73
    said = made.started["t01-ant"].stderr.read()
    assert f"pbt: cannot write to the shared folder {made.marks}\n" in said


def test_nothing_of_the_script_is_exported(pods: Any) -> None:
    made = pods("exit 0", 'env >"$OUT/env"; exit 0')
    made.start()
    made.end("t00-ant")
    told = (made.folder / "env").read_text()
    assert "ME=1\n" in told
    assert "pbt_" not in told


def test_the_program_of_a_member_is_the_one_on_the_path(pods: Any) -> None:
    """A shell has an `echo` of its own, and that of dash replaces escapes."""
    made = pods("exit 0", ("echo", "a\\nb"), shell="dash")
    made.start()
    out, _ = made.started["t01-ant"].communicate(timeout=60)
    assert out == "a\\nb\n"


def test_a_signal_is_told_by_the_code_and_the_output_ends_with_the_program(pods: Any) -> None:
    made = pods("exit 0", "echo out; kill -9 $$")
    made.start()
    out, _ = made.started["t01-ant"].communicate(timeout=60)
    assert out == "out\n"
    assert made.started["t01-ant"].returncode == 137
    assert made.end("t00-ant") == 0


def test_the_folder_of_the_marks_is_of_one_submission() -> None:
    text = service.usual(only(population(2)))
    for one in service.arrived(text, "ant-1"):
        assert "/mnt/team/train_dir/ant/_osmo/ant-1" in one.argv
