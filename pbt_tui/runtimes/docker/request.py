"""The create request of one attempt, as a frozen value with two forms.

`body` is what the runtime sends to the engine, and `docker_run` the same as a command for people.
`--dry_run` and the job's page show this value. Pure: it does not call an engine, read files or look
up the user.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pbt_tui.errors import RuntimeUnavailable, Where, command
from pbt_tui.journal.events import Gpu
from pbt_tui.runtimes.docker import wrapper
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.scheduler.fit import need
from pbt_tui.spec import Container, Mount, OwnContainer, Policy, Ulimit

RUN_ID, RUN, JOB, ATTEMPT, PLAN, RUNDIR = (
    f"pbt.{name}" for name in ("run_id", "run", "job", "attempt", "plan", "rundir")
)
ABANDONED, PROBE = "pbt.abandoned", "pbt.probe"
_NAME = 120
"""Most characters of a container name."""
_MASKS = ("CUDA_VISIBLE_DEVICES", "NVIDIA_VISIBLE_DEVICES")
_LOG_LIMIT = {"max-size": "1m", "max-file": "2"}


@dataclass(frozen=True, slots=True)
class Identity:
    """The run that a container belongs to."""

    run_id: str
    """Id of the run."""
    run: str
    """Name of the run."""
    plan: str
    """Hash of the spec."""
    rundir: str = ""
    """Path of the run directory."""


@dataclass(frozen=True, slots=True)
class User:
    """The user that runs the job inside the container."""

    spec: str | None
    """`uid:gid` for the engine; None: the user of the image."""
    name: str | None = None
    """Value of `USER`."""
    home: Path | None = None
    """Value of `HOME`: a folder inside a mount that this user may write."""


@dataclass(frozen=True, slots=True)
class Image:
    """What a request needs to know about the image."""

    entrypoint: tuple[str, ...] = ()
    """Its entry point."""
    shell: bool = True
    """Whether it has `/bin/sh`."""
    init: bool = True
    """Whether the engine gives its containers the init that the wrapper needs to record the exit
    code."""
    user: str = ""
    """Its user."""
    stop_signal: str = "SIGTERM"
    """The signal that stops its containers."""
    digest: str | None = None
    """Its digest; its id if it was never pulled."""


@dataclass(frozen=True, slots=True)
class ContainerRequest:
    """Everything about one container."""

    name: str
    """Name of the container."""
    image: str
    """Name of the image."""
    words: tuple[str, ...]
    """The command: entry point and arguments, the wrapper included."""
    env: tuple[tuple[str, str], ...]
    """Environment variables."""
    env_from: tuple[str, ...]
    """Names of variables of the executor to pass on: a secret is added to what is sent only."""
    labels: tuple[tuple[str, str], ...]
    """Labels, by which executors find the container."""
    cwd: str | None
    """Working directory; None: that of the image."""
    user: str | None
    """`uid:gid`; None: the user of the image."""
    mounts: tuple[Mount, ...]
    """Bind mounts."""
    gpus: tuple[str, ...]
    """Ids of the devices to pin; empty: no GPU."""
    capabilities: tuple[str, ...]
    """Driver capabilities to ask for."""
    stop_timeout: int
    """Seconds between stop signal and SIGKILL if the engine stops the container."""
    shm_size: int | None
    """Size of `/dev/shm` in bytes; None: the engine's default."""
    memory: int | None
    """Memory limit in bytes; None: no limit."""
    cpus: float | None
    """Limit of CPUs; None: no limit."""
    network: str | None
    """Network mode; None: the engine's default."""
    alias: str | None
    """Name of the container in the network of its group; None: it has none."""
    ulimits: tuple[Ulimit, ...]
    """Resource limits."""
    log: Path
    """File for the output."""
    claim: Path | None
    """Attempt file, in which the wrapper records the exit code: it has to be made before; None if
    only the engine has the code."""
    attach: bool
    """Whether the executor writes the log from the engine's stream: the image has no shell."""


def container_name(run_id: str, job: str, attempt: int) -> str:
    """`pbt-<run id>-<job>-<attempt>`; a job id that does not fit is cut and gets a hash."""
    slug = re.sub(r"[^A-Za-z0-9_.-]", "_", job)
    room = _NAME - len(f"pbt-{run_id}--{attempt}")
    if slug != job or len(slug) > room:
        mark = hashlib.sha256(job.encode()).hexdigest()[:10]
        slug = f"{slug[: room - 11]}-{mark}"
    return f"pbt-{run_id}-{slug}-{attempt}"


def resolve_user(user: str, *, uid: int, gid: int, name: str, home: Path, rootless: bool) -> User:
    """The user for `caller`, `image` or `uid:gid`.

    On a rootless engine, root in the container is the caller outside.
    """
    if user == "image":
        return User(None)
    if user != "caller":
        return User(user, user.split(":", maxsplit=1)[0], home)
    return User("0:0" if rootless else f"{uid}:{gid}", name, home)


def pin(launch: Launch, policy: Policy, known: Sequence[Gpu]) -> tuple[str, ...]:
    """Ids of the devices for an attempt: of its slots if jobs are pinned, else of all known GPUs.

    Never a count: `Count: 2` means devices 0 and 1 for every job. A job that needs no GPU has none.
    """
    if policy.experiments_per_gpu >= 1:
        return launch.gpus
    if need(launch.spec, policy) == 0:
        return ()
    return names(known)


def names(gpus: Sequence[Gpu]) -> tuple[str, ...]:
    """The device ids for the engine: the UUID if known, else the index."""
    return tuple(gpu.uuid if gpu.uuid is not None else str(gpu.index) for gpu in gpus)


def mounts(
    container: Container, cwd: Path, train_dir: Path, rundir: Path, home: Path
) -> tuple[Mount, ...]:
    """Mounts of `cwd`, `train_dir` and the run directory at the same paths, then those of the spec.

    Relative sources are relative to `cwd`.

    Raises:
        RuntimeUnavailable: if containers would get all of `/` or of `home`.
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


def _attempt_mounts(claim: Path) -> tuple[Mount, ...]:
    """Mounts with which a container can write its own attempt file, and no other one.

    The folder is mounted read-only, so that the mark of a stop appears in it.
    """
    return (
        Mount(str(claim.parent), str(claim.parent), read_only=True),
        Mount(str(claim), str(claim)),
    )


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
    network: str | None = None,
) -> ContainerRequest:
    """The container of one attempt. Pure: the same arguments give the same request.

    `network` is that of the job's group, unless the container joins another one.
    """
    own = launch.spec.container or OwnContainer()
    of_group = container.network is None and network is not None
    entrypoint = image.entrypoint if container.entrypoint is None else container.entrypoint
    words = (*entrypoint, *launch.argv)
    claim = launch.claim if image.shell and image.init else None
    if image.shell:
        words = wrapper.words(launch.log, claim, words)
    if claim is not None:
        mounted += _attempt_mounts(claim)
    env = {"HOME": str(user.home), "USER": user.name or ""} if user.home is not None else {}
    for name in container.env_from:
        env.pop(name, None)
    env.update(launch.env)
    hidden = _MASKS if policy.experiments_per_gpu >= 1 else ()
    for name in hidden:  # devices are numbered from 0 in the container: a mask would be wrong
        env.pop(name, None)
    if claim is not None:
        env[wrapper.GROUP] = "1"
    needs = launch.spec.resources
    memory = needs.memory if needs and needs.memory is not None else container.memory
    cpus = needs.cpus if needs and needs.cpus is not None else container.cpus
    return ContainerRequest(
        name=container_name(identity.run_id, launch.job, launch.attempt),
        image=own.image or container.image,
        words=words,
        env=tuple(env.items()),
        env_from=tuple(n for n in container.env_from if n not in launch.env and n not in hidden),
        labels=labels(identity, launch.job, launch.attempt),
        cwd=None if own.isolated else str(launch.cwd),
        user=user.spec,
        mounts=mounted,
        gpus=pin(launch, policy, known_gpus),
        capabilities=capabilities(container),
        stop_timeout=math.ceil(policy.grace),
        shm_size=container.shm_size,
        memory=memory,
        cpus=cpus,
        network=network if of_group else container.network,
        alias=launch.job if of_group else None,
        ulimits=container.ulimits,
        log=launch.log,
        claim=claim,
        attach=not image.shell,
    )


def labels(identity: Identity, job: str, attempt: int) -> tuple[tuple[str, str], ...]:
    """The labels by which an executor finds the container of an attempt."""
    return (
        (RUN_ID, identity.run_id),
        (RUN, identity.run),
        (JOB, job),
        (ATTEMPT, str(attempt)),
        (PLAN, identity.plan),
        (RUNDIR, identity.rundir),
    )


def capabilities(container: Container) -> tuple[str, ...]:
    """`gpu`, then the driver capabilities of the spec."""
    return tuple(dict.fromkeys(("gpu", *container.capabilities)))


def device_requests(gpus: Sequence[str], opened: Sequence[str]) -> list[dict[str, Any]]:
    """The part of a create request that pins devices; `opened` are the capabilities."""
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
    """The create request for the engine's API.

    `environ` gives the values of `env_from`. Without it, for display, only their names are
    included.
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
        # Without the wrapper, only the engine has the output: a limit would lose its beginning.
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
    document: dict[str, Any] = {
        "Image": one.image,
        "Entrypoint": [one.words[0]],
        "Cmd": list(one.words[1:]),
        "Env": env,
        "Labels": dict(one.labels),
        "StopTimeout": one.stop_timeout,
        "HostConfig": host,
    }
    if one.cwd is not None:
        document["WorkingDir"] = one.cwd
    if one.alias is not None and one.network is not None:
        joined = {one.network: {"Aliases": [one.alias]}}
        document["NetworkingConfig"] = {"EndpointsConfig": joined}
    if one.user is not None:
        document["User"] = one.user
    return document


def docker_run(one: ContainerRequest) -> str:
    """The same as a command to copy. It passes secrets by name.

    The device list is quoted twice: docker reads `--gpus` as CSV, and `device=0,1` would mean
    device 0 and a count of one.
    """
    words = ["docker", "run", "--detach", "--name", one.name, "--init", "--restart", "no"]
    words += ["--stop-timeout", str(one.stop_timeout)]
    for name, value in one.labels:
        words += ["--label", f"{name}={value}"]
    if one.user is not None:
        words += ["--user", one.user]
    if one.cwd is not None:
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
    if one.alias is not None:
        words += ["--network-alias", one.alias]
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
    return command(*words)


def _csv(*fields: str) -> str:
    """One CSV record, as docker parses `--gpus` and `--mount`."""
    return ",".join(
        '"' + f.replace('"', '""') + '"' if any(c in f for c in ',"\n') else f for f in fields
    )
