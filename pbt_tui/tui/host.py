"""The protocol by which screens use the application: data, time, navigation and requests.

`app.Monitor` implements it. No screen imports the application, and the application imports a screen
by its name, so there is no import cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pbt_tui.journal.events import Action as RequestAction
from pbt_tui.journal.owners import Trust
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe.snapshot_types import GpuRow, PopulationRow
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.keymap import Keymap
from pbt_tui.tui.model import Model


class Requests(Protocol):
    """Sends requests to the executor, after a person has confirmed them."""

    def ask(self, action: RequestAction, jobs: Sequence[JobState], *, anew: bool = False) -> None:
        """Only cancel, kill and retry use `jobs`. `anew`: a retry begins from scratch."""

    def drain(self, first: int = 0) -> None:
        """Lets a person choose a GPU, then sends the request. `first`: the one to begin with."""

    def offer_executor(self) -> None:
        """Starts an executor for a run that has none."""


class Host(Protocol):
    """The application, as a screen sees it."""

    paused: bool
    """While True, the monitor reads and draws nothing."""

    @property
    def follower(self) -> JournalFollower: ...

    @property
    def model(self) -> Model: ...

    @property
    def requests(self) -> Requests: ...

    @property
    def keymap(self) -> Keymap:
        """The keys of all actions."""

    @property
    def read_only(self) -> bool: ...

    @property
    def trust(self) -> Callable[[], Trust]:
        """Reads what the user trusts; raises `PbtError` if the user's configuration is wrong."""

    @property
    def clock(self) -> Callable[[], float]:
        """The wall clock, in Unix seconds."""

    @property
    def populations(self) -> tuple[PopulationRow, ...]:
        """Rows of the last read; empty until a person opens the population screen."""

    def now(self) -> float:
        """The end of open intervals: now, or without an executor the time of the last event."""

    def gpus(self) -> tuple[GpuRow, ...]:
        """The executor's GPUs, with their latest measurements."""

    def read_populations(self, then: Callable[[], None]) -> None:
        """Reads the workspaces in another thread; calls `then` if they changed."""

    def say(self, text: str, style: str = "") -> None:
        """Shows a message in the key bar for some seconds."""

    def go(self, page: str) -> None:
        """Opens one of the numbered pages, and closes all other screens."""

    def open_job(self, job: JobState, among: list[str]) -> None:
        """Opens the job's page; `among` are the names that `n` and `N` step through."""

    def open_log(self, job: JobState) -> None:
        """Opens the log of the job's newest attempt."""

    def open_help(self, page: str) -> None:
        """Opens the help for `page`."""

    def ask_command(self) -> None:
        """Opens the prompt for the page on top, and performs what a person types."""

    def confirm(
        self, title: str, notes: list[str], names: list[str], then: Callable[[bool | None], None]
    ) -> None:
        """Asks a person to confirm; `then` gets True for yes."""

    def choose_gpu(
        self, state: RunState, then: Callable[[tuple[str, bool] | None], None], first: int = 0
    ) -> None:
        """Lets a person choose; `then` gets the GPU's name and whether it is drained now."""

    def in_background(self, work: Callable[[], Callable[[], None] | None]) -> None:
        """Runs `work` in another thread, then calls its result in the application's thread."""

    def copy(self, text: str) -> None:
        """Copies to the clipboard of the person's terminal."""

    def leave(self) -> None:
        """Ends the monitor. The run goes on."""
