"""A population in containers of a real engine goes on from its newest generations."""

from __future__ import annotations

import shutil
import signal
import sys
from pathlib import Path

from pbt_tui.journal import events as ev
from pbt_tui.spec import Container, Mount
from tests.docker.containers_driver import BUSYBOX
from tests.docker.docked import Docked
from tests.executor.test_run_continued import (
    TRAINER,
    WORKSPACE,
    attempts,
    lives,
    newest,
    of_disk,
    population,
    wait_for_generation,
)

PYTHON = Path(sys.executable).resolve()
FOLDERS = {"/usr", "/lib", "/lib64", sys.base_prefix}
"""Folders of this machine that its interpreter needs; the image has none."""


def spec(docked: Docked, members: int, **policy: object) -> str:
    """The stand-in trainer, run by this machine's interpreter in containers of the small image."""
    trainer = Path(shutil.copy(TRAINER, docked.path))
    mounts = tuple(Mount(f, f, read_only=True) for f in sorted(FOLDERS) if Path(f).is_dir())
    container = Container(image=BUSYBOX, network="none", mounts=mounts)
    program = (str(PYTHON), str(trainer))
    return population(docked, members, program=program, container=container, **policy)


def test_killed_and_retried_then_stopped_and_continued(docked: Docked) -> None:
    target = spec(docked, 2, retries=2, retry_on=("signal",), retry_delay=0.0)
    process = docked.start(target)
    wait_for_generation(docked, 4, 0, 1)
    docked.api.kill(docked.handles()["m0", 1], signal.SIGKILL)
    wait_for_generation(docked, 8, 0)
    first, second = attempts(docked, "m0")
    assert (first.outcome, first.signal) == ("failed", signal.SIGKILL)
    assert of_disk(docked, second.source, 4)
    assert lives(docked, 0) == [(1, 0), (5, 4000)]
    assert lives(docked, 1) == [(1, 0)]

    process.send_signal(signal.SIGINT)
    assert docked.end(process).code == 130
    before = [newest(docked, member) for member in (0, 1)]
    assert before == [8, 4]
    shown = docked.pbt("train_dir/r", "--dry_run")
    for member, number in enumerate(before):
        path = docked.path / WORKSPACE / f"{member:03d}/{number:06d}.pth"
        assert f"--checkpoint={path}" in shown.out, shown.all
    process = docked.start("train_dir/r")
    docked.wait_for(ev.AttemptStarted, 5)
    for member, number in enumerate(before):
        assert of_disk(docked, attempts(docked, f"m{member}")[-1].source, number)
    docked.write("go")
    said = docked.end(process)
    assert said.code == 0, said.all
    assert lives(docked, 0) == [(1, 0), (5, 4000), (9, 8000)]
    assert lives(docked, 1) == [(1, 0), (5, 4000)]
    assert docked.jobs()["m1"].tries == 0
