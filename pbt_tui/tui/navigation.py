"""Navigation between the screens of the application.

It knows the screens by name and imports each one when it is first opened.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any, Final

from textual.app import App

from pbt_tui.journal.state import JobState, RunState
from pbt_tui.tui.model import Model
from pbt_tui.tui.screens.page import Page

SCREENS: Final[Mapping[str, str]] = {
    "fleet": "pbt_tui.tui.screens.fleet:FleetScreen",
    "jobs": "pbt_tui.tui.screens.jobs:JobsScreen",
    "failures": "pbt_tui.tui.screens.failures:FailuresScreen",
    "population": "pbt_tui.tui.screens.population:PopulationScreen",
    "job": "pbt_tui.tui.screens.job:JobScreen",
    "log": "pbt_tui.tui.screens.log:LogScreen",
    "compare": "pbt_tui.tui.screens.compare:CompareScreen",
    "timeline": "pbt_tui.tui.screens.timeline:TimelineScreen",
    "help": "pbt_tui.tui.screens.help:HelpScreen",
    "confirm": "pbt_tui.tui.screens.confirm:ConfirmDialog",
    "drain": "pbt_tui.tui.screens.drain:DrainDialog",
    "prompt": "pbt_tui.tui.screens.prompt:PromptDialog",
}


def screen(name: str, *args: object) -> Any:
    """A new screen of this name."""
    module, _, attribute = SCREENS[name].partition(":")
    return getattr(import_module(module), attribute)(*args)


class Navigation(App[str], inherit_bindings=False):
    """Opens and closes the screens of a run."""

    model: Model
    history: list[str]
    """What was typed at the prompt, the newest last."""

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
        while self.page is not None and self.page.PAGE != "jobs":
            self.pop_screen()
        if page != "jobs":
            self.push_screen(screen(page))

    def open_job(self, job: JobState, among: list[str]) -> None:
        self.push_screen(screen("job", job.spec.id, among))

    def open_log(self, job: JobState) -> None:
        if not job.attempts:
            self.say(f"{job.spec.id} has no log yet: it has not started", "warn")
            return
        self.push_screen(screen("log", job.spec.id, len(job.attempts)))

    def compare(
        self, jobs: Sequence[JobState], population: str | None = None, chosen: str | None = None
    ) -> None:
        from pbt_tui.tui import comparing  # late, for a fast first page

        found = comparing.of_jobs(self.model, jobs)
        if population is not None:
            found = comparing.Compared(population=population, chosen=chosen)
        if isinstance(found, str):
            self.say(found, "warn")
        else:
            self.push_screen(screen("compare", found))

    def open_help(self, page: str) -> None:
        if page != "help":
            self.push_screen(screen("help", page))

    def confirm(
        self, title: str, notes: list[str], names: list[str], then: Callable[[bool | None], None]
    ) -> None:
        self.push_screen(screen("confirm", title, notes, names), then)

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
        self.push_screen(screen("prompt", page.PAGE, known, self.history), typed)

    def choose_gpu(
        self,
        state: RunState,
        then: Callable[[tuple[str, bool] | None], None],
        first: str | None = None,
    ) -> None:
        self.push_screen(screen("drain", state, first), then)

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
