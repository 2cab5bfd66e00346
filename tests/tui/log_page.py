"""Opening the log page in a test."""

from __future__ import annotations

from textual.pilot import Pilot

from pbt_tui.tui.app import Monitor
from pbt_tui.tui.screens.log import LogScreen


async def opened(app: Monitor, pilot: Pilot[str]) -> LogScreen:
    await pilot.press("l")
    await pilot.pause()
    assert isinstance(app.screen, LogScreen)
    return app.screen
