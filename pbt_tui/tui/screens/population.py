"""The population page: members by rank, exchanges, alarms and curves.

While this page is on top, another thread reads the workspaces every two seconds.
"""

from __future__ import annotations

from textual.app import ComposeResult

from pbt_tui.journal.state import JobState
from pbt_tui.observe.snapshot_types import MemberRow, PopulationRow
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.render import population
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.widgets.lines import Lines

_EVERY = 2.0


class PopulationScreen(Page):
    PAGE = "population"
    BINDINGS = bindings("population")
    CSS_PATH = "population.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.title_ = Lines("title")
        self.head = Lines("head", classes="head")
        self.members = Lines("members", has_cursor=True)
        self.curves = Lines("curves")
        self.history = Lines("history")
        self.which = 0
        self._chosen: int | None = None
        """The member under the cursor, once a person has moved the cursor."""

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.title_
        yield self.head
        yield self.members
        yield self.curves
        yield self.history
        yield self.keys

    def on_mount(self) -> None:
        super().on_mount()
        self._read()
        self.set_interval(_EVERY, self._read)

    def _read(self) -> None:
        if self.app.screen is self and not self.host.paused:
            self.host.read_populations(self._arrived)

    def _arrived(self) -> None:
        if self.app.screen is self:
            self.draw(None)

    @property
    def body(self) -> Lines:
        return self.members

    @property
    def row(self) -> PopulationRow | None:
        rows = self.host.populations
        return rows[self.which % len(rows)] if rows else None

    @property
    def ranked(self) -> list[MemberRow]:
        return population.ranked(self.row) if self.row else []

    def selected(self) -> list[JobState]:
        job = self.current()
        return [job] if job else []

    def neighbours(self) -> list[JobState]:
        jobs = (self._job(member) for member in self.ranked)
        return [job for job in jobs if job is not None]

    def current(self) -> JobState | None:
        members = self.ranked
        at = self.members.cursor
        return self._job(members[at]) if at < len(members) else None

    def _job(self, member: MemberRow) -> JobState | None:
        spec = next((p for p in self.model.state.spec.populations if p.id == self.shown_id), None)
        jobs = self.model.jobs(spec.members) if spec else []
        if len(jobs) == 1:
            return jobs[0]
        return next((job for job in jobs if job.spec.member == member.index), None)

    @property
    def shown_id(self) -> str:
        return self.row.id if self.row else ""

    def draw(self, change: FollowerUpdate | None) -> None:
        width, height = self.size
        row = self.row
        if row is None:
            specs = self.model.state.spec.populations
            self._shape(self.title_, population.none(specs[0].workspace if specs else None, width))
            for part in (self.head, self.members, self.curves, self.history):
                self._shape(part, [])
            return
        ranked = population.ranked(row)
        place = (self.which % len(self.host.populations) + 1, len(self.host.populations))
        title = population.title(row, place, width)
        table = population.MemberTable(row, width, self.host.now())
        self._shape(self.title_, title)
        self._shape(self.head, [table.head()])
        if self._chosen is not None:
            at = next((i for i, m in enumerate(ranked) if m.index == self._chosen), 0)
            if at != self.members.cursor:
                self.members.cursor = at
                self.members.refresh()
        left = height - 3 - len(title)
        lines = min(len(ranked), max(3, left // 2 if height >= 24 else left - 3))
        self.members.styles.height = lines
        self.members.show([table.line(i + 1, member) for i, member in enumerate(ranked)])
        left -= lines
        chosen = ranked[self.members.cursor].index if ranked else None
        curves = population.curves(row, chosen, width, left - 5) if left >= 10 else []
        self._shape(self.curves, curves)
        self._shape(
            self.history, population.history(row, width, left - len(curves), self.host.now())
        )

    @staticmethod
    def _shape(part: Lines, lines: list[tuple[tuple[str, str], ...]]) -> None:
        part.styles.height = len(lines)
        part.show(lines)

    def on_lines_moved(self) -> None:
        ranked = self.ranked
        self._chosen = ranked[self.members.cursor].index if ranked else None
        self.draw(None)

    def on_lines_chosen(self) -> None:
        self.action_open()

    def action_next_group(self) -> None:
        self._go(1)

    def action_previous_group(self) -> None:
        self._go(-1)

    def _go(self, by: int) -> None:
        many = len(self.host.populations)
        if many:
            self.which = (self.which + by) % many
            self._chosen = None
            self.members.cursor = 0
            self.draw(None)
