"""A workflow file of OSMO as TARGET of `pbt-run`: its process list, to run in containers here.

Reads the workflow, the files that it names beside itself, and the process list that `pbt-compile`
wrote with it. Must not start or write anything.
"""

from __future__ import annotations

import argparse
import os
import posixpath
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pbt_tui.diagnostics import finding
from pbt_tui.errors import Diagnostic, Findings, UsageError, Where, printable
from pbt_tui.files.faults import reason
from pbt_tui.files.regular import SPEC_BYTES, read_regular
from pbt_tui.journal.run_dir import RunDir

if TYPE_CHECKING:
    from pbt_tui.backends.osmo.osmo_index import Osmo
    from pbt_tui.backends.osmo.workflow_reading import WorkflowReading
    from pbt_tui.spec import Population, Processes

_LARGEST_FILE = 1 << 20
_TRAIN_DIR = "./train_dir"


def read(path: Path, args: argparse.Namespace) -> tuple[Processes, list[Diagnostic]]:
    """The process list of a workflow, and what has to be said about it.

    Raises:
        UsageError: for options that do not go with a workflow, and for a file that cannot be read.
        Findings: if the workflow is wrong, or this machine cannot do what it asks for.
    """
    from pbt_tui.backends.osmo import document_rules, workflow_reading
    from pbt_tui.backends.osmo.local import process_list, refusals, template_rendering

    _check_options(args)
    values = template_rendering.settings(args.set or (), args.set_string or ())
    data = template_rendering.rendered(_bytes(path), values, str(path))
    reading = workflow_reading.read(data)
    found = [d for d in document_rules.check(reading) if d.level == "error"]
    found = [d for d in found if d.code not in refusals.OF_A_CLUSTER]
    found = [template_rendering.with_set_hint(d) for d in found]
    if reading.document is None:
        raise Findings(_placed(found, path))
    workflow = reading.document.workflow
    found += reading.placed(list(refusals.check(workflow)))
    _stop_at_errors(found, path)
    train_dir = args.train_dir or _TRAIN_DIR
    rundir = RunDir.of(Path(train_dir).absolute(), workflow.name, "")
    population, shells, notes = _population(path, reading)
    run = process_list.LocalRun(
        module=str(path),
        train_dir=train_dir,
        number=_number(rundir, fresh=args.fresh),
        population=population,
        shells=shells,
        local_file=_reader(path.parent),
        cpus=os.cpu_count(),
    )
    spec, more = process_list.process_list(reading, run)
    found = [*found, *more, *notes]
    _stop_at_errors(found, path)
    found += _folders(spec, reading)
    found += _retries(spec, args)
    _stop_at_errors(found, path)
    return spec, _placed(found, path)


def _check_options(args: argparse.Namespace) -> None:
    from pbt_tui.cli.options import OF_MODULES

    if args.backend is not None:
        raise UsageError(
            f"`--backend {printable(args.backend)}` and a workflow file do not go together",
            hint="without `--backend` it runs here; `osmo workflow submit` submits it",
        )
    if args.runtime not in (None, "docker"):
        raise UsageError(
            "each task of a workflow runs in its image",
            hint="leave `--runtime` out, or pass `--runtime docker`",
        )
    for name in OF_MODULES:
        if name != "train_dir" and getattr(args, name) is not None:
            raise UsageError(f"`--{name}` is for run modules, not for a workflow")


def _bytes(path: Path) -> bytes:
    try:
        return read_regular(path, SPEC_BYTES)
    except OSError as e:
        raise UsageError(f"cannot read `{printable(str(path))}`: {reason(e)}") from None


def _placed(found: list[Diagnostic], path: Path) -> list[Diagnostic]:
    file = Where(file=str(path))
    whole = [replace(d, where=d.where.within(file)) for d in found]
    return sorted(whole, key=lambda d: d.where.line or 0)


def _stop_at_errors(found: list[Diagnostic], path: Path) -> None:
    if any(d.level == "error" for d in found):
        raise Findings(_placed(found, path))


def _number(rundir: RunDir, *, fresh: bool) -> int:
    """The number of this run of the workflow: 1, and one more for each that `--fresh` kept."""
    kept = [p for p in rundir.path.parent.glob(f"{rundir.path.name}.*") if p.suffix[1:].isdigit()]
    return 1 + len(kept) + (fresh and rundir.is_run())


def _reader(folder: Path) -> Callable[[str], bytes]:
    def file(name: str) -> bytes:
        try:
            return read_regular(folder / name, _LARGEST_FILE)
        except OSError as e:
            raise ValueError(reason(e)) from None

    return file


def _folders(spec: Processes, reading: WorkflowReading) -> list[Diagnostic]:
    """Whether the mounted folders of this machine are there; what tasks may write to is said."""
    from pbt_tui.backends.osmo.local.process_list import mounted, pointer_of

    assert reading.document is not None
    found = []
    for source, task in mounted(spec).items():
        pointer = pointer_of(reading.document.workflow, task, "volumeMounts")
        at, shown = Where(pointer=pointer), printable(source)
        if not Path(source).is_dir() and not Path(source).is_file():
            message = f"this machine has no folder `{shown}`"
            hint = "make it, or mount another"
            found.append(finding("PBT954", message, where=at, hint=hint))
        else:
            message = f"tasks read and write `{shown}` of this machine"
            found.append(finding("PBT957", message, where=at))
    return reading.placed(found)


def _retries(spec: Processes, args: argparse.Namespace) -> list[Diagnostic]:
    """A note where RESCHEDULE does nothing, which is what a service does by default, too."""
    again = next((job for job in spec.jobs if any(r.then == "retry" for r in job.on_exit)), None)
    if again is None or args.retries is not None:
        return []
    message = f"task `{again.id}` is not started again: OSMO does not by default, either"
    return [finding("PBT958", message, hint="pass `--retries N`")]


def _population(
    path: Path, reading: WorkflowReading
) -> tuple[Population | None, dict[str, tuple[str, ...]], list[Diagnostic]]:
    """The population of a workflow that `pbt-compile` wrote, by the process list beside it.

    With it, members go on from their newest generation. That needs the workspace at the same path
    inside and outside of the containers.
    """
    from msgspec import structs

    from pbt_tui.backends.osmo import osmo_index, quantities
    from pbt_tui.backends.osmo.files import INDEX
    from pbt_tui.backends.osmo.workflow import all_tasks
    from pbt_tui.errors import PbtError
    from pbt_tui.spec import decode

    folder = path.absolute().parent
    try:
        index = osmo_index.decode(read_regular(folder / Path(INDEX).name, SPEC_BYTES))
        spec = decode(read_regular(folder.parent / "processes.json", SPEC_BYTES))
    except (OSError, PbtError):
        return None, {}, []
    entries = index.workflows if index is not None else ()
    entry = next((e for e in entries if e.file == path.name), None)
    named = entry.population if entry is not None else None
    population = next((p for p in spec.populations if p.id == named), None)
    if entry is None or population is None or reading.document is None:
        return None, {}, []
    workspace = posixpath.normpath(posixpath.join(spec.train_dir, population.workspace))
    tasks = {task.name: task for _, task in all_tasks(reading.document.workflow)}
    names = {one.job: one.task for one in entry.tasks}
    members = tuple(names[m] for m in population.members if names.get(m) in tasks)
    mounts = [quantities.mount(text) for name in members for text in tasks[name].volumeMounts]
    seen = [m.source == m.target for m in mounts if f"{workspace}/".startswith(f"{m.target}/")]
    shared = any(f"{workspace}/".startswith(f"{s}/") for s in reading.shared)
    if len(members) != population.size or not posixpath.isabs(workspace):
        return None, {}, []
    if not shared and (not seen or not all(seen)):
        message = (
            f"members of `{printable(population.id)}` begin anew after a stop: their workspace has "
            "another path outside of the containers"
        )
        hint = "mount it at its own path: `--osmo_mount DIR`"
        return None, {}, [finding("PBT959", message, hint=hint)]
    assert index is not None
    whole = structs.replace(population, workspace=workspace, members=members)
    return whole, _shells(spec, index.settings), []


def _shells(spec: Processes, settings: Osmo) -> dict[str, tuple[str, ...]]:
    """Text of a shell → the same command as words, for jobs that `pbt-compile` gave to a shell."""
    from pbt_tui.backends.osmo import templating
    from pbt_tui.backends.osmo.lead import SHELL
    from pbt_tui.backends.osmo.render import Maker

    folder = settings.workdir
    if folder is None:
        return {}
    start = (SHELL, "-c", 'cd "$0" || exit 72; exec "$@"', folder)
    prefix = (spec.container.entrypoint or ()) if spec.container else ()
    maker = Maker(spec, settings)
    return {
        maker.command(job)[-1]: (*start, *prefix, *job.argv)
        for job in spec.jobs
        if not any(map(templating.has_mark, job.env.values()))
    }
