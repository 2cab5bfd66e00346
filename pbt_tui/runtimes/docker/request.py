"""What exactly is asked of a container engine for one attempt: one frozen value, said in two ways.

Must not talk to an engine, read a disk or look at the user: all of that comes in as facts. What
`--dry_run` and a failure's page show is this value, and so is what is sent (`body`); `docker_run`
says the same as a command for people.
"""

from __future__ import annotations

import hashlib
import math
import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbt_tui.errors import RuntimeUnavailable, Where
from pbt_tui.journal.events import Gpu
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.scheduler.fit import need
from pbt_tui.spec import Container, Mount, Policy, Ulimit

SHELL = "/bin/sh"
WRAPPER = 'exec "$@" >>"$0" 2>&1'
"""Fixed text: the log and the command come as arguments, so no quoting can go wrong."""
RUN_ID, RUN, JOB, ATTEMPT, PLAN, RUNDIR = (
    f"pbt.{word}" for word in ("run_id", "run", "job", "attempt", "plan", "rundir")
)
ABANDONED, PROBE = "pbt.abandoned", "pbt.probe"
_NAME = 120
"""Characters of a container name, at most."""
_MASKS = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
_LOG_LIMIT = {"max-size": "1m", "max-file": "2"}


@dataclass(frozen=True, slots=True)
class Identity:
    """Which run an attempt belongs to: `plan` is the digest of what it runs."""

    run_id: str
    run: str
    plan: str
    rundir: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """Who the job is inside: `spec` is what the engine is told, None for the image's own."""

    spec: str | None
    name: str | None = None
    home: Path | None = None
    """A folder that this user may write, inside a mount."""


@dataclass(frozen=True, slots=True)
class Image:
    """What the engine says of the image."""

    entrypoint: tuple[str, ...] = ()
    shell: bool = True
    """It has `/bin/sh`."""
    user: str = ""
    stop_signal: str = "SIGTERM"
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """One container, wholly; bytes and seconds."""

    name: str
    image: str
    words: tuple[str, ...]
    """The process: entry point and arguments, the wrapper included."""
    env: tuple[tuple[str, str], ...]
    env_from: tuple[str, ...]
    """Names only: a secret is filled in when it is sent, and never shown."""
    labels: tuple[tuple[str, str], ...]
    cwd: str
    user: str | None
    mounts: tuple[Mount, ...]
    gpus: tuple[str, ...]
    capabilities: tuple[str, ...]
    stop_timeout: int
    shm_size: int | None
    memory: int | None
    cpus: float | None
    network: str | None
    ulimits: tuple[Ulimit, ...]
    log: Path
    attach: bool
    """The image has no shell: we write the log, from the engine's stream."""


def container_name(run_id: str, job: str, attempt: int) -> str:
    """`pbt-<run id>-<job>-<attempt>`; what does not fit is cut and gets a digest."""
    slug = re.sub(r"[^A-Za-z0-9_.-]", "_", job)
    room = _NAME - len(f"pbt-{run_id}--{attempt}")
    if slug != job or len(slug) > room:
        mark = hashlib.sha256(job.encode()).hexdigest()[:10]
        slug = f"{slug[: room - 11]}-{mark}"
    return f"pbt-{run_id}-{slug}-{attempt}"


def resolve_user(user: str, *, uid: int, gid: int, name: str, home: Path, rootless: bool) -> User:
    """`caller`, `image` or `uid:gid`. On a rootless engine root inside is the caller outside."""
    if user == "image":
        return User(None)
    if user != "caller":
        return User(user, user.split(":", maxsplit=1)[0], home)
    return User("0:0" if rootless else f"{uid}:{gid}", name, home)


def pin(launch: Launch, policy: Policy, known: Sequence[Gpu]) -> tuple[str, ...]:
    """The device ids inside: the slots' where pinned, else every GPU that is known.

    Never a count: `Count: 2` is devices 0 and 1 for every job. A job that needs none has none.
    """
    if policy.experiments_per_gpu >= 1:
        return launch.gpus
    if need(launch.spec, policy) == 0:
        return ()
    return names(known)


def names(gpus: Sequence[Gpu]) -> tuple[str, ...]:
    """What the engine is told: the UUID where known, else the index."""
    return tuple(gpu.uuid if gpu.uuid is not None else str(gpu.index) for gpu in gpus)


def mounts(
    container: Container, cwd: Path, train_dir: Path, rundir: Path, home: Path
) -> tuple[Mount, ...]:
    """`cwd` and `train_dir` at their own paths, then what the spec names; relative is to `cwd`.

    Raises `RuntimeUnavailable` where that would hand a container all of `/` or of `home`.
    """
    for path, what in ((cwd, "the working directory"), (train_dir, "`train_dir`")):
        if path == Path("/") or home.is_relative_to(path):
            where = "`/`" if path == Path("/") else "or holds the home directory"
            raise RuntimeUnavailable(
                f"{what} would be mounted into every container, and it is {where}",
                where=Where(file=str(path)),
                hint="start in a project directory, with `--train_dir` inside it",
            )
    named = tuple(Mount(str(cwd / m.source), m.target, m.read_only) for m in container.mounts)
    taken = {Path(m.target) for m in named}
    own: list[Path] = []
    for path in (cwd, train_dir, rundir):
        if path not in taken and not any(path.is_relative_to(o) for o in own):
            own.append(path)
    return (*(Mount(str(path), str(path)) for path in own), *named)


def request(
    launch: Launch,
    container: Container,
    identity: Identity,
    *,
    image: Image,
    user: User,
    mounted: tuple[Mount, ...],
    policy: Policy,
    known_gpus: Sequence[Gpu],
) -> ContainerRequest:
    """The container of one attempt. Pure: the same arguments give the same request."""
    entrypoint = image.entrypoint if container.entrypoint is None else container.entrypoint
    words = (*entrypoint, *launch.argv)
    if image.shell:
        words = (SHELL, "-c", WRAPPER, str(launch.log), *words)
    env = {"HOME": str(user.home), "USER": user.name or ""} if user.home is not None else {}
    for name in container.env_from:
        env.pop(name, None)
    env.update(launch.env)
    hidden = _MASKS if policy.experiments_per_gpu >= 1 else ()
    for name in hidden:  # devices are numbered from 0 inside: a mask could only be wrong
        env.pop(name, None)
    needs = launch.spec.resources
    memory = needs.memory if needs and needs.memory is not None else container.memory
    cpus = needs.cpus if needs and needs.cpus is not None else container.cpus
    return ContainerRequest(
        name=container_name(identity.run_id, launch.job, launch.attempt),
        image=container.image,
        words=words,
        env=tuple(env.items()),
        env_from=tuple(n for n in container.env_from if n not in launch.env and n not in hidden),
        labels=labels(identity, launch.job, launch.attempt),
        cwd=str(launch.cwd),
        user=user.spec,
        mounts=mounted,
        gpus=pin(launch, policy, known_gpus),
        capabilities=capabilities(container),
        stop_timeout=math.ceil(policy.grace),
        shm_size=container.shm_size,
        memory=memory,
        cpus=cpus,
        network=container.network,
        ulimits=container.ulimits,
        log=launch.log,
        attach=not image.shell,
    )


def labels(identity: Identity, job: str, attempt: int) -> tuple[tuple[str, str], ...]:
    """By these an attempt's container is found again."""
    return (
        (RUN_ID, identity.run_id),
        (RUN, identity.run),
        (JOB, job),
        (ATTEMPT, str(attempt)),
        (PLAN, identity.plan),
        (RUNDIR, identity.rundir),
    )


def capabilities(container: Container) -> tuple[str, ...]:
    return tuple(dict.fromkeys(("gpu", *container.capabilities)))


def device_requests(gpus: Sequence[str], opened: Sequence[str]) -> list[dict[str, Any]]:
    if not gpus:
        return []
    return [
        {
            "Driver": "",
            "Count": 0,
            "DeviceIDs": list(gpus),
            "Capabilities": [list(opened)],
            "Options": {},
        }
    ]


def body(one: ContainerRequest, environ: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The create request of the engine's API. `environ` fills in `env_from`; without it, to be
    shown, those are names alone.
    """
    env = [f"{name}={value}" for name, value in one.env]
    for name in one.env_from:
        if environ is None:
            env.append(name)
        elif name in environ:
            env.append(f"{name}={environ[name]}")
    host: dict[str, Any] = {
        "AutoRemove": False,
        "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0},
        "Init": True,
        "Mounts": [
            {"Type": "bind", "Source": m.source, "Target": m.target, "ReadOnly": m.read_only}
            for m in one.mounts
        ],
        "DeviceRequests": device_requests(one.gpus, one.capabilities),
        # A limit would lose the beginning of what only the engine holds.
        "LogConfig": {"Type": "json-file", "Config": {} if one.attach else _LOG_LIMIT},
    }
    if one.shm_size is not None:
        host["ShmSize"] = one.shm_size
    if one.memory is not None:
        host["Memory"] = one.memory
    if one.cpus is not None:
        host["NanoCpus"] = round(one.cpus * 1e9)
    if one.network is not None:
        host["NetworkMode"] = one.network
    if one.ulimits:
        host["Ulimits"] = [{"Name": u.name, "Soft": u.soft, "Hard": u.hard} for u in one.ulimits]
    whole: dict[str, Any] = {
        "Image": one.image,
        "Entrypoint": [one.words[0]],
        "Cmd": list(one.words[1:]),
        "Env": env,
        "Labels": dict(one.labels),
        "WorkingDir": one.cwd,
        "StopTimeout": one.stop_timeout,
        "HostConfig": host,
    }
    if one.user is not None:
        whole["User"] = one.user
    return whole


def docker_run(one: ContainerRequest) -> str:
    """The same as a command to copy. Secrets are passed by name, device lists quoted twice.

    Unquoted, `device=0,1` would mean device 0 and a count of one (`--gpus` is read as CSV).
    """
    words = ["docker", "run", "--detach", "--name", one.name, "--init", "--restart", "no"]
    words += ["--stop-timeout", str(one.stop_timeout)]
    for name, value in one.labels:
        words += ["--label", f"{name}={value}"]
    if one.user is not None:
        words += ["--user", one.user]
    words += ["--workdir", one.cwd]
    for m in one.mounts:
        fields = ["type=bind", f"source={m.source}", f"target={m.target}"]
        words += ["--mount", _csv(*fields, *(["readonly"] if m.read_only else []))]
    if one.gpus:
        wider = [c for c in one.capabilities if c != "gpu"]
        extra = [f"capabilities={','.join(wider)}"] if wider else []
        words += ["--gpus", _csv(f"device={','.join(one.gpus)}", *extra)]
    for option, number in (("--shm-size", one.shm_size), ("--memory", one.memory)):
        if number is not None:
            words += [option, str(number)]
    if one.cpus is not None:
        words += ["--cpus", str(one.cpus)]
    if one.network is not None:
        words += ["--network", one.network]
    for u in one.ulimits:
        words += ["--ulimit", f"{u.name}={u.soft}:{u.hard}"]
    for name, value in one.env:
        words += ["--env", f"{name}={value}"]
    for name in one.env_from:
        words += ["--env", name]
    words += ["--log-driver", "json-file"]
    if not one.attach:
        words += [w for k, v in _LOG_LIMIT.items() for w in ("--log-opt", f"{k}={v}")]
    words += ["--entrypoint", one.words[0], one.image, *one.words[1:]]
    return shlex.join(words)


def _csv(*fields: str) -> str:
    """One CSV record, as the command line reads `--gpus` and `--mount`."""
    return ",".join(
        '"' + f.replace('"', '""') + '"' if any(c in f for c in ',"\n') else f for f in fields
    )
