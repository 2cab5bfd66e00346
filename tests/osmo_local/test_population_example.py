"""The example's population, compiled for OSMO, on a real engine: killed, stopped, and continued."""

from __future__ import annotations

import re
import shutil
import signal
import sys
from pathlib import Path

from pbt_tui.journal import events as ev
from pbt_tui.journal.run_dir import RunDir
from tests.docker.containers_driver import BUSYBOX
from tests.docker.docked import Docked, pinned
from tests.executor.running import until
from tests.small_population import MODULE, small

MEMBERS = 8
GENERATIONS = 40
PYTHON = Path(sys.executable).resolve()
SEEN = sorted({"/usr", "/lib", "/lib64", sys.base_prefix})
"""Folders of this machine that its interpreter needs; the image has none."""
WORKSPACE = "train_dir/swingup_pbt/swingup_/runs/swingup"


def compiled(docked: Docked) -> str:
    """The workflow file of the example, whose members this machine's interpreter runs."""
    docked.write("swingup.py", small(GENERATIONS, MEMBERS).replace("python -m", f"{PYTHON} -m"))
    shutil.copytree(MODULE.parent, docked.path / "examples")
    mounts = [f for f in (str(docked.path), *SEEN) if Path(f).is_dir()]
    docked.module = "pbt_tui.cli.compile"
    said = docked.pbt(
        "swingup.py", "--backend", "processes", "--backend", "osmo", "--image", BUSYBOX,
        "--train_dir", str(docked.path / "train_dir"), "--osmo_pool", "any",
        "--osmo_workdir", str(docked.path), *(w for m in mounts for w in ("--osmo_mount", m)),
    )  # fmt: skip
    assert said.code == 0, said.all
    docked.module = "pbt_tui.cli.run"
    (file,) = (docked.path / "specs/swingup_pbt/osmo").glob("*.yaml")
    (name,) = re.findall(r'^  name: "(.*)"$', file.read_text(), re.MULTILINE)
    docked.rundir = RunDir.of(docked.path / "train_dir", name, "")
    docked.label = f"pbt.rundir={docked.rundir.path}"
    return str(file.relative_to(docked.path))


def newest(docked: Docked) -> list[int]:
    """The newest generation of each member whose weights and metadata are there."""
    folders = [docked.path / f"{WORKSPACE}/{k:03d}" for k in range(MEMBERS)]
    return [
        max((int(p.stem) for p in f.glob("*.pth") if p.with_suffix(".yaml").exists()), default=0)
        for f in folders
    ]


def test_eight_members_go_on_and_the_run_succeeds(docked: Docked) -> None:
    target = compiled(docked)
    devices = {str(k) for k in range(MEMBERS)}
    options = ("--gpus", ",".join(sorted(devices)), "--grace", "5")
    process = docked.start(target, *options)
    until(lambda: min(newest(docked)) >= 2, "no generations")
    assert {d for one in docked.inspected().values() for d in pinned(one)} == devices

    process.send_signal(signal.SIGKILL)
    process.communicate()
    before = newest(docked)
    process = docked.start(target, *options)
    docked.wait_for(ev.ExecutorStarted, 2)
    until(lambda: all(a > b for a, b in zip(newest(docked), before, strict=True)), "not adopted")
    process.send_signal(signal.SIGINT)
    said = docked.end(process)
    assert said.code == 130, said.all
    assert len(docked.of(ev.AttemptScheduled)) == MEMBERS, "the killed executor cost no attempt"

    before = newest(docked)
    said = docked.end(docked.start(target, *options))
    assert said.code == 0, said.all
    jobs = docked.jobs()
    assert {job.phase for job in jobs.values()} == {"succeeded"}
    seconds = [job.attempts[1] for job in jobs.values()]
    assert {gpu for attempt in seconds for gpu in attempt.gpus} == devices
    assert [a.source and a.source.generation for a in seconds] == before
    (closed,) = docked.of(ev.RunClosed)
    assert closed.verdict == "succeeded"
