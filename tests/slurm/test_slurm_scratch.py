"""A task that began from scratch and is requeued goes on: it does not begin a second time."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgspec
import pytest

from pbt_tui.backends.slurm import render as backend
from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.executor import continuing
from pbt_tui.executor.launching import ForeignLaunches
from pbt_tui.journal import RunDir
from pbt_tui.journal import events as ev
from pbt_tui.runtimes.slurm.submitter import SubmitOrder
from pbt_tui.runtimes.slurm.task_files import parse
from tests.journal.lives import Story, job, spec
from tests.observe.test_continuing_policies import ARGV, Policies

SHOW = ("sh", "-c", 'printf "%s\\n" "$0" "$@"')


@pytest.mark.parametrize("more", [(), ("--restart_behavior=restart",)])
def test_sample_factory_puts_its_folder_aside_once(tmp_path: Path, more: tuple[str, ...]) -> None:
    """The manifest has the command of the job; the arguments of the attempt are for one life."""
    given = (*ARGV[2:], *more)
    policies = Policies(tmp_path / "train")
    policies.write(0, 10, 1)
    own = msgspec.structs.replace(job("a", population="p"), argv=(*SHOW, *given))
    plan = spec(own)
    population = msgspec.structs.replace(
        plan.populations[0], style="sample_factory", workspace="00_cartpole"
    )
    plan = msgspec.structs.replace(plan, populations=(population,))
    told = Story(plan)
    assert told.state.executor is not None
    told.tell(msgspec.structs.replace(told.state.executor, continues=("p",)))
    told.runs("a").fails("a")
    scratch = ("--restart_behavior=restart",)
    told.tell(ev.RequestAccepted(id="1-1", action="retry", jobs=("a",), anew=True))
    told.tell(ev.AttemptScheduled(job="a", attempt=2, gpus=(), args=scratch, anew=True))

    rundir = RunDir.of(tmp_path / "train", "r")
    launches = ForeignLaunches(rundir, tmp_path, goes_on=continuing.goes_on(told.state, rundir))
    member = told.state.by_id["a"]
    launch = launches(member, member.attempts[-1])
    assert launch.argv[-1:] == scratch
    order = SubmitOrder(plan, Slurm(gpus_per_job=0), tmp_path, rundir.path, tmp_path)
    (shape,) = backend.shapes(plan, order.settings)
    files = order.files(shape, [("a", 2)], {("a", 2): launch})
    order.scripts.mkdir(parents=True)
    (order.scripts / files.name).write_bytes(files.manifest)
    script = order.scripts / "array.sbatch"
    script.write_bytes(files.script)

    def life(restart: int) -> list[str]:
        env = os.environ | {"SLURM_JOB_ID": "7", "SLURM_RESTART_COUNT": str(restart)}
        where = ("bash", str(script), str(order.scripts), str(rundir.path), str(tmp_path))
        done = subprocess.run(where, env=env, capture_output=True, check=False)
        assert (done.returncode, done.stdout, done.stderr.decode()) == (0, b"", "")
        log = rundir.log("a", 2)
        lines = log.read_text().splitlines()
        log.unlink()
        return lines

    without = [word for word in given if word not in scratch]
    assert life(0) == [*without, *scratch]
    policies.write(0, 20, 2)  # of the new life
    resumed = ["--restart_behavior=resume"] if more else []
    assert life(1) == [*without, *resumed]
    found = parse(rundir.claim("a", 2).read_text(), 0.0).source
    assert found is not None
    assert (found.member, found.generation) == (0, 20)
