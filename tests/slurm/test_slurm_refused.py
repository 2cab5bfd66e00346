"""Requests that SLURM or the site refuses: the messages, and no partial submissions."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pbt_tui.journal import events as ev
from tests.executor.running import job, until
from tests.slurm.clusters import bring_up, take_down
from tests.slurm.queued import GATE, SMALL, Queued, placed


@pytest.mark.parametrize(
    ("options", "words", "advice"),
    [
        (["--slurm_partition=nope"], "invalid partition specified: nope", "`sinfo -o %R`"),
        (["--slurm_gpus_per_job=99"], "node configuration is not available", "`sinfo"),
        (["--slurm_gpus_per_job=1", "--slurm_gpu_type=x"], "not available", "`sinfo"),
        (["--slurm_memory=9000G"], "Memory specification can not be satisfied", "`--slurm_memory`"),
        (["--slurm_constraint=fast"], "Invalid feature specification", "constraint"),
        (["--slurm_exclude=n99"], "Invalid node name specified", "exclude"),
    ],
)
def test_slurm_refuses_a_request(
    queued: Queued, options: list[str], words: str, advice: str
) -> None:
    spec = queued.spec(job("a", "echo never >ran"), job("b", "true"))
    said = queued.end(queued.on_slurm(spec, *SMALL, *options))
    assert said.code == 4, said.all
    ends = queued.ends()
    assert {e.outcome for e in ends.values()} == {"refused"}
    assert words in (ends["a"].detail or "")
    assert advice in (ends["a"].detail or "")
    assert words in said.out
    assert queued.records() == []
    assert not (queued.path / "ran").exists()


def test_once_it_is_put_right_the_same_run_goes_on(queued: Queued) -> None:
    spec = queued.spec(job("a", "true"))
    assert queued.end(queued.on_slurm(spec, *SMALL, "--slurm_partition=nope")).code == 4
    said = queued.end(queued.on_slurm(spec, *SMALL, "--slurm_partition=short", "--failed"))
    assert said.code == 0, said.all
    assert queued.of(ev.ExecutorStarted)[-1].slurm["partition"] == "short"


def test_a_time_over_the_limit_waits_and_says_why(queued: Queued) -> None:
    """Where the site does not enforce it, sbatch takes it without a word."""
    spec = queued.spec(job("a", "true"))
    options = ("--slurm_partition=short", "--slurm_time=1h")
    process = queued.on_slurm(spec, *SMALL, *options)
    until(lambda: "PartitionTimeLimit" in queued.reasons("a"))
    process.terminate()
    said = queued.end(process)
    assert said.code == 130
    assert "queued    a: PartitionTimeLimit" in said.out


def test_the_variables_of_a_login_shell_do_not_count(queued: Queued) -> None:
    queued.environ |= {
        "SBATCH_PARTITION": "nope",
        "SBATCH_ARRAY_INX": "0-9",
        "SQUEUE_FORMAT2": "name",
        "SLURM_TIME_FORMAT": "relative",
    }
    said = queued.small(queued.spec(job("a", 'test -z "$SBATCH_PARTITION"')))
    assert said.code == 0, said.all
    assert len(queued.records()[0].tasks) == 1


def test_the_id_of_a_federation(queued: Queued) -> None:
    queued.watch_calls()
    program = queued.path / "bin" / "sbatch"
    program.write_text(program.read_text().replace("exec ", "").rstrip() + " | sed 's/$/;east/'\n")
    said = queued.small(queued.spec(job("a", "true")))
    assert said.code == 0, said.all
    record = queued.records()[0]
    assert record.cluster == "east"
    assert (record.id or "").isdecimal()


def test_an_answer_that_is_no_id(queued: Queued) -> None:
    queued.watch_calls(sbatch="echo welcome; exit 0")
    said = queued.small(queued.spec(job("a", "true")))
    assert said.code == 4, said.all
    assert "no job of this submission; `sbatch` printed: `welcome`" in said.out


def test_sbatch_that_says_nothing_is_not_waited_for(queued: Queued) -> None:
    """Given up after its time, looked up, and asked again: nothing is submitted twice."""
    queued.watch_calls()
    program = queued.path / "bin" / "sbatch"
    text = program.read_text().replace("exec ", "").replace('"$@"', '--begin=now+5 "$@"')
    program.write_text(text.rstrip() + " >/dev/null; sleep 100\n")
    spec = queued.spec(job("a", "echo life >>lives"))
    process = queued.on_slurm(spec, *SMALL, "--slurm_sbatch_timeout=1s")
    said = queued.end(process)
    assert said.code == 0, said.all
    assert queued.called("sbatch") == 1, "found by its key"
    assert "queued    a: SLURM does not answer: `sbatch` did not answer within 1 s" in said.out
    assert (queued.path / "lives").read_text() == "life\n"


@pytest.mark.parametrize("name", ["sbatch", "squeue"])
def test_a_program_is_missing(queued: Queued, name: str) -> None:
    folder = queued.path / "few"
    folder.mkdir()
    for one in ("sbatch", "squeue", "scancel", "scontrol", "python3", "env", "sh"):
        if one != name:
            (folder / one).symlink_to(f"/usr/bin/{one}")
    queued.environ["PATH"] = str(folder)
    said = queued.small(queued.spec(job("a", "true")))
    assert said.code == 5, said.all
    assert f"no `{name}` on the path" in said.err
    assert not queued.rundir.path.exists()


@pytest.mark.parametrize("conf", ["", "/nowhere/slurm.conf"])
def test_a_machine_that_is_of_no_cluster(queued: Queued, conf: str) -> None:
    del queued.environ["SLURM_CONF"]
    if conf:
        queued.environ["SLURM_CONF"] = conf
    said = queued.small(queued.spec(job("a", "true")))
    assert said.code == 5, said.all
    assert "this machine has the programs of SLURM, but is of no cluster" in said.err
    assert (f"a file that does not exist: `{conf}`" if conf else "login node") in said.err
    assert not queued.rundir.path.exists()


@pytest.mark.parametrize(
    ("option", "directive"),
    [
        (["--slurm_requeue"], "--requeue"),
        (["--slurm_requeue", "true"], "--requeue"),
        (["--slurm-requeue=True"], "--requeue"),
        (["--slurm_requeue", "false"], "--no-requeue"),
        (["--slurm_requeue=no"], "--no-requeue"),
        (["--no_slurm_requeue"], "--no-requeue"),
    ],
)
def test_a_switch_with_a_value(queued: Queued, option: list[str], directive: str) -> None:
    said = queued.pbt(*option, queued.spec(job("a", "true")), "--backend", "slurm", "--dry_run")
    assert said.code == 0, said.all
    assert f"#SBATCH {directive}\n" in said.out


def test_a_switch_with_another_value(queued: Queued) -> None:
    spec = queued.spec(job("a", "true"))
    said = queued.pbt(spec, "--backend", "slurm", "--slurm_requeue=maybe")
    assert said.code == 2, said.all
    assert "`--slurm_requeue`: expected true or false: `maybe`" in said.err


def test_its_output_cannot_be_written(queued: Queued) -> None:
    queued.write("file")
    said = queued.small(queued.spec(job("a", "true")), "--slurm_workdir=file")
    assert said.code == 5, said.all
    assert f"`{queued.path}/file/slurm`: cannot be written: not a directory" in said.err
    assert not queued.rundir.path.exists()


@pytest.fixture
def narrow(tmp_path: Path, cluster: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queued]:
    """A cluster whose queue is full with six tasks, and whose arrays have five at most."""
    sizes = ("--set", "MaxJobCount=6", "--set", "MaxArraySize=5", "--set", "MinJobAge=2")
    folder = str(tmp_path / "slurm")
    for key, value in bring_up("--nodes", "1", "--gpus", "0", *sizes, "--dir", folder).items():
        monkeypatch.setenv(key, value)
    place = tmp_path / "place"
    place.mkdir()
    try:
        yield from placed(Queued(place))
    finally:
        take_down(folder)


def test_a_queue_that_is_full_is_waited_for(narrow: Queued) -> None:
    """Two minutes of silence, if one lets `sbatch` take them; and it is nobody's failure."""
    jobs = [job(f"j{i}", GATE if i < 5 else "true") for i in range(8)]
    process = narrow.on_slurm(narrow.spec(*jobs), *SMALL, "--slurm_sbatch_timeout=1s")
    until(lambda: any("takes no more jobs now" in r for r in narrow.reasons("j7")))
    assert "temporarily unable to accept job" in narrow.reasons("j7")[0]
    narrow.write("go")
    said = narrow.end(process)
    assert said.code == 0, said.all
    assert sorted(len(r.tasks) for r in narrow.records()) == [3, 5]
