"""Waits until an application under test has done all that it was asked for, and no longer.

Textual's own pilot sleeps until the process uses little time: at least 40 ms for each key, longer
on a busy machine, and it does not know of threads.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

from textual._context import active_app
from textual.app import App
from textual.screen import Screen

LONGEST = 60.0
"""Seconds after which an application has failed to settle."""
SHORT = 0.05
"""A timer with a shorter interval works on something and stops itself; others never end."""


async def settle(*_: float) -> None:
    """Returns once no callback, thread, short timer or redraw is left to wait for."""
    app = active_app.get()
    loop: Any = asyncio.get_running_loop()
    end = loop.time() + LONGEST
    while loop.time() < end:
        await asyncio.sleep(0)
        if loop._ready:
            continue
        screen = app._screen_stack[-1] if app._screen_stack else None
        if screen is not None and screen._update_timer._active.is_set():
            screen._on_timer_update()  # now, instead of at the next frame
        elif _works(app):
            await asyncio.sleep(0.001)
        else:
            return
    raise AssertionError(f"still at work: {[*app.workers]}")


def _works(app: App[Any]) -> bool:
    """Whether a thread or a timer works for the application."""
    return any(worker.is_running for worker in app.workers) or any(
        timer._active.is_set() and timer._interval < SHORT for timer in _timers(app)
    )


def _timers(app: App[Any]) -> Iterator[Any]:
    yield from app._timers
    screens: list[Screen[Any]] = app._screen_stack[-1:]
    for screen in screens:
        for node in screen.walk_children(with_self=True):
            yield from node._timers
