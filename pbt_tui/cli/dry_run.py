"""`--dry_run`: exactly what would be started, in the order it would be, as lines to copy.

Must not start, write or lock anything.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import msgspec

from pbt_tui.cli.planning import warn
from pbt_tui.cli.request_client import Asked
from pbt_tui.errors import Findings, RuntimeUnavailable, printable
from pbt_tui.executor import factory
from pbt_tui.executor.config import ExecutorConfig
from pbt_tui.executor.execute import look_ahead
from pbt_tui.executor.factory import RunContext
from pbt_tui.executor.gpu_selection import ORDER, VISIBLE
from pbt_tui.journal import RunDir, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.runtimes.protocol import Launch
from pbt_tui.scheduler import decide

Show = Callable[[RunContext, Launch], list[str]]


def dry_run(
    state: RunState, rundir: RunDir, orders: ExecutorConfig, asked: Asked | None = None
) -> str:
    """The text: what starts at once with its GPUs, then what would follow. Uses `state` up.

    Raises `Findings` or `RuntimeUnavailable` where nothing would be started (exit 5).
    """
    here = factory.run_context(rundir, state, orders, "0" * 8)
    found = look_ahead(here)
    if any(d.level == "error" for d in found):
        raise Findings(found, RuntimeUnavailable.exit_code)
    warn(found)
    _begin(here)
    if asked is not None:
        apply(state, ev.RequestAccepted(at=state.at, id="", action=asked[0], jobs=asked[1]))
    launches = factory.launches(here)
    lines = [
        f"# run {printable(state.spec.run)} in {printable(str(rundir.path))}",
        f"cd {shlex.quote(str(here.cwd))}",
    ]
    first = list(_starts(state))
    if orders.runtime == "slurm":
        return "".join(f"{line}\n" for line in [*lines, *_in_arrays(here, first)])
    show = _in_containers(here, lines) if orders.runtime == "docker" else _in_a_shell
    for decision in first:
        job = state.by_id[decision.job]
        lines += _heading(here, launches(job, job.attempts[-1]), decision.gpus, show)
    later = [job for job in state.jobs if job.phase == "waiting"]
    if later and state.held:
        lines.append(f"# held: {len(later)} start once it is released")
    elif later:
        lines.append(f"# {len(later)} more, as places become free")
    elif not first:
        lines.append("# nothing to start")
    for job in later:
        attempt = Attempt(len(job.attempts) + 1, (), state.at)
        # Which GPU it will be is not known yet; an empty mask would hide them all.
        launch = launches(job, attempt)
        unpinned = {
            k: v for k, v in launch.env.items() if not job.need or k not in (VISIBLE, ORDER)
        }
        lines += _heading(here, replace(launch, env=unpinned), (), show)
    return "".join(f"{line}\n" for line in lines)


def _begin(here: RunContext) -> None:
    """As if an executor had started that need not wait between two starts."""
    state = here.state
    policy = msgspec.structs.replace(here.orders.policy, pause_between=0.0)
    state.next_start = state.at
    apply(
        state,
        ev.ExecutorStarted(
            at=state.at,
            pid=0,
            host="",
            boot_id="",
            runtime=here.orders.runtime,
            gpus=here.gpus,
            policy=policy,
        ),
    )


def _starts(state: RunState) -> Iterator[ev.AttemptScheduled]:
    while isinstance(decision := decide(state, state.at), ev.AttemptScheduled):
        apply(state, msgspec.structs.replace(decision, at=state.at))
        yield decision


def _heading(here: RunContext, launch: Launch, gpus: tuple[str, ...], show: Show) -> list[str]:
    """A comment, then what does the same by hand."""
    pin = f" on GPU {', '.join(gpus)}" if gpus else ""
    log = printable(str(launch.log))
    return [f"# {launch.job}, attempt {launch.attempt}{pin}, log: {log}", *show(here, launch)]


def _in_a_shell(here: RunContext, launch: Launch) -> list[str]:
    """One line, on the terminal instead of the log."""
    # `env` starts programs alone: not the shell's own `echo`, and names that no shell can hold.
    names = [f"{name}={value}" for name, value in sorted(launch.env.items())]
    words = shlex.join(["env", *names, *launch.argv])
    if launch.spec.dir:
        words = f"mkdir -p {shlex.quote(str(here.train_dir / launch.spec.dir))} && {words}"
    return [words]


def _in_arrays(here: RunContext, first: Sequence[ev.AttemptScheduled]) -> Iterator[str]:
    """The files and the calls: what is written, and handed to SLURM, with the same words."""
    from pbt_tui.runtimes.slurm.submissions import made

    order = factory.submit_order(here)
    if not first:
        held = here.state.held and here.state.counts["waiting"]
        yield f"# held: {held} are submitted once it is released" if held else "# nothing to submit"
        return
    run = here.rundir
    folders = [run.attempts, run.logs, order.scripts, order.output]
    yield shlex.join(["mkdir", "-p", *map(str, dict.fromkeys(folders))])
    assert here.orders.slurm is not None
    tasks = [(event.job, event.attempt) for event in first]
    for shape, names in order.chunks(tasks, here.orders.slurm.max_array):
        files = order.files(shape, names)
        record = made(here.run_id, names, files)
        yield f"# an array of {len(names)}, each {shape.name}: from {names[0][0]} to {names[-1][0]}"
        for name, text in ((record.manifest, files.manifest), (record.script, files.script)):
            path = shlex.quote(str(order.scripts / name))
            yield f"cat >{path} <<'END_OF_FILE'"
            yield text.decode().rstrip("\n")
            yield "END_OF_FILE"
        yield shlex.join(order.argv(record))


def _in_containers(here: RunContext, lines: list[str]) -> Show:
    """The exact create request as a comment, and the same as a command."""
    from pbt_tui.runtimes.docker.request import body, docker_run

    runtime = factory.docker_runtime(here)
    unknown = runtime.peek()
    if unknown:
        lines.append(f"# {printable(unknown)}")
    dirs = {here.train_dir / job.spec.dir for job in here.state.jobs if job.spec.dir}
    lines.append(shlex.join(["mkdir", "-p", *map(str, sorted({*dirs, *runtime.folders}))]))

    def show(here: RunContext, launch: Launch) -> list[str]:
        request = runtime.request(launch)
        whole = msgspec.json.encode(body(request)).decode()
        return [f"# POST /containers/create?name={request.name} {whole}", docker_run(request)]

    return show
