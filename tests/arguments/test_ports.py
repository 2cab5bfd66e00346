"""`{port}`: a free port for each attempt, from a range that the executor claimed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pbt_tui.backends.slurm.index import Slurm
from pbt_tui.backends.slurm.render import render
from pbt_tui.backends.slurm.task_script import TASK, task
from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.executor import ports
from pbt_tui.executor.launching import environment_of
from pbt_tui.journal import apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.scheduler import decide
from pbt_tui.scheduler.job_ports import RENDEZVOUS
from pbt_tui.spec import Container, Job, Policy, decode, digest, encode
from tests.compiler.compile_specs import job, spec
from tests.executor import running
from tests.executor.running import Place

FILLS = {"argv": ("sh", "-c", "echo port $1", "sh", "{port}"), "fill": ("port",)}
MODULE = """
from pbt_tui import *

GRID = ParamGrid([("seed", [1, 2, 3])])
ANT = Experiment("ant", "sh echo.sh --port={port}", GRID.generate_params())
DOG = Experiment("dog", "sh echo.sh {{port}}")
RUN_DESCRIPTION = RunDescription("ant", [ANT, DOG], None, None, argument_style="argparse")
"""
MEETING = """
from pbt_tui import *

COMMAND = "sh -c 'sleep 0.3; echo $MASTER_PORT $PET_MASTER_PORT' sh"
GRID = ParamGrid([("seed", [1, 2])])
ANT = Experiment("ant", COMMAND, GRID.generate_params())
RUN_DESCRIPTION = RunDescription("ant", [ANT], None, None, argument_style="argparse")
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    yield from running.cleaned(tmp_path)


def pbt(program: str, *argv: str, folder: Path, **more: str) -> str:
    command = [sys.executable, "-m", f"pbt_tui.cli.{program}", *argv]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **more}
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ports")
    (folder / "ant.py").write_text(MODULE)
    (folder / "echo.sh").write_text('echo "$@"\n')
    pbt("compile", "ant.py", "--out", "specs", folder=folder)
    return folder


def started(state: RunState, **more: object) -> None:
    event = ev.ExecutorStarted(
        seq=1, pid=1, host="", boot_id="", runtime="process", gpus=(), policy=state.policy
    )
    apply(state, msgspec.structs.replace(event, **more))


def scheduled(state: RunState) -> list[int | None]:
    found = []
    while isinstance(decision := decide(state, state.at), ev.AttemptScheduled):
        apply(state, decision)
        found.append(decision.port)
    return found


def state_of(*jobs: Job, **policy: Any) -> RunState:
    return RunState(spec(jobs=jobs, policy=Policy(pause_between=0.0, **policy)))


def ended(name: str, attempt: int = 1) -> ev.AttemptEnded:
    return ev.AttemptEnded(
        job=name, attempt=attempt, outcome="succeeded", exit_code=0, ended_at=0.0
    )


def test_each_active_attempt_has_a_port_of_its_own_and_a_free_one_comes_last_again() -> None:
    state = state_of(*(job(i, **FILLS) for i in range(4)), job(9), max_parallel=2)
    started(state, ports=(100, 102))
    assert scheduled(state) == [100, 101]
    apply(state, ended("00_ant"))
    assert scheduled(state) == [102]
    apply(state, ended("01_ant"))
    assert scheduled(state) == [100]
    apply(state, ended("02_ant"))
    assert scheduled(state) == [101], "a job without `{port}` meets at one of its own, too"


def test_without_ports_for_all_only_commands_that_contain_one_get_one() -> None:
    state = state_of(job(0), job(1, **FILLS), job(2), max_parallel=3)
    started(state, ports=(100, 101))
    assert scheduled(state) == [None, 100, None]


@pytest.mark.parametrize("name", RENDEZVOUS)
def test_a_job_with_a_rendezvous_port_of_its_own_gets_none(name: str) -> None:
    state = state_of(job(0, env={name: "1"}), job(1, env={name: "1"}, **FILLS))
    started(state, ports=(100, 115))
    assert scheduled(state) == [None, 100]
    attempt = Attempt(1, (), 0.0)
    attempt.port = 100
    assert environment_of(state.jobs[1].spec, attempt) == {name: "1"}
    state = state_of(job(0))
    started(state, ports=(100, 115), container=Container(image="i", env_from=(name,)))
    assert scheduled(state) == [None], "the container has it from the shell"
    assert environment_of(state.jobs[0].spec, attempt, (name,)) == {}
    assert environment_of(state.jobs[0].spec, attempt) == dict.fromkeys(RENDEZVOUS, "100")


def test_an_attempt_that_outlived_its_executor_keeps_its_port() -> None:
    state = state_of(*(job(i, **FILLS) for i in range(3)), max_parallel=3)
    started(state, ports=(100, 102))
    apply(state, ev.AttemptScheduled(job="00_ant", attempt=1, gpus=(), port=101))
    started(state, ports=(101, 103))
    assert scheduled(state) == [102, 103]


def test_an_executor_of_an_older_version_gives_no_ports() -> None:
    state = state_of(job(0, **FILLS))
    started(state)
    assert scheduled(state) == [None]


def test_a_journal_without_ports_keeps_its_bytes() -> None:
    assert b"port" not in msgspec.json.encode(ev.AttemptScheduled(job="a", attempt=1, gpus=()))
    state = state_of(job(0))
    started(state)
    assert b"ports" not in msgspec.json.encode(state.executor)


def test_a_spec_without_fill_keeps_its_bytes_and_its_digest() -> None:
    plain, filling = spec(), spec(jobs=(job(0, **FILLS), job(1)))
    assert b'"fill"' not in encode(plain)
    assert decode(encode(filling)).jobs[0].fill == ("port",)
    assert digest(filling) != digest(spec(jobs=(job(0, argv=FILLS["argv"]), job(1))))


def test_ranges_do_not_overlap_and_pass_over_ports_in_use() -> None:
    first = ports.claim(3)
    second = ports.claim(ports.BLOCK + 1)
    assert first is not None
    assert second is not None
    ranges = [set(range(one.ends[0], one.ends[1] + 1)) for one in (first, second)]
    assert not ranges[0] & ranges[1]
    assert len(ranges[1]) >= ports.BLOCK + 1
    start = first.ends[0]
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", start + 1))
        first.close()
        third = ports.claim(3)
        assert third is not None
        assert not third.ends[0] <= start + 1 <= third.ends[1]
        third.close()
    second.close()


def test_too_many_ports_are_refused() -> None:
    with pytest.raises(RuntimeUnavailable, match="no 100000 consecutive ports are free"):
        ports.claim(100_000)
    assert ports.claim(0) is None
    assert ports.wanted(state_of(job(0)), Policy()) == 0
    jobs = [job(i, **FILLS) for i in range(9)]
    assert ports.wanted(state_of(*jobs), Policy(max_parallel=4)) == 4 + ports.SPARE


def test_pbt_run_fills_the_port_of_each_attempt(compiled: Path) -> None:
    shown = pbt("run", "specs/ant", "--dry_run", folder=compiled)
    assert len(set(re.findall(r"--port=(\d{5})\b", shown))) == 3
    assert "{port}" in shown  # that of `dog`, which is text
    pbt("run", "specs/ant", "--pause_between", "0", folder=compiled)
    logs = sorted((compiled / "train_dir/ant/_pbt/logs").glob("*.log"))
    texts = [log.read_text().split()[0] for log in logs]
    found = [text.removeprefix("--port=") for text in texts]
    assert found.pop() == "{port}" or "{port}" in found
    assert len({text for text in texts if text.startswith("--port=")}) == 3
    lines = (compiled / "train_dir/ant/_pbt/journal.jsonl").read_bytes().splitlines()
    events = [msgspec.json.decode(line) for line in lines]
    given = [e["port"] for e in events if e["event"] == "attempt_scheduled"]
    assert {t for t in texts if t[0] == "-"} < {f"--port={port}" for port in given}
    assert len(set(given)) == 4
    first, last = next(e["ports"] for e in events if e["event"] == "executor_started")
    assert all(first <= port <= last for port in given)


@pytest.mark.parametrize(("parallel", "inherited"), [(2, False), (1, True)])
def test_the_processes_of_each_job_meet_at_a_port_of_its_own(
    tmp_path: Path, parallel: int, inherited: bool
) -> None:
    """One from the shell counts where one job runs at a time: others would meet there, too."""
    (tmp_path / "ant.py").write_text(MEETING)
    pbt("compile", "ant.py", "--out", "specs", folder=tmp_path)
    words = ("--pause_between", "0", "--max_parallel", str(parallel))
    pbt("run", "specs/ant", *words, folder=tmp_path, MASTER_PORT="29500")
    logs = sorted((tmp_path / "train_dir/ant/_pbt/logs").glob("*.log"))
    texts = [log.read_text() for log in logs]
    if inherited:
        assert texts == ["29500\n", "29500\n"]
        return
    first, second = (text.split() for text in texts)
    assert first[0] == first[1] != second[0] == second[1]
    assert "29500" not in (*first, *second)


TAKES = """
import os, socket, sys, time
port = int(os.environ["MASTER_PORT"])
own = socket.create_server(("127.0.0.1", port))
if sys.argv[1] == "first":
    next_one = socket.create_server(("127.0.0.1", port + 1))
    open("taken", "w").close()
    while not os.path.exists("met"):
        time.sleep(0.02)
else:
    open("met", "w").close()
"""


def test_a_port_that_somebody_took_in_between(place: Place) -> None:
    """The attempt fails and says why; the next one gets another port."""
    place.write("takes.py", TAKES)
    first = running.job("a", "exec python takes.py first")
    second = running.job("b", "until [ -e taken ]; do sleep 0.02; done; exec python takes.py b")
    target = place.spec(first, second, retries=1, retry_delay=0.0, retry_on=("traceback",))
    said = place.pbt(target)
    assert said.code == 0, said.all
    given = [e.port for e in place.of(ev.AttemptScheduled)]
    assert given == [given[0], given[0] + 1, given[0] + 2]
    (bad,) = [e for e in place.of(ev.AttemptEnded) if e.outcome == "failed"]
    assert bad.job == "b"
    assert "Address already in use" in bad.detail
    assert "Address already in use" in said.out


def test_a_slurm_task_finds_its_port_on_the_node(compiled: Path) -> None:
    folder = compiled / "specs/ant/slurm"
    [script] = folder.glob("*.sbatch")
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", 20_000 + 7007))
        taken.listen()
        for number in range(4):
            ids = {"SLURM_JOB_ID": str(7007 + number), "SLURM_ARRAY_JOB_ID": "7007"}
            env = {**os.environ, **ids, "SLURM_ARRAY_TASK_ID": str(number)}
            command = ["bash", str(script), str(folder), str(compiled / "run")]
            subprocess.run(command, cwd=compiled, env=env, check=True)
    logs = sorted((compiled / "run/logs").glob("*.log"))
    texts = [log.read_text().split()[0] for log in logs]
    assert texts == ["--port=27104", "{port}", "--port=27008", "--port=27009"]
    claim = (compiled / "run/attempts/00_ant_see_1.1").read_text()
    assert "port 27104\n" in claim


def meeting(folder: Path, **env: str) -> list[str]:
    """What a task without `{port}` in its command gets."""
    how = Slurm(gpus_per_job=0, cpus=1, memory=64 << 20)
    command = ("sh", "-c", "echo $MASTER_PORT $PET_MASTER_PORT")
    files = render(spec(jobs=(job(argv=command, env=env),)), how)
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    (script,) = (folder / "slurm").glob("*.sbatch")
    shell = {**os.environ, "SLURM_JOB_ID": "7007", "MASTER_PORT": "29500"}
    words = ["bash", str(script), str(folder / "slurm"), str(folder / "run")]
    subprocess.run(words, cwd=folder, env=shell, check=True)
    return (folder / "run/logs/00_ant.1.log").read_text().split()


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_a_slurm_task_without_a_place_for_it_gets_it_too(
    tmp_path: Path, family: socket.AddressFamily
) -> None:
    """Also where somebody has the first choice, on whatever address."""
    with socket.socket(family) as taken:
        try:
            taken.bind(("::1" if family == socket.AF_INET6 else "127.0.0.2", 27_007))
        except OSError as error:
            pytest.skip(f"no such address: {error}")
        taken.listen()
        assert meeting(tmp_path) == ["27104", "27104"]
    assert "port 27104\n" in (tmp_path / "run/attempts/00_ant.1").read_text()


@pytest.mark.parametrize("name", RENDEZVOUS)
def test_a_slurm_task_with_a_port_of_its_job_gets_no_other(tmp_path: Path, name: str) -> None:
    found = meeting(tmp_path, **{name: "4711"})
    assert found == (["4711"] if name == "MASTER_PORT" else ["29500", "4711"])


def test_scripts_of_runs_without_ports_keep_their_bytes() -> None:
    assert task(fills_port=False) == TASK
    changed = task(fills_port=True)
    assert "_pbt_fill" in changed
    assert "_pbt_fill" not in TASK
    assert "${4%:port}" in changed


def test_pbt328_ngc_fills_no_port(compiled: Path) -> None:
    words = (
        "--backend ngc --image a/b:1 --ngc_org a --ngc_ace a-ace --ngc_instance dgxa100.80g.1.norm"
    )
    command = [sys.executable, "-m", "pbt_tui.cli.compile", "ant.py", "--out", "n", *words.split()]
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run(
        command, cwd=compiled, env=env, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert "error[PBT328]: `ant.py`:5: experiment `ant`" in done.stderr
    assert not (compiled / "n").exists()
