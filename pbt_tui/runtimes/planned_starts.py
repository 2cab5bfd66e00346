"""The attempts that an executor would start, for `--dry_run` of each runtime."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from pbt_tui.errors import printable
from pbt_tui.runtimes.protocol import Launch


@dataclass(frozen=True, slots=True)
class PlannedStarts:
    """The attempts that an executor would start, in order."""

    first: tuple[Launch, ...]
    """Attempts that would start at once."""
    later: tuple[Launch, ...]
    """Attempts that would start as slots become free."""
    held: bool = False
    """Whether nothing starts before a person releases the run."""


def one_by_one(starts: PlannedStarts, lines: Callable[[Launch], list[str]]) -> Iterator[str]:
    """A heading for each attempt, then its `lines`: commands that do the same by hand."""
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
