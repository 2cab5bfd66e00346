"""What a site's `sbatch` prints around the id, or instead of it: nothing is refused that SLURM has,
and no array is left in the queue."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.executor.running import job, until
from tests.slurm.clusters import ask
from tests.slurm.queued import GATE, SMALL, Queued

FAILS = "echo 'slurm_load_jobs error: Unable to contact slurm controller' >&2; exit 1"


@pytest.mark.parametrize(
    "wrapper",
    [
        'echo Welcome to 2026; echo 2026; real "$@"',
        'real "$@"; echo; echo "*** Bye ***"',
        'real "$@"; echo 2026',
        'real "$@" >&2; echo 2026',
        'real "$@" >/dev/null',
        'real "$@" >/dev/null; echo welcome',
        'real "$@" | sed "s/^/Submitted batch job /"',
        'real "$@"; exit 1',
        'real "$@"; echo "sbatch: error: the epilogue failed" >&2; exit 3',
        'real "$@" >&2; echo "sbatch: error: AssocMaxSubmitJobLimit" >&2; exit 1',
        'real "$@" >/dev/null; head -c 200000 /dev/urandom',
    ],
)
def test_what_slurm_accepted_is_found_whatever_is_printed(queued: Queued, wrapper: str) -> None:
    queued.wrap_sbatch(wrapper)
    said = queued.small(queued.spec(job("a", "true"), job("b", "echo life >>lives")))
    assert said.code == 0, said.all
    assert queued.called("sbatch") == 1
    assert len(queued.submissions()) == 1
    assert [record.id for record in queued.records()] == queued.submissions()
    assert (queued.path / "lives").read_text() == "life\n"


def test_an_id_of_another_job_is_not_ours(queued: Queued) -> None:
    """The banner ends with a number that SLURM knows, of a job that somebody else submitted."""
    other = ask("sbatch", "--parsable", "-o", "/dev/null", "--wrap", "sleep 60", cwd=Path("/"))
    try:
        queued.wrap_sbatch(f'real "$@"; echo {other}')
        said = queued.small(queued.spec(job("a", "true")))
        assert said.code == 0, said.all
        [record] = queued.records()
        assert record.id != other
        assert ask("squeue", "-h", "-j", other, "-o", "%T") in ("RUNNING", "PENDING")
    finally:
        ask("scancel", other)


def test_a_number_alone_is_no_submission(queued: Queued) -> None:
    queued.wrap_sbatch("echo 2026")
    said = queued.small(queued.spec(job("a", "true")))
    assert said.code == 4, said.all
    assert "no job of this submission; `sbatch` printed: `2026`" in said.out
    assert queued.records() == []


def test_it_waits_while_the_key_cannot_be_looked_up(queued: Queued) -> None:
    """Neither refused nor submitted again while it is unknown what became of the array."""
    queued.wrap_sbatch('real --begin=now+3 "$@" >/dev/null; echo welcome')
    squeue = queued.path / "bin" / "squeue"
    whole = squeue.read_text()
    squeue.write_text(whole.replace("exec ", f"[[ -e answers ]] || {{ {FAILS}; }}\nexec "))
    process = queued.on_slurm(queued.spec(job("a", "echo life >>lives")), *SMALL)
    until(lambda: any("SLURM does not answer" in reason for reason in queued.reasons("a")))
    queued.write("answers")
    said = queued.end(process)
    assert said.code == 0, said.all
    assert queued.called("sbatch") == 1
    assert (queued.path / "lives").read_text() == "life\n"


@pytest.mark.parametrize("tail", ["echo 2026", "echo welcome", "true"])
def test_an_executor_that_died_is_told_by_the_key(queued: Queued, tail: str) -> None:
    """The output of `sbatch` is on the disk, and its last number is the site's."""
    queued.wrap_sbatch(f'real --begin=now+5 "$@"; {tail}; kill -9 $PPID')
    process = queued.on_slurm(queued.spec(job("a", GATE), job("b", GATE)), *SMALL)
    assert process.wait(60) == -signal.SIGKILL
    process.communicate()
    assert [record.id for record in queued.records()] == [None]
    queued.write("go")
    said = queued.end(queued.start(str(queued.rundir.path)))
    assert said.code == 0, said.all
    assert queued.called("sbatch") == 1
    assert [record.id for record in queued.records()] == queued.submissions()


def test_an_array_on_another_cluster_is_asked_for_there(queued: Queued) -> None:
    """`squeue` here stands for that of a federation where `east` has it."""
    queued.wrap_sbatch('real "$@" | sed "s/$/;east/"')
    squeue = queued.path / "bin" / "squeue"
    there = '[[ "$1 $2" == "-M east" ]]; then echo "CLUSTER: east"; shift 2\n'
    here = '[[ "$*" == *" -o %F|"* ]]; then exit 0\n'
    squeue.write_text(squeue.read_text().replace("exec ", f"if {there}elif {here}fi\nexec "))
    said = queued.small(queued.spec(job("a", "true")))
    assert said.code == 0, said.all
    assert [record.cluster for record in queued.records()] == ["east"]
