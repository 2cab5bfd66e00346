"""Backend `processes`: the process list that `pbt-run` executes on one machine.

Must not know where it is written.
"""

from __future__ import annotations

from pbt_tui.spec import Processes
from pbt_tui.spec.codec import encode

FILE = "processes.json"


def render(spec: Processes) -> dict[str, bytes]:
    """The files, relative to the folder of the run."""
    return {FILE: encode(spec)}
