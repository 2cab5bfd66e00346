"""Reads the screen of an application under test."""

from __future__ import annotations

from pbt_tui.tui.app import Monitor
from pbt_tui.tui.navigation import screen


def text_of(app: Monitor) -> str:
    """What the terminal shows, without colours."""
    width, height = app.size
    lines = [strip.text for strip in app.screen._compositor.render_strips()]
    assert len(lines) == height
    return "\n".join(line[:width].rstrip() for line in lines) + "\n"


async def begin_again(app: Monitor) -> None:
    """Shows the run as a new application would: no page, mark, filter or pause stays."""
    while len(app.screen_stack) > 1:
        await app.pop_screen()
    app._take_run(app.present)
    app.paused = False
    await app.push_screen(screen("jobs", app.model))
