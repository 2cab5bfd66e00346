"""The dialog that asks which GPU to drain, or to use again."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import BindingType

from pbt_tui.journal.events import Gpu
from pbt_tui.journal.state import RunState
from pbt_tui.tui.model import gpu_jobs
from pbt_tui.tui.screens.dialog import Dialog
from pbt_tui.tui.text import Line, cut, safe


class DrainDialog(Dialog[tuple[str, bool]]):
    """Returns the GPU's name and whether it is drained now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("escape,q,n", "no", "keep"),
        ("up,k", "move(-1)", ""),
        ("down,j", "move(1)", ""),
        ("y", "yes", "do it"),
    ]

    def __init__(self, state: RunState, first: str | None = None) -> None:
        super().__init__("drain a GPU")
        self.state = state
        self.rows = gpu_jobs(state)
        names = [(gpu.uuid, str(gpu.index)) for gpu, _ in self.rows]
        self.chosen = next((i for i, known in enumerate(names) if first in known), 0)

    def lines(self, width: int) -> list[Line]:
        lines: list[Line] = [()]
        for index, (gpu, jobs) in enumerate(self.rows):
            name = gpu.index if gpu.index is not None else gpu.uuid
            what = self._what(gpu, len(jobs))
            text = f"{'▸' if index == self.chosen else ' '} GPU {name}  {what}  {gpu.name or ''}"
            lines.append(((cut(text, width), "mark" if index == self.chosen else ""),))
        drained = self.state.is_drained(self.rows[self.chosen][0])
        verb = "use it again" if drained else "drain it: no new attempts on it"
        return [
            *lines,
            (),
            (
                ("y", "key"),
                (f" {verb}   ", ""),
                ("↑↓", "key"),
                (" another   ", ""),
                ("Esc", "key"),
                (" leave", ""),
            ),
        ]

    def action_move(self, by: int) -> None:
        self.chosen = (self.chosen + by) % len(self.rows)
        self.draw()

    def action_yes(self) -> None:
        gpu = self.rows[self.chosen][0]
        name = gpu.uuid or str(gpu.index)
        self.dismiss((name, self.state.is_drained(gpu)))

    def _what(self, gpu: Gpu, active: int) -> str:
        if not self.state.is_drained(gpu):
            return f"{active} active"
        why = self.state.why_drained(gpu)
        return f"drained: {safe(why)}" if why else "drained"
