"""Screens use the application only through `Host`; the application loads screens by name."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

import pbt_tui.tui
from pbt_tui.tui import actions
from pbt_tui.tui.app import Monitor
from pbt_tui.tui.host import Host
from pbt_tui.tui.navigation import SCREENS
from pbt_tui.tui.screens.dialog import Dialog
from pbt_tui.tui.screens.page import Page

_: type[Host] = Monitor

TUI = Path(pbt_tui.tui.__file__).parent


@pytest.mark.parametrize("name", SCREENS)
def test_every_screen_is_found_by_its_name(name: str) -> None:
    module, _, attribute = SCREENS[name].partition(":")
    screen = getattr(import_module(module), attribute)
    assert module == f"pbt_tui.tui.screens.{name}"
    if name in actions.PAGES:
        assert issubclass(screen, Page)
        assert name == screen.PAGE
        assert attribute.endswith("Screen")
    else:
        assert issubclass(screen, Dialog)
        assert attribute.endswith("Dialog")


def test_every_page_of_the_actions_is_a_screen() -> None:
    assert set(actions.PAGES) <= set(SCREENS)


def test_the_application_alone_knows_the_screens() -> None:
    """A module names no screen but what screens are made of."""
    knowing = [
        str(path.relative_to(TUI))
        for path in TUI.rglob("*.py")
        for name in SCREENS
        if f"screens.{name}" in path.read_text(encoding="utf-8")
    ]
    assert set(knowing) == {"navigation.py"}
