"""Reads the screen of an application under test."""

from __future__ import annotations

from pbt_tui.tui.app import Monitor


def text_of(app: Monitor) -> str:
    """What the terminal shows, without colours."""
    width, height = app.size
    lines = [strip.text for strip in app.screen._compositor.render_strips()]
    assert len(lines) == height
    return "\n".join(line[:width].rstrip() for line in lines) + "\n"
