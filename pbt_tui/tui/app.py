"""The Textual application: one follower, one model, one timer, and navigation between screens.

It knows the screens by name and imports each one when it is first opened.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Final

from textual.app import App
from textual.binding import Binding, BindingType

from pbt_tui.errors import BrokenKind, command
from pbt_tui.journal.owners import Trust
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.tui import themes
from pbt_tui.tui.journal_follower import FollowerUpdate, JournalFollower
from pbt_tui.tui.model import Model
from pbt_tui.tui.preferences import Preferences
from pbt_tui.tui.screens.page import Page
from pbt_tui.tui.start_executor import StartedExecutor

if TYPE_CHECKING:
    from textual.command import Provider
    from textual.timer import Timer

    from pbt_tui.observe.snapshot import Populations
    from pbt_tui.observe.snapshot_types import GpuRow, PopulationRow
    from pbt_tui.tui.announcer import Announcer
    from pbt_tui.tui.request_sender import RequestSender

SCREENS: Final[Mapping[str, str]] = {
    "jobs": "pbt_tui.tui.screens.jobs:JobsScreen",
    "failures": "pbt_tui.tui.screens.failures:FailuresScreen",
    "population": "pbt_tui.tui.screens.population:PopulationScreen",
    "job": "pbt_tui.tui.screens.job:JobScreen",
    "log": "pbt_tui.tui.screens.log:LogScreen",
    "help": "pbt_tui.tui.screens.help:HelpScreen",
    "confirm": "pbt_tui.tui.screens.confirm:ConfirmDialog",
    "drain": "pbt_tui.tui.screens.drain:DrainDialog",
    "prompt": "pbt_tui.tui.screens.prompt:PromptDialog",
}
_DRAWN_EVERY = 0.6
"""Seconds between two redraws while a large journal is loading."""


def _commands() -> type[Provider]:
    from pbt_tui.tui.palette import ActionCommands

    return ActionCommands


def _screen(name: str, *args: object) -> Any:
    """A new screen of this name."""
    module, _, attribute = SCREENS[name].partition(":")
    return getattr(import_module(module), attribute)(*args)


class Monitor(App[str], inherit_bindings=False):
    """Follows one run. Its result is the text to print after the terminal has been restored."""

    CSS_PATH = "screens/page.tcss"
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    COMMAND_PALETTE_BINDING = "ctrl+p"
    # Without priority, so that a page may use the key otherwise.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+p", "command_palette", show=False)]

    def __init__(
        self,
        follower: JournalFollower,
        *,
        read_only: bool = False,
        trust: Callable[[], Trust] = Trust,
        preferences: Preferences | None = None,
        now: Callable[[], float] = time.time,
        timer: bool = True,
        note: str | None = None,
        start: Callable[[Path], StartedExecutor] | None = None,
    ) -> None:
        super().__init__()
        self.preferences = preferences or Preferences()
        self.keymap = self.preferences.keymap
        self.history: list[str] = []
        """What was typed at the prompt, the newest last."""
        self.follower = follower
        self.model = Model(follower)
        if self.preferences.columns:
            self.model.choose_columns(self.preferences.columns)
        self._announcer: Announcer | None = None
        self._requests: RequestSender | None = None
        self._start = start
        self.read_only = read_only
        self.trust = trust
        self.paused = False
        self.clock = now
        self.interval = max(0.05, self.preferences.interval)
        self._timer = timer
        self._note = note
        self._second = 0.0
        self._loading = FollowerUpdate()
        self._loader: Timer | None = None
        self._draw_at = 0.0
        self.populations: tuple[PopulationRow, ...] = ()
        """Rows of the last read; empty until a person opens the population screen."""
        self._watched: tuple[RunState, Populations] | None = None
        self._reading = False
        self.register_theme(themes.DARK)
        self.register_theme(themes.LIGHT)
        for own in self.preferences.themes:
            self.register_theme(themes.own_theme(own))
        self.theme = themes.NAMES.get(self.preferences.theme, self.preferences.theme)
        self.set_class(self.preferences.ascii, "-ascii")
        self.title = "pbt-tui"

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """The colours of curves, for themes that do not name them."""
        return themes.colours(dark=self.current_theme.dark)

    # -- following ---------------------------------------------------------------------------------

    def on_mount(self) -> None:
        if self.keymap.chosen:
            self.set_keymap(self.keymap.bindings())
        self.push_screen(_screen("jobs", self.model))
        if self.follower.workspace:
            self.go("population")
        if self._note:
            self.call_after_refresh(self.say, self._note)
        if self._timer:
            self.call_after_refresh(self._load)

    def _load(self) -> None:
        """Reads the existing journal in slices, so that keys and first pages are not delayed."""
        if self.follower.at_end():
            if self._loader is not None:
                self._loader.stop()
            gc.enable()
            gc.freeze()
            self._announce()
            self.set_interval(self.interval, self.follow)
            return
        gc.disable()  # all objects made here stay alive: a collection would find no garbage
        self._loading.add(self.follower.poll(budget=0.1))
        now = time.monotonic()
        if self.follower.at_end() or now >= self._draw_at:
            self.take(self._loading)
            self._loading = FollowerUpdate()
            self._draw_at = now + _DRAWN_EVERY
        if self._loader is None:
            # Not `set_timer`: Textual never calls a timer that is late by more than its delay.
            self._loader = self.set_interval(0.001, self._load)

    def _announce(self) -> None:
        """From now on, what happens is told to the terminal, if there is one."""
        from pbt_tui.tui import terminal_messages  # late, for a fast first page
        from pbt_tui.tui.announcer import Announcer

        driver = self._driver
        if driver is None or driver.is_headless or driver.is_web or driver.is_inline:
            return
        wanted = self.preferences
        if (wanted.title or wanted.notify) and terminal_messages.understands(os.environ):
            self._announcer = Announcer(self.model, driver.write, wanted)

    def on_unmount(self) -> None:
        if self._announcer is not None:
            self._announcer.close()

    def follow(self) -> None:
        """Reads new events and lets the top screen draw them. The only timer of the program."""
        if self.paused:
            return
        change = self.follower.poll()
        if change or self.model.is_late:
            self.take(change)
        if self._announcer is not None:
            self._announcer.take(change)
        now = self.clock()
        if now - self._second >= 1.0:
            self._second = now
            news = self.model.poll_progress(self.now())
            if self._announcer is not None:
                self._announcer.tick()
            page = self.screen
            if isinstance(page, Page) and page.is_mounted:
                page.tick(self.now())
                if news and self.follower.holder is None:  # the last values of an executor
                    page.changed(None)

    def take(self, change: FollowerUpdate) -> None:
        """Passes the change to the model and to the top screen, which alone is drawn."""
        self.model.take(change)
        if change.answers:
            self.requests.answered(change.answers)
        page = self.screen
        if isinstance(page, Page):
            page.changed(change)

    @property
    def requests(self) -> RequestSender:
        """Sends requests to the executor."""
        if self._requests is None:
            from pbt_tui.tui.request_sender import RequestSender  # late, for a fast first page

            # mypy checks here that `Monitor` implements `Host`
            self._requests = RequestSender(self, self._start)
        return self._requests

    def now(self) -> float:
        return self.follower.now(self.clock())

    def gpus(self) -> tuple[GpuRow, ...]:
        """The executor's GPUs with their latest measurements; empty if they are only assumed."""
        from pbt_tui.observe.snapshot import gpu_rows

        live = self.follower.holder is not None
        rows = gpu_rows(self.follower.state, self.follower.rundir, live=live)
        assumed = all(gpu.uuid is None and not gpu.jobs and gpu.held is None for gpu in rows)
        return () if assumed else rows

    def read_populations(self, then: Callable[[], None]) -> None:
        """Reads the workspaces in another thread; calls `then` in this one if they changed."""
        from pbt_tui.observe.snapshot import Populations

        state = self.follower.state
        if not state.spec.populations or self._reading:
            return
        if self._watched is None or self._watched[0] is not state:
            try:
                self._watched = (state, Populations(state, self.follower.rundir))
            except BrokenKind as e:  # the jobs of the run can be shown all the same
                self.say(str(e), "bad")
                return
        watched = self._watched[1]
        live = self.follower.holder is not None
        self._reading = True

        def work() -> Callable[[], None] | None:
            try:
                watched.poll()
                rows = watched.rows(self.now(), live=live)
            finally:
                self._reading = False
            if rows == self.populations:
                return None
            self.populations = rows
            return then

        self.in_background(work)

    # -- going -------------------------------------------------------------------------------------

    @property
    def page(self) -> Page | None:
        """The full screen on top, below any dialog."""
        return next((s for s in reversed(self.screen_stack) if isinstance(s, Page)), None)

    def say(self, text: str, style: str = "") -> None:
        if self.page is not None:
            self.page.say(text, style)

    def go(self, page: str) -> None:
        """Opens one of the numbered pages, and closes all other screens."""
        if self.page is not None and page == self.page.PAGE:
            return
        while len(self.screen_stack) > 2:  # Textual's blank screen and the jobs stay
            self.pop_screen()
        if page != "jobs":
            self.push_screen(_screen(page))

    def open_job(self, job: JobState, among: list[str]) -> None:
        self.push_screen(_screen("job", job.spec.id, among))

    def open_log(self, job: JobState) -> None:
        if not job.attempts:
            self.say(f"{job.spec.id} has no log yet: it has not started", "warn")
            return
        self.push_screen(_screen("log", job.spec.id, len(job.attempts)))

    def open_help(self, page: str) -> None:
        if page != "help":
            self.push_screen(_screen("help", page))

    def confirm(
        self, title: str, notes: list[str], names: list[str], then: Callable[[bool | None], None]
    ) -> None:
        self.push_screen(_screen("confirm", title, notes, names), then)

    def ask_command(self) -> None:
        from pbt_tui.tui import command_runner  # late, for a fast first page

        page = self.page
        if page is None:
            return

        def typed(text: str | None) -> None:
            if text:
                command_runner.remember(self.history, text)
                command_runner.run(page, text)

        known = command_runner.known(page)
        self.push_screen(_screen("prompt", page.PAGE, known, self.history), typed)

    def choose_gpu(
        self, state: RunState, then: Callable[[tuple[str, bool] | None], None], first: int = 0
    ) -> None:
        self.push_screen(_screen("drain", state, first), then)

    def in_background(self, work: Callable[[], Callable[[], None] | None]) -> None:
        """Runs `work` in another thread, then calls its result in this one."""

        def run() -> None:
            then = work()
            if then is not None:
                self.call_from_thread(then)

        self.run_worker(run, thread=True)

    def copy(self, text: str) -> None:
        from pbt_tui.tui.clipboard import copy

        first, _, more = text.partition("\n")
        told = f"{first} … ({1 + text.count(chr(10))} lines)" if more else first
        self.say(f"copied: {told}" if copy(self, text) else told)

    def leave(self) -> None:
        """Ends the monitor. The run goes on."""
        if self.follower.workspace:
            self.exit("")
            return
        live = self.follower.holder is not None
        status = "the run goes on" if live else "the run stays as it is"
        self.exit(f"{status}; come back with `{command('pbt-tui', self.follower.rundir.path)}`")
