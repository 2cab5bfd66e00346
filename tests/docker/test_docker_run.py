"""`pbt-run` in containers, as people run it: GPUs of jobs, ends and output."""

from __future__ import annotations

import json
import signal
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from pbt_tui.journal import events as ev
from pbt_tui.spec import Container
from tests.docker.containers_driver import BUSYBOX
from tests.docker.docked import GATE, Docked, pinned
from tests.executor.running import job, until

TAKES_ALL = "tail /dev/zero"
"""Keeps what it reads in memory until it is killed for it."""


# -- where they sit --------------------------------------------------------------------------------


def test_two_a_device_least_busy_first_as_the_engine_says(docked: Docked) -> None:
    jobs = [job(f"j{n}", GATE) for n in range(8)]
    target = docked.spec(*jobs)
    run = docked.start(target, "--num_gpus", "4", "--experiments_per_gpu", "2")
    docked.wait_for(ev.AttemptStarted, 8)
    found = docked.inspected()
    where = {name: pinned(found[name]) for name in sorted(found)}
    assert where == {f"j{n}": (str(n % 4),) for n in range(8)}
    assert all(one["State"]["Running"] for one in found.values())
    scheduled = {e.job: e.gpus for e in docked.of(ev.AttemptScheduled)}
    assert scheduled == where, "what is decided is what the engine holds"
    docked.write("go")
    said = docked.end(run)
    assert said.code == 0, said.all
    assert "on GPU 3" in said.out


def test_two_gpus_for_one_job_and_no_slot_twice(docked: Docked) -> None:
    jobs = [job(f"j{n}", GATE) for n in range(3)]
    target = docked.spec(*jobs, num_gpus=4, gpus_per_job=2, experiments_per_gpu=1)
    run = docked.start(target)
    docked.wait_for(ev.AttemptStarted, 2)
    where = {name: pinned(one) for name, one in docked.inspected().items()}
    assert where == {"j0": ("0", "1"), "j1": ("2", "3")}
    docked.write("go")
    assert docked.end(run).code == 0
    assert {e.job: e.gpus for e in docked.of(ev.AttemptScheduled)}["j2"] in where.values()


def test_not_pinned_there_is_no_gpu_where_none_is_known(docked: Docked) -> None:
    run = docked.start(docked.spec(job("j", GATE)), "--experiments_per_gpu", "-1")
    docked.wait_for(ev.AttemptStarted)
    (found,) = docked.inspected().values()
    assert pinned(found) == ()
    docked.write("go")
    assert docked.end(run).code == 0


# -- how they end ----------------------------------------------------------------------------------


def test_each_end_has_a_cause_of_its_own(docked: Docked) -> None:
    docked.write("plain", "no program").chmod(0o644)
    target = docked.spec(
        job("fine", "true"),
        job("three", "echo 'ValueError: no such task' >&2; exit 3"),
        job("takes_all", TAKES_ALL),
        job("nothing", "no-such-command", "x"),
        job("plain", "./plain", "x"),
        job("killed", "sleep 1000"),
    )
    run = docked.start(target, "--memory", "32M")
    until(lambda: ("killed", 1) in docked.handles())
    docked.api.kill(docked.handles()["killed", 1])
    said = docked.end(run)
    assert said.code == 4, said.all
    ends = {name: e for (name, _), e in docked.ended().items()}
    assert {n: (e.outcome, e.exit_code, e.signal, e.cause) for n, e in ends.items()} == {
        "fine": ("succeeded", 0, None, None),
        "three": ("failed", 3, None, "exit"),
        "takes_all": ("failed", 137, 9, "oom"),
        "nothing": ("refused", 127, None, "command_not_found"),
        "plain": ("refused", 126, None, "not_executable"),
        "killed": ("failed", 137, 9, "signal"),
    }
    words = {
        "three": "exit 3: ValueError: no such task",
        "takes_all": "SIGKILL, killed by the kernel for memory, limit 32 MiB",
        "nothing": "command not found: `no-such-command`",
        "plain": "the command cannot be executed: `./plain`",
        "killed": "SIGKILL",
    }
    for name, word in words.items():
        assert word in said.out.split("closed with failures")[1], name
    assert "container " in said.out
    shown = docked.once()
    assert shown.code == 4, shown.all
    document = json.loads(docked.once("--json").out)
    assert Counter(one["cause"] for one in document["jobs"]) == Counter(
        (None, "exit", "oom", "command_not_found", "not_executable", "signal")
    )
    assert len(document["failures"]) == 5, "each is a group of its own"
    for name in words:
        assert name in shown.out
    assert docked.listed() == [], "removed once their ends are durable"


def test_what_the_engine_refuses_is_said_of_the_job(docked: Docked) -> None:
    said = docked.pbt(docked.spec(job("j", "true")), "--mount", "/not/there:/data")
    assert said.code == 4, said.all
    (end,) = docked.ended().values()
    assert (end.outcome, end.exit_code) == ("refused", None)
    assert "/not/there" in (end.detail or "")
    assert "/not/there" in said.out
    assert docked.handles() == {}


# -- what is said once, before a hundred jobs fail -------------------------------------------------


@pytest.mark.parametrize("pull", ["never", "missing"])
def test_a_missing_image_is_said_once(docked: Docked, pull: str) -> None:
    target = docked.spec(*(job(f"j{n}", "true") for n in range(20)))
    image = "127.0.0.1:9/pbt-not-there:test"
    said = docked.pbt(target, "--image", image, "--pull", pull)
    assert said.code == 5, said.all
    assert said.err.count("pbt-not-there") in (1, 2), "the message, and how to mend it"
    assert "hint: " in said.err
    assert not docked.rundir.is_run(), "nothing was left"
    assert not docked.rundir.path.exists()


def test_no_engine_leaves_what_was_active_as_it_was(docked: Docked) -> None:
    target = docked.spec(job("j", GATE))
    away = {**docked.environ, "DOCKER_HOST": f"unix://{docked.path}/none.sock"}
    said = docked.pbt(target, env=away)
    assert said.code == 5, said.all
    assert "hint: " in said.err
    assert not docked.rundir.path.exists()
    first = docked.start(target)
    docked.wait_for(ev.AttemptStarted)
    first.kill()
    first.communicate()
    before = docked.rundir.journal.read_bytes()
    said = docked.pbt(str(docked.rundir.path), env=away)
    assert said.code == 5, said.all
    assert "no docker engine answers" in said.err
    assert docked.rundir.journal.read_bytes() == before
    said = docked.pbt(str(docked.rundir.path), "--runtime", "process")
    assert said.code == 5, said.all
    assert "hint: resume with `--runtime docker`" in said.err
    assert docked.rundir.journal.read_bytes() == before
    docked.write("go")
    assert docked.pbt(str(docked.rundir.path)).code == 0


def test_an_image_is_no_must(docked: Docked) -> None:
    """The same spec as plain processes, on this machine."""
    target = docked.spec(job("j", "test", "-e", __file__))
    said = docked.pbt(target, "--runtime", "process")
    assert said.code == 0, said.all
    assert "pid " in said.out
    said = docked.pbt(docked.spec(job("j", "true"), container=None, run="s"), "--runtime", "docker")
    assert said.code == 2
    assert "hint: pass `--image NAME`" in said.err


# -- what is asked of them -------------------------------------------------------------------------


def test_requests_reach_containers(docked: Docked) -> None:
    deaf = f"trap '' TERM INT; {GATE}"
    target = docked.spec(
        job("cancelled", GATE),
        job("killed", deaf),
        job("again", "test -e mended"),
        job("last", GATE),
        grace=60.0,
    )
    run = docked.start(target)
    until(lambda: len(docked.handles()) == 4)
    where = str(docked.rundir.path)
    until(lambda: ("again", 1) in docked.ended())
    docked.write("mended")
    for options in (["--cancel", "cancelled"], ["--kill", "killed"], ["--retry", "again"]):
        said = docked.pbt(where, *options)
        assert said.code == 0, said.all
    until(lambda: len(docked.ended()) == 4)
    docked.write("go")
    said = docked.end(run)
    assert said.code == 4, said.all
    assert docked.phases() == {
        "cancelled": "cancelled",
        "killed": "cancelled",
        "again": "succeeded",
        "last": "succeeded",
    }
    ends = docked.ended()
    assert ends["cancelled", 1].signal == 15, "gently"
    assert ends["killed", 1].signal == 9
    assert ends["again", 1].exit_code == 1
    assert len(set(docked.handles().values())) == 5, "an attempt, a container"


def test_a_time_limit_then_the_grace_then_the_kill(docked: Docked) -> None:
    target = docked.spec(job("deaf", f"trap '' TERM; {GATE}"), timeout=2.0, grace=0.5)
    said = docked.pbt(target)
    assert said.code == 4, said.all
    (end,) = docked.ended().values()
    assert (end.outcome, end.cause, end.signal) == ("stopped", "timeout", 9)
    assert docked.phases() == {"deaf": "failed"}


@pytest.mark.parametrize("how", ["INT", "--stop"])
def test_a_stopped_run_stops_its_containers_and_goes_on_later(docked: Docked, how: str) -> None:
    target = docked.spec(*(job(f"j{n}", GATE) for n in range(3)))
    run = docked.start(target)
    docked.wait_for(ev.AttemptStarted, 3)
    if how == "INT":
        run.send_signal(signal.SIGINT)
    else:
        assert docked.pbt(str(docked.rundir.path), "--stop").code == 0
    said = docked.end(run)
    assert said.code == 130, said.all
    assert {e.outcome for e in docked.ended().values()} == {"interrupted"}
    assert docked.listed() == []
    docked.write("go")
    assert docked.pbt(str(docked.rundir.path)).code == 0
    assert [e.runtime for e in docked.of(ev.ExecutorStarted)] == ["docker"] * 2


def test_removed_behind_our_back(docked: Docked) -> None:
    target = docked.spec(job("j", GATE), retries=1, retry_delay=0.1)
    run = docked.start(target)
    docked.wait_for(ev.AttemptStarted)
    docked.api.remove_container(docked.handles()["j", 1], force=True)
    docked.wait_for(ev.AttemptStarted, 2)
    docked.write("go")
    said = docked.end(run)
    assert said.code == 0, said.all
    end = docked.ended()["j", 1]
    assert (end.outcome, end.cause) == ("lost", "lost")
    assert docked.ended()["j", 2].exit_code == 0


# -- what never leaves it --------------------------------------------------------------------------


def test_a_secret_is_nowhere_but_in_the_container(docked: Docked) -> None:
    secret = "s3cret-0123456789"
    docked.environ["PBT_TOKEN"] = secret
    container = Container(image=BUSYBOX, network="none", env_from=("PBT_TOKEN",))
    script = f'{GATE}; test "${{#PBT_TOKEN}}" = {len(secret)}'
    target = docked.spec(job("j", script), container=container)
    shown = docked.pbt(target, "--dry_run")
    assert shown.code == 0, shown.all
    assert "--env PBT_TOKEN " in shown.out
    run = docked.start(target)
    docked.wait_for(ev.AttemptStarted)
    (found,) = docked.inspected().values()
    assert f"PBT_TOKEN={secret}" in found["Config"]["Env"]
    docked.write("go")
    said = docked.end(run)
    assert said.code == 0, said.all
    files = [f for f in docked.path.rglob("*") if f.is_file()]
    assert docked.rundir.journal in files
    for text in (shown.all, said.all, docked.once("--json").all, *map(_text, files)):
        assert secret not in text
    del docked.environ["PBT_TOKEN"]
    said = docked.pbt(target, "--fresh")
    assert said.code == 5, said.all
    assert "`PBT_TOKEN`" in said.err


def _text(file: Path) -> str:
    return file.read_bytes().decode("utf-8", "replace")


def test_each_container_is_given_a_port_of_its_own(docked: Docked) -> None:
    jobs = [replace(job(f"j{n}", "echo {port}"), fill=("port",)) for n in range(3)]
    said = docked.end(docked.start(docked.spec(*jobs)))
    assert said.code == 0, said.all
    given = {e.job: str(e.port) for e in docked.of(ev.AttemptScheduled)}
    assert {name: docked.log(name).strip() for name in given} == given
    assert len(set(given.values())) == 3
