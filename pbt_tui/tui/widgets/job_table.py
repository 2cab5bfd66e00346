"""The table of jobs: a head and one line per job, for any number of jobs."""

from __future__ import annotations

from pbt_tui.tui.columns import TableContext, TableLayout
from pbt_tui.tui.model import Model
from pbt_tui.tui.text import Line
from pbt_tui.tui.widgets.lines import Lines


class JobTable(Lines):
    """The cursor stays on its job when rows come, go or move."""

    DEFAULT_CSS = "JobTable { height: 1fr; }"

    def __init__(self, model: Model) -> None:
        super().__init__("table", has_cursor=True)
        self.model = model
        self.context = TableContext(model.state, 0.0, settled=False)
        self.layout_ = TableLayout(80, model.longest)
        self._on: int | None = None
        """The plan index under the cursor, once a person has moved it."""

    @property
    def head(self) -> Line:
        return self.layout_.head()

    @property
    def chosen(self) -> int | None:
        """The plan index under the cursor."""
        order = self.model.rows.order
        return order[self.cursor] if self.cursor < len(order) else None

    def refresh_rows(self, context: TableContext) -> None:
        """Computes all visible rows again and redraws the cells that differ."""
        self.context = context
        # A hidden table has no width: it keeps the one that it had.
        width = self.scrollable_content_region.width or self.layout_.width
        model = self.model
        made_of = (width, model.longest, model.useless_columns, model.parameters)
        if self.layout_.made_of != made_of:
            self.layout_ = TableLayout(*made_of)
            self._painted.clear()
            self.refresh()
        order = self.model.rows.order
        if self._on is not None:
            row = self.model.rows.row_of(self._on)
            if row is not None and row != self.cursor:
                self.cursor = row
                self.refresh()
                self.count = max(self.count, row + 1)
                self.call_after_refresh(self.reveal)
        self.show_lazily(len(order), self._row)

    def move(self, to: int) -> None:
        super().move(to)
        self._on = self.chosen

    def _row(self, row: int) -> Line:
        index = self.model.rows.order[row]
        job = self.context.state.jobs[index]
        return self.layout_.row(job, self.context, index in self.model.marks)
