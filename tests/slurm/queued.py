"""Runs `pbt-run --backend slurm` with a real cluster, at the polling rate that a test wants.

Tasks of a `Queued` place have its mark in their environment, like every process that it starts,
and at the end it cancels those that are left in the queue.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

from pbt_tui.journal import events as ev
from pbt_tui.observe.queue_status import Queue, read
from pbt_tui.runtimes.slurm.submissions import ArraySubmission, Submissions
from tests.executor.running import Place, Said, until
from tests.slurm.clusters import ask

QUICK = ("--slurm_poll=1", "--slurm_poll_pending=1", "--slurm_poll_floor=0.5")
SMALL = ("--slurm_gpus_per_job=0", "--slurm_cpus=1", "--slurm_memory=64M")
GATE = "until [ -e go ]; do sleep 0.1; done"
"""Waits for a file in the run's working directory."""
KILLS_TASK = "read -r _ _ _ up _ </proc/$PPID/stat; kill -9 $up; sleep 1"
"""Kills the shell of its task, which would write the end down: the parent of the job's parent."""
LONG = 240.0


AnyQueued = TypeVar("AnyQueued", bound="Queued")


class Queued(Place):
    """A `Place` whose jobs are tasks of a SLURM cluster."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self.environ |= {"SLURM_CONF": os.environ["SLURM_CONF"]}
        self.calls = path / "calls"

    def on_slurm(self, *args: str, **popen: Any) -> subprocess.Popen[str]:
        return self.start(*args, "--backend", "slurm", *QUICK, **popen)

    def small(self, *args: str, **popen: Any) -> Said:
        """A run of jobs that need nothing, from its start to its end."""
        return self.end(self.on_slurm(*args, *SMALL, **popen))

    def end(self, process: subprocess.Popen[str]) -> Said:
        out, err = process.communicate(timeout=LONG)
        said = Said(process.returncode, out or "", err or "")
        assert "Traceback (most recent call last)" not in said.err, said.err
        return said

    # -- what SLURM was told, and what it says -----------------------------------------------------

    def watch_calls(self, **before: str) -> None:
        """Records every call from now on; `before`: program -> shell code that runs before it."""
        folder = self.path / "bin"
        folder.mkdir()
        for name in ("sbatch", "squeue", "scancel", "scontrol", "sacct"):
            script = folder / name
            real = shutil.which(name)
            lines = ["#!/bin/bash", f"echo {name} >>{self.calls}", before.get(name, "")]
            script.write_text("\n".join([*lines, f'exec {real} "$@"', ""]))
            script.chmod(script.stat().st_mode | stat.S_IXUSR)
        self.environ["PATH"] = f"{folder}:{self.environ['PATH']}"

    def wrap_sbatch(self, code: str) -> None:
        """Puts shell code in the place of `sbatch`; `real "$@"` in it is the real one."""
        self.watch_calls()
        script = self.path / "bin" / "sbatch"
        real = shutil.which("sbatch")
        head = ["#!/bin/bash", f"echo sbatch >>{self.calls}", f'real() {{ {real} "$@"; }}']
        script.write_text("\n".join([*head, code, ""]))

    def called(self, name: str) -> int:
        return self.calls.read_text().split().count(name) if self.calls.exists() else 0

    def records(self) -> list[ArraySubmission]:
        return Submissions(self.rundir.slurm, "").all()

    def submissions(self) -> list[str]:
        """Ids of all arrays of this place that SLURM knows."""
        text = ask("squeue", "-h", "-t", "all", "-o", "%F %Z")
        mine = (line.split(" ", 1) for line in text.splitlines())
        return sorted({number for number, folder in mine if folder == str(self.path)})

    def handle(self, job: str) -> str:
        """SLURM's id of the newest attempt, once it has started."""
        found: str = until(
            lambda: next(
                (e.handle for e in reversed(self.of(ev.AttemptStarted)) if e.job == job), 0
            ),
            f"{job} has not started",
        )
        return found

    def picture(self) -> Queue | None:
        return read(self.rundir.queue)

    def ends(self) -> dict[str, ev.AttemptEnded]:
        """The last end of each job."""
        return {e.job: e for e in self.of(ev.AttemptEnded)}

    def starts(self, job: str) -> list[int | None]:
        """The restart numbers of all starts that were recorded."""
        return [e.restart for e in self.of(ev.AttemptStarted) if e.job == job]

    def reasons(self, job: str) -> list[str]:
        return [e.reason for e in self.of(ev.AttemptWaiting) if e.job == job]

    def cancel_all(self) -> None:
        ids = [record.id for record in self.records() if record.id]
        if ids:
            subprocess.run(["scancel", *ids], capture_output=True, check=False)


def placed(place: AnyQueued) -> Iterator[AnyQueued]:
    """Yields a place for a fixture, and fails if the test leaves a process or task."""
    try:
        yield place
    except BaseException:
        place.cancel_all()
        place.clean()
        raise
    place.cancel_all()
    left = place.clean()
    assert not left, f"left behind: {left}"


def events_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]
