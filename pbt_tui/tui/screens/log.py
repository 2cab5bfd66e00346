"""The log of one attempt."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from pbt_tui.journal.state import JobState
from pbt_tui.observe.progress import Series
from pbt_tui.observe.queue_status import is_suspended
from pbt_tui.tui import labels
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.logs import log_times, number_series
from pbt_tui.tui.logs.needle import ERROR, needle_of
from pbt_tui.tui.render.job_curve import job_curve
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.text import Line, Span, both
from pbt_tui.tui.widgets.lines import Lines
from pbt_tui.tui.widgets.log_view import LogView

if TYPE_CHECKING:
    from pbt_tui.tui.time_travel.past_log import PastLog


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
        self._asked: Callable[[str], None] = self._search
        """What is done with the text of the input."""
        self.curve = Lines("curve", classes="-off")
        self._number = -1
        """Which number of the line the curve shows; negative: there is no curve."""
        self.input.cursor_blink = False
        self._past: PastLog | None = None
        self.view: LogView

    def compose(self) -> ComposeResult:
        self.view = LogView(self.host.follower.rundir.log(self.job, self.attempt))
        yield self.header
        yield self.status
        yield self.view
        yield self.curve
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

    def _limit(self) -> str:
        """Shows what had been written at the time that is shown; returns what to tell of it."""
        moment, jobs = self.host.follower.until, self.selected()
        if moment is None or not jobs:
            self.view.limit(None)
            return ""
        if self._past is None:
            from pbt_tui.tui.time_travel.past_log import PastLog  # late: few travel

            self._past = PastLog()
        attempt = next((a for a in jobs[0].attempts if a.number == self.attempt), None)
        size, note = self._past.end(self.view.file.path, attempt, moment)
        self.view.limit(size)
        return note

    def on_unmount(self) -> None:
        if self._past is not None:
            self._past.close()

    def draw(self, change: FollowerUpdate | None) -> None:
        jobs = self.selected()
        note = self._limit()
        many = len(jobs[0].attempts) if jobs else 0
        left: list[tuple[str, str]] = [(f" {self.job}", "title")]
        if jobs:
            left += [("  ", ""), self._state(jobs[0])]
        left.append((f"  attempt {self.attempt} of {many} · {self.view.facts()}", "dim"))
        left += [(f" · {name}", "mark") for name in self.view.modes()]
        right: Line
        if self.view.open_log.searching:
            right = (("searching, Esc stops ", "warn"),)
        elif note:
            right = ((f"{note} ", "warn"),)
        elif self.view.follow:
            right = (("follows the end ", "good"),)
        elif self.view.below:
            right = ((f"↓ more below: {self.sign('last')} ", "warn"),)
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
        self._ask("a regular expression; capitals make it case-sensitive", self._search)

    def action_keep(self) -> None:
        if self.view.open_log.kept is not None:
            self._keep("")
        else:
            self._ask("keep only the lines that match; & again shows all lines", self._keep)

    def action_jump(self) -> None:
        self.host.ask_command()

    def _ask(self, what: str, then: Callable[[str], None]) -> None:
        self.input.remove_class("-off")
        self.input.placeholder, self.input.value, self._asked = what, "", then
        self.set_focus(self.input)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._close()
        if event.value:
            self._asked(event.value)
            self.draw(None)

    def _close(self) -> None:
        self.set_focus(None)
        self.input.add_class("-off")

    def _search(self, text: str) -> None:
        self.view.search(needle_of(text), first=True)

    def _keep(self, text: str) -> None:
        self.view.keep(needle_of(text) if text else None)
        self.draw(None)

    def jump_to(self, text: str) -> None:
        moment = log_times.parse(text)
        if moment is not None:
            found, trouble = log_times.find(self.view.file, moment)
        elif text.strip().isdecimal():
            found, trouble = self.view.file.line(int(text)), "the log has no such line, or not yet"
        else:
            self.say("not a time like 22:41 or 2026-05-01 22:41:07, and not a line number", "warn")
            return
        if found is None:
            self.say(trouble, "warn")
            return
        if self.view.open_log.kept is not None:
            self.view.keep(None)
        self.view.show_at(found)
        self.draw(None)

    def action_next(self) -> None:
        self._find(False)

    def action_previous(self) -> None:
        self._find(True)

    def _find(self, back: bool) -> None:
        matches = self.view.open_log.matches
        if matches is None:
            self.say(f"no search yet: press {self.sign('search')} to search", "warn")
        else:
            self.view.search(matches.needle, back)
            self.draw(None)

    def action_next_error(self) -> None:
        self.view.search(ERROR)

    def action_previous_error(self) -> None:
        self.view.search(ERROR, back=True)

    def action_wrap(self) -> None:
        self.view.set_wrapped(not self.view.wrapped)
        self.draw(None)

    def action_fold(self) -> None:
        self.view.set_folded(not self.view.open_log.folded)
        self.draw(None)

    def action_open_fold(self) -> None:
        if self.view.open_log.folded:
            self.view.turn_fold()
        else:
            self.say(f"no traceback is folded: {self.sign('fold')} folds them")

    def action_curve(self) -> None:
        row = self.view.current
        found = number_series.series(self.view.file, row.text, self._number + 1) if row else None
        if found is None:
            self.say("no number in this line", "warn")
            return
        self._number = found.which
        self.curve.remove_class("-off")
        self.call_after_refresh(self._draw_curve, found)

    def _draw_curve(self, found: number_series.NumberSeries) -> None:
        values = [value for _, value in found.points]
        left = f" {found.label}  {values[-1]:.6g}" if values else f" {found.label}"
        more = "" if found.whole else ", at the end of the log"
        right = f"number {found.which + 1} of {found.of} · {len(values)} lines{more} · "
        right += f"{self.sign('curve')} next, Esc "
        head = both(((left, "title"),), ((right, "dim"),), self.size.width)
        drawn = job_curve(
            Series(
                at=tuple(place for place, _ in found.points),
                step=tuple(int(place) for place, _ in found.points),
                objective=tuple(values),
            ),
            self.size.width - 1,
            self.curve.size.height - 1,
            unit="lines",
            ascii_only=self.app.has_class("-ascii"),
        )
        self.curve.show([head, *(drawn or [(("  fewer than two values", "dim"),)])])

    def _close_curve(self) -> None:
        self._number = -1
        self.curve.add_class("-off")

    def action_back(self) -> None:
        if self.input.has_focus:
            self._close()
        elif self.view.open_log.searching:
            self.view.open_log.stop_search()
            self.draw(None)
        elif self._number >= 0:
            self._close_curve()
        elif self.view.open_log.kept is not None:
            self._keep("")
        else:
            super().action_back()

    def action_copy_line(self) -> None:
        row = self.view.current
        if row is not None:
            rows = self.view.file.forward(row.start, row.lines)
            self.host.copy("\n".join(line.text for line in rows))

    def action_copy_path(self) -> None:
        self.host.copy(str(self.view.file.path))

    def on_log_view_notice(self, message: LogView.Notice) -> None:
        self.say(message.text, message.style)

    def takes(self, event: events.Key) -> bool:
        if event.key != "escape" or not self.input.has_focus:
            return super().takes(event)
        self._close()
        return True
