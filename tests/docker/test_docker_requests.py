"""The create request as a value: names, GPUs, masks, secrets; and as a command to copy."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pbt_tui.journal.events import Gpu
from pbt_tui.runtimes.claims import Claim
from pbt_tui.runtimes.docker import exit_status, request, wrapper
from pbt_tui.runtimes.docker.request import (
    ContainerRequest,
    Identity,
    Image,
    User,
    body,
    container_name,
    docker_run,
)
from pbt_tui.runtimes.engine_errors import EngineError
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.spec import Container, Job, Mount, Policy, Ulimit
from tests.docker.containers_driver import BUSYBOX, Drive, needs

HERE = Path("/project")


def made(
    *argv: str,
    container: Container | None = None,
    image: Image | None = None,
    user: User | None = None,
    policy: Policy | None = None,
    known: tuple[Gpu, ...] = (),
    env: dict[str, str] | None = None,
    **more: Any,
) -> ContainerRequest:
    container = container or Container(image="i")
    resources = more.pop("resources", None)
    job = Job(
        id="job", experiment="e", name="n", argv=argv or ("x",), env={}, dir="", params={},
        resources=resources,
    )  # fmt: skip
    launch = Launch(
        job="job",
        attempt=2,
        argv=job.argv,
        env=env or {},
        cwd=HERE,
        log=HERE / "logs" / "job.2.log",
        claim=HERE / "attempts" / "job.2",
        gpus=more.pop("gpus", ()),
        spec=job,
    )
    return request.request(
        launch,
        container,
        Identity("deadbeef", "run", "plan"),
        image=image or Image(),
        user=user or User("1:2", "me", HERE / "home"),
        mounted=request.mounts(container, HERE, HERE / "t", HERE / "t" / "_pbt", Path("/home")),
        policy=policy or Policy(experiments_per_gpu=1),
        known_gpus=known,
    )


@given(st.text(min_size=1), st.text(min_size=1), st.integers(1, 10**6))
@example("a" * 100, "a" * 99 + "b", 1)
@example("ab", "a/b", 1)
def test_names_are_the_engines_and_differ(one: str, other: str, attempt: int) -> None:
    name = container_name("deadbeef", one, attempt)
    assert re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}", name)
    assert name == container_name("deadbeef", one, attempt)
    assert (name == container_name("deadbeef", other, attempt)) == (one == other)


def test_a_plain_name_is_readable() -> None:
    assert container_name("deadbeef", "00_ant_pbt", 3) == "pbt-deadbeef-00_ant_pbt-3"


def test_devices_are_ids_and_never_a_count() -> None:
    host = body(made(gpus=("0", "GPU-a")))["HostConfig"]
    assert host["DeviceRequests"] == [
        {
            "Driver": "",
            "Count": 0,
            "DeviceIDs": ["0", "GPU-a"],
            "Capabilities": [["gpu", "compute", "utility"]],
            "Options": {},
        }
    ]
    assert body(made(gpus=()))["HostConfig"]["DeviceRequests"] == []


def test_without_slots_what_is_known_and_needed() -> None:
    known = (Gpu(0, "GPU-a"), Gpu(3))
    free = Policy(experiments_per_gpu=-1)
    assert made(policy=free, known=known).gpus == ("GPU-a", "3")
    assert made(policy=free, known=known, resources=needs(gpus=0)).gpus == ()
    assert made(policy=free).gpus == ()
    assert made(policy=Policy(experiments_per_gpu=2), known=known, gpus=("3",)).gpus == ("3",)


def test_a_mask_never_goes_in_where_devices_are_pinned() -> None:
    env = {"CUDA_VISIBLE_DEVICES": "1", "NVIDIA_VISIBLE_DEVICES": "all", "A": "1"}
    own = {"HOME": "/project/home", "USER": "me", "A": "1"}
    assert dict(made(env=env).env) == {**own, wrapper.GROUP: "1"}
    named = Container(image="i", env_from=("CUDA_VISIBLE_DEVICES", "TOKEN"))
    assert made(container=named).env_from == ("TOKEN",)
    free = made(env=env, policy=Policy(experiments_per_gpu=-1))
    assert dict(free.env)["CUDA_VISIBLE_DEVICES"] == "1", "the job's own choice"


def test_what_must_never_be_asked_is_not() -> None:
    host = body(made())["HostConfig"]
    assert host["AutoRemove"] is False
    assert host["RestartPolicy"]["Name"] == "no"
    assert host["Init"] is True
    assert not {"Privileged", "IpcMode", "Runtime"} & set(host)


def test_secrets_are_filled_in_only_when_it_is_sent() -> None:
    one = made(container=Container(image="i", env_from=("TOKEN", "HOME")))
    shown = [e for e in body(one)["Env"] if "TOKEN" in e or "HOME" in e]
    assert shown == ["TOKEN", "HOME"]
    sent = body(one, {"TOKEN": "s", "HOME": "/h", "OTHER": "x"})["Env"]
    assert sent == ["USER=me", f"{wrapper.GROUP}=1", "TOKEN=s", "HOME=/h"]


def test_a_jobs_resources_go_before_the_containers() -> None:
    container = Container(image="i", memory=1 << 30, cpus=0.5)
    host = body(made(container=container))["HostConfig"]
    assert (host["Memory"], host["NanoCpus"]) == (1 << 30, 500_000_000)
    own = body(made(container=container, resources=needs(memory=5, cpus=2)))["HostConfig"]
    assert (own["Memory"], own["NanoCpus"]) == (5, 2_000_000_000)


def test_the_process_is_entry_point_then_command_behind_the_wrapper() -> None:
    image = Image(entrypoint=("/entry", "a b"))
    log, claim = "/project/logs/job.2.log", "/project/attempts/job.2"
    wrapped = ("/bin/sh", "-c", wrapper.WRAPPER, log, claim)
    assert made("x", "y z", image=image).words == (*wrapped, "/entry", "a b", "x", "y z")
    own = Container(image="i", entrypoint=())
    assert made("x", image=image, container=own).words == (*wrapped, "x")
    bare = made("x", image=Image(entrypoint=("/entry",), shell=False))
    assert (bare.words, bare.attach, bare.claim) == (("/entry", "x"), True, None)
    other = made("x", image=Image(init=False))
    assert other.words == ("/bin/sh", "-c", 'exec "$@" >>"$0" 2>&1', log, "x")
    assert (wrapper.GROUP in dict(other.env), other.claim) == (False, None)


def test_a_container_can_write_its_own_attempt_file_only() -> None:
    claim = "/project/attempts/job.2"
    last = [(m.source, m.target, m.read_only) for m in made().mounts[-2:]]
    assert last == [(*["/project/attempts"] * 2, True), (claim, claim, False)]
    for image in (Image(shell=False), Image(init=False)):
        assert not [m for m in made(image=image).mounts if "attempts" in m.target]


def test_mounts_are_at_the_same_paths_and_a_specs_own_goes_first() -> None:
    def of(container: Container, train_dir: str) -> list[tuple[str, str, bool]]:
        path = Path(train_dir)
        found = request.mounts(container, HERE, path, path / "r" / "_pbt", Path("/home/me"))
        return [(m.source, m.target, m.read_only) for m in found]

    plain = Container(image="i")
    assert of(plain, "/project/t") == [("/project", "/project", False)]
    assert of(plain, "/t") == [("/project", "/project", False), ("/t", "/t", False)]
    spec = Container(image="i", mounts=(Mount("data", "/data", True), Mount("/src", "/project")))
    assert of(spec, "/project/t") == [
        ("/project/t", "/project/t", False),
        ("/project/data", "/data", True),
        ("/src", "/project", False),
    ]


FULL = Container(
    image=BUSYBOX,
    network="none",
    shm_size=128 << 20,
    memory=64 << 20,
    cpus=0.5,
    ulimits=(Ulimit("stack", 67108864, 67108864), Ulimit("nofile", 100, 200)),
    env_from=("TOKEN",),
    capabilities=("compute", "utility", "graphics"),
)


@pytest.mark.skipif(shutil.which("docker") is None, reason="needs the docker command")
@pytest.mark.parametrize("kind", ["full", "plain", "bare"])
def test_the_line_to_copy_asks_for_the_same(
    drive: Drive, engine: Any, bare: str, kind: str
) -> None:
    """What a person copies makes the container that the API made, as the engine sees both."""
    container = {
        "full": FULL,
        "plain": Container(image=BUSYBOX),
        "bare": Container(image=bare, user="image"),
    }[kind]
    driver = drive(container=container, environ={"TOKEN": "s3 cret"})
    extra = driver.folder / 'a,"b'
    extra.mkdir()
    mount = Mount(str(extra), "/x,y", True)
    if kind == "full":
        driver = drive(
            container=Container(**{**_fields(FULL), "mounts": (mount,)}),
            environ={"TOKEN": "s3 cret"},
        )
    driver.prepare()
    gpus = ("0", "3") if kind == "full" else ()
    words = ("sh", "-c", "exit 0", "q\"u'o", "new\nline", "☃", "")
    one = driver.runtime.request(driver.of(*words, gpus=gpus, env={"V": "a b\n"}))
    line = docker_run(one)
    assert "s3 cret" not in line
    if one.claim is not None:
        one.claim.touch()
    made = engine.create_container_from_config(body(one, {"TOKEN": "s3 cret"}), name=one.name)
    ours = engine.inspect_container(made["Id"])
    engine.remove_container(made["Id"])
    copied = shlex.split(line.replace("docker run --detach", "docker create", 1))
    done = subprocess.run(
        copied,
        capture_output=True,
        text=True,
        check=False,
        env={**driver.runtime._config.environ},
    )
    assert done.returncode == 0, done.stderr
    theirs = engine.inspect_container(done.stdout.strip())
    assert _comparable(ours) == _comparable(theirs)


def _fields(container: Container) -> dict[str, Any]:
    return {name: getattr(container, name) for name in container.__struct_fields__}


def _comparable(found: dict[str, Any]) -> dict[str, Any]:
    """What was asked of the engine; order, and what says "nothing" in two ways, do not matter."""
    config, host = dict(found["Config"]), dict(found["HostConfig"])
    config["Env"] = sorted(config["Env"])
    for name in ("Hostname", "AttachStdout", "AttachStderr"):
        config.pop(name)
    for one in host["DeviceRequests"] or ():
        one["Capabilities"] = [sorted(c) for c in one["Capabilities"]]
        one["Options"] = one["Options"] or {}
    host.pop("ConsoleSize", None)
    host["Ulimits"] = sorted(host["Ulimits"] or (), key=str)
    whole: dict[str, Any] = json.loads(
        json.dumps({"config": config, "host": host, "name": found["Name"]})
    )
    whole["host"] = {k: v for k, v in whole["host"].items() if v not in (None, [], {}, "")}
    whole["host"].pop("MemorySwappiness", None)
    return whole


# -- how it ended, from what the engine says ------------------------------------------------------


def state(code: int, **more: Any) -> dict[str, Any]:
    return {
        "Id": "c",
        "State": {
            "Status": "exited",
            "ExitCode": code,
            "StartedAt": "2026-01-01T00:00:00.5Z",
            "FinishedAt": "2026-01-01T00:10:00.123456789Z",
            **more,
        },
    }


BEGAN, ENDED = 1767225600.5, 1767226200.123456
NOW = ENDED + 100


def test_the_engines_time_stamps() -> None:
    assert exit_status.seconds("2026-01-01T00:10:00.123456789Z") == pytest.approx(ENDED, abs=1e-6)
    assert exit_status.seconds("2026-01-01T01:00:00.5+01:00") == BEGAN
    assert exit_status.seconds("0001-01-01T00:00:00Z") is None
    assert exit_status.seconds(None) is None


@given(st.integers(0, 255), st.booleans(), st.none() | st.floats(BEGAN - 1e5, ENDED + 1e5))
def test_a_code_is_never_made_up(code: int, oom: bool, engine: float | None) -> None:
    end = exit_status.of_state("j", 1, state(code, OOMKilled=oom), NOW, engine_started=engine)
    assert end.exit_code == code
    assert end.ended_at == pytest.approx(ENDED, abs=1e-6)
    if code == 0:
        assert (end.cause, end.lost, end.refused) == (None, False, False)
    if end.lost:
        assert code in (*exit_status.BY_ENGINE, exit_status.LOST_CODE)
        assert engine is not None
        assert engine > BEGAN
    assert (end.cause == "oom") == (oom and code > 128)


@pytest.mark.parametrize(
    ("code", "made", "engine", "claim", "outcome"),
    [
        (128, "2026-01-01T00:00:00Z", BEGAN, None, "interrupt"),
        (128, "2026-01-01T00:00:00Z", BEGAN, Claim(NOW, blank=True), "interrupt"),
        (128, "2026-01-01T00:00:00Z", BEGAN, Claim(NOW), None),  # it has begun
        (128, "2999-01-01T00:00:00Z", BEGAN, None, None),  # that engine made it
        (128, "2026-01-01T00:00:00Z", None, None, None),
        (127, "2026-01-01T00:00:00Z", BEGAN, None, None),  # the command's own fault
    ],
)
def test_a_failed_start_that_an_earlier_engine_began(
    code: int, made: str, engine: float | None, claim: Claim | None, outcome: str | None
) -> None:
    found = {
        **state(code, Status="created", Error="failed to start shim: mkdir /x: file exists"),
        "Created": made,
    }
    end = exit_status.of_state("j", 1, found, NOW, engine_started=engine, claim=claim)
    assert (end.stopped, end.refused) == (outcome, outcome is None)


def test_refused_for_an_image_and_otherwise() -> None:
    gone = exit_status.of_refusal("j", 1, EngineError(404, "No such image: x:y"), NOW)
    assert (gone.refused, gone.cause, gone.exit_code) == (True, "image_missing", None)
    network = exit_status.of_refusal("j", 1, EngineError(404, "network x\nnot found"), NOW)
    assert (network.refused, network.cause, network.detail) == (True, None, "network x not found")
