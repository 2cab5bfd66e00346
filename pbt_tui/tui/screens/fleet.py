"""The list of several runs: one line for each, those with problems first."""

from __future__ import annotations

from pathlib import Path

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from pbt_tui.errors import PbtError
from pbt_tui.tui.fleet import fleet_order
from pbt_tui.tui.fleet.runs_reader import ListedRun, RunsReader
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.render import fleet as render_fleet
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.text import Line, Span, both, cut, safe, wrap
from pbt_tui.tui.widgets.lines import Lines

_AROUND = 10
"""Runs above and below the visible ones that are read first, too."""


class FleetScreen(Page):
    PAGE = "fleet"
    BINDINGS = bindings("fleet")
    CSS_PATH = "fleet.tcss"
    input: Input

    def __init__(self, at: Path | None = None) -> None:
        super().__init__()
        self.totals = Lines("totals", classes="strip")
        self.status = Lines("status", classes="strip")
        self.head = Lines("head", classes="head")
        self.table = Lines("table", has_cursor=True)
        self.empty = Lines("empty", classes="-off")
        self.input = Input(id="filter", classes="-off", compact=True, select_on_focus=False)
        self.input.cursor_blink = False
        self.order = fleet_order.FleetOrder()
        self._layout = render_fleet.FleetLayout(80, ())
        self._at = at
        """The run under the cursor, which stays there while others come, go and move."""
        self._moved = at is not None
        """Whether a person chose the run; until then the cursor stays on the first line."""
        self._silent: set[Path] = set()
        self._sorting = False

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.totals
        yield self.status
        yield self.head
        yield self.table
        yield self.empty
        yield self.input
        yield self.keys

    @property
    def body(self) -> Lines:
        return self.table

    @property
    def runs(self) -> RunsReader:
        runs = self.host.fleet
        assert runs is not None
        return runs

    @property
    def current_run(self) -> ListedRun | None:
        """The run under the cursor."""
        rows = self.order.rows
        return rows[self.table.cursor] if self.table.cursor < len(rows) else None

    # -- drawing -----------------------------------------------------------------------------------

    def changed(self, change: FollowerUpdate | None) -> None:
        if self.size.width and self.is_mounted:
            self.draw(change)

    def draw(self, change: FollowerUpdate | None) -> None:
        runs, width = self.runs, self.size.width
        self._silent = runs.silent()
        self.order.update(runs.runs.values())
        rows = self.order.rows
        known = runs.runs.values()
        name = _folder_name(runs.root)
        self.header.show([render_fleet.header(name, known, width, searching=not runs.searched)])
        self.totals.show([render_fleet.totals(rows, width)])
        self._draw_status(width)
        self._layout = render_fleet.FleetLayout(width, rows)
        self.head.show([self._layout.head()])
        self.table.set_class(not rows, "-off")
        self.empty.set_class(bool(rows), "-off")
        if not rows:
            self.empty.show(self._nothing())
        self._place_cursor()
        now = self.host.clock()
        self.table.show_lazily(
            len(rows),
            lambda i: self._layout.row(rows[i], now, silent=rows[i].found.path in self._silent),
        )
        self._tell_visible()

    def _place_cursor(self) -> None:
        place = self.order.place_of(self._at) if self._moved and self._at is not None else None
        if place is not None and place != self.table.cursor:
            self.table.count = max(self.table.count, place + 1)
            self.table.cursor = place
            self.table.refresh()
            self.call_after_refresh(self.table.reveal)

    def _tell_visible(self) -> None:
        top, height = self.table.scroll_offset.y, max(1, self.table.size.height)
        shown = self.order.rows[max(0, top - _AROUND) : top + height + _AROUND]
        self.runs.look_at(row.found.path for row in shown)

    def _draw_status(self, width: int) -> None:
        order = self.order
        left: list[Span] = [(" ", "")]
        if order.text:
            left += [("/ ", "key"), (cut(safe(order.text), max(8, width // 2)), "warn"), ("  ", "")]
        if order.problems_only:
            left += [("problems only (z)", "warn"), ("  ", "")]
        total = len(self.runs.runs) - (0 if order.with_older else order.older)
        shown = len(order.rows)
        many = f"{shown} of {total} runs" if shown != total else f"{total} runs"
        left.append((many, "dim"))
        if order.older:
            what = "with" if order.with_older else "without"
            left.append((f", {what} {order.older} older (o)", "dim"))
        if self.runs.cut is not None:
            left.append((f"   {self.runs.cut}", "warn"))
        arrow = " ↑" if order.reverse else ""
        right: Line = ((f"sort: {fleet_order.ORDERS[order.sort].name}{arrow} ", "dim"),)
        self.status.show([both(tuple(left), right, width)])

    def _nothing(self) -> list[Line]:
        if self.order.wrong is not None:
            return [(), ((f"  {safe(self.order.wrong)}", "bad"),)]
        if self.order.text:
            names = ", ".join(fleet_order.FIELDS)
            return [
                (),
                (("  no run matches ", ""), (safe(self.order.text), "warn")),
                (),
                (("  Esc", "key"), (" shows all again", "dim")),
                *(
                    ((f"  {piece}", "dim"),)
                    for piece in wrap(
                        f"field:value, or field<number, with {names}", self.size.width - 4
                    )
                ),
            ]
        if self.order.problems_only:
            return [
                (),
                (("  ✓ no problems: each run can be read, and none failed lately", "good"),),
                (),
                (("  z", "key"), (" shows all runs again", "dim")),
            ]
        if not self.runs.searched:
            return [(), (("  … searching for runs", "dim"),)]
        return [(), (("  no runs here any more", "dim"),)]

    def tick(self, now: float) -> None:
        super().tick(now)
        silent = self.runs.silent()
        if silent != self._silent:
            self.changed(None)
        else:
            self._tell_visible()

    def on_lines_moved(self, event: Lines.Moved) -> None:
        row = self.current_run
        self._at, self._moved = (row.found.path if row is not None else None), True
        self._tell_visible()

    def on_screen_suspend(self) -> None:
        runs = self.host.fleet
        if runs is not None:
            runs.look_at(())

    # -- the run under the cursor ------------------------------------------------------------------

    def action_open_run(self) -> None:
        row = self.current_run
        if row is None:
            return
        run = row.run
        if run is None:
            self.say(f"{safe(row.name)} has not been read yet", "warn")
            return
        if row.found.path in self.runs.silent():
            self.say("its file system does not answer", "warn")
            return
        self._at, self._moved = row.found.path, True
        try:
            self.host.open_run(row.found.path)
        except (PbtError, OSError) as e:
            self.say(safe(run.why or str(e).splitlines()[0]), "bad")

    def on_lines_chosen(self) -> None:
        self.action_open_run()

    def action_copy_run(self) -> None:
        row = self.current_run
        if row is not None:
            self.host.copy(str(row.found.path.absolute()))

    # -- filter and sort ---------------------------------------------------------------------------

    def action_filter_runs(self) -> None:
        self.input.remove_class("-off")
        self.input.placeholder = "words, field:value or field<number with " + " ".join(
            fleet_order.FIELDS
        )
        self.set_focus(self.input)
        self.input.select_all()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.order.text = event.value
        self.changed(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._close_filter()

    def _close_filter(self) -> None:
        self.set_focus(None)
        self.input.add_class("-off")
        self.changed(None)

    def action_back(self) -> None:
        if self.input.has_focus or self.order.text:
            with self.input.prevent(Input.Changed):
                self.input.value = ""
            self.order.text = ""
            self._close_filter()
        elif self.order.problems_only:
            self.action_problem_runs()

    def action_problem_runs(self) -> None:
        self.order.problems_only = not self.order.problems_only
        self.changed(None)

    def action_older_runs(self) -> None:
        self.order.with_older = not self.order.with_older
        self.changed(None)
        if not self.order.older:
            self.say("no older runs here: `--fresh` would move one aside", "warn")

    def action_sort_runs(self) -> None:
        self._sorting = True
        self.keys.ask("sort by", [(k, order.name) for k, order in fleet_order.ORDERS.items()])

    def takes(self, event: events.Key) -> bool:
        """After `s`, the next key chooses the order."""
        if not self._sorting:
            return super().takes(event)
        self._sorting = False
        self.keys.ask("", [])
        if event.key in fleet_order.ORDERS:
            self.order.sort, self.order.reverse = event.key, False
            self.changed(None)
        return True

    def action_reverse(self) -> None:
        self.order.reverse = not self.order.reverse
        self.changed(None)


def _folder_name(root: Path) -> str:
    """A folder as people name it: as it was given, or its whole path if that is `.`."""
    return str(root) if str(root) != "." else str(root.absolute())
