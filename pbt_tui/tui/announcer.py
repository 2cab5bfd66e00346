"""Tells the terminal of a monitor what happens: its title, and what `news` finds worth a message.

Loaded once the journal has been read, and only on a terminal. Must not import Textual.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable

from pbt_tui.journal.state import RunState
from pbt_tui.observe.progress import BestObjective
from pbt_tui.tui import news, terminal_messages
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.model import Model
from pbt_tui.tui.preferences import Preferences
from pbt_tui.tui.text import ascii_only


class Announcer:
    """Follows what the monitor reads; `close` restores the title.

    Args:
        model: The data of the monitor.
        write: Writes to the terminal.
        wanted: What the person wants to be told, and how.
        clock: Seconds that never go back.
    """

    def __init__(
        self,
        model: Model,
        write: Callable[[str], None],
        wanted: Preferences,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._model = model
        self._write = write
        self._wanted = wanted
        self._clock = clock
        self._news = news.begun(model.state)
        self._of = model.state
        self._was_live = self._is_live
        self._title = ""
        if wanted.title:
            write(terminal_messages.PUSH_TITLE)
            self._retitle()

    @property
    def _is_live(self) -> bool:
        return self._model.follower.holder is not None

    def take(self, change: FollowerUpdate) -> None:
        """Takes what the follower has read. What a run did without an executor is no news."""
        state, live = self._model.state, self._is_live
        if change.everything or state is not self._of or not (live or self._was_live):
            if change:
                self._news, self._of = news.begun(state), state
        else:
            jobs = [state.jobs[index] for index in change.jobs]
            self._news = news.seen(self._news, state, jobs, self._best(), self._clock())
        self._was_live = live

    def tick(self) -> None:
        """Called once a second: tells what is due, and renews the title."""
        if self._wanted.title:
            self._retitle()
        if not (self._is_live or self._news.untold.is_closed or self._news.untold.failed):
            return
        state, now = self._model.state, self._clock()
        self._news = news.seen(self._news, state, (), self._best(), now)
        told, self._news = news.due(self._news, state, now, self._wanted.tell)
        for text in told if self._wanted.notify else ():
            self._write(terminal_messages.notification(text, self._wanted.notify, os.environ))

    def close(self) -> None:
        """Restores the title that the terminal had."""
        if self._wanted.title:
            self._write(terminal_messages.POP_TITLE)

    def _retitle(self) -> None:
        text = title_text(self._model.state)
        text = ascii_only(text) if self._wanted.ascii else text
        if text != self._title:
            self._title = text
            self._write(terminal_messages.title(text))

    def _best(self) -> BestObjective | None:
        found = self._model.best
        job = None if found is None else self._model.state.by_id.get(found[0])
        reached = None if job is None else self._model.progress.reached(job)
        if found is None or reached is None:
            return None
        now = self._clock()
        return BestObjective(*found, reached.is_loss, since=now, at=now)


def title_text(state: RunState) -> str:
    """The run in a few words: its name, what runs, what failed, and the share that has ended."""
    counts, total = state.counts, len(state.jobs)
    active = counts["running"] + counts["starting"] + counts["stopping"]
    ended = total - active - counts["waiting"]
    parts = [state.spec.run]
    if active:
        parts.append(f"{active}●")
    if counts["failed"]:
        parts.append(f"{counts['failed']}✗")
    parts.append(f"{ended * 100 // total if total else 0} %")
    return " ".join(parts)
