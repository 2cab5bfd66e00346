"""`--dry_run`: exactly what would be started, in the order it would be, as lines to copy.

Must not start, write or lock anything.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

import msgspec

from pbt_tui.cli.asking import Asked
from pbt_tui.cli.planning import warn
from pbt_tui.errors import Findings, RuntimeUnavailable, printable
from pbt_tui.executor.execute import Orders, choose_gpus
from pbt_tui.executor.launching import ProcessLaunches
from pbt_tui.executor.preflight import preflight
from pbt_tui.executor.runtimes import Launch
from pbt_tui.journal import RunDir, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.scheduler import decide


def dry_run(state: RunState, rundir: RunDir, orders: Orders, asked: Asked | None = None) -> str:
    """The text: what starts at once with its GPUs, then what would follow. Uses `state` up.

    Raises `Findings` or `RuntimeUnavailable` where nothing would be started (exit 5).
    """
    devices, _ = choose_gpus(orders.policy, orders.environ)
    cwd = Path(state.cwd) if state.cwd else orders.cwd
    train_dir = Path(state.train_dir) if state.train_dir else orders.train_dir
    found = preflight(state.spec, state, orders.policy, devices, cwd=cwd, train_dir=train_dir)
    if any(d.level == "error" for d in found):
        raise Findings(found, RuntimeUnavailable.exit_code)
    warn(found)
    _begin(state, orders, devices)
    if asked is not None:
        apply(state, ev.RequestAccepted(at=state.at, id="", action=asked[0], jobs=asked[1]))
    launches = ProcessLaunches(rundir, cwd, orders.policy, orders.environ)
    lines = [
        f"# run {printable(state.spec.run)} in {printable(str(rundir.path))}",
        f"cd {shlex.quote(str(cwd))}",
    ]
    first = list(_starts(state))
    for decision in first:
        job = state.by_id[decision.job]
        lines += _shown(launches(job, job.attempts[-1]), decision.gpus, train_dir)
    later = [job for job in state.jobs if job.phase == "waiting"]
    if later and state.held:
        lines.append(f"# held: {len(later)} start once it is released")
    elif later:
        lines.append(f"# {len(later)} more, as places become free")
    elif not first:
        lines.append("# nothing to start")
    for job in later:
        attempt = Attempt(len(job.attempts) + 1, (), state.at)
        lines += _shown(launches(job, attempt), (), train_dir)
    return "".join(f"{line}\n" for line in lines)


def _begin(state: RunState, orders: Orders, devices: tuple[ev.Gpu, ...]) -> None:
    """As if an executor had started that need not wait between two starts."""
    policy = msgspec.structs.replace(orders.policy, pause_between=0.0)
    state.next_start = state.at
    apply(
        state,
        ev.ExecutorStarted(
            at=state.at, pid=0, host="", boot_id="", runtime="process", gpus=devices, policy=policy
        ),
    )


def _starts(state: RunState) -> Iterator[ev.AttemptScheduled]:
    while isinstance(decision := decide(state, state.at), ev.AttemptScheduled):
        apply(state, msgspec.structs.replace(decision, at=state.at))
        yield decision


def _shown(launch: Launch, gpus: tuple[str, ...], train_dir: Path) -> list[str]:
    """A comment, and one line that does the same in a shell, on the terminal instead of the log."""
    pin = f" on GPU {', '.join(gpus)}" if gpus else ""
    # `env` starts programs alone: not the shell's own `echo`, and names that no shell can hold.
    names = [f"{name}={value}" for name, value in sorted(launch.env.items())]
    words = shlex.join(["env", *names, *launch.argv])
    if launch.spec.dir:
        words = f"mkdir -p {shlex.quote(str(train_dir / launch.spec.dir))} && {words}"
    log = printable(str(launch.log))
    return [f"# {launch.job}, attempt {launch.attempt}{pin}, log: {log}", words]
