"""Resume: reconciles the attempts that were active when the last executor ended.

Must not make new decisions. Recorded decisions are performed again under the same attempt number,
and everything that happened in between is recorded. A killed executor costs no attempt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import UNSET

from pbt_tui.errors import RunError, RuntimeUnavailable, Where
from pbt_tui.executor.loop import Loop
from pbt_tui.executor.trackers import NAMES as TRACKER_NAMES
from pbt_tui.files import folders
from pbt_tui.files.faults import cannot_go_on, reason
from pbt_tui.files.permissions import make_folder
from pbt_tui.journal import RunDir
from pbt_tui.journal.events import AttemptEnded, AttemptStarted
from pbt_tui.journal.state import Attempt, JobState, RunState
from pbt_tui.runtimes.protocol import Ended, Launch, Seen


def require_attempt_files(rundir: RunDir, state: RunState) -> None:
    """Makes the folder of the attempt files, but only if no attempt is active.

    In an empty folder in its place, attempts that have ended would be lost, with their exit codes,
    and others would be started twice. So no runtime may make this folder.

    Raises:
        RunError: if attempts are active and the folder is away, or if it cannot be made.
    """
    try:
        if not state.active:
            make_folder(rundir.attempts)
            return
    except OSError as error:
        raise cannot_go_on(error, "cannot make the folder of attempts", rundir.attempts) from error
    try:
        folders.require(rundir.attempts)
    except OSError as error:
        raise RunError(
            f"cannot tell what became of {len(state.active)} active attempts: {reason(error)}",
            where=Where(file=str(rundir.attempts)),
            hint="move it back; if it is gone for good, make an empty folder in its place, and "
            "attempts whose shell has ended count as lost",
        ) from error


def observe_active(loop: Loop) -> list[Seen]:
    """Asks the runtime about every active attempt, in order; records nothing.

    Raises `RuntimeUnavailable` if a host or an engine does not answer. No answer never means
    `lost`, and an executor that gets none must not be recorded as the last one.
    """
    active = list(loop.state.active.values())
    attempts = [job.attempts[-1] for job in active]
    asked = [(j.spec.id, a.number, a.handle) for j, a in zip(active, attempts, strict=True)]
    seen = loop.runtime.survey(asked)
    unknown: dict[str, list[str]] = {}
    for job, found in zip(active, seen, strict=True):
        if found.state == "unknown":
            unknown.setdefault(found.detail or _SILENT, []).append(job.spec.id)
    if unknown:
        raise _unknown(unknown)
    return seen


_GONE_HOST = "; `--forget_host NAME` counts what a host has started as lost"
_SILENT = "started by an engine that does not answer"


def _unknown(unknown: Mapping[str, Sequence[str]]) -> RuntimeUnavailable:
    """One sentence for each host or engine, with the number of its attempts."""
    sentences = [
        f"1 attempt was {detail}" if len(jobs) == 1 else f"{len(jobs)} attempts were {detail}"
        for detail, jobs in unknown.items()
    ]
    only = [job for jobs in unknown.values() for job in jobs]
    return RuntimeUnavailable(
        "; ".join(sentences),
        where=Where(job=only[0] if len(only) == 1 else None),
        hint="start `pbt-run` where host and engine answer; nothing was changed"
        + (_GONE_HOST if any(detail.startswith("started on host") for detail in unknown) else ""),
    )


def apply_reconciliation(loop: Loop, seen: Sequence[Seen], now: float) -> None:
    """Records what the runtime saw, and repeats effects that may not have been performed."""
    active = list(loop.state.active.values())
    if not active:
        return
    attempts = [job.attempts[-1] for job in active]
    launches: list[Launch] = []
    stops: list[tuple[str, int, bool]] = []
    for job, attempt, found in zip(active, attempts, seen, strict=True):
        key = (job.spec.id, attempt.number)
        match found.state:
            case "alive":
                loop.permits.adopt(job, attempt)
                requeued = found.source is not None and found.source != attempt.source
                if attempt.handle is None or requeued:
                    handle = found.handle or ""
                    loop.record(
                        AttemptStarted(
                            job=key[0],
                            attempt=key[1],
                            handle=handle,
                            node=found.node,
                            restart=found.restart,
                            source=UNSET if found.source is None else found.source,
                        ),
                        now,
                    )
                if attempt.stop_at is not None:
                    stops.append((*key, attempt.kill_at is not None))
            case "queued":
                if attempt.stop_at is not None:
                    stops.append((*key, attempt.kill_at is not None))
            case "ended" if found.ended is not None:
                loop.end(job, attempt, found.ended, now)
            case "never" if attempt.handle is None:
                why = _why_not(loop, job, attempt) if attempt.stop_at is None else ""
                if why is None:
                    launches.append(loop.launch(job, attempt))
                elif loop.runtime.forfeit(*key):
                    _end_unstarted(loop, job, attempt, now, why)
                elif attempt.stop_at is not None:
                    # A shim has claimed the attempt meanwhile, and it runs: stop it again.
                    stops.append((*key, attempt.kill_at is not None))
            case "forfeited":
                why = found.detail or _GAVE_UP
                _end_unstarted(loop, job, attempt, now, why)
            case _:
                lost = Ended(*key, attempt.handle, None, now, lost=True, detail=found.detail)
                loop.end(job, attempt, lost, now)
    loop.commit()
    if loop.state.held:
        loop.runtime.hold(True)
    if launches:
        loop.runtime.launch(launches)
    for name, number, kill in stops:
        loop.stop(name, number, kill=kill)


def _still_listed(loop: Loop, attempt: Attempt) -> bool:
    return all(loop.state.slots.position(gpu) is not None for gpu in attempt.devices)


def _has_read(attempt: Attempt) -> bool:
    """Whether it was decided with what its executor had read: another one reads again."""
    read = attempt.env is not None and attempt.env.keys() - TRACKER_NAMES
    return bool(attempt.args or read or attempt.anew or attempt.source is not None)


_GAVE_UP = "its executor gave it up before it started"


def _why_not(loop: Loop, job: JobState, attempt: Attempt) -> str | None:
    """Why an attempt that has not started does not start now; None if it does."""
    if not _still_listed(loop, attempt):
        return "its GPU is no longer listed"
    if _has_read(attempt):
        return "its executor ended before it started: what it goes on from is read again"
    if attempt.devices and not loop.permits.retake(job, attempt):
        return "its executor ended before it started, and its GPU is held now"
    return None


def _end_unstarted(loop: Loop, job: JobState, attempt: Attempt, now: float, why: str) -> None:
    if attempt.stop_at is not None:
        loop.end(job, attempt, Ended(job.spec.id, attempt.number, None, None, now), now)
        return
    loop.record(
        AttemptEnded(
            job=job.spec.id,
            attempt=attempt.number,
            outcome="interrupted",
            exit_code=None,
            detail=why,
            ended_at=now,
        ),
        now,
    )
