"""What jobs have of their own beside the common container: files, images, and networks of groups.

Tasks of one group find each other by their names, in a network that belongs to the group of one
run. It is made before the first of them starts, and removed once no executor follows the run.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from pbt_tui.files import disk, folders
from pbt_tui.files.atomic import replace
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.runtimes.docker import request as containers
from pbt_tui.runtimes.docker.engine import Engine
from pbt_tui.runtimes.docker.request import Identity
from pbt_tui.runtimes.engine_errors import EngineError
from pbt_tui.spec import Job, Mount


def network_name(run_id: str, group: str) -> str:
    """The network of a group: `pbt-<run id>-<group>`."""
    return f"pbt-{run_id}-{group}"


def make_networks(engine: Engine, identity: Identity, jobs: Iterable[Job]) -> None:
    """Makes the networks of groups that are not there yet. Raises `EngineError`."""
    groups = list(dict.fromkeys(job.group for job in jobs if job.group is not None))
    if not groups:
        return
    there = engine.networks([f"{containers.RUN_ID}={identity.run_id}"])
    labels = {containers.RUN_ID: identity.run_id, containers.RUNDIR: identity.rundir}
    for group in groups:
        name = network_name(identity.run_id, group)
        if name not in there:
            engine.make_network(name, labels)


def remove_networks(engine: Engine, identity: Identity) -> None:
    """Removes the networks of a run; those with a container stay for the next executor."""
    for name in engine.networks([f"{containers.RUN_ID}={identity.run_id}"]):
        with suppress(EngineError):
            engine.remove_network(name)


def mounts_of(job: Job, rundir: RunDir, cwd: Path) -> tuple[Mount, ...]:
    """The mounts that a job has of its own, files included; relative sources are below `cwd`."""
    own = job.container
    if own is None:
        return ()
    mounts = tuple(Mount(str(cwd / m.source), m.target, m.read_only) for m in own.mounts)
    return (
        *mounts,
        *(Mount(str(path), target, read_only=True) for path, target, _ in files(job, rundir)),
    )


def files(job: Job, rundir: RunDir) -> Iterator[tuple[Path, str, bytes]]:
    """(path in the run directory, path in the container, content) of each file of a job."""
    for k, file in enumerate(job.container.files if job.container is not None else ()):
        data = base64.b64decode(file.contents) if file.base64 else file.contents.encode()
        yield rundir.file_of(job.id, k), file.path, data


def write_files(job: Job, rundir: RunDir) -> None:
    """Writes the files of a job into the run directory. Raises `OSError`."""
    for path, _, data in files(job, rundir):
        folders.make_all(path.parent)
        replace(path, data, sync=False)
        disk.calls.chmod(path, 0o755)
