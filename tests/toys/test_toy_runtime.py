"""A runtime of another package, found by its entry point, through the real commands."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from pbt_tui.journal import RunDir, RunState, Tail, lock, replay
from pbt_tui.journal import events as ev
from pbt_tui.runtimes import proc
from pbt_tui.spec import FORMAT, Job, Policy, Processes, decode, encode
from tests.toys.toy_packages import TOYS, Command, command, files_of, install, shown_in

TOY = TOYS / "runtime"
GATE = 'echo "$0" >>ran; until [ -e "go.$0" ]; do sleep 0.05; done'
"""Says that it runs, then waits for a file of its name."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return install(tmp_path_factory.mktemp("site"), TOY, TOYS / "backend")


@dataclass
class Here:
    """A folder with the toys installed; its run is `r`."""

    path: Path
    pbt: Command

    @property
    def rundir(self) -> RunDir:
        return RunDir.of(self.path / "train_dir", "r")

    def spec(self, *names: str, script: str = "true") -> str:
        jobs = tuple(
            Job(name, "e", name, ("sh", "-c", script, name), {}, "", {}, None, None, None)
            for name in names
        )
        spec = Processes(FORMAT, "r", "m", "train_dir", Policy(grace=5.0), None, (), jobs)
        (self.path / "specs").mkdir(exist_ok=True)
        (self.path / "specs/processes.json").write_bytes(encode(spec))
        return "specs"

    def state(self) -> RunState:
        events = Tail(self.rundir.journal).read_all()
        return replay(decode(self.rundir.spec.read_bytes()), events)

    def started(self) -> ev.ExecutorStarted:
        found = self.state().executor
        assert found is not None
        return found

    def shown(self, *options: str, exits: int | None = 0) -> str:
        return self.pbt("tui", "--once", *options, str(self.rundir.path), exits=exits).stdout

    def snapshot(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.shown("--json", exits=None))
        return found

    def states(self) -> dict[str, str]:
        return {job["id"]: job["state"] for job in self.snapshot()["jobs"]}

    def ran(self) -> list[str]:
        path = self.path / "ran"
        return path.read_text().split() if path.exists() else []

    def go(self, *names: str) -> None:
        for name in names:
            (self.path / f"go.{name}").touch()

    def kill_executor(self) -> None:
        pid = lock.holder(self.rundir.lock)
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        until(lambda: lock.holder(self.rundir.lock) is None)


def until(what: Callable[[], Any]) -> Any:
    end = time.monotonic() + 60
    while not (found := what()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
    return found


@pytest.fixture
def here(site: Path, tmp_path: Path) -> Iterator[Here]:
    place = Here(tmp_path, command(tmp_path, site))
    yield place
    pid = lock.holder(place.rundir.lock) if place.rundir.lock.exists() else None
    if pid is not None:
        os.kill(pid, signal.SIGKILL)
    if place.rundir.attempts.is_dir():
        for path in (*place.rundir.attempts.iterdir(), *place.rundir.path.glob("toyqueue/*.*")):
            handle = path.read_text().partition(" ")[0].strip()
            if "." in handle and proc.alive(handle):
                os.killpg(proc.pid_of(handle), signal.SIGKILL)


def test_the_page_shows_this_very_package() -> None:
    assert shown_in("add-a-runtime.md") == files_of(TOY)


# -- run, followed and shown -----------------------------------------------------------------------


def test_a_module_is_run_in_it(here: Here) -> None:
    shutil.copy(TOY / "example/ant.py", here.path)
    said = here.pbt("run", "ant.py", "--runtime", "toyqueue").stdout
    assert "  queued    3 jobs: Bell\n" in said
    assert "  started   00_ant_see_1: ticket " in said
    assert "succeeded" in said.splitlines()[-1]
    rundir = RunDir.of(here.path / "train_dir", "ant")
    events = Tail(rundir.journal).read_all()
    (started,) = (e for e in events if isinstance(e, ev.ExecutorStarted))
    assert started.runtime == "toyqueue"
    policy = started.policy
    assert (policy.experiments_per_gpu, policy.max_parallel, policy.pause_between) == (-1, 3, 0.0)
    assert rundir.log("00_ant_see_1", 1).read_text().startswith("train --seed=1")


def test_a_spec_is_run_on_its_own_and_shown_while_it_waits_and_runs(here: Here) -> None:
    here.pbt("run", here.spec("a", "b", script=GATE), "--runtime=toyqueue", "--detach")
    until(lambda: here.states() == {"a": "running", "b": "running"})
    until(lambda: here.snapshot()["queue"]["states"] == {"RUNNING": 2})
    assert "toyqueue" in here.shown()
    handles = {job.spec.id: job.attempts[-1].handle for job in here.state().jobs}
    assert all(proc.alive(handle or "0.0") for handle in handles.values())
    here.pbt("run", str(here.rundir.path), "--hold")
    here.go("a", "b")
    until(lambda: here.state().closed)
    assert here.states() == {"a": "succeeded", "b": "succeeded"}
    assert sorted(here.ran()) == ["a", "b"]


def test_what_waits_is_held_released_and_cancelled(here: Here) -> None:
    (here.rundir.path / "toyqueue").mkdir(parents=True)
    (here.rundir.path / "toyqueue/held").touch()
    here.pbt("run", here.spec("a", "b", script=GATE), "--runtime=toyqueue", "--detach")
    until(lambda: here.states() == {"a": "queued", "b": "queued"})
    found = here.snapshot()
    assert [job["reason"] for job in found["jobs"]] == ["Held", "Held"]
    assert (found["queue"]["states"], found["queue"]["reasons"]) == ({"WAITING": 2}, {"Held": 2})
    text = here.shown()
    assert "2 waiting: 2 Held" in text
    assert "NODE" in text
    here.pbt("run", str(here.rundir.path), "--cancel", "a")
    until(lambda: here.states()["a"] == "cancelled")
    here.pbt("run", str(here.rundir.path), "--hold")
    here.pbt("run", str(here.rundir.path), "--release")
    until(here.ran)
    here.pbt("run", str(here.rundir.path), "--kill", "b")
    until(lambda: here.state().closed)
    assert here.states() == {"a": "cancelled", "b": "cancelled"}
    assert here.ran() == ["b"], "what was cancelled in the queue never began"
    assert here.state().by_id["b"].attempts[-1].exit_code in (137, 143)
    for path in here.rundir.attempts.iterdir():
        assert not proc.alive(path.read_text().partition(" ")[0]) if "." in path.stem else True


def test_a_failure_has_its_true_code_and_is_tried_again(here: Here) -> None:
    fails = "[ -e again ] || { touch again; exit 3; }"
    options = ("--runtime=toyqueue", "--retries=1", "--retry_on=exit", "--retry_delay=0.1")
    here.pbt("run", here.spec("a", script=fails), *options)
    first, second = here.state().by_id["a"].attempts
    assert (first.exit_code, second.exit_code) == (3, 0)


# -- a killed executor costs nothing ---------------------------------------------------------------


def test_killed_and_resumed_nothing_is_lost_or_run_twice(here: Here) -> None:
    """One ends while nobody looks, one goes on, one waits in the queue all the time."""
    here.pbt("run", here.spec("a", "b", script=GATE), "--runtime=toyqueue", "--detach")
    until(lambda: here.states() == {"a": "running", "b": "running"})
    here.kill_executor()
    here.go("a")
    until(lambda: "exit" in here.rundir.claim("a", 1).read_text())
    here.pbt("run", str(here.rundir.path), "--detach")
    until(lambda: here.states() == {"a": "succeeded", "b": "running"})
    here.go("b")
    until(lambda: here.state().closed)
    assert sorted(here.ran()) == ["a", "b"]
    assert [len(job.attempts) for job in here.state().jobs] == [1, 1]
    assert here.started().runtime == "toyqueue"


def test_killed_while_all_wait_they_go_on_waiting(here: Here) -> None:
    (here.rundir.path / "toyqueue").mkdir(parents=True)
    held = here.rundir.path / "toyqueue/held"
    held.touch()
    here.pbt("run", here.spec("a", "b"), "--runtime=toyqueue", "--detach")
    until(lambda: here.states() == {"a": "queued", "b": "queued"})
    here.kill_executor()
    here.pbt("run", str(here.rundir.path), "--detach")
    assert here.states() == {"a": "queued", "b": "queued"}
    held.unlink()
    until(lambda: here.state().closed)
    assert here.states() == {"a": "succeeded", "b": "succeeded"}
    assert [len(job.attempts) for job in here.state().jobs] == [1, 1]


def test_what_died_with_the_executor_is_told(here: Here) -> None:
    here.pbt("run", here.spec("a", script=GATE), "--runtime=toyqueue", "--detach")
    until(here.ran)
    until(lambda: here.states() == {"a": "running"})
    here.kill_executor()
    handle = here.state().by_id["a"].attempts[-1].handle
    assert handle is not None
    os.killpg(proc.pid_of(handle), signal.SIGKILL)
    until(lambda: not proc.alive(handle))
    here.pbt("run", str(here.rundir.path), exits=4)
    assert here.state().by_id["a"].attempts[-1].outcome == "lost"


def test_active_attempts_are_not_left_to_another_runtime(here: Here) -> None:
    here.pbt("run", here.spec("a", script=GATE), "--runtime=toyqueue", "--detach")
    until(here.ran)
    here.kill_executor()
    said = here.pbt("run", "specs", "--runtime=process", exits=5).stderr
    assert "1 attempts are active in runtime `toyqueue`" in said
    assert "hint: resume with `--runtime toyqueue`" in said
    here.go("a")
    here.pbt("run", str(here.rundir.path))


# -- with the settings of a backend ----------------------------------------------------------------


def test_it_is_asked_for_by_the_backend_that_lists_it(here: Here) -> None:
    shutil.copytree(TOYS / "backend/example", here.path, dirs_exist_ok=True)
    here.pbt("compile", "ant.py", "--backend", "toy")
    spec = here.path / "specs/ant/processes.json"
    told = spec.read_bytes().replace(b'"echo","train"', b'"sh","-c","echo $TOY_QUEUE"')
    spec.write_bytes(told)
    here.pbt("run", "specs/ant/processes.json", "--backend", "toy", exits=0)
    rundir = RunDir.of(here.path / "train_dir", "ant")

    def settings() -> Any:
        events = Tail(rundir.journal).read_all()
        return [e.settings for e in events if isinstance(e, ev.ExecutorStarted)][-1]

    assert settings() == {"queue": "night", "priority": 0}
    assert rundir.log("00_ant_see_1", 1).read_text() == "night\n"
    here.pbt("run", str(rundir.path), "--retry", "00_ant_see_1", "--toy_queue", "day")
    assert settings() == {"queue": "day", "priority": 0}
    assert rundir.log("00_ant_see_1", 2).read_text() == "day\n"
    here.pbt("run", str(rundir.path), "--retry", "00_ant_see_1")
    assert settings() == {"queue": "day", "priority": 0}, "what it had is kept"


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        ("--backend toy", 2, "backend `toy`: `--toy_queue` not set"),
        ("--backend toy --toy_queue night_shift", 3, "error[TOY101]: "),
        ("--backend toy --toy_queue day --runtime process", 2, "do not go together"),
        ("--toy_queue day", 2, "`--toy_queue` is for the toy queue\nhint: pass `--backend toy`"),
        ("--runtime toyqueu", 2, "hint: one of process, docker, slurm, osmo, toyqueue"),
        ("--runtime slurm", 2, "hint: --backend slurm"),
        ("--backend toi", 2, "there is no backend `toi`"),
    ],
)
def test_options_that_cannot_be_obeyed(here: Here, options: str, code: int, said: str) -> None:
    done = here.pbt("run", here.spec("a"), *options.split(), exits=code)
    assert said in done.stderr
    assert not (here.path / "train_dir").exists()


def test_dry_run_shows_the_tickets_and_draws_none(here: Here) -> None:
    said = here.pbt("run", here.spec("a", "b"), "--runtime=toyqueue", "--dry_run").stdout
    assert said.count(" ticket ") == 2
    assert "# b, attempt 1, log: " in said
    assert not (here.path / "train_dir").exists()


def test_the_screen_starts_it(here: Here) -> None:
    """`pbt-tui SPEC` hands its options to `pbt-run --detach`."""
    said = here.pbt("tui", here.spec("a"), "--once", "--runtime", "toyqueue").stdout
    assert "toyqueue" in said
    until(lambda: here.state().closed)
    assert "there is no runtime `nope`" in here.pbt(
        "tui", "specs", "--once", "--runtime=nope", exits=2
    ).stderr  # fmt: skip


# -- a kind that is not there, or not whole --------------------------------------------------------


def test_without_the_package_its_runs_are_refused_with_the_known_ones(here: Here) -> None:
    here.pbt("run", here.spec("a"), "--runtime=toyqueue")
    before = here.rundir.journal.read_bytes()
    bare = command(here.path)
    for argv in ([str(here.rundir.path), "--retry"], ["specs", "--runtime", "process", "--failed"]):
        said = bare("run", *argv, exits=3).stderr
        assert "last executed by runtime `toyqueue`, which is not installed" in said
        assert "hint: installed runtimes: process, docker, slurm, osmo\n" in said
    said = bare("tui", "--once", str(here.rundir.path), exits=3).stderr
    assert "there is no runtime `toyqueue`: this monitor knows process, docker, slurm, osmo" in said
    assert here.rundir.journal.read_bytes() == before


KIND = """
from pbt_tui.runtimes.kind import RuntimeKind
KIND = RuntimeKind(
    name="toyqueue", title="t", option="--runtime toyqueue", handle="h", local=False,
    create="bare:create", dry_run="bare:show",
)
class Deaf:
    name, engine_id, image_digest = "toyqueue", "", None
    def prepare(self, jobs): raise AssertionError("must not be asked")
    def facts(self): return []
    def close(self): pass
def create(context, progress): return Deaf()
"""
BARE = 'class KIND:\n    name, title, option = "toyqueue", "t", "--runtime toyqueue"\n'


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (BARE, "lacks `create`, `dry_run`, `handle`"),
        ("KIND = 1", "lacks `name`, `title`"),
        (KIND.replace('name="toyqueue"', 'name="other"'), "calls itself `other`"),
        (KIND, "lacks `launch`, `stop`, `forget`, `survey`, `forfeit`, `hold`"),
        (KIND.replace("bare:create", "bare:nothing"), "cannot be loaded: AttributeError"),
        (KIND.replace("bare:create", "nowhere:create"), "cannot be loaded: ModuleNotFoundError"),
        ("import nowhere", "cannot be loaded: ModuleNotFoundError"),
        ("", "cannot be loaded: AttributeError"),
    ],
)
def test_one_that_lacks_a_word_is_refused(source: str, said: str, tmp_path: Path) -> None:
    group = {"pbt_tui.runtimes": {"toyqueue": "bare:KIND"}}
    site = install(tmp_path / "site", TOY, instead=group)
    (site / "bare.py").write_text(source)
    here = Here(tmp_path, command(tmp_path, site))
    done = here.pbt("run", here.spec("a"), "--runtime=toyqueue", exits=2)
    assert done.stderr.startswith("error: runtime `toyqueue` of `")
    assert said in done.stderr
    assert not (tmp_path / "train_dir").exists()
    here.pbt("run", "specs")  # who does not ask for it is not bothered
    assert here.started().runtime == "process"


def test_a_dry_run_that_is_not_there_is_told(tmp_path: Path) -> None:
    group = {"pbt_tui.runtimes": {"toyqueue": "bare:KIND"}}
    site = install(tmp_path / "site", TOY, instead=group)
    (site / "bare.py").write_text(KIND)
    here = Here(tmp_path, command(tmp_path, site))
    done = here.pbt("run", here.spec("a"), "--runtime=toyqueue", "--dry_run", exits=2)
    assert "runtime `toyqueue` of `bare:show` cannot be loaded: AttributeError" in done.stderr
