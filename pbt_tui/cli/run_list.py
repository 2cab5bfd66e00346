"""Shows several runs: as a list on a screen, as text, or as JSON (`pbt-fleet/1`)."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pbt_tui.errors import command

if TYPE_CHECKING:
    from pbt_tui.tui.targets import SeveralRuns

LEAST, MOST = 80, 160
"""Columns of the text, whatever the terminal has."""


def once(folder: Path, *, json: bool, ascii_only: bool) -> int:
    """Prints the runs below a folder, and returns the exit code 0.

    Args:
        folder: The folder.
        json: Whether to print JSON.
        ascii_only: Whether to print ASCII characters only.
    """
    from pbt_tui.tui import fleet_report, text_report
    from pbt_tui.tui.fleet.runs_reader import RunsReader

    runs = RunsReader(folder)
    runs.read_all()
    if json:
        sys.stdout.buffer.write(fleet_report.document(runs))
        return 0
    columns = shutil.get_terminal_size((100, 24)).columns
    text = fleet_report.page(runs, min(max(columns, LEAST), MOST))
    encoding = (sys.stdout.encoding or "ascii").lower()
    if ascii_only or not encoding.startswith("utf"):
        text = text_report.in_ascii(text)
    sys.stdout.write(text)
    return 0


def note(several: SeveralRuns | None, *, on_screen: bool) -> str | None:
    """What to say where the newest of several runs is shown; None: it is the only one.

    Args:
        several: The runs of which it is the newest.
        on_screen: Whether the monitor shows it.
    """
    if several is None:
        return None
    folder = command("pbt-tui", several.folder)
    how = "Esc or 6 lists them" if on_screen else f"`{folder}` lists them"
    return f"the newest of {len(several.runs)} runs below `{several.folder}`; {how}"
