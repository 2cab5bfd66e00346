"""What members go on from: the questions that the executor asks, and the facts about the answers.

The state of the run raises the questions (`journal.questions`), `observe.continuing` answers them,
in threads (`reader_threads`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pbt_tui.journal import RunDir, RunState
from pbt_tui.journal import events as ev
from pbt_tui.journal.state import Attempt, JobState
from pbt_tui.populations import STYLES
from pbt_tui.runtimes.protocol import GoesOn
from pbt_tui.spec import Population, Processes

if TYPE_CHECKING:
    from pbt_tui.observe.continuing import Continuation, Question


class Asker(Protocol):
    """Whom the loop asks; `NO_ASKER` for a run whose populations are not continued."""

    def ask(self, jobs: Iterable[JobState]) -> None:
        """Asks about jobs that are unread, the newest question first."""

    def answers(self) -> list[ev.ContinuationKnown]:
        """What was found out since the last call."""

    def make_ready(self, job: JobState, attempt: int) -> None:
        """Prepares the disk for an attempt, before its launch. Raises `RunError`."""


class _NoAsker:
    def ask(self, jobs: Iterable[JobState]) -> None:
        """Does nothing."""

    def answers(self) -> list[ev.ContinuationKnown]:
        return []

    def make_ready(self, job: JobState, attempt: int) -> None:
        """Does nothing."""


NO_ASKER = _NoAsker()


def continued(spec: Processes) -> tuple[str, ...]:
    """The populations whose members are continued: their style has a recipe."""
    return tuple(p.id for p in spec.populations if STYLES.get(p.style).recipe is not None)


def question(state: RunState, rundir: RunDir, population: Population, job: JobState) -> Question:
    """What is asked about the next attempt of a job; without the history, which is on disk."""
    from pbt_tui.observe.continuing import Question, Tried
    from pbt_tui.observe.population_workspace import workspace

    return Question(
        job=job.spec,
        style=population.style,
        population=population.id,
        recorded=workspace(state, rundir, population),
        member=job.spec.member or 0,
        tried=Tried.of(job.attempts),
        anew=job.anew,
        moved_at=state.moved_at,
        kept=rundir.kept,
    )


def goes_on(state: RunState, rundir: RunDir) -> Callable[[JobState, Attempt], GoesOn | None]:
    """What the runtime needs to know so that a requeued attempt goes on by itself."""
    chosen = continued(state.spec)
    populations = {name: p for p in state.spec.populations if p.id in chosen for name in p.members}
    places: dict[str, Path] = {}

    def of(job: JobState, attempt: Attempt) -> GoesOn | None:
        population = populations.get(job.spec.id)
        if population is None:
            return None
        if population.id not in places:
            from pbt_tui.observe.population_workspace import workspace

            places[population.id] = workspace(state, rundir, population)
        earlier = () if attempt.anew else job.attempts
        return GoesOn(
            style=population.style,
            recorded=places[population.id],
            args=attempt.args,
            source=attempt.source,
            seen=attempt.seen,
            known=any(a.source is not None for a in earlier),
        )

    return of


def answered(job: str, attempt: int, after: int, found: Continuation) -> ev.ContinuationKnown:
    """The fact about an answer that is final."""
    return ev.ContinuationKnown(
        job=job,
        attempt=attempt,
        after=after,
        args=tuple(found.args),
        env=dict(found.env),
        source=found.source,
        refused=found.refused,
        why=found.why,
        seen=found.seen,
    )
