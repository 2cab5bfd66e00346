"""The base class of all pages: header, key bar, moving, navigation and requests."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, cast

from textual import events
from textual.binding import Binding, BindingType
from textual.widgets import Input

from pbt_tui.journal.events import Action as RequestAction
from pbt_tui.journal.state import JobState
from pbt_tui.tui import actions
from pbt_tui.tui.host import Host
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.model import Model
from pbt_tui.tui.render import strips
from pbt_tui.tui.screens.ordered_keys import OrderedKeys
from pbt_tui.tui.widgets.key_bar import KeyBar
from pbt_tui.tui.widgets.lines import Lines

if TYPE_CHECKING:
    from pbt_tui.tui.time_travel.traveller import Traveller


def bindings(page: str) -> list[BindingType]:
    """The bindings of a page, from the table of actions; users can remap their ids."""
    return [
        Binding(a.keys, a.id, a.label or a.help, show=False, id=f"{page}.{a.id}")
        for a in sorted(actions.on(page), key=lambda a: not a.travels)
    ]


_OF_TIME = frozenset(a.id for a in actions.ACTIONS if a.travels)


class Page(OrderedKeys[None]):
    """A full screen. `changed` is called only while it is the top page."""

    PAGE: ClassVar[str] = ""
    AUTO_FOCUS = ""

    def __init__(self) -> None:
        super().__init__()
        self.header = Lines("header")
        self.keys = KeyBar(self.PAGE)

    @property
    def host(self) -> Host:
        return cast(Host, self.app)

    @property
    def model(self) -> Model:
        return self.host.model

    # -- what a screen fills in --------------------------------------------------------------------

    @property
    def body(self) -> Lines:
        """The lines that the moving keys scroll."""
        raise NotImplementedError

    def selected(self) -> list[JobState]:
        """The jobs to which an action applies."""
        return []

    def current(self) -> JobState | None:
        """The one job under the cursor."""
        jobs = self.selected()
        return jobs[0] if jobs else None

    def draw(self, change: FollowerUpdate | None) -> None:
        """Draws the change; everything if `change` is None."""

    # -- keys --------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Some actions are only there while a run is shown, or only while travelling in time."""
        if action in _OF_TIME:
            return self._travels
        if self.host.shows_run or action not in actions.IDS:
            return True
        return "fleet" in actions.by_id(action).pages

    input: Input | None = None

    def takes(self, event: events.Key) -> bool:
        """Text goes to the input, also before Textual has told it that it has the focus."""
        if self.input is None or not self.input.has_focus:
            return False
        if not event.is_printable or not event.character:
            return False
        self.input.replace(event.character, *sorted(self.input.selection))
        return True

    # -- drawing -----------------------------------------------------------------------------------

    def changed(self, change: FollowerUpdate | None) -> None:
        if not self.size.width or not self.is_mounted:
            return
        host = self.host
        trouble = host.follower.trouble
        lines = [
            strips.header(
                self.model.state,
                host.follower.holder,
                self.size.width,
                page=self.PAGE,
                loaded=host.follower.loaded,
                error=trouble,
                read_only=host.read_only,
                workspace=host.follower.workspace,
                runs=host.has_fleet,
                then=self.journey.told if self._travels else None,
            )
            if host.shows_run
            else strips.nameless(self.PAGE, self.size.width)
        ]
        if trouble is not None:
            lines += strips.trouble(lines[0], trouble, self.size.width)
        self.keys.travel(self._travels)
        self.header.styles.height = len(lines)
        self.header.show(lines)
        self.draw(change)

    def tick(self, now: float) -> None:
        """Called once a second, also without new events: draws what depends on the time."""
        self.keys.tick(time.monotonic())

    def on_mount(self) -> None:
        self.call_after_refresh(self.changed, None)

    def on_resize(self) -> None:
        self.call_after_refresh(self.changed, None)

    def on_screen_resume(self) -> None:
        self.call_after_refresh(self.changed, None)

    def sign(self, action: str) -> str:
        """The key of an action, for a text."""
        return self.host.keymap.sign(self.PAGE, action)

    def say(self, text: str, style: str = "") -> None:
        self.keys.say(text, style, time.monotonic())

    # -- the mouse ---------------------------------------------------------------------------------

    def on_key_bar_pressed(self, event: KeyBar.Pressed) -> None:
        """A click on a key is that key."""
        event.stop()
        self.app.simulate_key(event.key)

    def on_lines_picked(self, event: Lines.Picked) -> None:
        """A click on the name of a page opens it."""
        if event.lines is not self.header or event.y:
            return
        event.stop()
        page = strips.page_at(self.header.line_at(0), event.x)
        if page is not None:
            names = [a.id for a in actions.on(self.PAGE) if page in a.keys.split(",")]
            keys = [a.keys for a in self.host.keymap.on(self.PAGE) if a.id in names]
            self.app.simulate_key(keys[0].split(",")[0] if keys else page)

    # -- moving ------------------------------------------------------------------------------------

    def action_down(self) -> None:
        self.body.step(1)

    def action_up(self) -> None:
        self.body.step(-1)

    def action_page_down(self) -> None:
        self.body.page(1)

    def action_page_up(self) -> None:
        self.body.page(-1)

    def action_first(self) -> None:
        self.body.ends(False)

    def action_last(self) -> None:
        self.body.ends(True)

    # -- going elsewhere ---------------------------------------------------------------------------

    def action_open(self) -> None:
        job = self.current()
        if job is not None:
            self.host.open_job(job, [j.spec.id for j in self.neighbours()])

    def neighbours(self) -> Sequence[JobState]:
        """The jobs that `n` and `N` step through on a job's page opened here."""
        return self.selected()

    def action_log(self) -> None:
        job = self.current()
        if job is None:
            self.say("no job here", "warn")
        else:
            self.host.open_log(job)

    def action_compare(self) -> None:
        self.host.compare(self.selected())

    def action_page_log(self) -> None:
        self.action_log()

    def action_page_jobs(self) -> None:
        self.host.go("jobs")

    def action_page_failures(self) -> None:
        self.host.go("failures")

    def action_page_population(self) -> None:
        self.host.go("population")

    def action_page_timeline(self) -> None:
        self.host.go("timeline")

    def action_page_fleet(self) -> None:
        if self.host.has_fleet:
            self.host.open_fleet()
        else:
            self.say("there is no list: pbt-tui was given one run", "warn")

    def action_back(self) -> None:
        if len(self.app.screen_stack) > 1 and self.PAGE not in ("jobs", "fleet"):
            self.app.pop_screen()

    def action_quit(self) -> None:
        if self.PAGE in ("jobs", "fleet"):
            self.host.leave()
        else:
            self.action_back()

    def action_interrupt(self) -> None:
        leaves, cancels = self.sign("quit"), self.sign("cancel")
        cancel = f", {cancels} cancels a job" if cancels else ""
        self.say(f"Ctrl-C stops nothing here: {leaves} leaves the monitor{cancel}")

    def action_help(self) -> None:
        self.host.open_help(self.PAGE)

    def action_palette(self) -> None:
        self.app.action_command_palette()

    def action_command(self) -> None:
        self.host.ask_command()

    def jump_to(self, text: str) -> None:
        """Goes to a time or a line number; only a log has them."""
        self.say(f"only a log has times and lines: `{text}`", "warn")

    def action_pause(self) -> None:
        self.host.paused = not self.host.paused
        if self.host.paused:
            self.say(f"the screen is paused: press {self.sign('pause')} to go on", "warn")
        else:
            self.say("the screen follows the run again")

    def action_copy(self) -> None:
        job = self.current()
        if job is not None:
            self.host.copy(job.spec.id)

    # -- travelling in time ------------------------------------------------------------------------

    @property
    def journey(self) -> Traveller:
        """The travel in time; only while there is one."""
        assert self.host.journey is not None
        return self.host.journey

    @property
    def _travels(self) -> bool:
        return self.host.journey is not None and self.host.journey.is_ready

    def action_travel(self) -> None:
        self.host.travel()

    def action_present(self) -> None:
        self.host.travel()

    def action_step_back(self) -> None:
        self.journey.step(False)

    def action_step_forth(self) -> None:
        self.journey.step(True)

    def action_arrow_back(self) -> None:
        self.journey.step(False)

    def action_arrow_forth(self) -> None:
        self.journey.step(True)

    def action_failure_back(self) -> None:
        self.journey.failure(False)

    def action_failure_forth(self) -> None:
        self.journey.failure(True)

    def action_leap_back(self) -> None:
        self.journey.leap(False)

    def action_leap_forth(self) -> None:
        self.journey.leap(True)

    def action_play(self) -> None:
        self.journey.play()

    def action_faster(self) -> None:
        self.journey.change_speed(1)

    def action_slower(self) -> None:
        self.journey.change_speed(-1)

    # -- asking the executor -----------------------------------------------------------------------

    def ask(self, action: RequestAction) -> None:
        self.host.requests.ask(action, self.selected())

    def action_cancel(self) -> None:
        self.ask("cancel")

    def action_kill(self) -> None:
        self.ask("kill")

    def action_retry(self) -> None:
        self.ask("retry")

    def action_from_scratch(self) -> None:
        self.host.requests.ask("retry", self.selected(), anew=True)

    def action_hold(self) -> None:
        self.host.requests.ask("hold", [])

    def action_release(self) -> None:
        self.host.requests.ask("release", [])

    def action_drain(self) -> None:
        self.host.requests.drain()

    def action_executor(self) -> None:
        self.host.requests.offer_executor()
