"""A run that is started inside an allocation, and the reservation of its jobs."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import pytest

from pbt_tui.journal import events as ev
from tests.executor.running import job
from tests.slurm.clusters import ask
from tests.slurm.queued import GATE, QUICK, SMALL, Queued

SALLOC = ("salloc", "-N1", "-n2", "-c1", "--mem-per-cpu=64M", "-J", "outer", "-Q")


@pytest.fixture
def reservation() -> Iterator[str]:
    """A reservation of one node, which no job gets that does not ask for it."""
    name = "pbt-test"
    of = ("starttime=now", "duration=60", "user=root", "nodes=n1", "flags=ignore_jobs")
    ask("scontrol", "create", "reservation", f"reservationname={name}", *of)
    yield name
    ask("scontrol", "delete", f"reservationname={name}")


def test_the_allocation_of_the_shell_does_not_reach_the_jobs(queued: Queued) -> None:
    """`srun` in a job reads what describes the job, and nothing that describes the shell."""
    code = "srun echo step $SLURM_JOB_NAME; env >seen; sleep 1"
    spec = queued.spec(job("a", code))
    run = (sys.executable, "-m", "pbt_tui.cli.run", spec, "--backend", "slurm", *QUICK, *SMALL)
    done = subprocess.run(
        [*SALLOC, *run],
        cwd=queued.path,
        env=queued.environ,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "step" in queued.log("a")
    assert "outer" not in queued.log("a")
    seen = dict(
        line.split("=", 1)
        for line in (queued.path / "seen").read_text().splitlines()
        if "=" in line
    )
    assert seen["SLURM_CONF"] == queued.environ["SLURM_CONF"]
    assert seen["SLURM_ARRAY_JOB_ID"] == queued.records()[0].id
    assert "SLURM_MEM_PER_CPU" not in seen


def test_a_reservation_is_asked_for_by_a_setting(queued: Queued, reservation: str) -> None:
    process = queued.on_slurm(
        queued.spec(job("a", GATE)), *SMALL, "--slurm_reservation", reservation
    )
    handle = queued.handle("a")
    assert ask("squeue", "-h", "-j", handle, "-O", "Reservation") == reservation
    assert queued.of(ev.AttemptStarted)[0].node == "n1"
    queued.write("go")
    assert queued.end(process).code == 0
    assert queued.of(ev.ExecutorStarted)[0].slurm["reservation"] == reservation


def test_a_reservation_that_is_not_there(queued: Queued) -> None:
    said = queued.small(queued.spec(job("a", "true")), "--slurm_reservation=nope")
    assert said.code == 4, said.all
    assert "reservation is invalid" in (queued.ends()["a"].detail or "")
    assert "`--slurm_reservation`" in (queued.ends()["a"].detail or "")


def test_the_reservation_of_the_shell_is_dropped_and_named(queued: Queued) -> None:
    queued.environ |= {"SBATCH_RESERVATION": "nope", "SLURM_LEAK": "1"}
    spec = queued.spec(job("a", 'test -z "$SBATCH_RESERVATION$SLURM_LEAK"'))
    shown = queued.pbt(spec, "--backend", "slurm", *SMALL, "--dry_run")
    assert "unset SBATCH_RESERVATION" in shown.out
    assert "SLURM_LEAK" in shown.out
    assert "`--slurm_reservation` replaces it" in shown.out
    said = queued.small(spec)
    assert said.code == 0, said.all
    phrase = "jobs without `SBATCH_RESERVATION` of this shell: `--slurm_reservation` replaces it"
    assert phrase in said.out
    again = queued.spec(job("a", "true"), name="again", run="again")
    assert phrase not in queued.small(again, "--slurm_reservation=other").all
