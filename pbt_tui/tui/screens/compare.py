"""The comparison of some jobs or members: curves over one another, and what differs."""

from __future__ import annotations

from textual import events
from textual.app import ComposeResult

from pbt_tui.journal.state import JobState
from pbt_tui.observe.snapshot_types import MemberRow, PopulationRow
from pbt_tui.tui import comparing
from pbt_tui.tui.clipboard import MOST_COPIED
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.render import comparison_table
from pbt_tui.tui.render.axes import SCALES
from pbt_tui.tui.render.comparison import SHARES, Comparison, ComparisonChoices
from pbt_tui.tui.render.comparison_curves import LEAST, ComparisonCurves
from pbt_tui.tui.render.comparison_series import Contender
from pbt_tui.tui.render.comparison_table import ComparisonTable
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.text import Line
from pbt_tui.tui.widgets.lines import Lines

_EVERY = 2.0
"""Seconds between two reads of the workspaces, where members are compared."""


class CompareScreen(Page):
    PAGE = "compare"
    BINDINGS = bindings("compare")
    CSS_PATH = "compare.tcss"

    def __init__(self, compared: comparing.Compared) -> None:
        super().__init__()
        self.compared = compared
        self.summary = Lines("summary")
        self.picture = Lines("picture")
        self.head = Lines("head", classes="head")
        self.rows = Lines("rows", has_cursor=True)
        self.below = Lines("below")
        self.choices = ComparisonChoices()
        self.found: Comparison | None = None
        """The comparison as it is shown; None: nothing is."""
        self.table: ComparisonTable | None = None
        """The table as it is shown."""
        self._curves = ComparisonCurves()
        self._chosen = compared.chosen
        """Name of the contender under the cursor; None: whoever is in the first row."""
        self._sorting = False

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.summary
        yield self.picture
        yield self.head
        yield self.rows
        yield self.below
        yield self.keys

    def on_mount(self) -> None:
        super().on_mount()
        if self.compared.population is not None:
            self._read()
            self.set_interval(_EVERY, self._read)

    def _read(self) -> None:
        if self.app.screen is self and not self.host.paused:
            self.host.read_populations(self._arrived)

    def _arrived(self) -> None:
        if self.app.screen is self:
            self.draw(None)

    # -- what is compared --------------------------------------------------------------------------

    @property
    def body(self) -> Lines:
        return self.rows

    @property
    def _row(self) -> PopulationRow | None:
        wanted = self.compared.population
        return next((row for row in self.host.populations if row.id == wanted), None)

    def _contenders(self) -> list[Contender]:
        if self.compared.population is None:
            return comparing.contenders_of_jobs(self.compared, self.model, self.host.now())
        row = self._row
        if row is None:
            return []
        return comparing.contenders_of_members(self.compared, row, self._job_of)

    def _job_of(self, member: MemberRow) -> JobState | None:
        wanted = self.compared.population
        spec = next((p for p in self.model.state.spec.populations if p.id == wanted), None)
        jobs = self.model.jobs(spec.members) if spec else []
        if len(jobs) == 1:
            return jobs[0]
        return next((job for job in jobs if job.spec.member == member.index), None)

    @property
    def _at_cursor(self) -> Contender | None:
        rows = self.found.rows if self.found is not None else []
        return rows[self.rows.cursor] if self.rows.cursor < len(rows) else None

    def selected(self) -> list[JobState]:
        one = self._at_cursor
        return self.model.jobs([one.job]) if one is not None and one.job is not None else []

    def neighbours(self) -> list[JobState]:
        rows = self.found.rows if self.found is not None else []
        return self.model.jobs(dict.fromkeys(one.job for one in rows if one.job is not None))

    # -- drawing -----------------------------------------------------------------------------------

    def draw(self, change: FollowerUpdate | None) -> None:
        if change is None:  # what the journal brings is drawn once a second
            self._draw()

    def tick(self, now: float) -> None:
        super().tick(now)
        self._draw()

    def _draw(self) -> None:
        width, height = self.size
        contenders = self._contenders()
        if not contenders:
            self.found = self.table = None
            what = "members" if self.compared.population is not None else "jobs"
            text = f"  none of these {what} is known any more"
            if self._row is None and what == "members":
                text = "  reading the population …"
            for part in (self.picture, self.head, self.rows, self.below):
                self._shape(part, [])
            self._shape(self.summary, [(), ((text, "dim"),)])
            return
        found = self._compare(contenders)
        what = "jobs" if self.compared.population is None else "members"
        title = comparison_table.summary(found, width, note=self.compared.note, what=what)
        left = height - 3 - len(title)
        count = len(contenders)
        lines, rows, table = self._arranged(found, width, left, count)
        self.found, self.table = found, table
        self._shape(self.summary, title)
        self._shape(self.picture, lines)
        self._shape(self.head, [table.head()])
        self.rows.styles.height = rows
        ordered = found.rows
        at = next((k for k, one in enumerate(ordered) if one.name == self._chosen), 0)
        if at != self.rows.cursor:
            self.rows.cursor = at
            self.rows.refresh()
            self.call_after_refresh(self.rows.reveal)
        self.rows.show_lazily(count, lambda i: table.line(ordered[i]))
        self._shape(self.below, table.below())

    def _compare(self, contenders: list[Contender]) -> Comparison:
        """The comparison with the curve at the cursor on top."""
        plain = self.app.has_class("-ascii")
        number = next((one.number for one in contenders if one.name == self._chosen), None)
        choices = self.choices._replace(chosen=number, plain=plain)
        found = Comparison(contenders, choices, self.host.now(), self.found)
        if number is None:
            best = found.rows[0]
            self._chosen = best.name
            choices = choices._replace(chosen=best.number)
            found = Comparison(contenders, choices, self.host.now(), found)
        return found

    def _arranged(
        self, found: Comparison, width: int, left: int, count: int
    ) -> tuple[list[Line], int, ComparisonTable]:
        """The picture, how many rows the table shows, and the table, in `left` lines."""
        rows = max(min(count, 3), min(count, left // 2))
        table = ComparisonTable(found, width - (rows < count))
        left -= len(table.below())
        rows = min(rows, max(1, left))
        lines = self._curves.lines(found, width, left - rows) if left - rows >= LEAST else []
        if len(lines) < left - rows:
            rows = max(1, min(count, left - len(lines)))
            table = ComparisonTable(found, width - (rows < count))
        return lines, rows, table

    @staticmethod
    def _shape(part: Lines, lines: list[Line]) -> None:
        part.styles.height = len(lines)
        part.show(lines)

    def on_lines_moved(self, event: Lines.Moved) -> None:
        one = self._at_cursor
        if event.lines is self.rows and one is not None:
            self._chosen = one.name
            self._draw()

    def on_lines_chosen(self) -> None:
        self.action_open()

    def on_lines_picked(self, event: Lines.Picked) -> None:
        """A click on a head sorts by its column; another one reverses the order."""
        if event.lines is not self.head or self.table is None:
            super().on_lines_picked(event)
            return
        event.stop()
        letter = self.table.column_at(event.x)
        if letter is not None:
            again = letter == self.choices.sort
            self._choose(
                self.choices._replace(sort=letter, reverse=again and not self.choices.reverse)
            )

    # -- keys --------------------------------------------------------------------------------------

    def _choose(self, choices: ComparisonChoices) -> None:
        if choices != self.choices:
            self.choices = choices
            self._draw()

    def action_next(self) -> None:
        self._step(1)

    def action_previous(self) -> None:
        self._step(-1)

    def _step(self, by: int) -> None:
        if self.rows.count:
            self.rows.move((self.rows.cursor + by) % self.rows.count)

    def action_x_axis(self) -> None:
        if self.found is None or len(self.found.xs) < 2:
            self.say("no other x axis is known of these", "warn")
            return
        xs = self.found.xs
        self._choose(self.choices._replace(x=xs[(xs.index(self.found.x) + 1) % len(xs)]))

    def action_measure(self) -> None:
        if self.found is None or len(self.found.measures) < 2:
            self.say("no other number is recorded of these", "warn")
            return
        every = self.found.measures
        then = every[(every.index(self.found.measure) + 1) % len(every)]
        self._choose(self.choices._replace(measure=then))

    def action_scale(self) -> None:
        place = SCALES.index(self.choices.scale or self._curves.scale or "linear")
        self._choose(self.choices._replace(scale=SCALES[(place + 1) % len(SCALES)]))

    def action_threshold(self) -> None:
        place = SHARES.index(self.choices.share)
        self._choose(self.choices._replace(share=SHARES[(place + 1) % len(SHARES)]))

    def action_order(self) -> None:
        if self.found is not None:
            self._sorting = True
            self.keys.ask("sort by", list(self.found.orders.items()))

    def takes(self, event: events.Key) -> bool:
        """After `o`, the next key chooses the order."""
        if not self._sorting:
            return super().takes(event)
        self._sorting = False
        self.keys.ask("", [])
        if self.found is not None and event.key in self.found.orders:
            self._choose(self.choices._replace(sort=event.key, reverse=False))
        return True

    def action_reverse_order(self) -> None:
        self._choose(self.choices._replace(reverse=not self.choices.reverse))

    def action_left(self) -> None:
        if self.table is not None:
            self._choose(self.choices._replace(first=max(0, self.table.first - 1)))

    def action_right(self) -> None:
        table = self.table
        if table is not None and table.first + len(table.shown) < len(table.columns):
            self._choose(self.choices._replace(first=table.first + 1))

    def action_open(self) -> None:
        if self._at_cursor is not None and self.current() is None:
            self.say("a member of a plain workspace has no job to open", "warn")
        else:
            super().action_open()

    def action_copy(self) -> None:
        if self.found is not None:
            text = comparison_table.tsv(self.found)
            self.host.copy(text)
            if len(text) <= MOST_COPIED:
                rows = len(self.found.contenders)
                self.say(
                    f"copied: {rows} rows with the parameters that differ, as tab-separated values"
                )
            else:
                self.say(f"too long for a clipboard: {len(text):,} characters", "warn")
