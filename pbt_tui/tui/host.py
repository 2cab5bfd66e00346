"""The protocol by which screens use the application: data, time, navigation and requests.

`app.Monitor` implements it. No screen imports the application, and the application imports a screen
by its name, so there is no import cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pbt_tui.journal.events import Action as RequestAction
from pbt_tui.journal.owners import Trust
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe.snapshot_types import GpuRow, PopulationRow
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.keymap import Keymap
from pbt_tui.tui.model import Model

if TYPE_CHECKING:
    from pbt_tui.tui.fleet.runs_reader import RunsReader
    from pbt_tui.tui.time_travel.past_run import PastRun
    from pbt_tui.tui.time_travel.traveller import Traveller


class Requests(Protocol):
    """Sends requests to the executor, after a person has confirmed them."""

    def ask(self, action: RequestAction, jobs: Sequence[JobState], *, anew: bool = False) -> None:
        """Only cancel, kill and retry use `jobs`. `anew`: a retry begins from scratch."""

    def drain(self, first: str | None = None) -> None:
        """Lets a person choose a GPU, then sends the request.

        `first`: UUID or index of the one that is chosen at the beginning.
        """

    def offer_executor(self) -> None:
        """Starts an executor for a run that has none."""


class Host(Protocol):
    """The application, as a screen sees it."""

    paused: bool
    """While True, the monitor reads and draws nothing."""

    @property
    def follower(self) -> JournalFollower | PastRun: ...

    @property
    def present(self) -> JournalFollower:
        """The run as it is, whatever is shown."""

    @property
    def journey(self) -> Traveller | None:
        """The travel in time; None: the run is shown as it is."""

    def travel(self, moment: str | None = None) -> None:
        """Begins to show the run as it was, or returns to now."""

    @property
    def model(self) -> Model: ...

    @property
    def requests(self) -> Requests: ...

    @property
    def fleet(self) -> RunsReader | None:
        """The runs of the folder; None: one run is shown, and no list."""

    @property
    def has_fleet(self) -> bool:
        """Whether there is a list of runs to go to."""

    @property
    def shows_run(self) -> bool:
        """Whether a run is shown, and not only the list of runs."""

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

    def open_fleet(self) -> None:
        """Leaves the run for the list of runs."""

    def open_run(self, path: Path) -> None:
        """Opens a run of the list. Raises `PbtError` if it cannot be read."""

    def open_job(self, job: JobState, among: list[str]) -> None:
        """Opens the job's page; `among` are the names that `n` and `N` step through."""

    def open_log(self, job: JobState) -> None:
        """Opens the log of the job's newest attempt."""

    def compare(
        self, jobs: Sequence[JobState], population: str | None = None, chosen: str | None = None
    ) -> None:
        """Compares jobs, or the members of a population; `chosen` is the name of one of them."""

    def open_help(self, page: str) -> None:
        """Opens the help for `page`."""

    def ask_command(self) -> None:
        """Opens the prompt for the page on top, and performs what a person types."""

    def confirm(
        self, title: str, notes: list[str], names: list[str], then: Callable[[bool | None], None]
    ) -> None:
        """Asks a person to confirm; `then` gets True for yes."""

    def choose_gpu(
        self,
        state: RunState,
        then: Callable[[tuple[str, bool] | None], None],
        first: str | None = None,
    ) -> None:
        """Lets a person choose; `then` gets the GPU's name and whether it is drained now."""

    def in_background(self, work: Callable[[], Callable[[], None] | None]) -> None:
        """Runs `work` in another thread, then calls its result in the application's thread."""

    def copy(self, text: str) -> None:
        """Copies to the clipboard of the person's terminal."""

    def leave(self) -> None:
        """Goes back to the list of runs below, or ends the monitor. The run goes on."""
