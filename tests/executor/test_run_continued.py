"""A member goes on from what it has written: retried, killed, stopped and continued, resumed."""

from __future__ import annotations

import json
import os
import re
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.journal import events as ev
from pbt_tui.journal.state import Attempt
from pbt_tui.spec import Population, decode, encode
from tests.executor.running import Place, job, until
from tests.walkthroughs.shown import missing

TRAINER = Path(__file__).with_name("standin_trainer.py")
WORKSPACE = "train_dir/logs/rl_games/cartpole/ws"


def population(
    place: Place,
    members: int = 2,
    *more: str,
    program: Sequence[str] = (sys.executable, str(TRAINER)),
    **policy: Any,
) -> str:
    """A spec with one population of stand-ins, which `program` runs; returns its path."""
    words = (
        "agent.pbt.enabled=True",
        f"agent.pbt.num_policies={members}",
        "agent.pbt.workspace=ws",
        f"agent.pbt.directory={place.path / 'train_dir'}",
        *more,
    )
    jobs = [
        job(
            f"m{i}", *program, f"agent.pbt.policy_idx={i}", *words,
            "agent.params.config.lr=0.001", population="p", member=i,
        )
        for i in range(members)
    ]  # fmt: skip
    name = place.spec(*jobs, **policy)
    path = place.path / name / "processes.json"
    spec = decode(path.read_bytes())
    own = Population("p", "rl_games", members, "logs/rl_games", tuple(j.id for j in jobs))
    path.write_bytes(encode(msgspec.structs.replace(spec, populations=(own,))))
    return name


def lives(place: Place, member: int) -> list[tuple[int, int]]:
    """First generation and frame of each life of a member, as the trainer told them."""
    path = place.path / f"train_dir/told-{member}"
    lines = path.read_text().splitlines() if path.exists() else []
    return [(first, frame) for first, frame, _ in map(json.loads, lines)]


def newest(place: Place, member: int) -> int:
    found = sorted((place.path / WORKSPACE / f"{member:03d}").glob("*.yaml"))
    return int(found[-1].stem) if found else 0


def wait_for_generation(place: Place, number: int, *members: int) -> None:
    until(lambda: all(newest(place, m) >= number for m in members))


def wait_for_written(place: Place, member: int, number: int) -> None:
    """Waits until the generation was written last."""
    folder = place.path / WORKSPACE / f"{member:03d}"
    until(
        lambda: max(folder.glob("*.yaml"), key=os.path.getmtime).name == f"{number:06d}.yaml",
        f"generation {number} is not the last one",
    )


def attempts(place: Place, name: str) -> tuple[Attempt, ...]:
    return place.jobs()[name].attempts


def of_disk(place: Place, source: ev.Source | None, number: int) -> bool:
    """Whether a source tells the files of a generation as they are."""
    if source is None or source.stamp is None or source.checkpoint is None:
        return False
    path = place.path / WORKSPACE / f"{source.member:03d}" / f"{number:06d}.yaml"
    weights = path.with_suffix(".pth")
    return (
        (source.generation, source.frame) == (number, 1000 * number)
        and source.checkpoint == str(weights)
        and source.stamp.written == max(path.stat().st_mtime_ns, weights.stat().st_mtime_ns)
    )


def pid_of(place: Place, name: str) -> int:
    """The process of a job's newest attempt: jobs that start together start in any order."""
    started = [e for e in place.of(ev.AttemptStarted) if e.job == name]
    return int(started[-1].handle.partition(".")[0])


def test_a_retry_goes_on_from_the_newest_generation(place: Place) -> None:
    target = population(place, 2, retries=1, retry_on=("exit",), retry_delay=0.0)
    executor = place.start(target)
    wait_for_generation(place, 4, 0, 1)
    place.write("crash-1")
    place.write("go")
    said = place.end(executor)
    assert said.code == 0, said.all
    (first, _), (again, frame) = lives(place, 1)
    assert (first, frame) == (1, (again - 1) * 1000)
    assert again > 4
    second = attempts(place, "m1")[1]
    assert second.source is not None
    assert (second.source.member, second.source.generation) == (1, again - 1)
    assert second.args == (
        f"--checkpoint={place.path / WORKSPACE}/001/{again - 1:06d}.pth",
        "agent.params.config.lr=0.001",
    )
    assert second.why is not None
    assert second.why.startswith(f"goes on from generation {again - 1} of member 1 (frame ")
    assert len(lives(place, 0)) == 1
    [started] = place.of(ev.ExecutorStarted)
    assert started.continues == ("p",)


def test_a_stopped_population_goes_on(place: Place) -> None:
    """The README says that nothing is lost: every member goes on from its newest generation."""
    executor = place.start(population(place, 3))
    wait_for_generation(place, 4, 0, 1, 2)
    executor.send_signal(signal.SIGINT)
    assert place.end(executor).code == 130
    before = [newest(place, member) for member in range(3)]
    shown = place.pbt("train_dir/r", "--dry_run")
    assert shown.code == 0, shown.all
    for member, number in enumerate(before):
        assert f"--checkpoint={place.path / WORKSPACE}/{member:03d}/{number:06d}.pth" in shown.out
    place.write("go")
    said = place.pbt("train_dir/r")
    assert said.code == 0, said.all
    out = re.sub(r" (m\d:)", r" 0\1", said.out).replace("<", "")  # ids and ages as on the page
    assert missing("docs/guide/populations.md", "  started", out) == []
    for member, number in enumerate(before):
        assert lives(place, member) == [(1, 0), (number + 1, number * 1000)]
    assert [j.tries for j in place.jobs().values()] == [0, 0, 0]


def test_an_executor_and_its_members_are_killed(place: Place) -> None:
    target = population(place, 2, retries=9, retry_on=("lost", "signal"), retry_delay=0.0)
    executor = place.start(target)
    wait_for_generation(place, 4, 0, 1)
    executor.kill()
    executor.wait()
    os.kill(pid_of(place, "m0"), signal.SIGKILL)
    place.write("go")
    said = place.pbt("train_dir/r")
    assert said.code == 0, said.all
    told = [lives(place, member) for member in (0, 1)]
    assert sorted(map(len, told)) == [1, 2], "one was adopted, the other one continued"
    [(_, again)] = [life for life in told if len(life) == 2]
    assert again[0] > 4
    assert again[1] == (again[0] - 1) * 1000


def test_after_an_exploit_the_last_written_counts_and_not_the_highest(place: Place) -> None:
    """Member 0 leads, copies member 1, and writes lower numbers: the higher ones are left."""
    target = population(place, 2, retries=2, retry_on=("exit",), retry_delay=0.0)
    executor = place.start(target)
    wait_for_generation(place, 4, 0, 1)
    place.write("crash-0")
    wait_for_generation(place, 9, 0)
    place.write("exploit-0", "1")  # after generation 10
    until(lambda: len(lives(place, 0)) == 3)
    wait_for_written(place, 0, 8)
    place.write("crash-0")  # after generation 8 or 9, while 10 of the life before is there
    until(lambda: len(lives(place, 0)) == 4)
    place.write("go")
    said = place.end(executor)
    assert said.code == 0, said.all
    *before, (again, frame) = lives(place, 0)
    assert before == [(1, 0), (6, 5000), (5, 4000)]
    assert again in (9, 10)
    assert frame == (again - 1) * 1000


def test_attempts_that_never_started_are_abandoned_and_asked_for_again(place: Place) -> None:
    """An executor died between its decision and the launch: what it had read is too old."""
    executor = place.start(population(place, 2))
    wait_for_generation(place, 4, 0, 1)
    executor.send_signal(signal.SIGINT)
    place.end(executor)
    events = place.events()
    last = events[-1]
    decided = ev.AttemptScheduled(
        seq=last.seq + 1, at=last.at, job="m0", attempt=2, gpus=(), args=("--checkpoint=/old.pth",)
    )
    with place.rundir.journal.open("ab") as journal:
        journal.write(msgspec.json.encode(decided) + b"\n")
    place.write("go")
    said = place.pbt("train_dir/r")
    assert said.code == 0, said.all
    first, abandoned, third = attempts(place, "m0")
    assert (abandoned.outcome, abandoned.started_at) == ("interrupted", None)
    assert "read again" in (abandoned.detail or "")
    assert (third.outcome, third.source is not None) == ("succeeded", True)
    assert len(lives(place, 0)) == 2
    assert first.outcome == "interrupted"


def test_what_cannot_be_continued_is_skipped_and_the_others_go_on(place: Place) -> None:
    """Every generation of member 1 fails twice, so none is left."""
    target = population(place, 2, retries=99, retry_on=("exit",), retry_delay=0.0)
    executor = place.start(target)
    wait_for_generation(place, 4, 0, 1)
    place.write("fail-1")
    place.write("crash-1")
    place.write("go")
    said = place.end(executor)
    assert said.code == 4, said.all
    skipped = place.jobs()["m1"]
    assert skipped.phase == "skipped"
    assert (skipped.why or "").startswith("cannot be continued: ")
    assert place.phases()["m0"] == "succeeded"
    assert place.state().closed == "failures"
    assert "cannot be continued" in said.all


@pytest.mark.parametrize("running", [False, True], ids=["without", "with an executor"])
def test_from_scratch_moves_aside_what_the_member_left(place: Place, running: bool) -> None:
    executor = place.start(population(place, 2))
    wait_for_generation(place, 4, 0, 1)
    if running:
        os.kill(pid_of(place, "m1"), signal.SIGKILL)
        place.wait_for(ev.AttemptEnded)
        said = place.pbt("train_dir/r", "--retry", "m1", "--from_scratch")
        assert said.code == 0, said.all
        place.write("go")
        said = place.end(executor)
    else:
        executor.send_signal(signal.SIGINT)
        place.end(executor)
        place.write("go")
        said = place.pbt("train_dir/r", "--from_scratch")
    assert said.code == 0, said.all
    assert lives(place, 1) == [(1, 0), (1, 0)]
    assert lives(place, 0) == ([(1, 0)] if running else [(1, 0), (1, 0)])
    aside = place.path / WORKSPACE / "001.before-2"
    assert sorted(path.stem for path in aside.glob("*.yaml"))[-1] >= "000004"
    second = attempts(place, "m1")[1]
    assert (second.anew, second.args) == (True, ())
