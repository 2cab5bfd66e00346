"""The Textual application: one follower, one model and one timer."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from pbt_tui.errors import command
from pbt_tui.journal.garbage import give_back_freed
from pbt_tui.journal.owners import Trust
from pbt_tui.journal.run_dir import RunDir
from pbt_tui.observe.progress.run_progress import RunProgress
from pbt_tui.tui import themes
from pbt_tui.tui.changed_cells import changed_cells
from pbt_tui.tui.journal_follower import FollowerUpdate, JournalFollower
from pbt_tui.tui.model import Model
from pbt_tui.tui.navigation import Navigation, screen
from pbt_tui.tui.population_reader import PopulationReader
from pbt_tui.tui.preferences import Preferences
from pbt_tui.tui.screens.page import Page
from pbt_tui.tui.start_executor import StartedExecutor

if TYPE_CHECKING:
    from rich.console import RenderableType
    from textual.command import Provider
    from textual.screen import Screen
    from textual.timer import Timer

    from pbt_tui.observe.snapshot_types import GpuRow, PopulationRow
    from pbt_tui.tui.announcer import Announcer
    from pbt_tui.tui.fleet.runs_reader import RunsReader
    from pbt_tui.tui.request_sender import RequestSender
    from pbt_tui.tui.time_travel.past_run import PastRun
    from pbt_tui.tui.time_travel.traveller import Traveller

_DRAWN_EVERY = 0.6
"""Seconds between two redraws while a large journal is loading."""


def _commands() -> type[Provider]:
    from pbt_tui.tui.palette import ActionCommands

    return ActionCommands


class Monitor(Navigation, inherit_bindings=False):
    """Follows one run, or lists several and follows the one that a person opens.

    Its result is the text to print after the terminal has been restored.
    """

    CSS_PATH: ClassVar[list[str | PurePath]] = ["screens/page.tcss", "screens/jobs.tcss"]
    # Those of the first page, too: to read them later would parse all of them again.
    ENABLE_COMMAND_PALETTE = True
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = {_commands}
    COMMAND_PALETTE_BINDING = "ctrl+p"
    # Without priority, so that a page may use the key otherwise.
    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+p", "command_palette", show=False)]

    def __init__(
        self,
        follower: JournalFollower | None,
        *,
        read_only: bool = False,
        trust: Callable[[], Trust] = Trust,
        preferences: Preferences | None = None,
        now: Callable[[], float] = time.time,
        timer: bool = True,
        note: str | None = None,
        start: Callable[[Path], StartedExecutor] | None = None,
        runs: Callable[[], RunsReader] | None = None,
        at: str | None = None,
    ) -> None:
        super().__init__()
        self.preferences = preferences or Preferences()
        self.keymap = self.preferences.keymap
        self.history: list[str] = []
        """What was typed at the prompt, the newest last."""
        self._announcer: Announcer | None = None
        self._at = at
        self._start = start
        self.read_only = read_only
        self.trust = trust
        self.paused = False
        self.clock = now
        self.interval = max(0.05, self.preferences.interval)
        self._timer = timer
        self._note = note
        self._second = 0.0
        self._loader: Timer | None = None
        self._ticker: Timer | None = None
        self._runs = runs
        self._fleet: RunsReader | None = None
        self.shows_run = follower is not None
        """Whether a run is shown, and not only the list of runs."""
        self._take_run(follower or JournalFollower.of_nothing(Path()))
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

    def _take_run(self, follower: JournalFollower) -> None:
        """Sets all that belongs to one run: nothing of the run before stays."""
        self.follower: JournalFollower | PastRun = follower
        self.present = follower
        """The run as it is, whatever is shown."""
        self.journey: Traveller | None = None
        self.model = Model(follower)
        if self.preferences.columns:
            self.model.choose_columns(self.preferences.columns)
        self._requests: RequestSender | None = None
        self._loading = FollowerUpdate()
        self._draw_at = 0.0
        self._populations = PopulationReader(self, follower)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        super()._display(screen, changed_cells(renderable))

    # -- several runs ------------------------------------------------------------------------------

    @property
    def fleet(self) -> RunsReader | None:
        """The runs of the folder; None: one run is shown, and no list."""
        if self._fleet is None and self._runs is not None:
            self._fleet = self._runs()
            if self._timer:  # after the first page: the threads would delay it
                self.call_after_refresh(self._fleet.start)
        return self._fleet

    @property
    def has_fleet(self) -> bool:
        """Whether there is a list of runs to go to."""
        return self._runs is not None

    def open_fleet(self) -> None:
        """Leaves the run for the list of runs."""
        while len(self.screen_stack) > 1 and getattr(self.screen, "PAGE", "") != "fleet":
            self.pop_screen()
        if self._loader is not None:
            self._loader.stop()
            self._loader = None
        was = self.follower.rundir.path if self.shows_run else None
        self.shows_run = False
        # Not nothing: pages that are being closed may still ask for a run.
        self._take_run(JournalFollower.of_nothing(Path()))
        gc.unfreeze()
        gc.enable()
        if len(self.screen_stack) == 1:
            self.push_screen(screen("fleet", was))
        if was is not None and self.fleet is not None:
            self.fleet.again(was)
        if self._timer and self._ticker is None:
            self._ticker = self.set_interval(self.interval, self.follow)

    def open_run(self, path: Path) -> None:
        """Opens a run of the list. Raises `PbtError` if it cannot be read."""
        self._take_run(JournalFollower(RunDir(path)))
        self.shows_run, self.paused = True, False
        self._show_run()

    # -- following ---------------------------------------------------------------------------------

    def on_mount(self) -> None:
        if self.keymap.chosen:
            self.set_keymap(self.keymap.bindings())
        if self.shows_run:
            self._show_run()
        else:
            self.open_fleet()
        if self._note:
            self.call_after_refresh(self.say, self._note)

    def _show_run(self) -> None:
        self.push_screen(screen("jobs", self.model))
        if self.follower.workspace:
            self.go("population")
        if self._timer:
            self.call_after_refresh(self._load)
        elif self._at is not None:
            self.call_after_refresh(self.travel, self._at)

    def _load(self) -> None:
        """Reads the existing journal in slices, so that keys and first pages are not delayed."""
        if not self.shows_run:
            return
        if self.follower.at_end():
            if self._loader is not None:
                self._loader.stop()
                self._loader = None
            gc.enable()
            gc.freeze()
            give_back_freed()
            self._announce()
            if self._ticker is None:
                self._ticker = self.set_interval(self.interval, self.follow)
            if self._at is not None:
                moment, self._at = self._at, None
                self.travel(moment)
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
            if self._announcer is not None:
                self._announcer.close()
            self._announcer = Announcer(self.model, driver.write, wanted)

    def on_unmount(self) -> None:
        if self._announcer is not None:
            self._announcer.close()

    def follow(self) -> None:
        """Reads new events and lets the top screen draw them. The only timer of the program."""
        if self.paused or self._loader is not None:
            return
        if not self.shows_run:
            self._follow_fleet()
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

    def _follow_fleet(self) -> None:
        page = self.screen
        if isinstance(page, Page) and page.is_mounted:
            if self.fleet is not None and self.fleet.poll():
                page.changed(None)
            now = self.clock()
            if now - self._second >= 1.0:
                self._second = now
                page.tick(now)

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
        from pbt_tui.observe.gpu_status import gpu_rows

        live = self.follower.holder is not None
        rows = gpu_rows(self.follower.state, self.follower.rundir, live=live)
        assumed = all(gpu.uuid is None and not gpu.jobs and gpu.held is None for gpu in rows)
        return () if assumed else rows

    def read_populations(self, then: Callable[[], None]) -> None:
        """Reads the workspaces in another thread; calls `then` in this one if they changed."""
        self._populations.read(then)

    @property
    def populations(self) -> tuple[PopulationRow, ...]:
        """Rows of the last read; empty until a person opens the population screen."""
        if self.journey is None or not self.journey.is_ready:
            return self._populations.rows
        return self.journey.past.populations(self._populations.rows)

    @populations.setter
    def populations(self, rows: tuple[PopulationRow, ...]) -> None:
        self._populations.rows = rows

    # -- travelling in time ------------------------------------------------------------------------

    def travel(self, moment: str | None = None) -> None:
        """Begins to show the run as it was, or returns to now."""
        if self.journey is not None:
            journey, self.journey = self.journey, None
            journey.leave()
        elif self.present.workspace:
            self.say("a workspace has no journal that tells how it was", "warn")
        elif not self.present.loaded:
            self.say("the journal is still being read", "warn")
        else:
            from pbt_tui.tui.time_travel.traveller import Traveller  # late, for a fast first page

            self.journey = Traveller(self, self.present, self.model.progress, self.clock)
            self.journey.begin(moment)

    def show_run(self, follower: JournalFollower | PastRun, progress: RunProgress) -> None:
        """Shows the run as a follower has it, on all pages."""
        self.follower = follower
        self.model.show(follower, progress)

    def moved(self) -> None:
        """Draws the moment that is shown now."""
        self.model.take(FollowerUpdate(run=True))
        self.model.poll_progress(self.now())
        if self.page is not None and self.page.is_mounted:
            self.page.changed(None)

    def every(self, seconds: float, work: Callable[[], None]) -> Timer:
        """Calls `work` again and again, until the timer is stopped."""
        return self.set_interval(seconds, work)

    # -- leaving -----------------------------------------------------------------------------------

    def leave(self) -> None:
        """Goes back to the list below, or ends the monitor. The run goes on."""
        if not self.shows_run:
            root = self.fleet.root if self.fleet is not None else Path()
            self.exit(f"the runs go on; come back with `{command('pbt-tui', root)}`")
            return
        if any(getattr(screen, "PAGE", "") == "fleet" for screen in self.screen_stack):
            self.open_fleet()
            return
        if self.present.workspace:
            self.exit("")
            return
        live = self.present.holder is not None
        status = "the run goes on" if live else "the run stays as it is"
        self.exit(f"{status}; come back with `{command('pbt-tui', self.follower.rundir.path)}`")
