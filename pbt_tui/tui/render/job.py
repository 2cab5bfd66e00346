"""Renders a job's page: state, why it waits, attempts, end of the log, command and parameters.

Must not read files: the caller passes the lines of the log.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbt_tui.errors import command as quoted
from pbt_tui.journal import status_text
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.journal.state import ACTIVE, Attempt, JobState, RunState
from pbt_tui.journal.status_text import duration, lasting
from pbt_tui.observe.pauses import Pause
from pbt_tui.observe.queue_status import QueueStatus, is_suspended
from pbt_tui.runtimes import RuntimeKind
from pbt_tui.runtimes.kind import Submission
from pbt_tui.scheduler.explain import explain
from pbt_tui.spec import merged
from pbt_tui.tui import labels
from pbt_tui.tui.render import queue
from pbt_tui.tui.render.failures import excerpt
from pbt_tui.tui.runtime_view import kind_of
from pbt_tui.tui.text import Frame, Line, Span, at, both, cut, fit, safe, wrap

if TYPE_CHECKING:
    from pbt_tui.observe.job_trackers import JobTracker

_PYTHONS = ("python", "python3")


def page(
    job: JobState,
    state: RunState,
    frame: Frame,
    *,
    rundir: RunDir,
    log: Sequence[str],
    request: str = "",
    place: tuple[int, int] = (1, 1),
    queued: QueueStatus | None = None,
    pause: Pause | None = None,
    submission: Submission | None = None,
    held: Mapping[str, str] | None = None,
    trackers: Sequence[JobTracker] = (),
) -> list[Line]:
    """The whole page, which may be longer than the frame.

    Args:
        request: The request to the engine for the newest attempt, as a command, if there is one.
        queued: The entry of the newest attempt in the engine's queue.
        pause: The pause of the newest attempt in the engine, if it is paused.
        submission: The files and texts that were submitted to the engine.
        held: UUID or index of each GPU that the run waits for, to who holds it.
        trackers: What W&B, TensorBoard and MLflow hold of the job.
    """
    width, height, now = frame
    kind = kind_of(state)
    suspended = is_suspended(queued, kind.queue if kind else None)
    state_now = labels.state_span(job, suspended=suspended, pause=pause)
    title: list[Span] = [(f" {job.spec.id}  ", "title"), state_now]
    if job.spec.population is not None:
        member = "" if job.spec.member is None else f" member {job.spec.member}"
        title.append((f"  {safe(job.spec.population)}{member}", "dim"))
    lines: list[Line] = [both(tuple(title), ((f"{place[0]} of {place[1]} (n N) ", "dim"),), width)]
    why = explain(state, job.spec.id, now, held)
    if job.attempt is not None and job.attempt.queued:
        why = queue.why(job.attempt, queued, now, kind.queue if kind else None)
    if pause is not None:
        why = labels.pause_text(pause, now) + _go_on(job.attempt, kind)
    if why:
        lines += _block("why", [safe(why)], width)
    if job.cancel and job.phase in ACTIVE:
        lines += _block("asked", ["a person cancelled it"], width)
    lines += _attempts(job, state, kind, width, now)
    if job.attempts:
        path = rundir.log(job.spec.id, len(job.attempts))
        lines += [(), *_block("log", [str(path)], width)]
        room = max(4, min(len(log), height - len(lines) - 6))
        attempt = job.attempt
        lines += excerpt(log, attempt.detail if attempt else None, width, room)
    if job.attempt is not None and kind is not None and kind.has_queue:
        lines += _in_the_queue(job.attempt, kind, width, queued, submission)
    lines += [(), *_block("command", [command(job, state)], width)]
    if job.attempts or state.executor:
        lines += _block("by hand", by_hand(job, state, request), width)
    lines += _trackers(trackers, width)
    lines += _table("params", job.spec.params, width)
    lines += _table("env", dict(job.spec.env), width)
    lines += [(), *_block("writes to", [directory(job, state)], width)]
    return lines


def _go_on(attempt: Attempt | None, kind: RuntimeKind | None) -> str:
    """The end of a sentence about a pause: the command that ends it."""
    if attempt is None or not attempt.handle or kind is None or kind.pauses is None:
        return ""
    return f"; `{kind.pauses.go_on(attempt.handle)}` lets it go on"


def command(job: JobState, state: RunState) -> str:
    """The command of the newest attempt, quoted for a shell; before it, that in the spec."""
    return quoted(*_argv(job, state))


def _argv(job: JobState, state: RunState) -> tuple[str, ...]:
    """The command in the spec, with the arguments of the newest attempt alone."""
    prefix, argv = len(state.spec.command_prefix), job.spec.argv
    args = job.attempt.args if job.attempt is not None else ()
    return (*argv[:prefix], *merged(argv[prefix:], args))


def by_hand(job: JobState, state: RunState, request: str = "") -> list[str]:
    """Shell commands that run the job by hand."""
    if request:
        return [safe(request.strip())]
    executor = state.executor
    kind = kind_of(state)
    container = executor.container if executor else state.spec.container
    if container is not None and (kind is None or kind.in_container):
        return [f"in image {container.image}: `pbt-run … --dry_run` shows the whole request"]
    argv = list(_argv(job, state))
    if executor and executor.interpreter and argv[0] in _PYTHONS:
        argv[0] = executor.interpreter
    own = job.attempt.env if job.attempt is not None else None
    env = {**(own or {}), **job.spec.env}
    if job.attempt is not None and job.attempt.gpus:
        env["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"
        env["CUDA_VISIBLE_DEVICES"] = ",".join(job.attempt.gpus)
    pairs = [f"{name}={quoted(value)}" for name, value in env.items()]
    return [f"cd {quoted(state.cwd or '.')}", " ".join([*pairs, quoted(*argv)])]


def _trackers(trackers: Sequence[JobTracker], width: int) -> list[Line]:
    """A tracker with the commands and addresses that open it; `Y` copies them."""
    texts = [f"{fit(one.name, 11)}  {text}" for one in trackers for text in one.texts]
    return [(), *_block("trackers", texts, width)] if texts else []


def directory(job: JobState, state: RunState) -> str:
    return str(Path(state.train_dir or state.spec.train_dir) / job.spec.dir)


def _attempts(
    job: JobState, state: RunState, kind: RuntimeKind | None, width: int, now: float
) -> list[Line]:
    if not job.attempts:
        return [(), *_block("attempts", ["none yet"], width)]
    local = kind is None or kind.local
    title, wide, cell = ("GPU", 5, _gpu(state)) if local else ("NODE", 10, _node)
    has_queue = kind is not None and kind.has_queue
    room = max(12, width - 10 - (wide + 1) - 10 - 9 - 2)
    lines: list[Line] = [
        (),
        (
            (" attempts ", "head"),
            (f"{fit(title, wide, '>')}  {fit('STARTED', 8)}  {fit('TIME', 7, '>')}  ", "head"),
            (fit("OUTCOME", room), "head"),
        ),
    ]
    for attempt in job.attempts:
        place = fit(cell(attempt) or "-", wide, ">")
        started = at(attempt.started_at, now)[-8:] if attempt.started_at else "-"
        took = _took(attempt, now)
        style = "bad" if attempt.outcome in ("failed", "lost", "refused") else ""
        lines.append(
            (
                (fit(f"{attempt.number}", 9, ">") + " ", ""),
                (f"{place}  {fit(started, 8)}  {fit(took, 7, '>')}  ", "dim"),
                (cut(status_text.outcome_text(attempt), room), style),
            )
        )  # fmt: skip
        more = [safe(text)] if (text := _goes_on_from(attempt)) else []
        if attempt.detail:
            where = f" (log line {attempt.line})" if attempt.line else ""
            more.append(safe(attempt.detail) + where)
        if has_queue and attempt is not job.attempt:
            more += [text for text in [queue.facts(attempt, None)] if text]
        elif attempt.handle and attempt.outcome is None and not has_queue:
            on = f" on {safe(attempt.node)}" if attempt.node else ""
            more.append(f"{_handle(attempt.handle, kind)}{on}")
        for text in more:
            indent = 31 + wide if width >= 100 else 11
            pieces = wrap(text, max(20, width - indent - 1))[:3]
            lines += [((" " * indent + piece, "dim"),) for piece in pieces]
    return lines


def _goes_on_from(attempt: Attempt) -> str | None:
    """What an attempt goes on from; a requeued task finds that out by itself."""
    source = attempt.source
    if not attempt.restarts or not attempt.why or source is None:
        return attempt.why
    return f"requeued: goes on from generation {source.generation} of member {source.member}"


def _gpu(state: RunState) -> Callable[[Attempt], str]:
    return lambda attempt: labels.gpu_names(state, attempt.gpus)


def _node(attempt: Attempt) -> str:
    return labels.node_name(attempt.node)


def _handle(handle: str, kind: RuntimeKind | None) -> str:
    """`pid 4182`; the handle of a process without its start time."""
    if kind is None or kind.plain:
        return f"{kind.handle if kind else 'pid'} {safe(handle).partition('.')[0]}"
    return f"{kind.handle} {safe(handle)}"


def _in_the_queue(
    attempt: Attempt,
    kind: RuntimeKind,
    width: int,
    queued: QueueStatus | None,
    submission: Submission | None,
) -> list[Line]:
    """The newest attempt in the engine: its id and state, what was submitted, and its files."""
    name = queued.id if queued else attempt.handle or (submission.id if submission else None)
    texts = [queue.facts(attempt, queued) or safe(name or "being submitted")]
    if name and kind.queue is not None:
        texts += kind.queue.commands(safe(name))
    if submission is not None:
        texts += [safe(f"{what}  {path}") for what, path in submission.files]
    return [(), *_block(kind.title.lower(), texts, width)]


def _took(attempt: Attempt, now: float) -> str:
    if attempt.started_at is None:
        return "-"
    if attempt.ended_at is None:
        return lasting(now - attempt.started_at)
    return duration(attempt.ended_at - attempt.started_at)


def _block(name: str, texts: Sequence[str], width: int) -> list[Line]:
    lines: list[Line] = []
    for text in texts:
        for piece in wrap(text, max(20, width - 12)):
            lines.append(((fit(f" {name}" if not lines else "", 11), "head"), (piece, "")))
    return lines


def _table(name: str, values: dict[str, Any], width: int) -> list[Line]:
    if not values:
        return []
    longest = min(40, max(len(key) for key in values))
    texts = [f"{fit(safe(key), longest)}  {safe(_value(value))}" for key, value in values.items()]
    lines: list[Line] = [()]
    for index, text in enumerate(texts):
        head = fit(f" {name}" if index == 0 else "", 11)
        lines.append(((head, "head"), (cut(text, max(10, width - 12)), "")))
    return lines


def _value(value: Any) -> str:
    return value if isinstance(value, str) else repr(value)
