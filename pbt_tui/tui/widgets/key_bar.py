"""The bottom line: the keys of the screen, or for some seconds a message."""

from __future__ import annotations

from pbt_tui.tui import actions
from pbt_tui.tui.text import Line, Span, clip, length
from pbt_tui.tui.widgets.lines import Lines

_SECONDS = 8.0


class KeyBar(Lines):
    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; overflow: hidden; }"

    def __init__(self, of: str) -> None:
        super().__init__("keys")
        self.of = of
        self._said: tuple[Line, float] | None = None
        self._prompt: Line | None = None

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self, event: object) -> None:
        self.draw()

    def say(self, text: str, style: str, now: float, *, lasts: float = _SECONDS) -> None:
        self._said = (((" " + text, style),), now + lasts)
        self.draw()

    def prompt(self, line: Line | None) -> None:
        """Shows a question until a person answers it."""
        self._prompt = line
        self.draw()

    def tick(self, now: float) -> None:
        if self._said is not None and now >= self._said[1]:
            self._said = None
            self.draw()

    def draw(self) -> None:
        width = self.size.width
        line = self._prompt or (self._said[0] if self._said else keys(self.of, width))
        self.show([clip(line, width)])


def keys(page: str, width: int) -> Line:
    """As many keys as fit; help and quit are always shown."""
    shown = actions.bar(page)
    first = [a for a in shown if a.id in ("help", "quit")]
    room = width - 1 - sum(len(_key(a)) for a in first)
    kept = []
    for action in shown:
        if action in first:
            kept.append(action)
        elif room >= len(_key(action)):
            room -= len(_key(action))
            kept.append(action)
    line: list[Span] = [(" ", "")]
    for action in kept:
        line += [(action.shown.split()[0], "key"), (f" {action.label}  ", "dim")]
    assert length(line) <= max(width, length(line))
    return tuple(line)


def _key(action: actions.Action) -> str:
    return f"{action.shown.split()[0]} {action.label}  "
