"""`--dry_run`, `--list` and `--clean` of containers, and containers that must stay."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess

import pytest

from pbt_tui.journal import events as ev
from pbt_tui.spec import Container, Mount
from tests.docker.containers_driver import BUSYBOX
from tests.docker.docked import GATE, LONG, Docked, pinned
from tests.executor.running import job, until

# -- dry run ---------------------------------------------------------------------------------------


def test_a_dry_run_prints_what_would_be_sent_and_a_line_that_does_the_same(docked: Docked) -> None:
    container = Container(
        image=BUSYBOX, network="none", memory=2**25, mounts=(Mount(str(docked.path), "/data"),)
    )
    script = 'echo "$0: it\'s $PWD"; exit 3'
    target = docked.spec(
        job("j", "sh", "-c", script, "a b"),
        job("later", "true"),
        container=container,
        num_gpus=2,
        gpus_per_job=2,
        experiments_per_gpu=1,
    )
    before = sorted(docked.path.rglob("*"))
    said = docked.pbt(target, "--dry_run")
    assert said.code == 0, said.all
    assert sorted(docked.path.rglob("*")) == before
    assert docked.listed() == []
    lines = said.out.splitlines()
    assert "# 1 more, as places become free" in lines
    assert """ --gpus '"device=0,1",""" in said.out, (
        "quoted twice: else it means one device, and a count"
    )
    posted = [re.fullmatch(r"# POST /containers/create\?name=(\S+) (.*)", one) for one in lines]
    (name, body), _ = (one.groups() for one in posted if one)
    asked = json.loads(body)
    assert asked["HostConfig"]["DeviceRequests"][0]["DeviceIDs"] == ["0", "1"]
    assert asked["HostConfig"]["Memory"] == 2**25
    (line,) = (line for line in lines if line.startswith("docker run ") and name in line)
    if shutil.which("docker") is None:
        pytest.skip("no docker command, so the line was not run")
    folders = next(line for line in lines if line.startswith("mkdir -p "))
    made = subprocess.run(
        ["sh", "-ec", f"{folders}\n{line}"],
        env=docked.environ,
        capture_output=True,
        text=True,
        timeout=LONG,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    found = docked.inspected()["j"]
    docked.api.wait(found["Id"])
    assert pinned(found) == ("0", "1")
    assert docked.api.inspect_container(found["Id"])["State"]["ExitCode"] == 3
    assert docked.log("j") == f"a b: it's {docked.path}\n"
    assert docked.sweep() == [f"/{name}"]


def test_a_dry_run_without_an_engine_says_what_it_could_not_ask(docked: Docked) -> None:
    target = docked.spec(job("j", "true"))
    away = {**docked.environ, "DOCKER_HOST": f"unix://{docked.path}/none.sock"}
    said = docked.pbt(target, "--dry_run", env=away)
    assert said.code == 0, said.all
    assert "# not checked with the engine: no docker engine answers" in said.out
    assert "docker run " in said.out


# -- what old runs left ----------------------------------------------------------------------------


def test_list_and_clean_never_touch_a_run_that_is_executed(docked: Docked) -> None:
    target = docked.spec(job("fast", "true"), job("slow", GATE))
    run = docked.start(target)
    until(lambda: ("fast", 1) in docked.ended() and ("slow", 1) in docked.handles())
    for options in (["--clean"], ["--clean", "all"], ["--list"]):
        said = docked.pbt(*options)
        assert said.code == 0, said.all
        assert re.search(r"^r +\w{8}  slow\.1 +running", said.out, re.M)
    assert docked.inspected()["slow"]["State"]["Running"]
    run.kill()
    run.communicate()
    dead = docked.handles()["slow", 1]
    said = docked.pbt("--clean")
    assert said.code == 0, said.all
    assert docked.inspected()["slow"]["State"]["Running"], "it may be resumed"
    docked.write("go")
    docked.api.wait(dead)
    said = docked.pbt("--list")
    assert re.search(rf"slow\.1 +exited .*{dead[:12]}", said.out)
    said = docked.pbt("--clean")
    assert "removed " in said.out
    assert docked.listed() == []
    said = docked.pbt(str(docked.rundir.path))
    assert docked.ended()["slow", 1].outcome == "succeeded", "its attempt file tells"


def test_clean_all_ends_what_still_runs_and_nothing_of_others(docked: Docked) -> None:
    other = docked.api.create_container(BUSYBOX, ["sleep", "1000"])["Id"]
    docked.api.start(other)
    try:
        run = docked.start(docked.spec(job("j", GATE)))
        docked.wait_for(ev.AttemptStarted)
        run.kill()
        run.communicate()
        said = docked.pbt("--clean", "all")
        assert said.code == 0, said.all
        assert docked.listed() == []
        assert docked.api.inspect_container(other)["State"]["Running"]
    finally:
        docked.api.remove_container(other, force=True)


def test_list_says_nothing_is_left_or_that_nobody_answers(docked: Docked) -> None:
    said = docked.pbt("--list", docked.spec(job("j", "true")))
    assert said.code == 2, said.all
    away = {**docked.environ, "DOCKER_HOST": f"unix://{docked.path}/none.sock"}
    said = docked.pbt("--clean", env=away)
    assert said.code == 5, said.all
    assert "hint: " in said.err


# -- a full disk -----------------------------------------------------------------------------------


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")
def test_a_full_log_disk_costs_no_job(docked: Docked) -> None:
    logs = docked.rundir.logs
    logs.mkdir(parents=True)
    small = ["mount", "-t", "tmpfs", "-o", "size=64k", "pbt-test", str(logs)]
    if subprocess.run(small, check=False, capture_output=True).returncode:
        pytest.skip("this machine cannot mount a small disk")
    try:
        much = "i=0; while [ $i -lt 3000 ]; do echo 'a line for a full disk'; i=$((i+1)); done 2>&-"
        target = docked.spec(job("a", f"{much}; exit 0"), job("b", f"{much}; exit 3"))
        said = docked.pbt(target)
        assert said.code == 4, said.all
        assert {n: e.exit_code for (n, _), e in docked.ended().items()} == {"a": 0, "b": 3}
        assert os.statvfs(logs).f_bavail == 0
    finally:
        subprocess.run(["umount", str(logs)], check=True)
