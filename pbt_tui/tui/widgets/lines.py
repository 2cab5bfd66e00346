"""A scrolling list of styled lines with an optional cursor. It redraws only what changed.

All other widgets draw through it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.dom import DOMNode
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from pbt_tui.tui.text import Line, ascii_only, cells, safe


class Lines(ScrollView, can_focus=False):
    """Shows `line(i)` for i in 0..count-1. A cursor (a line index) if `has_cursor`."""

    DEFAULT_CSS = """
    Lines {
        overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1;
        & .lines--dim { color: $text-muted; }
        & .lines--head { color: $text-muted; text-style: bold; }
        & .lines--title { color: $accent; text-style: bold; }
        & .lines--good { color: $success; }
        & .lines--bad { color: $error; }
        & .lines--warn { color: $warning; }
        & .lines--run { color: $primary; }
        & .lines--wait { color: $text-muted; }
        & .lines--key { color: $accent; text-style: bold; }
        & .lines--mark { color: $secondary; text-style: bold; }
        & .lines--hue0 { color: $hue0; }
        & .lines--hue1 { color: $hue1; }
        & .lines--hue2 { color: $hue2; }
        & .lines--hue3 { color: $hue3; }
        & .lines--hue4 { color: $hue4; }
        & .lines--hue5 { color: $hue5; }
        & .lines--hue6 { color: $hue6; }
        & .lines--hue7 { color: $hue7; }
        & .lines--heat0 { color: $heat0; }
        & .lines--heat1 { color: $heat1; }
        & .lines--heat2 { color: $heat2; }
        & .lines--heat3 { color: $heat3; }
        & .lines--heat4 { color: $heat4; }
        & .lines--heat5 { color: $heat5; }
        & .lines--heat6 { color: $heat6; }
        & .lines--heat7 { color: $heat7; }
        & .lines--cursor { background: $primary 30%; text-style: bold; }
    }
    """

    class Moved(Message):
        def __init__(self, lines: Lines) -> None:
            super().__init__()
            self.lines = lines

    class Picked(Message):
        """A person clicked a cell of lines that have no cursor."""

        def __init__(self, lines: Lines, x: int, y: int) -> None:
            super().__init__()
            self.lines = lines
            self.x = x
            """Cells from the left."""
            self.y = y
            """Index of the line."""

    class Chosen(Message):
        """A person clicked a line twice, or clicked the line under the cursor."""

        def __init__(self, lines: Lines) -> None:
            super().__init__()
            self.lines = lines

    def __init__(
        self, name: str = "", *, has_cursor: bool = False, classes: str | None = None
    ) -> None:
        super().__init__(id=name or None, classes=classes)
        self.has_cursor = has_cursor
        self.cursor = 0
        self.count = 0
        self._line: Callable[[int], Line] = lambda index: ()
        self._painted: dict[int, Line] = {}
        """Line index -> the visible line as the terminal shows it."""
        self._rich: dict[str, Style] = {}

    # -- what is shown -----------------------------------------------------------------------------

    def show(self, lines: Sequence[Line]) -> None:
        """Shows these lines; redraws the spans that differ from the screen."""
        self.show_lazily(len(lines), lines.__getitem__)

    def show_lazily(self, count: int, line: Callable[[int], Line]) -> None:
        """As `show`, but calls `line` only for visible lines."""
        self._line = line
        if count != self.count:
            self.count = count
            self.virtual_size = Size(self.scrollable_content_region.width, count)
            self.cursor = max(0, min(self.cursor, count - 1))
        self.repaint()

    def line_at(self, index: int) -> Line:
        """A line as it is shown; empty: there is none."""
        return self._line(index) if index < self.count else ()

    def repaint(self) -> None:
        """Computes every visible line again, and redraws the cells that changed."""
        if not self.is_attached:
            return
        regions: list[Region] = []
        top, height = self.scroll_offset.y, self.size.height
        painted, self._painted = self._painted, {}
        for y in range(height):
            index = top + y
            new = self._line(index) if index < self.count else None
            old = painted.get(index)
            if new is not None:
                self._painted[index] = new
            if new != old:
                regions.extend(_differences(old or (), new or (), y, self.size.width))
        if regions:
            self.refresh(*regions)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._painted.clear()

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._rich.clear()

    def render_line(self, y: int) -> Strip:
        index = self.scroll_offset.y + y
        width = self.size.width
        base = self._style("")
        if index >= self.count:
            return Strip.blank(width, base)
        line = self._painted.get(index)
        if line is None:
            line = self._painted[index] = self._line(index)
        under = self._style("cursor") if self.has_cursor and index == self.cursor else None
        if under is not None and line and line[0][0].startswith(" "):  # not by colour alone
            line = (("▌" + line[0][0][1:], line[0][1]), *line[1:])
        plain = self.app.has_class("-ascii")
        segments = [
            Segment(
                ascii_only(text) if plain else safe(text),
                self._style(style) + under if under else self._style(style),
            )
            for text, style in line
        ]
        strip = Strip(segments)
        return strip.adjust_cell_length(width, base + under if under else base)

    def _style(self, name: str) -> Style:
        style = self._rich.get(name)
        if style is None:
            if name == "":
                style = self.rich_style
            elif name == "cursor":
                style = Style(bgcolor=self._from_sheet(name).bgcolor, bold=True)
            else:
                style = self._from_sheet(name)
            self._rich[name] = style
        return style

    def _from_sheet(self, name: str) -> Style:
        """A style of the style sheet, computed when it is first drawn.

        Textual would compute all `COMPONENT_CLASSES` of every widget again and again, of which a
        widget draws a few: a third of the time in which a page opens.
        """
        node = DOMNode(classes="lines--" + name)
        node._attach(self)
        self.app.stylesheet.apply(node)
        if not node.styles.base.get_rules():
            raise KeyError(f"no style {name} in the style sheet")
        return node.styles.rich_style

    # -- moving ------------------------------------------------------------------------------------

    def move(self, to: int) -> None:
        """Moves the cursor to a line, or scrolls if there is no cursor."""
        if not self.has_cursor:
            self.scroll_to(y=max(0, to), animate=False)
            return
        to = max(0, min(to, self.count - 1))
        if to == self.cursor or self.count == 0:
            self.reveal()
            return
        old, self.cursor = self.cursor, to
        self.refresh_line(old)
        self.refresh_line(to)
        self.reveal()
        self.post_message(self.Moved(self))

    def reveal(self) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False)
        elif height and self.cursor >= top + height:
            self.scroll_to(y=self.cursor - height + 1, animate=False)

    def step(self, by: int) -> None:
        self.move((self.cursor if self.has_cursor else self.scroll_offset.y) + by)

    def page(self, by: int) -> None:
        self.step(by * max(1, self.size.height - 1))

    def ends(self, last: bool) -> None:
        self.move(self.count if last and not self.has_cursor else self.count - 1 if last else 0)

    def on_resize(self, event: events.Resize) -> None:
        self.virtual_size = Size(event.size.width, self.count)
        if self.has_cursor:
            self.call_after_refresh(self.reveal)

    def on_click(self, event: events.Click) -> None:
        index = self.scroll_offset.y + event.y
        if not self.has_cursor:
            self.post_message(self.Picked(self, event.x, index))
            return
        if index >= self.count:
            return
        if index == self.cursor:
            self.post_message(self.Chosen(self))
        self.move(index)


def _differences(old: Line, new: Line, y: int, width: int) -> list[Region]:
    """The cells of row `y` that differ: single spans if both lines have the same span widths."""
    if len(old) == len(new):
        regions: list[Region] = []
        x = 0
        for was, now in zip(old, new, strict=True):
            size = cells(now[0])
            if was != now:
                if cells(was[0]) != size:
                    break
                if regions and regions[-1].right == x:
                    last = regions.pop()
                    regions.append(Region(last.x, y, last.width + size, 1))
                else:
                    regions.append(Region(x, y, size, 1))
            x += size
        else:
            return regions
    return [Region(0, y, width, 1)]
