"""Starts and stops engines, creates clients, and lists the containers that a run has left.

Shared by the tests of this folder, which import it by name: several test folders have a `conftest`.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import shlex
import shutil
import signal
import subprocess
import tarfile
from pathlib import Path
from typing import Any

from tests.docker.containers_driver import ContainerDriver
from tests.executor.running import until

SERVICES = Path(__file__).resolve().parents[1] / "services" / "docker"
BARE = "pbt-bare:test"


def bring_up(*options: str) -> dict[str, str]:
    """Runs `up`; the environment that it prints. Raises `RuntimeError` with all that it said."""
    done = subprocess.run(
        [str(SERVICES / "up"), *options], capture_output=True, text=True, check=False, timeout=900
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip() or "no word")
    lines = [shlex.split(line)[1] for line in done.stdout.splitlines()]
    return dict(line.split("=", 1) for line in lines)


def take_down(folder: str) -> None:
    subprocess.run([str(SERVICES / "down"), folder], check=False, capture_output=True, timeout=120)


def daemons(folder: str) -> dict[str, int]:
    """The process ids of `dockerd` and `containerd`, by name."""
    return {name: int(pid) for name, pid, _ in map(str.split, (Path(folder) / "pids").open())}


def kill(*pids: int) -> None:
    """Kills processes of an engine, and waits until their last threads have ended."""
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not any(map(has_threads, pids)))


def has_threads(pid: int) -> bool:
    """Whether a thread of the process lives, which keeps its files open and locked.

    The first thread is a zombie already while others of a killed process still end.
    """
    for stat in Path(f"/proc/{pid}/task").glob("*/stat"):
        with contextlib.suppress(OSError):
            if stat.read_text().rpartition(")")[2].split()[0] not in "ZX":
                return True
    return False


def client(host: str | None = None) -> Any:
    from docker.api import APIClient

    return APIClient(base_url=host or os.environ["DOCKER_HOST"], version="auto", timeout=60)


def bare_image(engine: Any) -> str:
    program = shutil.which("busybox")
    assert program is not None
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as tar:
        tar.add(program, arcname="bin/busybox")
        for name in ("tmp", "proc", "sys", "dev", "etc"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(folder)
    repository, tag = BARE.split(":")
    engine.import_image_from_data(whole.getvalue(), repository=repository, tag=tag)
    return BARE


def close(one: ContainerDriver) -> None:
    if not getattr(one, "closed", False):
        one.runtime.close()
        one.closed = True  # type: ignore[attr-defined]


def left(engine: Any, run_id: str) -> list[str]:
    found = engine.containers(all=True, filters={"label": f"pbt.run_id={run_id}"})
    return [re.sub("^/", "", one["Names"][0]) for one in found]


def shell_image(engine: Any, shell: str) -> str:
    """An image whose `/bin/sh` is this machine's `dash` or `bash`; the rest of it is busybox."""
    program, busybox = shutil.which(shell), shutil.which("busybox")
    assert program is not None
    assert busybox is not None
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w", dereference=True) as tar:
        tar.add(program, arcname="bin/sh")
        tar.add(busybox, arcname="bin/busybox")
        for library in re.findall(r"(/\S+) \(0x", linked):
            tar.add(library, arcname=library.removeprefix("/"))
        for name in ("cat", "echo", "grep", "id", "ps", "seq", "sleep", "touch", "true"):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            tar.addfile(link)
        for name in ("tmp", "proc", "sys", "dev", "etc"):
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, 0o777
            tar.addfile(folder)
    name = f"pbt-{shell}"
    engine.import_image_from_data(whole.getvalue(), repository=name, tag="test")
    return f"{name}:test"
