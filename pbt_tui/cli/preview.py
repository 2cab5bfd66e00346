"""`--dry_run`: the commands that would be started, in their order, as lines to copy.

Must not start, write or lock anything. The `dry_run` function of the runtime prints its commands.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import msgspec
from msgspec import UNSET, UnsetType

from pbt_tui.cli.planning import warn
from pbt_tui.cli.request_client import ActionRequest
from pbt_tui.errors import Findings, RuntimeUnavailable, command, printable
from pbt_tui.executor import continuing, factory, ports
from pbt_tui.executor.config import ExecutorConfig
from pbt_tui.executor.execute import look_ahead
from pbt_tui.executor.gpu_selection import ORDER, VISIBLE
from pbt_tui.executor.trackers import TrackerVariables, trackers
from pbt_tui.journal import RunDir, apply
from pbt_tui.journal import events as ev
from pbt_tui.journal.needed_jobs import jobs_of_request
from pbt_tui.journal.state import Attempt, RunState
from pbt_tui.journal.status_text import cannot_continue
from pbt_tui.runtimes import RUNTIMES
from pbt_tui.runtimes.context import RunContext
from pbt_tui.runtimes.planned_starts import PlannedStarts
from pbt_tui.scheduler import decide


def dry_run(
    state: RunState, rundir: RunDir, config: ExecutorConfig, asked: ActionRequest | None = None
) -> str:
    """The commands that would start at once, with their GPUs, then the others. Modifies `state`.

    Raises `Findings` or `RuntimeUnavailable` if nothing could be started (exit 5).
    """
    context = factory.run_context(rundir, state, config, "0" * 8)
    found = look_ahead(context)
    if any(d.level == "error" for d in found):
        raise Findings(found, RuntimeUnavailable.exit_code)
    warn(found)
    _begin(context)
    if asked is not None:
        anew: Literal[True] | UnsetType = True if asked.anew else UNSET
        jobs = jobs_of_request(state, asked.action, asked.jobs)
        accepted = ev.RequestAccepted(
            at=state.at, id="", action=asked.action, jobs=jobs, gpus=asked.gpus, anew=anew
        )
        apply(state, accepted)
    lines = [
        f"# run {printable(state.spec.run)} in {printable(str(rundir.path))}",
        f"cd {command(str(context.cwd))}",
        *_read(context),
    ]
    show = RUNTIMES.part(config.kind.name, config.kind.dry_run)
    return "".join(f"{line}\n" for line in [*lines, *show(context, _planned(context, config))])


def _begin(context: RunContext) -> None:
    """Applies the start of an executor that does not pause between two starts."""
    state = context.state
    policy = msgspec.structs.replace(context.policy, pause_between=0.0)
    state.next_start = state.at
    free = None
    if context.kind.local:
        free = ports.claim(ports.wanted(state, context.policy), state.run_id or "")
        if free is not None:
            free.close()  # shown, not taken
    apply(
        state,
        ev.ExecutorStarted(
            at=state.at,
            pid=0,
            host="",
            boot_id="",
            runtime=context.kind.name,
            gpus=context.gpus,
            policy=policy,
            ports=UNSET if free is None else free.ends,
            continues=continuing.continued(state.spec) or UNSET,
        ),
    )


def _read(context: RunContext) -> Iterator[str]:
    """Finds out what members go on from, as an executor would now; a line for each that cannot."""
    state, rundir = context.state, context.rundir
    unread = [state.jobs[job.index] for job in state.ready_queue.unread.values()]
    if not unread:
        return
    from pbt_tui.observe.continuing import answer
    from pbt_tui.observe.continuing.lives import Lives

    lives = Lives(rundir.populations)
    populations = {name: p for p in state.spec.populations for name in p.members}
    for job in unread:
        population = populations[job.spec.id]
        asked = continuing.question(state, rundir, population, job)
        found = answer(asked._replace(history=lives.of(population.id)))
        about = f"# {printable(job.spec.id)}, attempt {len(job.attempts) + 1}"
        if found.again_after is not None:
            yield f"{about}, would ask: {printable(found.why or '')}"
        elif found.refused is not None:
            yield f"{about}, would be skipped: {printable(cannot_continue(found.refused))}"
        known = continuing.answered(job.spec.id, len(job.attempts) + 1, job.question, found)
        if found.again_after is None:
            apply(state, msgspec.structs.replace(known, at=state.at))


def _planned(context: RunContext, config: ExecutorConfig) -> PlannedStarts:
    state, launches = context.state, factory.launches(context)
    tracked = trackers(context, asked=config.resume_trackers)
    scheduled = [state.by_id[decision.job] for decision in _starts(state, tracked)]
    first = tuple(launches(job, job.attempts[-1]) for job in scheduled)
    later = []
    for job in state.jobs:
        if job.phase == "waiting" and not job.is_unread and job.refusal is None:
            attempt = Attempt(len(job.attempts) + 1, (), state.at)
            if (known := job.continuation) is not None:
                attempt.args, attempt.env = known.args, known.env
            if tracked is not None:
                decision = ev.AttemptScheduled(
                    job=job.spec.id, attempt=attempt.number, gpus=(), anew=job.anew,
                    env=dict(attempt.env or {}),
                )  # fmt: skip
                attempt.env = tracked.add(decision).env
            launch = launches(job, attempt)
            # The GPU is not known yet, and an empty mask would hide all GPUs.
            unpinned = {
                k: v for k, v in launch.env.items() if not job.need or k not in (VISIBLE, ORDER)
            }
            later.append(replace(launch, env=unpinned))
    return PlannedStarts(first, tuple(later), state.held)


def _starts(state: RunState, tracked: TrackerVariables | None) -> Iterator[ev.AttemptScheduled]:
    kinds = (ev.AttemptScheduled, ev.JobSkipped)
    while isinstance(decision := decide(state, state.at), kinds):
        if isinstance(decision, ev.AttemptScheduled) and tracked is not None:
            decision = tracked.add(decision)
        apply(state, msgspec.structs.replace(decision, at=state.at))
        if isinstance(decision, ev.AttemptScheduled):
            yield decision
