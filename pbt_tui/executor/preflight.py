"""Checks the disk and the machine before anything starts, and lists all findings.

Must not change or start anything, nor raise for what it finds. The compiler has no such checks,
because its result must be the same on every machine.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from pbt_tui.errors import Diagnostic, PbtError, Where
from pbt_tui.executor import interpreter
from pbt_tui.files.regular import SPEC_BYTES, read_regular
from pbt_tui.journal import lock
from pbt_tui.journal.events import Gpu
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import ENDED, RunState
from pbt_tui.populations import STYLES, Style
from pbt_tui.scheduler.fit import unfit
from pbt_tui.spec import Job, Policy, Population, Processes, decode

TIGHT = 64 << 20
"""Free bytes below which a run does not start: logs and journal alone may need them."""
LOW = 1 << 30
"""Free bytes below which there is a warning: about one checkpoint of a large policy."""
_PART = 10
"""On a small disk, a tenth of it replaces `TIGHT`, and a fifth `LOW`: an empty disk is not full."""


def preflight(
    spec: Processes,
    state: RunState | None,
    policy: Policy,
    gpus: tuple[Gpu, ...],
    *,
    cwd: Path,
    train_dir: Path,
    plain: bool = True,
    environ: Mapping[str, str] | None = None,
    python: str | None = None,
    from_scratch: bool = False,
) -> list[Diagnostic]:
    """All errors and warnings; an error means exit 5 before anything starts.

    `state` is None for a run that is not opened yet. `policy` and `gpus` are the effective ones;
    `cwd` and `train_dir` are absolute. `plain`: jobs are processes of this machine,
    which inherit `environ` (None: that of this process); `python` is the interpreter of the run, if
    it is not that of `environ`. `from_scratch`: what members left is moved aside before they start.
    """
    unfinished = [
        job for job in spec.jobs if state is None or state.by_id[job.id].phase not in ENDED
    ]
    found = [*_folders(unfinished, cwd, train_dir), *_space(train_dir)]
    found += fits(policy, gpus, unfinished)
    if plain:
        around = os.environ if environ is None else environ
        found += _interpreter(unfinished, len(spec.command_prefix), around, python)
    found += older_populations(spec, state, train_dir, from_scratch=from_scratch)
    found += _others(spec, unfinished, train_dir)
    return found


def older_populations(
    spec: Processes, state: RunState | None, train_dir: Path, *, from_scratch: bool
) -> list[Diagnostic]:
    """Generations of other runs that populations which begin now would take for their own.

    Args:
        spec: The spec.
        state: The state of the run; None: it is not opened yet.
        train_dir: Where the workspaces are, as an absolute path.
        from_scratch: Whether what members left is moved aside before they start.
    """
    found: list[Diagnostic] = []
    for population in spec.populations:
        if not _begun(population, state):
            aside = from_scratch and STYLES.get(population.style).recipe is not None
            found += [] if aside else _old_generations(population, spec, train_dir)
    return found


def fits(policy: Policy, gpus: tuple[Gpu, ...], unfinished: Iterable[Job]) -> list[Diagnostic]:
    """Unfinished jobs and populations whose GPU request exceeds `gpus`. Pure.

    Running members and drained GPUs count, too.
    """
    return unfit(unfinished, policy, gpus)


def _folders(jobs: list[Job], cwd: Path, train_dir: Path) -> list[Diagnostic]:
    found = []
    if not cwd.is_dir() or not os.access(cwd, os.X_OK):
        found.append(
            _error(
                "jobs cannot start in this directory: it is missing, or its permissions forbid it",
                cwd,
                "start `pbt-run` in the directory in which the commands should run",
            )
        )
    for folder in dict.fromkeys((cwd, train_dir)):
        if not str(folder).isascii() and _is_not_utf8(folder):
            message = "its name is not UTF-8: neither journal nor spec can name it"
            found.append(_error(message, folder, "rename it, or start `pbt-run` in another one"))
    wrong: dict[Path, str] = {}
    for folder in dict.fromkeys([train_dir, *(train_dir / job.dir for job in jobs)]):
        why = _unwritable(folder)
        if why is not None:
            wrong.setdefault(why[0], f"cannot be written: {why[1]}")
    return found + [_error(message, folder) for folder, message in wrong.items()]


def _is_not_utf8(folder: Path) -> bool:
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        return True
    return False


def _unwritable(folder: Path) -> tuple[Path, str] | None:
    """The nearest existing folder, and why it is not writable; None if it is."""
    for nearest in (folder, *folder.parents):
        if not os.path.lexists(nearest):
            continue
        if not nearest.is_dir():
            return nearest, "not a directory"
        if not os.access(nearest, os.W_OK | os.X_OK):
            return nearest, "permission denied"
        return None
    return folder, "not there"


def _space(train_dir: Path) -> list[Diagnostic]:
    nearest = next((p for p in (train_dir, *train_dir.parents) if p.is_dir()), None)
    if nearest is None:
        return []
    try:
        disk = os.statvfs(nearest)
    except OSError as error:
        return [_error(f"the disk does not answer: {error.strerror}", train_dir)]
    free, size = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
    if disk.f_files and not disk.f_favail:
        return [_error("the disk has no free inode for another file", train_dir)]
    if free < min(TIGHT, size // _PART):
        return [_error(f"the disk is full: {free >> 20} MiB free", train_dir, "free disk space")]
    if free < min(LOW, 2 * size // _PART):
        message = f"the disk is nearly full: {free >> 20} MiB free"
        return [Diagnostic("warning", message, where=Where(file=str(train_dir)))]
    return []


def _interpreter(
    jobs: list[Job], prefix: int, around: Mapping[str, str], python: str | None
) -> list[Diagnostic]:
    if python is not None and not interpreter.is_executable(python):
        message = "the interpreter of this run is gone: the last executor gave it to the jobs"
        return [_error(message, Path(python), "pass another one with `--python PATH`")]
    for job in jobs:
        first = "".join(job.argv[prefix : prefix + 1])
        if first in interpreter.WORDS:
            if interpreter.interpreter({**around, **job.env}, first, python) is None:
                return [
                    Diagnostic(
                        "error",
                        f"no interpreter for `{first}`",
                        where=Where(job=job.id),
                        hint="activate the environment that the jobs need, then start again",
                    )
                ]
    return []


def _begun(population: Population, state: RunState | None) -> bool:
    """Whether this run has started a member before: then the generations are its own."""
    return state is not None and any(state.by_id[name].attempts for name in population.members)


def _old_generations(population: Population, spec: Processes, train_dir: Path) -> list[Diagnostic]:
    """Another population's checkpoints, which this one would take for its own (defect P15).

    Members that another run starts may have begun: their folders are not looked into.
    """
    from pbt_tui.observe.workspaces.late import look_up

    style = STYLES.get(population.style)
    members = [job for job in spec.jobs if job.id in population.members]
    found = look_up(style, train_dir / population.workspace, members[0].argv if members else ())
    if found.candidates:
        hint = f"add `{style.folder_setting}={found.candidates[0].parent.name}` to the command"
        return [_error(found.problem or "", found.recorded, hint, "PBT424")]
    if found.path is None:
        return []
    workspace = found.path
    folders, files = map(re.compile, style.generation_files)
    own = {i if job.member is None else job.member for i, job in enumerate(members)}
    old = next(
        (
            file
            for member in _inside(workspace)
            if folders.fullmatch(member.name)
            and (not style.members_are_jobs or _number(member.name) in (None, *own))
            for file in _inside(member)
            if files.fullmatch(file.name)
        ),
        None,
    )
    if old is None:
        return []
    return [
        _error(
            f"the workspace of population `{population.id}` holds generations of an older one, "
            f"such as `{old.relative_to(workspace)}`",
            workspace,
            _another_workspace(style, population, members),
            "PBT450",
        )
    ]


def _another_workspace(style: Style, population: Population, members: list[Job]) -> str:
    """What gives the population a workspace of its own."""
    suffix = any(population.workspace.startswith(f"{job.dir}/") for job in members)
    cure = "compile with another `--experiment_suffix`"
    if style.index_keys and not suffix:  # the workspace does not lie in the run's folder
        cure = f"give it another `{style.index_keys[0].stem}{style.workspace_name}`"
    if style.recipe is not None:
        return f"{cure}, or put the old ones aside with `--fresh --from_scratch`"
    return f"{cure}, or move the old workspace away"


def _number(folder: str) -> int | None:
    return int(folder) if folder.isascii() and folder.isdigit() else None


def _inside(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _others(spec: Processes, jobs: list[Job], train_dir: Path) -> list[Diagnostic]:
    """Other live runs that write to the same directories (defect D10).

    Only run directories beside this one matter: the directory of a job begins with the name of the
    run.
    """
    mine = {job.dir for job in jobs}
    own = RunDir.of(train_dir, spec.run, spec.suffix).path
    found = []
    for path in _inside(own.parent):
        other = RunDir(path)
        if path == own or not path.name.startswith("_pbt"):
            continue
        if lock.holder(other.lock) is None:
            continue
        try:
            theirs = decode(read_regular(other.spec, SPEC_BYTES))
        except (OSError, PbtError):
            continue  # the executor of that run reports it
        shared = sorted(mine & {job.dir for job in theirs.jobs})
        if shared:
            found.append(
                _error(
                    f"another run is writing to the same directory: `{shared[0]}`",
                    path,
                    "wait for its end, or compile with another `--experiment_suffix`",
                    "PBT223",
                )
            )
    return found


def _error(message: str, file: Path, hint: str | None = None, code: str = "") -> Diagnostic:
    return Diagnostic("error", message, code, Where(file=str(file)), hint)
