"""Backend `processes`: the process list that `pbt-run` executes on one machine.

Must not know where it is written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pbt_tui.spec import Processes
from pbt_tui.spec.codec import encode

FILE = "processes.json"
OWNED = (FILE,)
SETTINGS = None


def lacks(given: Mapping[str, Any], spec: Processes) -> str | None:
    return None


def render(spec: Processes, settings: Any = None) -> dict[str, bytes]:
    return {FILE: encode(spec)}


def known(files: Mapping[str, bytes]) -> dict[str, Any]:
    """Policy and container are read by `compiler.existing`, because they concern all backends."""
    return {}
