"""The launch of an attempt with arguments of its own, for each place in which it may start."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import msgspec
import pytest

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.executor import continuing
from pbt_tui.executor.launching import ForeignLaunches, ProcessLaunches
from pbt_tui.journal import RunDir
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.runtimes.protocol import GoesOn, Launch
from pbt_tui.runtimes.slurm.submitter import SubmitOrder
from pbt_tui.spec import Policy
from tests.journal.lives import Story, job, spec
from tests.observe.member_files import stamp

PREFIX = ("wrap", "lr=prefix")
COMMAND = ("./train", "+lr=1", "seed=5")
ARGS = ("lr=2", "checkpoint=a.pth")
MERGED = ("./train", "seed=5", "+lr=2", "checkpoint=a.pth")


def member() -> JobState:
    one = msgspec.structs.replace(
        job("a"), argv=(*PREFIX, *COMMAND), env={"OWN": "job", "CUDA_VISIBLE_DEVICES": "7"}
    )
    return JobState(0, one)


def attempt() -> Attempt:
    env = {"OWN": "recipe", "MORE": "1"}
    return Attempt(2, ("3",), 0.0, args=ARGS, env=env)


def launched(place: str) -> Launch:
    rundir, folder = RunDir(Path("/r")), Path("/")
    if place == "process":
        policy = Policy(experiments_per_gpu=1)
        return ProcessLaunches(rundir, folder, policy, {"PATH": "/bin"}, len(PREFIX))(
            member(), attempt()
        )
    return ForeignLaunches(rundir, folder, len(PREFIX), drop=place == "slurm")(member(), attempt())


@pytest.mark.parametrize("place", ["process", "docker", "slurm"])
def test_the_command_is_the_same_everywhere(place: str) -> None:
    """No argument concerns the words before the command, and only a queue leaves them out."""
    prefix = () if place == "slurm" else PREFIX
    assert launched(place).argv == (*prefix, *MERGED)


@pytest.mark.parametrize("place", ["process", "docker", "slurm"])
def test_the_variables_of_the_job_count_more_than_those_of_the_recipe(place: str) -> None:
    env = launched(place).env
    assert (env["OWN"], env["MORE"]) == ("job", "1")


def test_the_gpu_mask_counts_most() -> None:
    assert launched("process").env["CUDA_VISIBLE_DEVICES"] == "3"


def test_without_arguments_the_command_is_that_of_the_job() -> None:
    found = ForeignLaunches(RunDir(Path("/r")), Path("/"))(member(), Attempt(1, (), 0.0))
    assert found.argv == (*PREFIX, *COMMAND)
    assert found.env == member().spec.env


def test_slurm_gets_the_command_of_the_attempt_in_its_manifest() -> None:
    plan = spec(job("a"))
    order = SubmitOrder(plan, Slurm(time=60.0), Path("/"), Path("/r"), Path("/o"))
    launch = launched("slurm")
    [(shape, names)] = order.chunks([("a", 2)], 10)
    line = order.files(shape, names, {("a", 2): launch}).manifest.decode()
    assert line.endswith("./train seed=5 +lr=2 checkpoint=a.pth\n")
    assert "OWN=job" in line
    plain = order.files(shape, names, {}).manifest.decode()
    assert plain.endswith(" true\n")


def test_a_task_that_may_be_requeued_gets_the_arguments_apart() -> None:
    """Those of its first life; a later one finds its own, so the command has none of them."""
    source = ev.Source(0, 12, "run", 12000, "/w/000/000012.pth", stamp(5))
    on = GoesOn("rl_games", Path("/w"), ARGS, source, known=True)
    order = SubmitOrder(spec(job("a")), Slurm(time=60.0), Path("/"), Path("/r"), Path("/o"))
    launch = replace(launched("slurm"), goes_on=on)
    [(shape, names)] = order.chunks([("a", 2)], 10)
    files = order.files(shape, names, {("a", 2): launch})
    line = files.manifest.decode()
    assert line.endswith(" ./train +lr=1 seed=5\n")
    assert " lr=2 checkpoint=a.pth ./train" in line
    assert " /w/000/000012.yaml " in line
    assert b"_pbt_go_on" in files.script
    assert b"_pbt_go_on" not in order.files(shape, names, {}).script


def test_what_an_attempt_goes_on_from_follows_from_its_population() -> None:
    plan = spec(job("a", population="p"), job("b", population="p"), job("c"))
    told = Story(plan).runs("a").runs("b").runs("c")
    goes_on = continuing.goes_on(told.state, RunDir(Path("/t/r/_pbt")))
    a, _, c = told.state.jobs
    assert goes_on(c, c.attempts[-1]) is None
    found = goes_on(a, a.attempts[-1])
    assert found is not None
    assert (found.style, found.recorded, found.known) == ("isaacgymenvs", Path("/t/w"), False)
    a.attempts[-1].source = ev.Source(0, 12)
    again = Attempt(2, (), 0.0)
    after, anew = goes_on(a, again), goes_on(a, Attempt(2, (), 0.0, anew=True))
    assert after is not None
    assert anew is not None
    assert (after.known, anew.known) == (True, False)
