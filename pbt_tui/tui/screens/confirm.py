"""The confirmation before each request. Enter alone never confirms."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.binding import BindingType
from textual.widget import Widget
from textual.widgets import Input

from pbt_tui.tui.screens.dialog import Dialog
from pbt_tui.tui.text import Line, cut, safe, wrap

TYPED_FROM = 11
"""From this number of jobs on, a person has to type the number."""


class ConfirmDialog(Dialog[bool]):
    """Confirmed with `y`, or for many jobs with their number and Enter."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape", "no", "keep"),
        ("y", "yes", "do it"),
        ("n,q", "no", "keep"),
    ]

    def __init__(
        self, title: str, notes: list[str], names: list[str], typed: bool | None = None
    ) -> None:
        super().__init__(cut(safe(title), 60))
        self.notes = notes
        self.names = names
        self.typed = len(names) >= TYPED_FROM if typed is None else typed
        self.input = Input(id="count", compact=True, restrict=r"\d*")
        self.input.cursor_blink = False

    def more(self) -> list[Widget]:
        return [self.input] if self.typed else []

    def on_mount(self) -> None:
        super().on_mount()
        if self.typed:
            self.input.focus()

    def lines(self, width: int) -> list[Line]:
        lines: list[Line] = [()]
        for note in self.notes:
            lines += [((piece, ""),) for piece in wrap(safe(note), width)]
        if len(self.names) > 1:
            shown = self.names[:6] if len(self.names) > 7 else self.names
            rest = len(self.names) - len(shown)
            text = " ".join(shown) + (f" … {rest} more" if rest else "")
            lines += [(), *(((piece, "dim"),) for piece in wrap(text, width)[:6])]
        lines.append(())
        if self.typed:
            lines.append(
                (
                    ("type ", ""),
                    (str(len(self.names)), "key"),
                    (" and Enter to confirm   ", ""),
                    ("Esc", "key"),
                    (" keep all as it is", "dim"),
                )
            )
        else:
            lines.append((("y", "key"), (" yes   ", ""), ("Esc", "key"), (" keep it as it is", "")))
        return lines

    def takes(self, event: events.Key) -> bool:
        """The number may be typed before the input has the focus."""
        if not self.typed or self.input.has_focus:
            return False
        if event.key == "enter":
            self._count(self.input.value)
        elif event.is_printable and event.character and event.character.isdigit():
            self.input.insert_text_at_cursor(event.character)
        else:
            return False
        return True

    def action_yes(self) -> None:
        if not self.typed:
            self.dismiss(True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._count(event.value)

    def _count(self, typed: str) -> None:
        if typed.strip() == str(len(self.names)):
            self.dismiss(True)
