"""Renders the process list as the bytes of a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pbt_tui.spec import Processes

FILE = "processes.json"
OWNED = (FILE,)


def render(spec: Processes) -> dict[str, bytes]:
    from pbt_tui.spec.codec import encode

    return {FILE: encode(spec)}
