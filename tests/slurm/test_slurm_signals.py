"""The exit code of a task whose end comes together with a signal; here without SLURM."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pbt_tui.backends.slurm.index import Slurm
from tests.executor.running import until
from tests.slurm.arrays import attempt, lay_out, spec

SAVES = "trap 'exit 42' TERM; trap 'echo early' USR1; echo up; while :; do sleep 0.002; done"
TASKS = 100


class Array:
    """An array of the same tasks, each started as SLURM would start the script."""

    def __init__(self, folder: Path, how: Slurm, count: int) -> None:
        self.folder = folder
        [script] = lay_out(folder, spec([("sh", "-c", SAVES)] * count), how)
        names = {"SLURM_JOB_ID": "7", "SLURM_ARRAY_JOB_ID": "7"}
        self.tasks = [
            subprocess.Popen(
                ["bash", script, script.parent],
                cwd=folder,
                env={**os.environ, **names, "SLURM_ARRAY_TASK_ID": f"{k}"},
                start_new_session=True,
            )
            for k in range(count)
        ]
        until(lambda: all(self.log(k).startswith("up") for k in range(count)))

    def log(self, task: int) -> str:
        path = self.folder / f"train_dir/ant/_pbt/logs/{task:02d}_ant.1.log"
        return path.read_text() if path.exists() else ""

    def terminate(self) -> None:
        """Sends TERM to every process of every task, as SLURM does."""
        for one in self.tasks:
            os.killpg(one.pid, signal.SIGTERM)
            time.sleep(0.003)

    def close(self) -> None:
        for one in self.tasks:
            if one.poll() is None:
                os.killpg(one.pid, signal.SIGKILL)
                one.wait()


@pytest.fixture
def arrays(tmp_path: Path) -> Iterator[Callable[[Slurm, int], Array]]:
    made: list[Array] = []

    def make(how: Slurm, count: int) -> Array:
        made.append(Array(tmp_path, how, count))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_signal_that_comes_with_the_end_does_not_hide_the_code(
    arrays: Callable[[Slurm, int], Array],
) -> None:
    """TERM comes to a task's shell and to its program, which ends at once."""
    array = arrays(Slurm(gpus_per_job=0), TASKS)
    array.terminate()
    assert [one.wait(60) for one in array.tasks] == [42] * TASKS
    for k in range(TASKS):
        assert attempt(array.folder, f"{k:02d}_ant") == [f"slurm 7_{k}", "start 0", "exit 42"]
    files = array.folder.glob("train_dir/ant/_pbt/attempts/*")
    assert sorted(path.name for path in files) == [f"{k:02d}_ant.1" for k in range(TASKS)]


def test_the_early_signal_comes_to_the_program(arrays: Callable[[Slurm, int], Array]) -> None:
    array = arrays(Slurm(gpus_per_job=0, time=600, signal="USR1@120"), 1)
    [task] = array.tasks
    task.send_signal(signal.SIGUSR1)
    until(lambda: "early" in array.log(0))
    array.terminate()
    assert task.wait(60) == 42
    assert attempt(array.folder, "00_ant") == ["slurm 7_0", "start 0", "exit 42"]
