"""What an executor would start, for `--dry_run`: a runtime's `dry_run` says what it would do.

Must not start anything, nor know a runtime.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pbt_tui.errors import printable
from pbt_tui.runtimes.protocol import Launch


@dataclass(frozen=True, slots=True)
class PlannedStarts:
    """`first` begin at once, in this order; `later` follow as places become free."""

    first: tuple[Launch, ...]
    later: tuple[Launch, ...]
    held: bool = False
    """Nothing begins before the run is released."""


def one_by_one(starts: PlannedStarts, lines: Callable[[Launch], list[str]]) -> Iterator[str]:
    """Each attempt under a heading, followed by the lines that do the same by hand."""
    for launch in starts.first:
        yield from (_heading(launch), *lines(launch))
    if starts.later and starts.held:
        yield f"# held: {len(starts.later)} start once it is released"
    elif starts.later:
        yield f"# {len(starts.later)} more, as places become free"
    elif not starts.first:
        yield "# nothing to start"
    for launch in starts.later:
        yield from (_heading(launch), *lines(launch))


def _heading(launch: Launch) -> str:
    pin = f" on GPU {', '.join(launch.gpus)}" if launch.gpus else ""
    log = printable(str(launch.log))
    return f"# {launch.job}, attempt {launch.attempt}{pin}, log: {log}"
