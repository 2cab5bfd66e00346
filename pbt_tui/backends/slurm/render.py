"""Renders the files of backend `slurm`: manifests, array scripts, and the index that lists them.

Must not put text of a user where bash would execute it: commands and environments are quoted words
of a manifest, every other value is one quoted word. Exceptions are the prologue and the template,
which are bash.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from pbt_tui.backends.slurm.command_prefix import prefix
from pbt_tui.backends.slurm.files import FILE, FOLDER
from pbt_tui.backends.slurm.index import FORMAT, Array, Index, Slurm, decode, encode, values
from pbt_tui.backends.slurm.quoting import word, words
from pbt_tui.backends.slurm.sbatch import ResourceShape, directives, early, needs, shape_name
from pbt_tui.backends.slurm.task_script import task
from pbt_tui.spec import Job, Processes

if TYPE_CHECKING:
    from pbt_tui.backends.requeue import Again


def shapes(spec: Processes, settings: Slurm) -> list[ResourceShape]:
    """The jobs grouped by the resources that they request, in plan order."""
    found: dict[tuple[int, int, int | None], list[Job]] = {}
    for job in spec.jobs:
        found.setdefault(needs(job, settings), []).append(job)
    return [
        ResourceShape(shape_name(*need, settings), *need, tuple(jobs))
        for need, jobs in found.items()
    ]


def manifest(
    tasks: Iterable[tuple[Job, int]], going_on: Mapping[str, Again] = MappingProxyType({})
) -> bytes:
    """One line for each job and its attempt: JOB ATTEMPT DIR NENV NAME=VALUE… ARGV…, as bash words.

    bash reads it back with `eval "set -- $line"`; no word contains a line break. NENV is the number
    of variables. `:port` follows it if the task puts a port into the command, and `:again=NUMBER`
    if so many words stand before ARGV that say what a requeued task goes on from.

    Args:
        tasks: Jobs and the numbers of their attempts.
        going_on: By the id of a job, what its task goes on from when it is requeued. The arguments
            of the attempt are then in it, and not in the job.
    """
    return "".join(_line(job, number, going_on.get(job.id)) for job, number in tasks).encode()


def _line(job: Job, attempt: int, again: Again | None) -> str:
    env = [f"{name}={value}" for name, value in job.env.items()] if job.env else ()
    count = f"{len(env)}:port" if "port" in job.fill else str(len(env))
    more = again.words() if again is not None else ()
    count += f":again={len(more)}" if more else ""
    return words((job.id, str(attempt), job.dir, count, *env, *more, *job.argv)) + "\n"


def manifest_name(data: bytes) -> str:
    """A name with the hash of the content, so that no later compilation overwrites the file.

    A task in the queue reads its manifest only when it starts.
    """
    return f"manifest-{hashlib.sha256(data).hexdigest()[:12]}.txt"


def script_name(shape: ResourceShape, k: int) -> str:
    """The name of the script for the `k`-th array of a shape."""
    return f"array-{shape.name}-{k}.sbatch"


def script(
    spec: Processes,
    settings: Slurm,
    shape: ResourceShape,
    *,
    manifest: str,
    offset: int,
    count: int,
    name: str | None = None,
    job: str | None = None,
    goes_on: bool = False,
) -> bytes:
    """One script with `count` tasks; task 0 runs line `offset` of `manifest`.

    `name` is the name of the script's file; `job` is the id of its job if it is not an array;
    `goes_on` says that lines of the manifest hold what a requeued task goes on from. The arguments
    of the script are the folder of the manifest and, if it differs from the compiled one, the run
    directory. Raises `ValueError` for a setting that cannot be written; `slurm.rules` reports each
    such setting before.
    """
    signal = early(settings)
    name = name or script_name(shape, 0)
    run_dir = "_pbt" + (f"_{spec.suffix}" if spec.suffix else "")
    fixed = {
        "script": name,
        "manifest": manifest,
        "offset": str(offset),
        "count": str(count),
        "train": spec.train_dir,
        "run": f"{spec.train_dir.rstrip('/')}/{spec.run}/{run_dir}",
        "signal": signal[0] if signal else "",
        "template": "1" if settings.sbatch_template is not None else "",
        "requeues": str(settings.max_requeues if settings.requeue or signal else 0),
    }
    login, head, body = _site(settings, shape, name)
    return "\n".join(
        [
            "#!/bin/bash -l" if login else "#!/bin/bash",
            *head,
            *directives(spec, settings, shape, count, job),
            "",
            "# Written by pbt-compile. By hand, from the folder that jobs start in:",
            f"#   sbatch FOLDER/{name} FOLDER",
            "",
            *(f"_pbt_{key}={word(value)}" for key, value in fixed.items()),
            f"_pbt_prefix=({' '.join(prefix(spec, settings, shape))})",
            "",
            "_pbt_site() {",
            *body,
            "}",
            task(fills_port=any(job.fill for job in shape.jobs), goes_on=goes_on).lstrip("\n"),
        ]
    ).encode()


def _site(
    settings: Slurm, shape: ResourceShape, name: str
) -> tuple[bool, Iterable[str], Iterable[str]]:
    """Whether the script needs a login shell, its own head, and the lines that run the command."""
    if settings.sbatch_template is None:
        return False, (), _command(settings)
    from pbt_tui.backends.slurm import template

    old = template.read(settings.sbatch_template)
    return (
        old.login,
        template.head(old, settings, shape, name),
        template.body(old, settings, shape, name),
    )


def _command(settings: Slurm) -> Iterator[str]:
    if settings.prologue:
        yield "# the site's own lines, as they were given (`prologue`)"
        yield from settings.prologue
        yield "# end of the site's own lines"
    yield '  _pbt_exec "${_pbt_command[@]}"'


def render(spec: Processes, settings: Slurm) -> dict[str, bytes]:
    files: dict[str, bytes] = {}
    arrays: list[Array] = []
    for shape in shapes(spec, settings):
        data = manifest((job, 1) for job in shape.jobs)
        of = manifest_name(data)
        files[f"{FOLDER}/{of}"] = data
        step = 1 if settings.files else settings.max_array
        for k, offset in enumerate(range(0, len(shape.jobs), step)):
            jobs = shape.jobs[offset : offset + step]
            own = jobs[0].id if settings.files else None
            name = f"job-{own}.sbatch" if own else script_name(shape, k)
            files[f"{FOLDER}/{name}"] = script(
                spec, settings, shape, manifest=of, offset=offset, count=len(jobs), name=name,
                job=own,
            )  # fmt: skip
            tasks = tuple(job.id for job in jobs)
            arrays.append(Array(name, of, shape.name, offset, len(jobs), tasks))
    index = Index(FORMAT, spec.run, spec.suffix, settings, tuple(arrays))
    files[FILE] = encode(index)
    return files


def known(files: Mapping[str, bytes]) -> dict[str, Any]:
    """The settings in the index of an earlier compilation; empty if the index cannot be read."""
    index = decode(files.get(FILE, b""))
    return {} if index is None else values(index.settings)
