"""Tasks that SLURM has stopped for now are shown as such, and end when they are told to."""

from __future__ import annotations

import json
import subprocess
import sys

from pbt_tui.observe.queue_status import key
from tests.executor.running import job, until
from tests.slurm.clusters import ask
from tests.slurm.queued import GATE, SMALL, Queued


def shown(queued: Queued, *options: str) -> str:
    words = [sys.executable, "-m", "pbt_tui.cli.tui", "--once", str(queued.rundir.path), *options]
    done = subprocess.run(
        words, env=queued.environ, cwd=queued.path, capture_output=True, text=True, check=False
    )
    return done.stdout


def states(queued: Queued) -> dict[str, str]:
    return {found["id"]: found["state"] for found in json.loads(shown(queued, "--json"))["jobs"]}


def in_slurm(queued: Queued, name: str) -> str:
    picture = queued.picture()
    status = picture.attempts.get(key(name, 1)) if picture else None
    return status.state if status else ""


def test_a_suspended_task_is_not_shown_as_running(queued: Queued) -> None:
    process = queued.on_slurm(queued.spec(job("a", GATE), job("b", GATE)), *SMALL)
    handle = queued.handle("a")
    queued.handle("b")
    ask("scontrol", "suspend", handle)
    until(lambda: in_slurm(queued, "a") == "SUSPENDED" and in_slurm(queued, "b") == "RUNNING")
    assert states(queued) == {"a": "suspended", "b": "running"}
    rows = [line.split() for line in shown(queued).splitlines()]
    assert [row[2] for row in rows if row[:1] in (["a"], ["b"])] == ["suspended", "running"]
    ask("scontrol", "resume", handle)
    until(lambda: in_slurm(queued, "a") == "RUNNING")
    assert states(queued) == {"a": "running", "b": "running"}
    queued.write("go")
    assert queued.end(process).code == 0


def test_a_suspended_task_can_be_cancelled(queued: Queued) -> None:
    process = queued.on_slurm(queued.spec(job("a", GATE)), *SMALL)
    ask("scontrol", "suspend", queued.handle("a"))
    until(lambda: in_slurm(queued, "a") == "SUSPENDED")
    assert queued.pbt(str(queued.rundir.path), "--cancel", "a").code == 0
    said = queued.end(process)
    assert said.code == 4, said.all
    assert queued.phases()["a"] == "cancelled"
