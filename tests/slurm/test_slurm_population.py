"""A population on a real cluster goes on from what it wrote: requeued, retried, stopped."""

from __future__ import annotations

import os
import signal

from pbt_tui.journal import events as ev
from tests.executor.running import until
from tests.executor.test_run_continued import (
    WORKSPACE,
    attempts,
    lives,
    newest,
    of_disk,
    population,
    wait_for_generation,
)
from tests.slurm.clusters import ask
from tests.slurm.queued import SMALL, Queued


def trainer(queued: Queued, member: int) -> int:
    """The process of a member's trainer."""
    words = ("standin_trainer.py", f"agent.pbt.policy_idx={member} ")
    return int(
        until(
            lambda: next(
                (
                    pid
                    for pid, command in queued.alive().items()
                    if all(word in command for word in words) and "bash" not in command
                ),
                0,
            )
        )
    )


def test_requeued_then_stopped_and_continued(queued: Queued) -> None:
    process = queued.on_slurm(population(queued, 2), *SMALL, "--slurm_requeue")
    wait_for_generation(queued, 4, 0, 1)
    ask("scontrol", "requeue", queued.handle("m1"))
    wait_for_generation(queued, 8, 1)
    until(lambda: queued.jobs()["m1"].attempts[-1].source)
    first, again = lives(queued, 1)
    assert (first, again) == ((1, 0), (5, 4000))
    assert lives(queued, 0) == [(1, 0)]
    [attempt] = attempts(queued, "m1")
    assert (attempt.restarts, of_disk(queued, attempt.source, 4)) == (1, True)
    assert attempts(queued, "m0")[0].source is None

    process.send_signal(signal.SIGINT)
    assert queued.end(process).code == 130
    before = [newest(queued, member) for member in (0, 1)]
    assert before == [4, 8]
    whole = {m: queued.path / WORKSPACE / f"{m:03d}/{n:06d}" for m, n in enumerate(before)}
    shown = queued.pbt(str(queued.rundir.path), "--dry_run")
    assert all(f"--checkpoint={path}.pth" in shown.out for path in whole.values()), shown.all
    process = queued.start(str(queued.rundir.path))
    queued.wait_for(ev.AttemptStarted, 5)
    for member, number in enumerate(before):
        assert of_disk(queued, attempts(queued, f"m{member}")[1].source, number)
    queued.write("go")
    said = queued.end(process)
    assert said.code == 0, said.all
    assert lives(queued, 0) == [(1, 0), (5, 4000)]
    assert lives(queued, 1) == [(1, 0), (5, 4000), (9, 8000)]
    assert [found.tries for found in queued.jobs().values()] == [0, 0]


def test_a_killed_trainer_is_retried(queued: Queued) -> None:
    target = population(queued, 2, retries=2, retry_on=("signal", "exit"), retry_delay=0.0)
    process = queued.on_slurm(target, *SMALL)
    wait_for_generation(queued, 4, 0, 1)
    os.kill(trainer(queued, 0), signal.SIGKILL)
    queued.wait_for(ev.AttemptStarted, 3)
    assert of_disk(queued, attempts(queued, "m0")[1].source, 4)
    queued.write("go")
    said = queued.end(process)
    assert said.code == 0, said.all
    assert lives(queued, 0) == [(1, 0), (5, 4000)]
    assert lives(queued, 1) == [(1, 0)]
    first, second = attempts(queued, "m0")
    assert (first.outcome, first.signal) == ("failed", signal.SIGKILL)
    assert second.outcome == "succeeded"
    assert (second.why or "").startswith("goes on from generation 4 of member 0 (frame 4")
