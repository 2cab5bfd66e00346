"""The types of `pbt-fleet/1`: several runs below one folder.

Every key is always present. Paths are absolute, times are Unix seconds.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pbt_tui.journal.events import Verdict
from pbt_tui.observe.progress.progress_types import Remaining
from pbt_tui.observe.snapshot_types import Counts

RunLiveness = Literal["live", "held", "no_executor", "closed", "unreadable"]
RunProblem = Literal["unreadable", "no_executor", "failures"]


class BestJob(msgspec.Struct, frozen=True):
    """The job of a run with the best objective."""

    job: str
    """Id of the job."""
    objective: float
    """Its newest objective."""
    curve: tuple[float | None, ...]
    """The objective over time, evenly spaced, the newest last; `null`: no value in that time."""


class FleetRun(msgspec.Struct, frozen=True):
    """One run."""

    run: str
    """Name of the run: its folder below the directory, with the suffix of the run directory."""
    path: str
    """Path of the run directory."""
    older: bool
    """Whether `--fresh` has moved the run aside."""
    state: RunLiveness
    """`live`: an executor runs; `held`: it runs, and starts no attempt; `no_executor`: none runs;
    `closed`: every job has ended; `unreadable`: `why` says why the run cannot be read."""
    verdict: Verdict | None
    """How the run went; `null` while it is open, or if it cannot be read."""
    why: str | None
    """Why the run cannot be read; `null`: it can."""
    problem: RunProblem | None
    """The worst problem: it cannot be read; no executor runs, although attempts are active; jobs
    failed within a day. `null`: none of these."""
    counts: Counts
    """Jobs by state."""
    eta: Remaining | None
    """Time that the run still needs; `null`: unknown, or no executor runs."""
    best: BestJob | None
    """The best result so far; `null`: no objective is known."""
    host: str | None
    """Machine of the newest executor; `null`: there was none."""
    runtime: str | None
    """Name of the newest executor's runtime; `null`: there was none."""
    owner: str | None
    """Name of the user to whom the run directory belongs; `null`: it belongs to you."""
    opened_at: float | None
    """When the run was opened; `null`: its journal is empty, or it cannot be read."""
    changed_at: float | None
    """When the newest event was recorded, or the journal of an unreadable run was last written;
    `null`: unknown."""
    failed_at: float | None
    """When a job failed last; `null`: none did."""


class Fleet(msgspec.Struct, frozen=True):
    """The runs below a directory at one moment."""

    format: Literal["pbt-fleet/1"]
    """Name and version of the format."""
    directory: str
    """Path of the directory."""
    runs: tuple[FleetRun, ...]
    """The runs, those with problems first."""
    cut: str | None
    """Why not all folders were searched; `null`: they were."""
