"""Short names for the decisions at one moment."""

from __future__ import annotations

from typing import Any

from pbt_tui.journal import events as ev
from pbt_tui.scheduler import decide
from tests.journal.lives import Story, gpus, spec

NOW = 100.0


def story(*jobs: Any, devices: int = 0, **policy: Any) -> Story:
    return Story(spec(*jobs, **policy), gpus(devices))


def said(told: Story, at: float = NOW) -> Any:
    return decide(told.state, at)


def obey(told: Story, at: float = NOW) -> list[ev.AnyEvent]:
    """Applies all decisions that are due now, and returns them."""
    told.at = at
    made: list[ev.AnyEvent] = []
    while (decision := decide(told.state, at)) is not None:
        told.tell(decision)
        made.append(decision)
        assert len(made) < 1000
    return made


def names(made: list[ev.AnyEvent]) -> list[str]:
    return [e.job for e in made if isinstance(e, ev.AttemptScheduled)]


FIELDS = ("job", "why", "verdict")


def brief(made: list[ev.AnyEvent]) -> list[tuple[str, ...]]:
    """Kind, job, reason."""
    kinds = {
        ev.AttemptScheduled: "start", ev.StopRequested: "stop", ev.KillRequested: "kill",
        ev.JobSkipped: "skip", ev.RunClosed: "close",
    }  # fmt: skip
    return [
        (kinds[type(e)], *(str(getattr(e, f)) for f in FIELDS if getattr(e, f, None))) for e in made
    ]
