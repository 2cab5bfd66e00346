"""The prompt in the last line: any action by its name, and in a log a time or a line number."""

from __future__ import annotations

from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal
from textual.suggester import Suggester
from textual.widgets import Input

from pbt_tui.tui import actions, prompt_language
from pbt_tui.tui.prompt_language import Known
from pbt_tui.tui.screens.dialog import Dialog
from pbt_tui.tui.text import Line, Span, clip, cut
from pbt_tui.tui.widgets.lines import Lines


class _Ghost(Suggester):
    """The rest of the first completion, behind the cursor."""

    def __init__(self, prompt: PromptDialog) -> None:
        super().__init__(use_cache=False, case_sensitive=True)
        self._prompt = prompt

    async def get_suggestion(self, value: str) -> str | None:
        found = self._prompt.completions(value)
        return found[0] if value and found and found[0].startswith(value) else None


class PromptDialog(Dialog[str]):
    """Returns the text; the screen below stays in sight."""

    CSS_PATH = "prompt.tcss"
    BINDINGS: ClassVar[list[BindingType]] = []

    def __init__(self, page: str, known: Known, history: list[str]) -> None:
        super().__init__("")
        self.page = page
        self.known = known
        self.history = history
        self._back = 0
        """How many texts back in the history; 0: the one that is being typed."""
        self._typed = ""
        self._cycle: tuple[list[str], int] | None = None
        """The completions that Tab goes through, and the one that is shown."""
        self.hint = Lines("hint")
        self.colon = Lines("colon")
        self.input = Input(id="command", compact=True, suggester=_Ghost(self))
        self.input.cursor_blink = False

    def compose(self) -> ComposeResult:
        yield self.hint
        with Horizontal(id="line"):
            yield self.colon
            yield self.input

    def on_mount(self) -> None:
        self.colon.show([((":", "key"),)])
        self.input.focus()
        self.draw()

    def completions(self, text: str) -> list[str]:
        return prompt_language.completions(text, self.page, self.known)

    # -- drawing -----------------------------------------------------------------------------------

    def draw(self) -> None:
        self.hint.show([clip(self._hint(), self.app.size.width)])

    def _hint(self) -> Line:
        text = self.input.value
        if self._cycle is not None:
            found, at = self._cycle
        else:
            found, at = self.completions(text), -1
        about = self._about(text)
        if about and (self._cycle is None or len(found) < 2):
            return ((f" {about}", "dim"),)
        if not found and text.strip():
            meant = prompt_language.parse(text, self.page)
            if isinstance(meant, prompt_language.Misunderstood):
                return ((f" {meant.why}", "warn"),)
        if not text and self.page == "log":
            return ((" a time (22:41, 2026-05-01 22:41), a line number, or an action", "dim"),)
        line: list[Span] = [(" ", "")]
        first = max(0, at - 3)
        for k, one in enumerate(found[first : first + 40], first):
            name = one.strip().rpartition(" ")[2] if " " in one.strip() else one.strip()
            line += [(cut(name, 40), "mark" if k == at else "dim"), ("  ", "")]
        return tuple(line)

    def _about(self, text: str) -> str:
        """What the command does, once its name is there."""
        typed = text.strip()
        name = typed.replace("-", "_")
        name = prompt_language.SHORT.get(name, name)
        if name in prompt_language.VERBS and name in prompt_language.names(self.page):
            return prompt_language.VERBS[name].help
        whole = text.strip().replace(" ", "_").replace("-", "_")
        return next((a.help for a in actions.on(self.page) if a.id == whole), "")

    # -- keys --------------------------------------------------------------------------------------

    def takes(self, event: events.Key) -> bool:
        key = event.key
        if key == "enter":
            self.dismiss(self.input.value)
        elif key in ("escape", "ctrl+c") or (key == "backspace" and not self.input.value):
            self.dismiss(None)
        elif key in ("tab", "shift+tab"):
            self._complete(1 if key == "tab" else -1)
        elif key in ("up", "down"):
            self._step(1 if key == "up" else -1)
        elif event.is_printable and event.character:
            # also before Textual has told the input that it has the focus
            self.input.replace(event.character, *sorted(self.input.selection))
        elif key == "backspace" and not self.input.has_focus:
            self.input.action_delete_left()
        else:
            return False
        return True

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        if self._cycle is not None and self._cycle[0][self._cycle[1]] != event.value:
            self._cycle = None
        self.draw()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(event.value)

    def _complete(self, by: int) -> None:
        """Completes as far as all completions agree; another Tab goes through them."""
        if self._cycle is not None:
            found, at = self._cycle
            at = (at + by) % len(found)
        else:
            found, at = self.completions(self.input.value), 0 if by > 0 else -1
            if not found:
                return
            at %= len(found)
        self._cycle = (found, at) if len(found) > 1 else None
        self._set(found[at])

    def _step(self, by: int) -> None:
        """Another text of the history; the one that was being typed comes back with ↓."""
        to = self._back + by
        if not 0 <= to <= len(self.history):
            return
        if self._back == 0:
            self._typed = self.input.value
        self._back = to
        self._set(self.history[-to] if to else self._typed)

    def _set(self, text: str) -> None:
        self.input.value = text
        self.input.cursor_position = len(text)
        self.draw()
