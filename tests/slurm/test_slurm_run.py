"""A run on a real cluster: submissions, the rate of `squeue` calls, and requests."""

from __future__ import annotations

import signal
import subprocess
import sys

import msgspec
import pytest

from pbt_tui.journal import events as ev
from pbt_tui.observe.queue_status import key
from pbt_tui.runtimes.slurm.submissions import Submissions
from tests.executor.running import job, until
from tests.slurm.clusters import ask
from tests.slurm.queued import GATE, LONG, SMALL, Queued


@pytest.mark.slow
def test_a_thousand_tasks_are_one_array(queued: Queued) -> None:
    queued.watch_calls()
    said = queued.small(queued.spec(*(job(f"j{i}", "true") for i in range(1000))))
    assert said.code == 0, said.all[-2000:]
    assert queued.called("sbatch") == 1
    assert queued.called("sacct") == queued.called("scancel") == 0
    assert len({e.handle for e in queued.of(ev.AttemptStarted)}) == 1000


def test_nothing_is_asked_while_nothing_is_queued(queued: Queued) -> None:
    """The one that waits for its back-off is in nobody's queue; one question a tick before that."""
    queued.watch_calls()
    spec = queued.spec(job("a", "exit 1"), retries=1, retry_on=("exit",), retry_delay=600.0)
    process = queued.on_slurm(spec, *SMALL)
    queued.wait_for(ev.AttemptEnded)
    picture = until(lambda: p if (p := queued.picture()) and p.next_at is None else None)
    assert picture.attempts == {}
    before = queued.called("squeue")
    scans = queued.rundir.path / "progress.json"
    seen = scans.stat().st_mtime_ns
    until(lambda: scans.stat().st_mtime_ns != seen)  # the executor has been at work meanwhile
    assert queued.called("squeue") == before
    process.send_signal(signal.SIGINT)
    queued.end(process)


def test_one_question_a_tick_however_many_are_queued(queued: Queued) -> None:
    """For all arrays together, and never closer to the one before than the site allows."""
    polls = f'[[ "$*" != *" -O "* ]] || date +%s.%N >>{queued.path}/ticks'
    queued.watch_calls(squeue=polls)
    few = [job(f"a{i}", GATE) for i in range(20)] + [job(f"b{i}", GATE, gpus=1) for i in range(4)]
    often = ("--slurm_poll=0.1", "--slurm_poll_pending=0.1", "--slurm_poll_floor=1")
    process = queued.start(queued.spec(*few), "--backend", "slurm", *SMALL, *often)
    ticks = queued.path / "ticks"
    until(lambda: len(queued.records()) == 2 and all(r.id for r in queued.records()))
    until(lambda: ticks.exists() and len(ticks.read_text().split()) >= 5)
    queued.write("go")
    assert queued.end(process).code == 0
    times = [float(word) for word in ticks.read_text().split()]
    assert len(times) + len(queued.records()) == queued.called("squeue"), "one for each sbatch"
    assert len(times) - 1 <= times[-1] - times[0] + 1, times


def test_the_original_launchers_door(queued: Queued) -> None:
    """`--slurm_print_only` submits nothing and leaves nothing (D31); without it all is run."""
    (queued.path / "door.py").write_text(
        "from sample_factory.launcher.run_description import *\n"
        "grid = ParamGrid([('code', [0, 3])]).generate_params(False)\n"
        "RUN_DESCRIPTION = RunDescription('r', [Experiment('e', "
        "\"sh -c 'exit ${1#--code=}' sh\", grid)])\n"
    )
    (queued.path / "pbt.toml").write_text('[slurm]\ncpus = 1\nmemory = "64M"\npoll = 1\n')
    words = [sys.executable, "-m", "pbt_tui.launcher", "--run=door", "--backend=slurm"]
    words.append("--slurm_gpus_per_job=0")

    def call(*more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*words, *more], cwd=queued.path, env=queued.environ, text=True,
            capture_output=True, timeout=LONG, check=False,
        )  # fmt: skip

    shown = call("--slurm_print_only=True")
    assert shown.returncode == 0, shown.stderr
    assert "sbatch " in shown.stdout
    assert not (queued.path / "train_dir").exists()
    assert queued.submissions() == []
    done = call()
    assert done.returncode == 4, done.stdout + done.stderr
    assert {e.exit_code for e in queued.of(ev.AttemptEnded)} == {0, 3}
    assert len(queued.submissions()) == 1


def test_why_it_waits_and_where_it_runs(queued: Queued) -> None:
    """In the journal on change, in the picture after each look, and in the words of the run."""
    spec = queued.spec(job("a", GATE), job("b", "true"))
    process = queued.on_slurm(spec, *SMALL, "--slurm_throttle=1")
    task = queued.handle("a")
    until(lambda: queued.reasons("b"))
    assert queued.reasons("b") == ["JobArrayTaskLimit"]
    picture = until(
        lambda: p if (p := queued.picture()) and p.attempts[key("a", 1)].state == "RUNNING" else 0
    )
    assert picture.attempts[key("a", 1)].id == task
    assert picture.attempts[key("a", 1)].node in ("n0", "n1")
    assert picture.attempts[key("b", 1)].reason == "JobArrayTaskLimit"
    assert not picture.stale
    assert picture.next_at is not None
    assert picture.polled_at is not None
    assert queued.jobs()["b"].shown == "queued"
    queued.write("go")
    said = queued.end(process)
    assert said.code == 0, said.all
    assert "queued    b: JobArrayTaskLimit" in said.out
    assert f"started   a: SLURM {task} on n" in said.out


def test_a_population_is_one_array_in_the_order_of_its_members(queued: Queued) -> None:
    """They begin together, whatever `max_parallel` says of one machine."""
    members = [job(f"m{i}", 'echo "$SLURM_ARRAY_TASK_ID" >$0') for i in range(4)]
    members = [
        msgspec.structs.replace(m, population="p", member=i, argv=(*m.argv, m.id))
        for i, m in enumerate(members)
    ]
    said = queued.small(queued.spec(*members, max_parallel=1, pause_between=60.0))
    assert said.code == 0, said.all
    assert [(queued.path / f"m{i}").read_text() for i in range(4)] == ["0\n", "1\n", "2\n", "3\n"]
    started = queued.of(ev.ExecutorStarted)[0]
    assert (started.policy.max_parallel, started.policy.pause_between) == (4, 0.0)
    assert started.slurm is not None
    assert started.slurm["cpus"] == 1


def test_what_failed_is_submitted_again_and_nothing_else(queued: Queued) -> None:
    jobs = [job(f"j{i}", f"test -e go || test {i % 3} != 1") for i in range(6)]
    queued.watch_calls()
    assert queued.small(queued.spec(*jobs)).code == 4
    queued.write("go")
    said = queued.end(queued.start(str(queued.rundir.path), "--failed"))
    assert said.code == 0, said.all
    assert queued.called("sbatch") == 2
    first, second = sorted(queued.records(), key=lambda r: -len(r.tasks))
    assert len(first.tasks) == 6
    assert second.tasks == (("j1", 2), ("j4", 2))


def test_people_ask_and_slurm_obeys(queued: Queued) -> None:
    jobs = [job("runs", GATE), job("goes", "sleep 100"), *(job(f"w{i}", "true") for i in range(3))]
    process = queued.on_slurm(queued.spec(*jobs), *SMALL, "--slurm_throttle=2")
    queued.handle("goes")
    queued.handle("runs")
    here = str(queued.rundir.path)
    assert queued.pbt(here, "--hold").code == 0
    until(lambda: any(r.startswith("JobHeld") for r in queued.reasons("w0")))
    assert queued.pbt(here, "--cancel", "goes", "w1").code == 0
    until(lambda: queued.phases()["goes"] == queued.phases()["w1"] == "cancelled")
    assert queued.phases()["w0"] == "starting", "held tasks do not start"
    assert queued.pbt(here, "--release").code == 0
    until(lambda: queued.phases()["w0"] == queued.phases()["w2"] == "succeeded")
    assert queued.pbt(here, "--kill", "runs").code == 0
    said = queued.end(process)
    assert said.code == 4, said.all
    assert queued.phases()["runs"] == "cancelled"
    assert queued.ends()["w1"].exit_code is None


def test_an_interrupt_ends_all_and_the_run_goes_on_later(queued: Queued) -> None:
    jobs = [job("a", GATE), job("b", GATE), job("held", GATE)]
    process = queued.on_slurm(queued.spec(*jobs), *SMALL, "--slurm_throttle=2")
    queued.wait_for(ev.AttemptStarted, 2)
    process.send_signal(signal.SIGINT)
    assert queued.end(process).code == 130
    assert {e.outcome for e in queued.of(ev.AttemptEnded)} == {"interrupted"}
    queued.write("go")
    said = queued.end(queued.start(str(queued.rundir.path)))
    assert said.code == 0, said.all
    assert all(job.attempts[-1].number == 2 for job in queued.jobs().values())
    assert queued.of(ev.ExecutorStarted)[-1].slurm["throttle"] == 2


def test_detached_and_shown(queued: Queued) -> None:
    spec = queued.spec(job("a", GATE))
    said = queued.pbt(spec, "--backend", "slurm", *SMALL, "--detach")
    assert said.code == 0, said.all
    queued.handle("a")
    queued.write("go")
    until(lambda: queued.state().closed)
    assert queued.state().closed == "succeeded"


def test_a_dry_run_is_what_is_submitted(queued: Queued) -> None:
    """Its lines, run by a shell, do the same; nothing is done by showing them."""
    spec = queued.spec(
        job("a", "sh", "-c", 'echo "$0 $X" >made', "a$b 'c'", env={"X": 'd"e'}), job("b", "true")
    )
    shown = queued.pbt(spec, "--backend", "slurm", *SMALL, "--dry_run")
    assert shown.code == 0, shown.all
    assert not queued.rundir.path.exists()
    script = queued.write("shown.sh", shown.out)
    ask("bash", "-e", str(script), cwd=queued.path)
    made = queued.path / "made"
    until(lambda: made.exists() and made.read_text() == "a$b 'c' d\"e\n")
    shown = queued.pbt(spec, "--backend", "slurm", "--slurm_print_only=true")
    assert "sbatch --parsable" in shown.out


def test_events_as_lines(queued: Queued) -> None:
    said = queued.small(queued.spec(job("a", "true")), "--json")
    assert said.code == 0
    assert [line for line in said.out.splitlines() if '"attempt_started"' in line]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--backend", "slurm", "--runtime", "process"], "do not go together"),
        (["--slurm_partition", "x"], "pass `--backend slurm` as well"),
        (["--backend", "slurm", "--slurm_signal", "nonsense"], "PBT6"),
    ],
)
def test_options_that_cannot_be_obeyed(queued: Queued, options: list[str], words: str) -> None:
    said = queued.pbt(queued.spec(job("a", "true")), *options)
    assert said.code in (2, 3), said.all
    assert words in said.err
    assert not queued.rundir.path.exists()


def test_settings_come_from_the_index_beside_the_spec(queued: Queued) -> None:
    from pbt_tui.backends.slurm.files import FILE
    from pbt_tui.backends.slurm.index import Slurm
    from pbt_tui.backends.slurm.render import render
    from pbt_tui.spec import decode

    name = queued.spec(job("a", "true"))
    spec = decode((queued.path / name / "processes.json").read_bytes())
    (queued.path / name / "slurm").mkdir()
    index = render(spec, Slurm(gpus_per_job=0, cpus=3, partition="short"))[FILE]
    (queued.path / name / FILE).write_bytes(index)
    said = queued.end(queued.on_slurm(name, "--slurm_cpus=2"))
    assert said.code == 0, said.all
    kept = queued.of(ev.ExecutorStarted)[0].slurm
    assert (kept["partition"], kept["cpus"], kept["gpus_per_job"]) == ("short", 2, 0)


def test_the_screen_starts_it_too(queued: Queued) -> None:
    import subprocess

    spec = queued.spec(job("a", "true"))
    argv = [sys.executable, "-m", "pbt_tui.cli.tui", "--once", spec, "--backend", "slurm", *SMALL]
    done = subprocess.run(
        argv, env=queued.environ, cwd=queued.path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    until(lambda: queued.rundir.journal.exists() and queued.state().closed == "succeeded")
    assert Submissions(queued.rundir.slurm, "").all()


def test_each_task_finds_a_port_of_its_own(queued: Queued) -> None:
    """A claim names the port, so that whoever looks at a task later knows it."""
    jobs = [msgspec.structs.replace(job(f"j{n}", "echo {port}"), fill=("port",)) for n in range(3)]
    said = queued.small(queued.spec(*jobs))
    assert said.code == 0, said.all
    ports = [queued.log(f"j{n}").strip() for n in range(3)]
    assert all(port.isdecimal() for port in ports)
    assert len(set(ports)) == 3
    for n, port in enumerate(ports):
        assert f"port {port}\n" in queued.rundir.claim(f"j{n}", 1).read_text()


def test_the_processes_of_each_task_meet_at_its_port(queued: Queued) -> None:
    """On all its nodes; not at a port of the caller's shell, and at that of the job if it has one.

    The lines of a site come later, and may name another one.
    """
    says = "echo $MASTER_PORT $PET_MASTER_PORT"
    meets = f"srun --overlap --ntasks-per-node=1 sh -c '{says}'"
    own = msgspec.structs.replace(job("own", says), env={"PET_MASTER_PORT": "4711"})
    queued.environ["MASTER_PORT"] = "29500"
    target = queued.spec(job("a", meets), job("b", meets), own)
    said = queued.small(target, "--slurm_nodes", "2")
    assert said.code == 0, said.all
    found = [set(queued.log(name).split()) for name in "ab"]
    assert [len(queued.log(name).splitlines()) for name in "ab"] == [2, 2]
    assert [len(ports) for ports in found] == [1, 1]
    for name, ports in zip("ab", found, strict=True):
        assert f"port {min(ports)}\n" in queued.rundir.claim(name, 1).read_text()
    assert found[0] != found[1]
    assert {"29500"} not in found
    assert queued.log("own").split() == ["29500", "4711"]
    said = queued.small(target, "--fresh", "--slurm_prologue", "export MASTER_PORT=1234")
    assert said.code == 0, said.all
    assert queued.log("own").split() == ["1234", "4711"]
    assert queued.log("a").split()[0] == "1234"
