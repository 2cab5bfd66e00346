"""The messages about a run: one sentence, the environment of a command, the JSON of a webhook.

They hold names, numbers and causes. Must not hold a line of a log, a command or a variable of the
environment: each may contain a secret.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from pbt_tui.journal import RunState
from pbt_tui.journal.status_text import counts
from pbt_tui.journal.told_sentences import end_sentence, failure_sentence
from pbt_tui.journal.untold import Topic, is_failure
from pbt_tui.observe.progress import BestObjective
from pbt_tui.observe.progress.objective_news import best_sentence, plateau_sentence
from pbt_tui.spec import Cause

NAMED = 20
"""Number of failed jobs that a message names; it counts the others."""


@dataclass(frozen=True, slots=True)
class Message:
    """What one command or one webhook is told."""

    topic: Topic
    run: str
    """Name of the run."""
    rundir: Path
    counts: dict[str, int]
    """Number of jobs in each state, as the monitor counts them."""
    failed: tuple[str, ...]
    """Ids of failed jobs: the new ones, or at the end all of them; at most `NAMED`."""
    cause: Cause | None
    """What made the first of them fail."""
    exit_code: int | None
    """That of `pbt-run` at the end, else that of the first failed job; None: unknown."""
    verdict: str
    """Result of the run; empty before its end."""
    text: str
    """All of it in one sentence."""
    best: BestObjective | None = None
    """The best objective, in messages about it."""


def failure_message(state: RunState, rundir: Path, failed: Sequence[str]) -> Message:
    """The message about jobs that failed, of which there is at least one."""
    first = state.by_id[failed[0]]
    text = failure_sentence(state, failed)
    attempt = first.attempt
    code = None if attempt is None else attempt.exit_code
    return _message("failure", state, rundir, failed, code, text)


def end_message(state: RunState, rundir: Path, exit_code: int) -> Message:
    """The message about the end of a run, which is closed."""
    verdict = state.closed or "succeeded"
    text = end_sentence(state)
    failed = [job.spec.id for job in state.jobs if is_failure(job)]
    return _message("end", state, rundir, failed, exit_code, text, verdict)


def best_message(state: RunState, rundir: Path, best: BestObjective) -> Message:
    """The message about a better objective."""
    text = best_sentence(state.spec.run, best)
    return replace(_message("best", state, rundir, (), None, text), best=best)


def plateau_message(state: RunState, rundir: Path, best: BestObjective, now: float) -> Message:
    """The message about an objective that does not become better."""
    text = plateau_sentence(state.spec.run, best, now)
    return replace(_message("plateau", state, rundir, (), None, text), best=best)


def environment(message: Message) -> dict[str, str]:
    """The variables that a command gets besides those of the executor."""
    have = message.counts
    return {
        "PBT_EVENT": message.topic,
        "PBT_RUN": message.run,
        "PBT_RUN_DIR": str(message.rundir),
        "PBT_SUCCEEDED": str(have["succeeded"]),
        "PBT_FAILED": str(have["failed"]),
        "PBT_CANCELLED": str(have["cancelled"]),
        "PBT_SKIPPED": str(have["skipped"]),
        "PBT_EXIT_CODE": "" if message.exit_code is None else str(message.exit_code),
        "PBT_VERDICT": message.verdict,
        "PBT_FAILED_JOBS": " ".join(message.failed),
        "PBT_CAUSE": message.cause or "",
        "PBT_MESSAGE": message.text,
    }


def body(message: Message) -> bytes:
    """The JSON that a webhook gets. Services for chats show the key `text`."""
    best = message.best
    document = {
        "text": message.text,
        "event": message.topic,
        "run": message.run,
        "counts": message.counts,
        "failed_jobs": message.failed,
        "cause": message.cause,
        "exit_code": message.exit_code,
        "verdict": message.verdict or None,
        "job": None if best is None else best.job,
        "objective": None if best is None else best.value,
    }
    return json.dumps(document).encode()


def _message(
    topic: Topic,
    state: RunState,
    rundir: Path,
    failed: Sequence[str],
    exit_code: int | None,
    text: str,
    verdict: str = "",
) -> Message:
    attempt = state.by_id[failed[0]].attempt if failed else None
    return Message(
        topic=topic,
        run=state.spec.run,
        rundir=rundir,
        counts=counts(state),
        failed=tuple(failed[:NAMED]),
        cause=None if attempt is None else attempt.cause,
        exit_code=exit_code,
        verdict=verdict,
        text=text,
    )
