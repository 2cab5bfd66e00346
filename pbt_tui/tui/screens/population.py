"""The population page: members by rank, their curves and lineage, and what their rounds decided.

While this page is on top, another thread reads the workspaces every two seconds.
"""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult

from pbt_tui.journal.state import JobState
from pbt_tui.observe.snapshot_types import MemberRow, PopulationRow
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.render import population
from pbt_tui.tui.render.axes import SCALES
from pbt_tui.tui.render.curves import X_NAMES
from pbt_tui.tui.render.population_page import arranged
from pbt_tui.tui.render.population_view import Choices, Picture, PopulationView, turned
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.text import Line
from pbt_tui.tui.widgets.lines import Lines

_EVERY = 2.0
_MANY = 8192
"""Generations of a population from which another thread computes what the page shows."""


class PopulationScreen(Page):
    PAGE = "population"
    BINDINGS = bindings("population")
    CSS_PATH = "population.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.title_ = Lines("title")
        self.head = Lines("head", classes="head")
        self.members = Lines("members", has_cursor=True)
        self.pictures = Lines("pictures")
        self.which = 0
        self.choices = Choices()
        """What a person chose; the same for all populations but the generation."""
        self.shown: list[Picture] = []
        """The pictures on the screen."""
        self._view: PopulationView | None = None
        self._computing = False
        self._chosen: int | None = None
        """The member under the cursor, once a person has moved the cursor."""

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.title_
        yield self.head
        yield self.members
        yield self.pictures
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
        """The members as the table shows them."""
        row = self.row
        view = self._view
        if row is None:
            return []
        if view is None or view.row is not row:
            return population.ranked(row)
        return view.ranked(self.choices.at)

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
            for part in (self.head, self.members, self.pictures):
                self._shape(part, [])
            return
        view = self._viewed(row)
        at = self.choices.at
        shown = row if view is None else view.then(at)
        place = (self.which % len(self.host.populations) + 1, len(self.host.populations))
        title = population.title(
            shown,
            place,
            width,
            facts=() if view is None else view.facts(at),
            at=at,
            most=4 if height >= 30 else 2,
        )
        self._shape(self.title_, title)
        ranked = population.ranked(shown)
        left = height - 3 - len(title)
        rows = min(len(ranked), max(3, left // 2 if height >= 24 else left - 3))
        self._table(shown, view, ranked, rows)
        left -= rows
        chosen = ranked[self.members.cursor].index if ranked else None
        lines: list[Line] = [((" computing the pictures …", "dim"),)] if view is None else []
        if view is not None:
            choices = self.choices._replace(plain=self.app.has_class("-ascii"))
            chosen = chosen if self._chosen is not None or len(ranked) > 1 else None
            lines, self.shown = arranged(
                view, ranked, choices, chosen, self.host.now(), width, max(0, left)
            )
        self._shape(self.pictures, lines)

    def _table(
        self, shown: PopulationRow, view: PopulationView | None, ranked: list[MemberRow], rows: int
    ) -> None:
        """The table of the members, with the cursor on the member that was chosen."""
        if self._chosen is not None:
            at = next((i for i, m in enumerate(ranked) if m.index == self._chosen), 0)
            if at != self.members.cursor:
                self.members.cursor = at
                self.members.refresh()
        table = population.MemberTable(
            shown,
            self.size.width - (rows < len(ranked)),  # the scroll bar
            self.host.now(),
            hues={} if view is None else view.hues(self._chosen),
            heat=None if view is None or view.generations.newest is None else view.heat,
            at=self.choices.at,
        )
        self._shape(self.head, [table.head()])
        self.members.styles.height = rows
        self.members.show_lazily(len(ranked), lambda i: table.line(i + 1, ranked[i]))

    def _viewed(self, row: PopulationRow) -> PopulationView | None:
        """What is computed of the row; None: another thread still computes it."""
        view = self._view
        if view is not None and view.row is row:
            return view
        if sum(len(member.generations) for member in row.members) < _MANY:
            self._view = PopulationView(row, view)
            return self._view
        if not self._computing:
            self._computing = True
            self.host.in_background(lambda: self._compute(row, view))
        return view if view is not None and view.row.id == row.id else None

    def _compute(self, row: PopulationRow, before: PopulationView | None) -> Callable[[], None]:
        """In another thread: computes a view, and draws its pictures once."""
        view = PopulationView(row, before)
        width, height = self.size
        for x in X_NAMES:
            for picture in ("together", "curves"):
                choices = self.choices._replace(x=x, picture=picture)
                arranged(view, view.ranked(None), choices, None, 0.0, width, height // 2)

        def done() -> None:
            self._computing = False
            self._view = view
            if self.app.screen is self:
                self.draw(None)

        return done

    @staticmethod
    def _shape(part: Lines, lines: list[Line]) -> None:
        part.styles.height = len(lines)
        part.show(lines)

    def on_lines_moved(self) -> None:
        ranked = self.ranked
        self._chosen = ranked[self.members.cursor].index if ranked else None
        self.draw(None)

    def on_lines_chosen(self) -> None:
        self.action_open()

    # -- keys --------------------------------------------------------------------------------------

    def action_compare(self) -> None:
        ranked = self.ranked
        if ranked:
            member = ranked[min(self.members.cursor, len(ranked) - 1)]
            self.host.compare([], self.shown_id, f"member {member.index}")

    def action_next_group(self) -> None:
        self._go(1)

    def action_previous_group(self) -> None:
        self._go(-1)

    def _go(self, by: int) -> None:
        many = len(self.host.populations)
        if many:
            self.which = (self.which + by) % many
            self._chosen = None
            self.choices = self.choices._replace(at=None)
            self.members.cursor = 0
            self.draw(None)

    def action_picture(self) -> None:
        self._choose(turned(self.choices, self.shown))

    def action_scale(self) -> None:
        shown = None if self._view is None else self._view.curves.scale
        place = SCALES.index(self.choices.scale or shown or "linear")
        self._choose(self.choices._replace(scale=SCALES[(place + 1) % len(SCALES)]))

    def action_x_axis(self) -> None:
        place = X_NAMES.index(self.choices.x)
        self._choose(self.choices._replace(x=X_NAMES[(place + 1) % len(X_NAMES)]))

    def action_earlier(self) -> None:
        self._walk(-1)

    def action_later(self) -> None:
        self._walk(1)

    def action_now(self) -> None:
        if self.choices.at is None and self.host.journey is not None:
            self.host.travel()
        self._choose(self.choices._replace(at=None))

    def action_back(self) -> None:
        if self.choices.at is not None:
            self.action_now()
        else:
            super().action_back()

    def _walk(self, by: int) -> None:
        if self._view is not None:
            at = self._view.generations.next(self.choices.at, by)
            self._choose(self.choices._replace(at=at))

    def _choose(self, choices: Choices) -> None:
        if choices == self.choices:
            return
        ranked = self.ranked  # the cursor stays on its member, whose rank changes
        if self._chosen is None and ranked:
            self._chosen = ranked[min(self.members.cursor, len(ranked) - 1)].index
        self.choices = choices
        self.draw(None)
