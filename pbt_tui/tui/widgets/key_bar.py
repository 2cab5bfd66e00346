"""The bottom line: the keys of the screen, or for some seconds a message."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from textual.message import Message

from pbt_tui.tui.actions import Action
from pbt_tui.tui.host import Host
from pbt_tui.tui.text import Line, Span, cells, clip, length
from pbt_tui.tui.widgets.lines import Lines

_SECONDS = 8.0


class KeyBar(Lines):
    DEFAULT_CSS = "KeyBar { height: 1; dock: bottom; overflow: hidden; }"

    class Pressed(Message):
        """A person clicked a key."""

        def __init__(self, key: str) -> None:
            super().__init__()
            self.key = key
            """As Textual spells it."""

    def __init__(self, of: str, also: str = "") -> None:
        super().__init__("keys")
        self.of = of
        self.also = also
        """Another page: only keys that it has, too, are shown."""
        self.travels = False
        """Whether the run is shown as it was."""
        self._said: tuple[Line, float] | None = None
        self._question: tuple[str, Sequence[tuple[str, str]]] | None = None

    def on_mount(self) -> None:
        self.draw()

    def on_resize(self, event: object) -> None:
        self.draw()

    def travel(self, on: bool) -> None:
        """Shows the keys for times too, or no more."""
        if on != self.travels:
            self.travels = on
            self.draw()

    def _bar(self) -> list[Action]:
        return cast(Host, self.app).keymap.bar(self.of, self.also, self.travels)

    def say(self, text: str, style: str, now: float, *, lasts: float = _SECONDS) -> None:
        self._said = (((" " + text, style),), now + lasts)
        self.draw()

    def ask(self, question: str, answers: Sequence[tuple[str, str]]) -> None:
        """Shows a question until a person answers it, on as many lines as it needs.

        Args:
            question: What is asked; empty: nothing any more.
            answers: Keys with what they mean.
        """
        self._question = (question, answers) if question else None
        self.draw()

    def tick(self, now: float) -> None:
        if self._said is not None and now >= self._said[1]:
            self._said = None
            self.draw()

    def draw(self) -> None:
        width = self.size.width
        if self._question is not None:
            lines = question_lines(*self._question, width)
        else:
            lines = [clip(self._said[0] if self._said else keys(self._bar(), width), width)]
        if self.styles.height is None or self.styles.height.value != len(lines):
            self.styles.height = len(lines)
        self.show(lines)

    def on_lines_picked(self, event: Lines.Picked) -> None:
        """A click on a key does what the key does."""
        event.stop()
        name = None
        if self._question is not None:
            question, answers = self._question
            lines = question_lines(question, answers, self.size.width)
            shown = lines[event.y] if event.y < len(lines) else ()
            name = key_at(shown, event.x)
            self.post_message(self.Pressed(name or "escape"))
        elif self._said is None:
            bar = self._bar()
            line = keys(bar, self.size.width)
            name = key_at(line, event.x)
            action = next((a for a in bar if _sign(a) == name), None)
            if action is not None:
                self.post_message(self.Pressed(action.keys.split(",")[0]))


def question_lines(question: str, answers: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """A question and its answers on as many lines as they need."""
    lines: list[Line] = []
    line: list[Span] = [(f" {question}  ", "")]
    for key, meaning in answers:
        one = [(key, "key"), (f" {meaning}  ", "dim")]
        if length(line) + length(one) > width and len(line) > 1:
            lines.append(tuple(line))
            line = [(" " * (len(question) + 3), "")]
        line += one
    return [clip(each, width) for each in (*lines, tuple(line))]


def key_at(line: Line, x: int) -> str | None:
    """The key whose text, or whose meaning, covers a cell; None: none does."""
    key, end = None, 0
    for text, style in line:
        end += cells(text)
        key = text if style == "key" else key
        if x < end:
            return key if style in ("key", "dim") else None
    return None


def keys(shown: Sequence[Action], width: int) -> Line:
    """As many keys as fit; help and quit are always shown."""
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
        line += [(_sign(action), "key"), (f" {action.label}  ", "dim")]
    assert length(line) <= max(width, length(line))
    return tuple(line)


def _key(action: Action) -> str:
    return f"{_sign(action)} {action.label}  "


def _sign(action: Action) -> str:
    return action.shown.split()[0]
