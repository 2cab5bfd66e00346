"""What a screen may ask of the application: the run, the time, where to go, and what to ask for.

Screens and their helpers know this protocol alone; `app.Monitor` fulfils it. So no screen imports
the application, and the application loads a screen by its name.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from pbt_tui.journal.events import Action as RequestAction
from pbt_tui.journal.state import JobState, RunState
from pbt_tui.observe.snapshot_types import GpuRow, PopulationRow
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.tui.model import Model


class Requests(Protocol):
    """Asks the executor, after a person has confirmed it."""

    def ask(self, action: RequestAction, jobs: Sequence[JobState]) -> None:
        """`jobs` matter to cancel, kill and retry alone."""

    def drain(self) -> None:
        """Lets a person choose a GPU first."""

    def offer_executor(self) -> None:
        """Starts an executor for a run that has none."""


class Host(Protocol):
    """The application, as a screen sees it."""

    paused: bool
    """Nothing is read and nothing is painted until a person goes on."""

    @property
    def follower(self) -> JournalFollower: ...

    @property
    def model(self) -> Model: ...

    @property
    def requests(self) -> Requests: ...

    @property
    def read_only(self) -> bool: ...

    @property
    def clock(self) -> Callable[[], float]:
        """The clock on the wall, in Unix seconds."""

    @property
    def populations(self) -> tuple[PopulationRow, ...]:
        """As last read; empty until the population screen was opened."""

    def now(self) -> float:
        """The time for what goes on: without an executor, when it was last heard of."""

    def progress(self, job: JobState) -> str:
        """What an active job last said of itself."""

    def gpus(self) -> tuple[GpuRow, ...]:
        """The executor's GPUs, with what it last measured there."""

    def read_populations(self, then: Callable[[], None]) -> None:
        """Reads the workspaces in another thread; calls `then` if there is news."""

    def say(self, text: str, style: str = "") -> None:
        """Shows a message in the bar at the bottom for some seconds."""

    def go(self, page: str) -> None:
        """Opens one of the numbered pages, and closes whatever is open."""

    def open_job(self, job: JobState, among: list[str]) -> None:
        """Opens the job's page; `among` are the names that `n` and `N` step through."""

    def open_log(self, job: JobState) -> None:
        """Opens the log of its newest attempt."""

    def open_help(self, page: str) -> None:
        """Opens the keys of `page`."""

    def confirm(
        self, title: str, notes: list[str], names: list[str], then: Callable[[bool | None], None]
    ) -> None:
        """Asks a person; `then` gets True for yes."""

    def choose_gpu(self, state: RunState, then: Callable[[tuple[str, bool] | None], None]) -> None:
        """Lets a person choose; `then` gets the GPU's name and whether it is drained now."""

    def in_background(self, work: Callable[[], Callable[[], None] | None]) -> None:
        """Runs `work` in another thread, then what it returned in the application's own."""

    def copy(self, text: str) -> None:
        """To the clipboard of the person's terminal."""

    def leave(self) -> None:
        """Ends the screen. Nothing of the run ends with it."""
