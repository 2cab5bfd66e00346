"""A question about the next attempt of a member, and the answer.

A question holds all that the journal and the history know, so that `answer` needs no state of the
executor and may run in another thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from pbt_tui.journal.events import Outcome, Source
from pbt_tui.journal.state import Attempt
from pbt_tui.observe.workspaces import Generation
from pbt_tui.spec import Cause, Job

PATIENCE = 60.0
"""Seconds for which a generation that was there before is looked for again: mounts are late."""
AGAIN = 2.0
"""Seconds between two such looks."""


class Tried(NamedTuple):
    """An earlier attempt: what it went on from, and how it ended."""

    source: Source | None = None
    """The generation that it continued from."""
    outcome: Outcome | None = None
    """How it ended; None while it is active."""
    exit_code: int | None = None
    """Exit code of its process."""
    signal: int | None = None
    """Number of the signal that ended it."""
    cause: Cause | None = None
    """What made it end."""
    anew: bool = False
    """Whether it was to begin from scratch."""
    started: bool = True
    """Whether its process ran."""

    @classmethod
    def of(cls, attempts: Iterable[Attempt]) -> tuple[Tried, ...]:
        """The attempts of a job as the state of the run has them, oldest first."""
        return tuple(
            cls(
                a.source,
                a.outcome,
                a.exit_code,
                a.signal,
                a.cause,
                a.anew,
                a.started_at is not None,
            )
            for a in attempts
        )


class Question(NamedTuple):
    """What is asked: what does the next attempt of this job go on from?"""

    job: Job
    """The job."""
    style: str
    """Name of the population style."""
    population: str
    """Id of the population."""
    recorded: Path
    """The workspace as the spec records it, absolute; `answer` finds the true one below it."""
    member: int = 0
    """Index of the member; 0 where one job trains all members."""
    tried: Sequence[Tried] = ()
    """Earlier attempts of the job, oldest first."""
    history: Sequence[Generation] = ()
    """What the history has of the population, in the order of its lines. The answer about a member
    uses those of the member alone."""
    anew: bool = False
    """Whether a person asked for an attempt from scratch."""
    moved_at: float | None = None
    """When the run directory was last found moved or copied, in Unix seconds; None: never. Times of
    files that are older may be those of a copy."""
    kept: Path | None = None
    """The folder `kept` of the run directory, with pinned generations; None: there is none."""
    waited: float = 0.0
    """Seconds since the question was first asked."""


class Continuation(NamedTuple):
    """The answer. With neither `source`, `refused` nor `again_after`, the member begins anew."""

    args: tuple[str, ...] = ()
    """Arguments for the attempt; `spec.merged` puts them into the job's command."""
    env: Mapping[str, str] = {}
    """Variables for the attempt; those of the job override them."""
    source: Source | None = None
    """The generation that the attempt continues from."""
    refused: str | None = None
    """Why no generation can be chosen, so that a person has to decide."""
    why: str | None = None
    """What the attempt goes on from, for people: `goes on from generation 12 of member 3`."""
    again_after: float | None = None
    """Nothing is decided: the question is to be asked again after so many seconds."""
