"""Ends of tasks on a real cluster, each recorded with its true cause."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from pbt_tui.journal import events as ev
from pbt_tui.spec import Job, Resources
from tests.executor.running import job, until
from tests.slurm.clusters import ask
from tests.slurm.queued import KILLS_TASK, SMALL, Queued


def _needs(one: Job, **resources: int) -> Job:
    return msgspec.structs.replace(one, resources=Resources(**resources))


EATS = """python3 -c '
import time
held = bytearray(200 << 20)
for i in range(0, len(held), 4096): held[i] = 1
time.sleep(60)'"""


def test_every_end_is_told_as_it_was(queued: Queued) -> None:
    jobs = [
        job("ok", "echo hi"),
        job("three", "echo no >&2; exit 3"),
        job("killed", "kill -9 $$"),
        job("absent", "/nowhere/at-all", "x"),
        job("cancelled", "echo up; sleep 100"),
        job("polite", "trap 'sleep 1; exit 0' TERM; echo up; sleep 100 & wait"),
        _needs(job("eats", EATS), memory=50 << 20),
    ]
    process = queued.on_slurm(queued.spec(*jobs), "--slurm_gpus_per_job=0", "--slurm_cpus=1")
    ids = queued.handle("cancelled"), queued.handle("polite")
    until(lambda: queued.rundir.log("polite", 1).exists() and "up" in queued.log("polite"))
    ask("scancel", *ids)
    said = queued.end(process)
    assert said.code == 4, said.all
    ends = queued.ends()
    assert {name: (e.outcome, e.exit_code, e.cause) for name, e in ends.items()} == {
        "ok": ("succeeded", 0, None),
        "three": ("failed", 3, "exit"),
        "killed": ("failed", 137, "signal"),
        "absent": ("refused", 127, "command_not_found"),
        "cancelled": ("stopped", 143, "cancelled"),
        "polite": ("stopped", 0, "cancelled"),
        "eats": ("failed", 137, "oom"),
    }
    phases = queued.phases()
    assert phases["cancelled"] == phases["polite"] == "cancelled"
    assert queued.log("ok") == "hi\n"
    assert "on n" in said.out
    assert "no" in said.out
    assert len(queued.records()) == 2, "one array for each shape"


def test_the_directory_that_jobs_start_in_is_gone(queued: Queued, tmp_path: Path) -> None:
    """SLURM would run the job in `/tmp` instead."""
    where = tmp_path / "passing"
    where.mkdir()
    spec = tmp_path / queued.spec(job("a", f"echo never >>{tmp_path}/ran")) / "processes.json"
    spec.write_text(spec.read_text().replace('"train_dir"', f'"{tmp_path}/train_dir"', 2))
    spec.write_text(spec.read_text().replace(f'"{tmp_path}/train_dir":', '"train_dir":'))
    queued.watch_calls(sbatch=f"cd /; rm -r {where}")
    said = queued.end(queued.on_slurm(str(spec), *SMALL, cwd=where))
    assert said.code == 4, said.all
    end = queued.ends()["a"]
    assert end.outcome == "refused"
    assert end.detail == f"the working directory cannot be entered: `{where}`"
    assert not (tmp_path / "ran").exists()


def test_slurm_cannot_write_its_own_output(queued: Queued) -> None:
    """Seen from the node; from here the folder is there until `sbatch` is called."""
    folder = queued.path / "own"
    queued.watch_calls(sbatch=f"rm -rf {folder}")
    said = queued.small(queued.spec(job("a", "true")), f"--slurm_workdir={folder}")
    assert said.code == 4, said.all
    end = queued.ends()["a"]
    assert (end.outcome, end.exit_code) == ("refused", None)
    assert str(folder) in (end.detail or "")


def test_a_node_is_lost(queued: Queued) -> None:
    """Without `--slurm_requeue` that is the end; with it the attempt goes on elsewhere."""
    spec = queued.spec(job("a", "echo up; sleep 100"), retries=1, retry_delay=0.0)
    process = queued.on_slurm(spec, *SMALL, "--slurm_exclude=n1")
    queued.handle("a")
    _lose("n0")
    end = queued.wait_for(ev.AttemptEnded)[0]
    assert (end.outcome, end.cause) == ("lost", "lost")
    assert "n0" in end.detail
    queued.wait_for(ev.AttemptStarted, 2)  # lost is retried, by default
    process.terminate()
    assert queued.end(process).code == 130


def _lose(node: str) -> None:
    ask("scontrol", "update", f"nodename={node}", "state=down", "reason=test")
    until(lambda: subprocess.run(
        ["scontrol", "update", f"nodename={node}", "state=resume"], capture_output=True, check=False
    ).returncode in (0, 1) and "idle" in ask("sinfo", "-h", "-n", node, "-o", "%t"))  # fmt: skip


@pytest.mark.parametrize("requeue", [True, False])
def test_preempted(queued: Queued, requeue: bool) -> None:
    """Queued again it is the same attempt with a restart; else it is lost."""
    ran = "echo life >>lives; [ $(wc -l <lives) -gt 1 ] || sleep 100"
    process = queued.on_slurm(
        queued.spec(job("a", ran)),
        *("--slurm_gpus_per_job=0", "--slurm_cpus=64", "--slurm_partition=scavenge"),
        "--slurm_exclude=n1",
        *(["--slurm_requeue"] if requeue else []),
    )
    queued.handle("a")
    ask(
        *("sbatch", "-p", "gpu", "--exclusive", "--exclude=n1", "--output=/dev/null"),
        *("--wrap", "sleep 1"),
        cwd=queued.path,
    )
    said = queued.end(process)
    end = queued.ends()["a"]
    if requeue:
        assert said.code == 0, said.all
        assert queued.starts("a") == [None, 1]
        assert queued.reasons("a"), "why it waited was not told"
        assert queued.jobs()["a"].attempts[-1].restarts == 1
        assert end.attempt == 1
    else:
        assert said.code == 4, said.all
        assert end.outcome == "lost", end
        assert "preempted" in (end.detail or "").lower()


def test_a_member_that_asks_is_queued_again_so_many_times(queued: Queued) -> None:
    spec = queued.spec(job("a", "echo life >>lives; exit 75"))
    said = queued.small(spec, "--slurm_requeue", "--slurm_max_requeues=1")
    assert said.code == 4, said.all
    assert (queued.path / "lives").read_text() == "life\n" * 2
    assert queued.starts("a") == [None, 1]
    end = queued.ends()["a"]
    assert (end.outcome, end.exit_code, end.attempt) == ("failed", 75, 1)


@pytest.mark.slow
def test_the_time_limit_of_slurm(queued: Queued) -> None:
    """Whatever the code: a program that writes a checkpoint and exits 0 has not succeeded."""
    jobs = [job("hard", "sleep 300"), job("soft", "trap 'sleep 1; exit 0' TERM; sleep 300 & wait")]
    said = queued.small(queued.spec(*jobs), "--slurm_time=1")
    assert said.code == 4, said.all
    ends = queued.ends()
    assert {n: (e.outcome, e.cause, e.exit_code) for n, e in ends.items()} == {
        "hard": ("stopped", "timeout", 143),
        "soft": ("stopped", "timeout", 0),
    }
    assert set(queued.phases().values()) == {"failed"}


def test_a_task_that_left_no_word_is_lost(queued: Queued) -> None:
    """The shell that would have written it was killed."""
    said = queued.small(queued.spec(job("a", KILLS_TASK), job("b", "true")))
    assert said.code == 4, said.all
    end = queued.ends()["a"]
    assert (end.outcome, end.exit_code) == ("lost", None), end
    assert "signal 9" in (end.detail or "")
