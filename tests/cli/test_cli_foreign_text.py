"""What command lines print of engines, folders and settings holds no control character of them."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tests.executor.running import Place, job
from tests.foreign_text import HOSTILE, assert_plain
from tests.fuzz.engine_server import serving
from tests.ngc.ngc_runs import call, project

_VERSION = json.dumps({"ApiVersion": "1.43", "Version": "24"}).encode()


def test_the_list_of_containers(tmp_path: Path) -> None:
    place = Place(tmp_path)
    names = ("pbt.run_id", "pbt.run", "pbt.job", "pbt.attempt", "pbt.rundir")
    listed = {
        "Id": HOSTILE, "Names": [HOSTILE], "State": HOSTILE, "Status": HOSTILE, "Created": 1,
        "Labels": dict.fromkeys(names, HOSTILE),
    }  # fmt: skip
    socket = tmp_path / "engine.sock"
    answer = json.dumps([listed]).encode()
    with serving(socket, answer, {b"GET /version ": _VERSION}):
        for option in ("--list", "--clean=all"):
            said = place.pbt(option, env={**place.environ, "DOCKER_HOST": f"unix://{socket}"})
            assert "\\x1b" in said.all
            assert_plain(said.all)
    with serving(socket.with_name("b.sock"), b"[1]", {b"GET /version ": _VERSION}):
        away = {**place.environ, "DOCKER_HOST": f"unix://{socket.with_name('b.sock')}"}
        said = place.pbt("--list", env=away)
        assert said.code == 5
        assert "it sent something else than docker's API: " in said.err


@pytest.mark.parametrize("answer", [b"[1]", b'"<html>"', b'{"ID": 7}', b"<html>", b"[" * 90_000])
def test_a_run_with_something_that_is_no_engine(tmp_path: Path, answer: bytes) -> None:
    place = Place(tmp_path)
    target = place.spec(job("a", "true"), grace=0.0)
    socket = tmp_path / "engine.sock"
    away = {**place.environ, "DOCKER_HOST": f"unix://{socket}"}
    with serving(socket, answer, {b"GET /version ": _VERSION}):
        said = place.pbt(target, "--runtime=docker", "--image=a:b", "--pull=never", env=away)
    assert said.code == 5, said.all
    assert "Traceback" not in said.all
    assert f"the docker engine at `unix://{socket}` does not answer: " in said.err


def test_a_dry_run_of_containers(tmp_path: Path) -> None:
    folder = tmp_path / f"runs{HOSTILE}"
    folder.mkdir()
    place = Place(folder)
    target = place.spec(job("a", "sh", "-c", HOSTILE, env={"A": HOSTILE}))
    away = {**place.environ, "DOCKER_HOST": f"unix://{tmp_path}/none.sock"}
    options = ("--runtime=docker", "--image", f"img{HOSTILE}", "--dry_run")
    said = place.pbt(target, *options, env=away)
    assert said.code == 0, said.all
    assert_plain(said.all)
    posts = [line for line in said.out.splitlines() if line.startswith("# POST ")]
    document = json.loads(posts[0].partition(" ")[2].split(" ", 2)[2])
    assert document["Labels"]["pbt.rundir"] == str(place.rundir.path)
    lines = [line for line in said.out.splitlines() if line.startswith("docker run ")]
    words = subprocess.run(
        ["bash", "-c", f"printf '%s\\0' {lines[0]}"], capture_output=True, check=True
    )
    assert f"A={HOSTILE}".encode() in words.stdout.split(b"\0"), "the command still says the same"


def test_the_commands_for_the_client_of_ngc(tmp_path: Path) -> None:
    project(tmp_path)
    out = f"specs{HOSTILE}"
    made = call("compile", tmp_path, "runs.ant", "--out", out)
    assert made.returncode == 0, made.stderr
    assert_plain(made.stdout + made.stderr)
    client = f"/opt/{HOSTILE}"
    for more in (["--dry_run"], []):
        argv = [f"{out}/ant", "--backend", "ngc", "--ngc_client", client, *more]
        said = call("run", tmp_path, *argv)
        assert "\\x1b" in said.stdout + said.stderr
        assert_plain(said.stdout + said.stderr)
