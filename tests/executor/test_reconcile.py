"""What the next executor does with an attempt whose stop the last one may not have performed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from pbt_tui.executor import reconcile
from pbt_tui.executor.loop import Loop
from pbt_tui.journal import RunState
from pbt_tui.journal import events as ev
from pbt_tui.runtimes.protocol import Launch, Seen
from tests.core.planting import Fault
from tests.journal.lives import Story, job, spec

NOT_STOPPED = Fault(
    "what a queue holds is not stopped again",
    reconcile,
    "apply_reconciliation",
    'case "queued":\n                if attempt.stop_at is not None:',
    'case "queued":\n                if False:',
)
SOFT, HARD = ("a", 1, False), ("a", 1, True)


class Engine:
    """Notes what is asked of a runtime; is journal, inbox and clock, too."""

    def __init__(self) -> None:
        self.stops: list[tuple[str, int, bool]] = []
        self.launched: list[Launch] = []

    def stop(self, job: str, attempt: int, *, kill: bool) -> bool:
        self.stops.append((job, attempt, kill))
        return True

    def launch(self, batch: Sequence[Launch]) -> None:
        self.launched += batch

    def append(self, events: Sequence[ev.AnyEvent], meanwhile: object) -> None: ...
    def now(self) -> float:
        return 200.0


def stopped(*stops: type[ev.StopRequested] | type[ev.KillRequested]) -> RunState:
    """A run whose only attempt was handed over, and then stopped."""
    told = Story(spec(job("a")))
    told.tell(ev.AttemptScheduled(job="a", attempt=1, gpus=()))
    return told.tell(*(stop(job="a", attempt=1, why="cancel") for stop in stops)).state


def resumed(state: RunState, seen: Seen) -> Engine:
    """What the next executor asks for, where the runtime sees this."""
    engine: Any = Engine()
    loop = Loop(
        state,
        journal=engine,
        runtime=engine,
        inbox=engine,
        clock=engine,
        launch_of=lambda job, attempt: pytest.fail("it is launched again"),
        diagnose=lambda job, end: (None, None, None),
    )
    reconcile.apply_reconciliation(loop, [seen], 200.0)
    found: Engine = engine
    return found


@pytest.mark.parametrize("seen", [Seen("queued"), Seen("alive", "1.5")], ids=["queued", "alive"])
@pytest.mark.parametrize(
    ("stops", "wanted"),
    [
        ((), []),
        ((ev.StopRequested,), [SOFT]),
        ((ev.StopRequested, ev.KillRequested), [HARD]),
    ],
    ids=["none", "stop", "kill"],
)
def test_a_stop_is_sent_again(seen: Seen, stops: Any, wanted: list[tuple[str, int, bool]]) -> None:
    engine = resumed(stopped(*stops), seen)
    assert engine.stops == wanted
    assert engine.launched == []


def test_without_the_rule_a_queue_keeps_what_was_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    NOT_STOPPED.plant(monkeypatch)
    assert resumed(stopped(ev.StopRequested), Seen("queued")).stops == []
