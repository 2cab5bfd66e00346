"""Rules for the populations of a process list: slots, pauses between starts, mounted workspaces.

Must not read this machine's state. `member_rules` checks the commands of the members.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Where, printable
from pbt_tui.populations import STYLES
from pbt_tui.spec import Container, Population, Processes


def check(spec: Processes) -> Iterator[Diagnostic]:
    policy = spec.policy
    known = {p.style: STYLES.get(p.style) for p in spec.populations if p.style in STYLES}
    gangs = [
        (i, p, known[p.style])
        for i, p in enumerate(spec.populations)
        if p.style in known and known[p.style].members_are_jobs
    ]
    needs = _needs(spec) if gangs and policy.experiments_per_gpu > 0 else {}
    slots = policy.num_gpus * policy.experiments_per_gpu
    for i, population, style in gangs:
        here = Where(pointer=f"/populations/{i}")
        name, size = printable(population.id), len(population.members)
        if size > policy.max_parallel:
            message = (
                f"population `{name}` has {size} members, "
                f"but `--max_parallel {policy.max_parallel}` was given"
            )
            hint = f"pass `--max_parallel {size}`, or `--backend slurm`"
            yield finding("PBT401", message, where=here, hint=hint)
        need = sum(needs.get(member, 0) for member in population.members)
        if need > slots and policy.experiments_per_gpu > 0:
            message = (
                f"the {size} members of population `{name}` need {need} slots at once, but there "
                f"are {slots}: `--num_gpus {policy.num_gpus}`, "
                f"`--experiments_per_gpu {policy.experiments_per_gpu}`"
            )
            hint = "pass a larger `--num_gpus`, or `--backend slurm`"
            if policy.num_gpus:
                fits = -(-need // policy.num_gpus)
                hint = f"pass `--experiments_per_gpu {fits}`, {hint.removeprefix('pass ')}"
            yield finding("PBT420", message, where=here, hint=hint)
        if style.run_folder_by_second and size > 1 and policy.pause_between < 1:
            message = (
                f"members of population `{name}` may start within one second: {style.title} names "
                "the folder of a run by the second, and they would share it"
            )
            yield finding("PBT422", message, where=here, hint="pass `--pause_between 1` or more")
    for i, population in enumerate(spec.populations):
        if spec.container is not None and population.workspace.startswith("/"):
            here = Where(pointer=f"/populations/{i}/workspace")
            yield from _shown(population, spec.container, spec.train_dir, here)


def _needs(spec: Processes) -> dict[str, int]:
    """The number of slots of each member: one on each of its GPUs."""
    usual = spec.policy.gpus_per_job
    return {
        job.id: usual if job.resources is None or job.resources.gpus is None else job.resources.gpus
        for job in spec.jobs
        if job.population is not None
    }


def _shown(
    population: Population, container: Container, train_dir: str, here: Where
) -> Iterator[Diagnostic]:
    """Checks that the mounts of the container show the workspace, an absolute path, for writing."""
    workspace = posixpath.normpath(population.workspace)
    if train_dir.startswith("/") and _below(workspace, train_dir):
        return
    mounts = [m for m in container.mounts if _below(workspace, m.target)]
    nearest = max(mounts, key=lambda m: len(m.target), default=None)
    who = f"the workspace of population `{printable(population.id)}`, `{printable(workspace)}`,"
    if nearest is None:
        message = f"{who} is in no mount, so containers do not see it"
        hint = (
            f"pass `--mount {printable(workspace)}:{printable(workspace)}`; a workspace below the "
            "folder in which `pbt-run` is started needs no mount"
        )
        yield finding("PBT423", message, where=here, hint=hint)
    elif nearest.read_only:
        message = f"{who} is in a read-only mount, so members cannot save anything"
        hint = f"remove `:ro` from the mount on `{printable(nearest.target)}`"
        yield finding("PBT423", message, where=here, hint=hint)


def _below(path: str, folder: str) -> bool:
    folder = posixpath.normpath(folder)
    return path == folder or path.startswith(f"{folder.rstrip('/')}/")
