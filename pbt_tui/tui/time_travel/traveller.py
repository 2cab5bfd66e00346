"""Travels through the time of a run: what the keys of all pages do, and playing.

It tells the application which follower the pages show: the run as it is, or as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import TYPE_CHECKING, Protocol

from pbt_tui.errors import UsageError
from pbt_tui.observe.progress.run_progress import RunProgress
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.time_travel.past_run import PastRun

if TYPE_CHECKING:
    from textual.timer import Timer

SPEEDS = (1, 10, 60, 300, 1800, 7200)
"""Seconds of the run in one second of playing."""
_USUAL = SPEEDS.index(60)
_FRAME = 0.2
"""Seconds between two pictures while playing."""
_SHARE = 4
"""A picture that took t seconds is followed by another one after 4 t at the earliest."""
LEAP = 600.0
"""Seconds of a long step."""


class TravelHost(Protocol):
    """The application, as far as travelling needs it."""

    def show_run(self, follower: JournalFollower | PastRun, progress: RunProgress) -> None:
        """Shows another follower on all pages."""

    def moved(self) -> None:
        """Draws the moment that is shown now."""

    def every(self, seconds: float, work: Callable[[], None]) -> Timer:
        """Calls `work` again and again, until the timer is stopped."""

    def say(self, text: str, style: str = "") -> None:
        """Shows a message."""


class Traveller:
    """One journey: from its start to the return to now.

    Args:
        host: The application.
        present: Follows the run as it is now.
        progress: What is known of the progress of its jobs now.
        clock: The clock on the wall, in Unix seconds.
    """

    def __init__(
        self,
        host: TravelHost,
        present: JournalFollower,
        progress: RunProgress,
        clock: Callable[[], float],
    ) -> None:
        self._host = host
        self._present = present
        self._progress = progress
        self.past = PastRun(present, progress, clock)
        """The run as it was."""
        self.speed = _USUAL
        """Place in `SPEEDS`."""
        self._timer: Timer | None = None
        self._drawn_at = self._draw_at = 0.0
        self._wanted: str | None = None
        """The moment to begin with, as a person wrote it; None: now."""
        self.is_ready = False
        """Whether the journal is read and the past is shown, so that steps can be taken."""

    # -- the journey -------------------------------------------------------------------------------

    def begin(self, moment: str | None = None) -> None:
        """Shows the past, from now or from a moment on; reads the journal in slices before."""
        self._wanted = moment
        self._load()
        if not self.is_ready:
            self._host.say("reading the journal from its start …")
            self._timer = self._host.every(0.001, self._load)

    def _load(self) -> None:
        if self.is_ready:
            return
        self.past.poll(budget=0.1)
        if not self.past.at_end():
            return
        self._stop_timer()
        self.is_ready = True
        self._host.show_run(self.past, self.past.open_progress())
        moment, line, note = self.past.end, None, None
        if self._wanted is not None:
            try:
                moment, line, note = self.past.named(self._wanted)
            except UsageError as e:
                note = str(e)
        self._go(moment, line)
        if note:
            self._host.say(note.splitlines()[0], "warn")

    def leave(self) -> None:
        """Returns to now."""
        self._stop_timer()
        self._host.show_run(self._present, self._progress)
        self._host.moved()

    @property
    def told(self) -> str:
        """The moment for the header: `22:34:30 of 22:59 · 4 failures from here`."""
        text = self.past.told
        return f"{text} · plays {SPEEDS[self.speed]}×" if self.is_playing else text

    # -- steps -------------------------------------------------------------------------------------

    def step(self, forth: bool) -> None:
        """To the next or the previous event that changes something that a person sees."""
        history, here = self.past.history, self.past.moment
        found = history.next_seen(here) if forth else history.last_seen(here)
        self._go_or_say(found, "nothing happens after this" if forth else "this is the first event")

    def failure(self, forth: bool) -> None:
        """To the next or the previous failure of a job."""
        history, here = self.past.history, self.past.moment
        found = history.next_failure(here) if forth else history.last_failure(here)
        self._go_or_say(found, f"no job fails {'after' if forth else 'before'} this")

    def leap(self, forth: bool) -> None:
        """Ten minutes on, or back."""
        if self.is_ready:
            self._go(self.past.moment + (LEAP if forth else -LEAP))

    def _go_or_say(self, moment: float | None, nothing: str) -> None:
        if not self.is_ready:
            return
        if moment is None:
            self._host.say(nothing, "warn")
        else:
            self._go(moment)

    def _go(self, moment: float, line: int | None = None) -> None:
        self.past.go(moment, line)
        self._host.moved()

    # -- playing -----------------------------------------------------------------------------------

    @property
    def is_playing(self) -> bool:
        """Whether time goes on by itself."""
        return self._timer is not None and self.is_ready

    def play(self) -> None:
        """Plays from here on, or stops."""
        if self.is_playing:
            self._stop_timer()
            self._host.moved()
        elif self.is_ready:
            self._drawn_at = monotonic()
            self._timer = self._host.every(_FRAME, self._play_on)
            self._host.moved()

    def _play_on(self) -> None:
        now = monotonic()
        if now < self._draw_at:
            return
        passed, self._drawn_at = now - self._drawn_at, now
        moment = self.past.moment + passed * SPEEDS[self.speed]
        if moment >= self.past.end:
            self._stop_timer()
            self._host.say("this is the end of what is recorded")
        self._go(moment)
        self._draw_at = now + _SHARE * (monotonic() - now)

    def change_speed(self, by: int) -> None:
        """Plays faster, or slower."""
        self.speed = max(0, min(len(SPEEDS) - 1, self.speed + by))
        self._host.say(f"plays {SPEEDS[self.speed]} times as fast as the run went")
        if self.is_playing:
            self._host.moved()

    def _stop_timer(self) -> None:
        if self._timer is not None:
            self._timer.stop()
            self._timer = None
