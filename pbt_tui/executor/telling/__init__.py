"""Tells a person what happens to a run: by a command of theirs, and by a webhook.

Nothing of it is in the spec or in the journal, and nothing of it stops a run. `journal.untold`
decides when to tell of failures and of the end, `observe.progress.objective_news` when of a better
objective and of a plateau, which only the webhook gets. `messages` says it, `commands` and
`webhooks` deliver it, and `teller` connects them. A run that tells nobody loads none of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pbt_tui.journal import RunState
    from pbt_tui.journal import events as ev
    from pbt_tui.observe.progress import BestObjective


class Listener(Protocol):
    """What listens to a run while it is executed: a `Teller`, or `NOBODY`."""

    def tell(self, events: Sequence[ev.AnyEvent]) -> None:
        """Takes a durable batch of events, which the state has folded."""

    def reach(self, best: BestObjective) -> None:
        """Takes the best objective: the one of the executors before, then each better one."""

    def tick(self, state: RunState) -> None:
        """Sends what is due, and tells what went wrong."""

    def finish(self) -> None:
        """Waits for what is being told."""


class _Nobody:
    def tell(self, events: Sequence[ev.AnyEvent]) -> None:
        """Does nothing."""

    def reach(self, best: BestObjective) -> None:
        """Does nothing."""

    def tick(self, state: RunState) -> None:
        """Does nothing."""

    def finish(self) -> None:
        """Does nothing."""


NOBODY = _Nobody()
