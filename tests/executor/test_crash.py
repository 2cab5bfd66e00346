"""The executor killed at any moment: nothing runs twice, nothing is lost, every code is true.

Defect D21: the original kept nothing on disk, a second call repeated everything.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from collections import Counter
from contextlib import suppress

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal import lock
from pbt_tui.runtimes import proc
from tests.executor.running import Place, job, until

WAITS = "until [ -e go ]; do sleep 0.02; done"
KILLS = 25
JOBS = 30
# The name of its own log tells a job which attempt it is.
TELLS = 'log=$(readlink /proc/$$/fd/1); echo "$log" >>ran'


def ran(place: Place) -> Counter[str]:
    """How often each attempt ran, by its log's name."""
    text = place.path / "ran"
    lines = text.read_text().splitlines() if text.exists() else []
    return Counter(line.rsplit("/", 1)[1].removesuffix(".log") for line in lines)


def test_kill_9_of_the_executor_25_times(place: Place) -> None:
    rng = random.Random(20240229)
    codes = {f"j{i:02}": (0, 0, 1, 3, 77, 130, 255)[i % 7] for i in range(JOBS)}
    last = {"j28", "j29"}
    jobs = [
        job(name, f"{TELLS}; {WAITS}; exit {code}")
        if name in last
        else job(name, f"{TELLS}; sleep {rng.random() * 0.9:.2f}; exit {code}")
        for name, code in codes.items()
    ]
    target = place.spec(*jobs, max_parallel=3)
    for _ in range(KILLS):
        before = len(place.of(ev.ExecutorStarted))
        executor = place.start(target, stdout=subprocess.DEVNULL)
        # Some die while they start, most while they work.
        if rng.random() < 0.8:
            place.wait_for(ev.ExecutorStarted, before + 1)
        time.sleep(rng.random() * 0.25)
        executor.kill()
        assert executor.wait() == -signal.SIGKILL, "it ended before it was killed"
        if place.rundir.is_run():
            target = str(place.rundir.path)
    assert place.state().closed is None, "it must have been killed in the middle"

    place.write("go")
    said = place.pbt(str(place.rundir.path))
    assert said.code == 4, said.all
    assert ran(place) == Counter({f"{name}.1": 1 for name in codes})
    state = place.state()
    assert state.closed == "failures"
    assert {name: found.attempts[-1].exit_code for name, found in state.by_id.items()} == codes
    assert all(len(found.attempts) == 1 for found in state.jobs), "a killed executor costs nothing"
    assert {n: f.phase for n, f in state.by_id.items()} == {
        n: "failed" if code else "succeeded" for n, code in codes.items()
    }
    assert place.pbt(str(place.rundir.path)).code == 4
    assert ran(place).total() == JOBS, "a closed run starts nothing"


def test_kill_9_in_the_middle_of_a_stop(place: Place) -> None:
    deaf = job("deaf", f"trap '' TERM; {TELLS}; until [ -e go ]; do sleep 0.02; done")
    slow = job(
        "slow", f"trap 'sleep 0.5; exit 0' TERM; {TELLS}; until [ -e go ]; do sleep 0.02; done"
    )
    target = place.spec(deaf, slow, job("later", f"{TELLS}"), max_parallel=2, grace=2.0)
    first = place.start(target)
    until(lambda: ran(place).total() == 2)
    place.wait_for(ev.AttemptStarted, 2)
    first.send_signal(signal.SIGTERM)
    place.wait_for(ev.StopRequested, 2)
    first.kill()
    first.communicate()

    second = place.start(str(place.rundir.path))
    # The stop goes on: the deaf one is killed when its grace is over, as it was first asked.
    place.wait_for(ev.KillRequested)
    until(lambda: ran(place)["deaf.2"] and ran(place)["slow.2"])
    place.write("go")
    said = place.end(second)
    assert said.code == 0, said.all
    assert ran(place) == Counter(("deaf.1", "slow.1", "deaf.2", "slow.2", "later.1"))
    ends = {(e.job, e.attempt): e.outcome for e in place.of(ev.AttemptEnded)}
    assert ends["deaf", 1] == ends["slow", 1] == "interrupted", "a checkpoint on TERM is no success"
    assert all(found.tries == 0 for found in place.state().jobs), "an interrupt is no try"


def test_a_stop_is_sent_again_by_whoever_resumes(place: Place) -> None:
    """What was written may not have been done: a stop heard twice does no harm."""
    twice = f"trap 'echo heard; n=$n+; [ $n = ++ ] && exit 0' TERM; {TELLS}; {WAITS}"
    target = place.spec(job("j", twice), grace=3600.0)
    first = place.start(target)
    until(lambda: ran(place).total() == 1)
    place.wait_for(ev.AttemptStarted)
    first.send_signal(signal.SIGTERM)
    until(lambda: place.log("j").count("heard") == 1)
    first.kill()
    first.communicate()
    second = place.start(str(place.rundir.path))
    until(lambda: ran(place)["j.2"])
    place.write("go")
    assert place.end(second).code == 0
    assert place.log("j").count("heard") == 2
    assert [e.outcome for e in place.of(ev.AttemptEnded)] == ["interrupted", "succeeded"]


def test_jobs_outlive_their_executor(place: Place) -> None:
    """Defect D18 the other way round: killed, nothing is stopped, and all is taken up again."""
    target = place.spec(job("j", f"{TELLS}; until [ -e go ]; do sleep 0.02; done; exit 9"))
    executor = place.start(target)
    (started,) = place.wait_for(ev.AttemptStarted)
    executor.kill()
    executor.communicate()
    assert lock.holder(place.rundir.lock) is None
    assert proc.alive(started.handle)
    place.write("go")
    until(lambda: not proc.alive(started.handle))
    said = place.pbt(str(place.rundir.path))
    assert said.code == 4
    assert "resumed" in said.out
    assert place.jobs()["j"].attempts[0].exit_code == 9, "its code was kept though nobody was there"
    assert ran(place) == Counter(["j.1"])


def test_a_job_killed_with_its_executor_is_lost_and_may_be_tried_again(place: Place) -> None:
    target = place.spec(job("j", f"{TELLS}; [ -e go ] || sleep 100"), retries=1, retry_delay=0.0)
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    executor.kill()
    executor.communicate()

    def killed() -> bool:
        """One may have ended between two looks, and the shim may have just begun another."""
        for pid in place.alive():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        return not place.alive()

    until(killed)
    place.write("go")
    said = place.pbt(str(place.rundir.path))
    assert said.code == 0, said.all
    assert "lost" in said.out
    assert "tries again" in said.out
    assert [(a.outcome, a.cause) for a in place.jobs()["j"].attempts] == [
        ("lost", "lost"),
        ("succeeded", None),
    ]


@pytest.mark.parametrize("cut", [1, 20, 60])
def test_a_torn_last_line_is_healed(place: Place, cut: int) -> None:
    target = place.spec(job("j", f"{TELLS}; until [ -e go ]; do sleep 0.02; done"))
    executor = place.start(target)
    place.wait_for(ev.AttemptStarted)
    executor.kill()
    executor.communicate()
    data = place.rundir.journal.read_bytes()
    place.rundir.journal.write_bytes(data[:-cut])
    place.write("go")
    said = place.pbt(str(place.rundir.path))
    assert said.code == 0, said.all
    assert ran(place) == Counter(["j.1"])
    place.state()


def test_a_damaged_journal_is_refused_with_file_and_line(place: Place) -> None:
    target = place.spec(job("j"))
    assert place.pbt(target).code == 0
    lines = place.rundir.journal.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b'"', b"'", 1)
    place.rundir.journal.write_bytes(b"\n".join(lines))
    before = place.rundir.journal.read_bytes()
    for words in ((target,), (str(place.rundir.path),), (str(place.rundir.path), "--dry_run")):
        said = place.pbt(*words)
        assert said.code == 5
        assert f"`{place.rundir.journal}`:3: the journal is damaged" in said.err
        assert said.out == ""
    assert place.rundir.journal.read_bytes() == before
