"""Isaac Lab's guide, from its line to a population that survives kills.

A run module of three lines compiles to the line in the guide. The stand-in follows the source of
Isaac Lab 3.0; `pbt-run` executes it, and `pbt-tui` finds its workspace by the run alone.
"""

from __future__ import annotations

import os
import pickle
import signal
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hydra.errors import HydraException

from pbt_tui.journal import RunDir, lock
from pbt_tui.observe.member_logs import MemberLog
from tests.executor.running import Place, cleaned, until
from tests.standins import lab_train
from tests.standins.lab_runs import (
    GUIDE,
    WORKSPACE,
    command,
    compiled,
    population,
    prepared,
    trainings,
)

SIZE = 3


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    for found in cleaned(tmp_path):
        found.rundir = RunDir.of(tmp_path / "train_dir", "cube")
        yield prepared(found)


def read(words: list[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The options that argparse reads, and the configuration that Hydra makes of the rest."""
    args, rest = lab_train.parsed(words)
    assert not [word for word in rest if word.startswith("-")]
    return vars(args), lab_train.configured(rest)


def test_three_lines_compile_to_the_line_of_the_guide(place: Place) -> None:
    made = compiled(place, 8)
    assert len(made) == 8
    for index, words in enumerate(made):
        guide = GUIDE.format(index=index, size=8, directory="./train_dir/cube/cube_").split()
        assert words[:6] == guide[:6]
        assert sorted(word.lower() for word in words) == sorted(word.lower() for word in guide)
    options, agent = read(words[6:])
    assert (options, agent) == read(guide[6:])
    assert (options["seed"], options["num_envs"]) == (7, 8192)
    assert (agent["pbt"]["policy_idx"], agent["pbt"]["enabled"]) == (7, True)


def test_the_parsers_refuse_what_isaac_lab_refuses() -> None:
    with pytest.raises(HydraException):
        read(["--task=X", "agent.pbt.polic_idx=1"])
    with pytest.raises(AssertionError):
        read(["--task=X", "--train_dir=./x"])
    with pytest.raises(SystemExit):
        read(["--rl_library", "nothing"])


def test_the_table_of_all_members_is_read(capsys: pytest.CaptureFixture[str]) -> None:
    """`prettytable` aligns its numbers to the right."""
    row = {"iteration": 7, "frame": 900, "experiment_name": "a"}
    paths = {"checkpoint": "x", "pbt_checkpoint": "y"}
    rows: dict[int, dict[str, Any] | None] = {
        who: {"true_objective": 1.5 + who, **row, **paths} for who in range(12)
    }
    print("Policy 3, frames_left 5, PBT it 7")
    lab_train.print_summary(rows)
    log = MemberLog(3)
    log.feed(capsys.readouterr().out.encode())
    assert log.states[3].round is not None
    assert log.states[3].round.objectives == {3: 4.5}
    shared = MemberLog(None)
    print("Policy 3, frames_left 5, PBT it 7")
    lab_train.print_summary(rows)
    shared.feed(capsys.readouterr().out.encode())
    assert shared.states[3].round is not None
    assert len(shared.states[3].round.objectives) == 12


def newest(place: Place, member: int) -> dict[str, Any]:
    """The metadata that the member wrote last and that is whole."""
    paths = (place.path / WORKSPACE / f"{member:03d}").glob("*.yaml")
    for path in sorted(paths, key=os.path.getmtime, reverse=True):
        if (text := path.read_text()).endswith("\n"):
            return dict(yaml.safe_load(text))
    return {"iteration": 0, "frame": 0}


def goes_on(place: Place, member: int, attempt: int) -> None:
    """Waits for an attempt and its first generation, which follows from what it went on from."""
    job = f"{member:02d}_cube"
    until(lambda: len(place.jobs()[job].attempts) >= attempt)
    found = place.jobs()[job].attempts[attempt - 1]
    source = found.source
    assert source is not None, f"attempt {attempt} of member {member} began anew"
    assert source.member == member
    assert source.generation > 0
    assert source.frame is not None
    assert found.args[0].startswith("--checkpoint=")
    assert [word.partition("=")[0] for word in found.args[1:]] == [
        "agent.params.config.gamma",
        "agent.params.config.learning_rate",
    ]
    log = place.rundir.log(job, attempt)
    until(lambda: log.exists() and f"PBT it {source.generation + 1}" in log.read_text())
    assert f"=> loading checkpoint '{source.checkpoint}'" in log.read_text()
    until(lambda: newest(place, member)["frame"] > source.frame)


def test_a_population_is_found_watched_killed_and_continued(place: Place) -> None:
    compiled(place, SIZE)
    place.pbt(
        "specs/cube", "--detach", "--pause_between", "0.2",
        "--retries", "3", "--retry_on", "signal,lost", "--retry_delay", "0",
    )  # fmt: skip
    until(lambda: all(newest(place, member)["iteration"] >= 2 for member in range(SIZE)))

    found = population(place)
    assert (found["style"], found["size"]) == ("isaaclab", SIZE)
    assert found["workspace"] == str(place.path / WORKSPACE)
    assert [m["state"] for m in found["members"]] == ["running"] * SIZE
    assert all(m["generation"] >= 2 for m in found["members"])
    text = command(place, "tui", "train_dir/cube", "--once")
    assert f"isaaclab · {SIZE} members · generation" in text
    log = place.rundir.log("00_cube", 1)  # the least talented one copies another, by an exec
    until(lambda: "=> loading checkpoint" in log.read_text())

    before = newest(place, 1)
    os.kill(until(lambda: trainings(place).get(1)), signal.SIGKILL)
    goes_on(place, 1, 2)
    assert newest(place, 1)["frame"] > before["frame"]

    executor = lock.holder(place.rundir.lock)
    assert executor is not None
    os.kill(executor, signal.SIGKILL)
    os.kill(trainings(place)[2], signal.SIGKILL)
    until(lambda: lock.holder(place.rundir.lock) is None)
    place.pbt("train_dir/cube", "--detach")
    goes_on(place, 2, 2)
    assert len(place.jobs()["00_cube"].attempts) == 1, "it was adopted"

    found = population(place)
    copies = [e for e in found["events"] if (e["kind"], e["member"]) == ("exploit", 0)]
    assert [e["donor"] for e in copies if e["applied"]], found["events"]
    assert all(e["donor_generation"] is not None for e in copies)
    assert "relaunched" not in {alarm["code"] for alarm in found["alarms"]}
    with zipfile.ZipFile(found["best"]["checkpoint"]) as file:
        state = pickle.loads(file.read("archive/data.pkl"))
    assert state["frame"] == found["best"]["frame"]
    assert state["objective"] == pytest.approx(found["best"]["objective"])
    place.pbt("train_dir/cube", "--stop")
    until(lambda: lock.holder(place.rundir.lock) is None)
