"""`pbt-tui RUN --export FILE`: writes the lineage of a run's populations, and their schedules.

The suffix of FILE says the format: `.csv`, `.json` or `.svg`. `schedule.json` goes beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pbt_tui.errors import PbtError, UsageError, Where, printable

if TYPE_CHECKING:
    from pbt_tui.observe.lineage_document import PopulationHistory
    from pbt_tui.observe.population_monitor import PopulationMonitor
    from pbt_tui.tui.journal_follower import JournalFollower

SUFFIXES = (".csv", ".json", ".svg")
"""The formats."""
SCHEDULE = "schedule.json"
"""The file beside it."""


def checked(path: str) -> Path:
    """The file to write.

    Args:
        path: as the command line has it.

    Raises:
        UsageError: if its suffix names no format, or if it is the file of the schedules.

    Example:
        >>> checked("out/lineage.svg").name
        'lineage.svg'
    """
    found = Path(path)
    if found.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f"`--export` does not know the format of `{printable(path)}`",
            hint=f"a name that ends with {', '.join(f'`{s}`' for s in SUFFIXES)}",
        )
    if found.name == SCHEDULE:
        raise UsageError(
            f"`--export` writes `{SCHEDULE}` beside the file", hint="choose another name"
        )
    return found


def export(feed: JournalFollower, path: Path) -> list[Path]:
    """Writes the lineage to `path`, and the schedules beside it; returns the files.

    Args:
        feed: the run, which must have been read.
        path: the file, from `checked`.

    Raises:
        UsageError: if the run has no population with a generation.
        PbtError: if a file cannot be written.
    """
    import msgspec

    from pbt_tui.observe.lineage_document import (
        lineage_document,
        lineage_table,
        schedule_document,
    )
    from pbt_tui.observe.lineage_svg import lineage_svg
    from pbt_tui.observe.snapshot import Populations

    populations = Populations(feed.state, feed.rundir)
    populations.poll()
    histories = [_history(m) for m in populations.monitors if m.newest() is not None]
    if not histories:
        raise UsageError(
            "no population with a generation to export", where=Where(file=str(feed.rundir.path))
        )
    run = feed.state.spec.run
    suffix = path.suffix.lower()
    if suffix == ".csv":
        data = lineage_table(histories).encode("utf-8", "replace")
    elif suffix == ".svg":
        data = lineage_svg(run, histories).encode("utf-8", "replace")
    else:
        data = msgspec.json.format(msgspec.json.encode(lineage_document(run, histories))) + b"\n"
    schedule = msgspec.json.encode(schedule_document(run, histories))
    files = [path, path.with_name(SCHEDULE)]
    for file, content in zip(files, (data, msgspec.json.format(schedule) + b"\n"), strict=True):
        _write(file, content)
    return files


def _history(monitor: PopulationMonitor) -> PopulationHistory:
    from pbt_tui.observe.lineage_document import PopulationHistory
    from pbt_tui.observe.workspaces import changes

    return PopulationHistory(
        monitor.name,
        monitor.style,
        monitor.size,
        monitor.lineage,
        monitor.best_generation(),
        changes(monitor.reader),
    )


def _write(path: Path, data: bytes) -> None:
    from pbt_tui.files.atomic import replace

    try:
        replace(path, data, sync=False)
    except OSError as e:
        raise PbtError(f"cannot write: {e.strerror}", where=Where(file=str(path))) from e
