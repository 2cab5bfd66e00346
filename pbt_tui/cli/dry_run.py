"""`--dry_run`: exactly what would be started, in the order it would be, as lines to copy.

Must not start, write or lock anything.
"""

from __future__ import annotations

import shlex

import msgspec

from pbt_tui.errors import printable
from pbt_tui.executor.execute import Orders, choose_gpus
from pbt_tui.executor.launching import ProcessLaunches
from pbt_tui.executor.runtimes import Launch
from pbt_tui.journal import RunDir, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.scheduler import decide
from pbt_tui.spec import Processes


def dry_run(spec: Processes, state: RunState, rundir: RunDir, orders: Orders) -> str:
    """The text: what starts at once with its GPUs, then what would follow."""
    devices, _ = choose_gpus(orders.policy, orders.environ)
    at = state.at
    started = ev.ExecutorStarted(
        at=at,
        pid=0,
        host="",
        boot_id="",
        runtime="process",
        gpus=devices,
        policy=msgspec.structs.replace(orders.policy, pause_between=0.0),
    )
    apply(state, started)
    launches = ProcessLaunches(rundir, orders.cwd, orders.policy, orders.environ)
    lines = [f"# run {printable(spec.run)} in {rundir.path}", f"cd {shlex.quote(str(orders.cwd))}"]
    first: set[str] = set()
    while isinstance(decision := decide(state, at), ev.AttemptScheduled):
        apply(state, msgspec.structs.replace(decision, at=at))
        job = state.by_id[decision.job]
        first.add(decision.job)
        lines += _shown(launches(job, job.attempts[-1]), decision.gpus)
    later = [job for job in state.jobs if job.phase == "waiting"]
    if later:
        lines.append(f"# {len(later)} more, as places become free:")
        for job in later:
            lines += _shown(launches(job, Attempt(len(job.attempts) + 1, (), at)), ())
    return "".join(f"{line}\n" for line in lines)


def _shown(launch: Launch, gpus: tuple[str, ...]) -> list[str]:
    pin = f" on GPU {', '.join(gpus)}" if gpus else ""
    env = [f"{name}={shlex.quote(value)}" for name, value in sorted(launch.env.items())]
    words = " ".join([*env, shlex.join(launch.argv)])
    log = shlex.quote(str(launch.log))
    return [f"# {launch.job}, attempt {launch.attempt}{pin}", f"{words} >>{log} 2>&1"]
