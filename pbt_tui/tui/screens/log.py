"""The log of one attempt."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from pbt_tui.journal.state import JobState
from pbt_tui.observe.queue_status import is_suspended
from pbt_tui.tui import labels
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.logfile import ERROR, needle_of
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.text import Line, Span, both
from pbt_tui.tui.widgets.lines import Lines
from pbt_tui.tui.widgets.log_view import LogView


class LogScreen(Page):
    PAGE = "log"
    BINDINGS = bindings("log")
    CSS_PATH = "log.tcss"
    input: Input

    def __init__(self, job: str, attempt: int) -> None:
        super().__init__()
        self.job = job
        self.attempt = attempt
        self.status = Lines("status", classes="strip")
        self.input = Input(id="search", classes="-off", compact=True)
        self.input.cursor_blink = False
        self.view: LogView

    def compose(self) -> ComposeResult:
        self.view = LogView(self.host.follower.rundir.log(self.job, self.attempt))
        yield self.header
        yield self.status
        yield self.view
        yield self.input
        yield self.keys

    @property
    def body(self) -> Lines:
        return self.view

    def selected(self) -> list[JobState]:
        return self.model.jobs([self.job])

    def _state(self, job: JobState) -> Span:
        kind, status = self.model.kind, self.model.queue_status(job)
        suspended = is_suspended(status, kind.queue if kind else None)
        return labels.state_span(job, suspended=suspended, pause=self.model.pause(job))

    def draw(self, change: FollowerUpdate | None) -> None:
        jobs = self.selected()
        many = len(jobs[0].attempts) if jobs else 0
        left: list[tuple[str, str]] = [(f" {self.job}", "title")]
        if jobs:
            left += [("  ", ""), self._state(jobs[0])]
        left.append((f"  attempt {self.attempt} of {many} · {self.view.facts()}", "dim"))
        right: Line
        if self.view.searching:
            right = (("searching, Esc stops ", "warn"),)
        elif self.view.follow:
            right = (("follows the end ", "good"),)
        elif self.view.below:
            right = (("↓ more below: G ", "warn"),)
        else:
            right = (("the end ", "dim"),)
        self.status.show([both(tuple(left), right, self.size.width)])

    def on_mount(self) -> None:
        super().on_mount()
        self.set_interval(0.25, self._poll)

    def _poll(self) -> None:
        if self.app.screen is not self or self.host.paused:
            return
        self.view.poll()
        self.draw(None)

    # -- keys --------------------------------------------------------------------------------------

    def action_down(self) -> None:
        super().action_down()
        self.draw(None)

    def action_up(self) -> None:
        super().action_up()
        self.draw(None)

    def action_last(self) -> None:
        super().action_last()
        self.draw(None)

    def action_follow(self) -> None:
        self.view.set_follow(not self.view.follow)
        self.draw(None)

    def action_left(self) -> None:
        self.view.shift(-20)

    def action_right(self) -> None:
        self.view.shift(20)

    def action_attempt(self) -> None:
        jobs = self.selected()
        many = len(jobs[0].attempts) if jobs else 1
        self.attempt = self.attempt - 1 or many
        self.view.open(self.host.follower.rundir.log(self.job, self.attempt))
        self.draw(None)
        if many == 1:
            self.say("there is only one attempt")

    def action_search(self) -> None:
        self.input.remove_class("-off")
        self.input.placeholder = "a regular expression; capitals make it case-sensitive"
        self.set_focus(self.input)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._close()
        if event.value:
            self.view.hit = None
            self.view.search(needle_of(event.value), turn=True)
            self.draw(None)

    def _close(self) -> None:
        self.set_focus(None)
        self.input.add_class("-off")

    def action_next(self) -> None:
        self._find(False)

    def action_previous(self) -> None:
        self._find(True)

    def _find(self, back: bool) -> None:
        if self.view.needle is None:
            self.say("no search yet: press / to search", "warn")
        else:
            self.view.search(self.view.needle, back)
            self.draw(None)

    def action_next_error(self) -> None:
        self.view.search(ERROR)

    def action_previous_error(self) -> None:
        self.view.search(ERROR, back=True)

    def action_back(self) -> None:
        if self.input.has_focus:
            self._close()
        elif self.view.searching:
            self.view.stop_search()
            self.draw(None)
        else:
            super().action_back()

    def action_copy(self) -> None:
        self.host.copy(str(self.view.file.path))

    def on_log_view_notice(self, message: LogView.Notice) -> None:
        self.say(message.text, message.style)

    def takes(self, event: events.Key) -> bool:
        if event.key != "escape" or not self.input.has_focus:
            return super().takes(event)
        self._close()
        return True
