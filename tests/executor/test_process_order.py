"""Whether an attempt ended before or after its stop is told by order, whatever the clocks say."""

from __future__ import annotations

import itertools
import math
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal.outcome import outcome
from pbt_tui.journal.state import Attempt
from pbt_tui.runtimes import claims, proc
from pbt_tui.runtimes.process.attempt import FollowedAttempt
from pbt_tui.runtimes.process.stops import mark_stop
from tests.executor.driver import ProcessDriver, kin
from tests.executor.running import Place, job, until

# As the shim of earlier versions: no mark in its claim, and no look for that of the stop.
OLD_SHIM = r"""
read -r stat <"/proc/$$/stat"
self() { self="$$.${20}"; }
self ${stat##*)}
echo "$self $2" >"$1"
trap : TERM
(shift 2; exec "$@")
echo "exit $?" >>"$1"
"""
SAVES = "trap 'echo saved; until [ -e go ]; do sleep 0.02; done; exit 0' TERM; echo up; "
SAVES += "while :; do sleep 0.02; done"


def old_shim(driver: ProcessDriver, command: str) -> subprocess.Popen[bytes]:
    path = driver.rundir.claim("job", 1)
    words = ["sh", "-c", OLD_SHIM, "pbt-shim", str(path), proc.boot_id(), "sh", "-c", command]
    shim = subprocess.Popen(
        words, start_new_session=True, cwd=driver.folder, stdout=subprocess.DEVNULL
    )
    until(lambda: path.exists() and path.read_text().endswith("\n"))
    return shim


@pytest.mark.parametrize(("action", "code"), [("--cancel", 4), ("signal", 0)])
def test_a_trainer_that_saves_and_exits_0_has_not_succeeded(
    place: Place, action: str, code: int
) -> None:
    """Its claim is dated by a server ten seconds behind, and the executor is killed meanwhile."""
    spec = place.spec(job("a", SAVES), grace=600.0)
    first = place.start(spec)
    until(lambda: place.rundir.log("a", 1).exists() and "up" in place.log("a"))
    if action == "signal":
        first.terminate()
    else:
        place.pbt(str(place.rundir.path), action, "a")
    place.wait_for(ev.StopRequested)
    until(lambda: "saved" in place.log("a"))
    first.kill()
    first.communicate()
    (place.path / "go").touch()
    claim = place.rundir.claim("a", 1)
    until(lambda: "exit 0" in claim.read_text())
    os.utime(claim, (time.time() - 10, time.time() - 10))
    (place.path / "go").unlink()
    if action == "signal":  # interrupted: the next executor starts it again
        again = place.start(spec)
        place.wait_for(ev.AttemptScheduled, 2)
        assert place.jobs()["a"].attempts[0].outcome == "interrupted"
        again.terminate()
        (place.path / "go").touch()
        place.end(again)
        return
    assert place.pbt(spec).code == code
    assert place.phases() == {"a": "cancelled"}


def test_a_job_of_an_older_shim_that_is_stopped(tmp_path: Path) -> None:
    driver = ProcessDriver(tmp_path)
    with old_shim(driver, f"exec >log; {SAVES}"):
        until(lambda: (tmp_path / "log").exists() and "up" in (tmp_path / "log").read_text())
        assert driver.runtime.survey([("job", 1, None)])[0].state == "alive"
        driver.runtime.stop("job", 1, kill=False)
        (tmp_path / "go").touch()
        end = driver.end()
    assert (end.exit_code, end.order) == (0, "after")
    driver.runtime.close()


def test_a_job_of_an_older_shim_that_ended_before_its_stop(tmp_path: Path) -> None:
    """Its code is written and its shim is not gone yet: held there by SIGSTOP."""
    driver = ProcessDriver(tmp_path)
    hold = "until [ -e go ]; do sleep 0.02; done"
    with old_shim(driver, f"{hold}; exit 0") as shim:
        assert driver.runtime.survey([("job", 1, None)])[0].state == "alive"
        shim.send_signal(signal.SIGSTOP)
        (tmp_path / "go").touch()
        until(lambda: not kin(f"{shim.pid}.0"))
        with driver.rundir.claim("job", 1).open("a") as claim:
            claim.write("exit 0\n")
        driver.runtime.stop("job", 1, kill=False)
        shim.send_signal(signal.SIGCONT)
        end = driver.end()
    assert (end.exit_code, end.order) == (0, "before")
    driver.runtime.close()


@pytest.fixture
def full(tmp_path: Path) -> Iterator[Path]:
    """A file system without room for one more file."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=16", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, check=False).returncode:
        pytest.skip("no right to mount")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


def _fill(folder: Path) -> None:
    for i in range(100):
        (folder / f"file{i}").touch()


@pytest.mark.parametrize("kill", [False, True])
def test_a_stop_without_room_for_its_mark_is_sent_all_the_same(full: Path, kill: bool) -> None:
    driver = ProcessDriver(full)
    driver.start("sh", "-c", SAVES)
    driver.wait_for_log("up")
    with pytest.raises(OSError, match="No space left"):
        _fill(full)
    assert driver.runtime.stop("job", 1, kill=kill)
    assert not driver.rundir.stop_mark("job", 1).exists()
    if not kill:
        driver.wait_for_log("saved")
        (full / "file0").rename(full / "go")
    end = driver.end()
    assert (end.exit_code, end.order) == (137 if kill else 0, "after")
    path = driver.rundir.claim("job", 1)
    assert path.read_text().splitlines()[-1] == f"exit {end.exit_code}", "the shim found no mark"
    again = driver.runtime.survey([("job", 1, end.handle)])[0].ended
    assert again is not None
    assert again.order == "after", "a later executor knows it"
    driver.runtime.close()


# -- every order of the steps ----------------------------------------------------------------------

SHIM = ("end", "look", "write")
"""The job ends; the shim looks for the mark of the stop; it writes the code."""
EXECUTOR = ("record", "mark", "signal")
"""The executor records the stop, makes its mark, sends the signal."""
NEXT = ("survey", "mark", "signal")
"""The next executor reads the claim, and stops the attempt again if it has not ended."""
LIVES = [
    EXECUTOR,
    *(EXECUTOR[:n] + NEXT for n in (1, 2, 3)),
    *(EXECUTOR[:n] + NEXT[:m] + NEXT for n in (1, 2, 3) for m in (1, 2, 3)),
]
"""What executors do that die after any step, none, one or two of them."""


class Case:
    """One attempt: real claims, real marks and the real rule; only the processes are played."""

    def __init__(self, driver: ProcessDriver, shim: str) -> None:
        self.driver, self.shim = driver, shim
        self.path = driver.rundir.claim("job", 1)
        self.path.unlink(missing_ok=True)
        driver.rundir.stop_mark("job", 1).unlink(missing_ok=True)
        self.path.write_text("7.7 boot\n" if shim == "old" else "7.7 boot - 1\n")
        self.attempt = Attempt(1, (), 0.0)
        self.found = FollowedAttempt("job", 1, 7, mark=claims.read(self.path).mark)  # type: ignore[union-attr]
        self.order: list[str] = []
        self.looked = False
        self.told: str | None = None

    def step(self, step: str) -> None:
        if self.told is not None and step in (*EXECUTOR, *NEXT):
            return  # the end is recorded
        self.order.append(step)
        match step:
            case "look":
                self.looked = self.driver.rundir.stop_mark("job", 1).exists()
            case "write":
                word = " stop" if self.looked and self.shim == "new" else ""
                with self.path.open("a") as file:
                    file.write(f"exit 0{word}\n")
            case "record":
                self.attempt.stop_why, self.attempt.stop_at = "cancel", 5.0
            case "mark":
                mark_stop(self.driver.rundir, self.found)
            case "survey":
                self.found = FollowedAttempt("job", 1, 7, mark=self.found.mark)
                self.judge()

    def judge(self) -> None:
        """The newest executor reads the claim, and records an end."""
        claim = claims.read(self.path)
        assert claim is not None
        if claim.over and self.told is None:
            order = self.found.order or claims.ended("job", 1, claim, 9.0).order
            self.told = outcome(self.attempt, exit_code=0, order=order)[0]

    def first(self, step: str) -> float:
        return self.order.index(step) if step in self.order else math.inf


@pytest.mark.parametrize("shim", ["new", "old"])
@pytest.mark.parametrize("room", [True, False])
def test_no_order_of_the_steps_and_no_death_tells_a_wrong_end(
    driver: ProcessDriver, monkeypatch: pytest.MonkeyPatch, shim: str, room: bool
) -> None:
    if not room:
        monkeypatch.setattr(claims, "mark_stop", lambda path: False)
    cases = 0
    for life in LIVES:
        length = len(SHIM) + len(life)
        for places in itertools.combinations(range(length), len(SHIM)):
            own, others = iter(SHIM), iter(life)
            case = Case(driver, shim)
            for i in range(length):
                case.step(next(own) if i in places else next(others))
            case.judge()
            cases += 1
            if case.first("end") > case.first("signal"):
                assert case.told == "stopped", case.order
            # Otherwise the job ended by itself, and that was noted before the stop was marked.
            noted = "look" if shim == "new" and room else "write"
            if case.first(noted) < case.first("mark") and not (shim == "old" and "survey" in life):
                assert case.told == "succeeded", case.order
    assert cases > 1000
