"""The table of jobs: a head and one line per job or group of jobs, for any number of jobs."""

from __future__ import annotations

from textual import events

from pbt_tui.tui.columns import TableContext, TableLayout
from pbt_tui.tui.folding import Fold, FoldKey
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
        self._on: int | FoldKey | None = None
        """The plan index or the group under the cursor, once a person has moved it."""

    @property
    def head(self) -> Line:
        return self.layout_.head(self.model.rows.sorted_by.column)

    @property
    def chosen(self) -> int | None:
        """The plan index of the job under the cursor; None: there is a group, or nothing."""
        return self.model.folded.job_at(self.cursor)

    @property
    def fold(self) -> Fold | None:
        """The group under the cursor; None: there is a job, or nothing."""
        return self.model.folded.fold_at(self.cursor)

    def refresh_rows(self, context: TableContext) -> None:
        """Computes all visible rows again and redraws the cells that differ."""
        self.context = context
        # A hidden table has no width: it keeps the one that it had.
        width = self.scrollable_content_region.width or self.layout_.width
        model = self.model
        useless = model.useless_columns
        made_of = (width, model.longest, useless, model.parameters, model.chosen)
        if self.layout_.made_of != made_of:
            self.layout_ = TableLayout(*made_of)
            self._painted.clear()
            self.refresh()
        folded = model.folded
        if self._on is not None:
            on = self._on
            row = folded.row_of(on) if isinstance(on, int) else folded.row_of_fold(on)
            if row is not None and row != self.cursor:
                self.cursor = row
                self.refresh()
                self.count = max(self.count, row + 1)
                self.call_after_refresh(self.reveal)
        self.show_lazily(len(folded.rows), self._row)

    def on_resize(self, event: events.Resize) -> None:
        """A scroll bar that came or went has changed the width."""
        super().on_resize(event)
        width = self.scrollable_content_region.width
        if width and width != self.layout_.width:
            self.refresh_rows(self.context)

    def move(self, to: int) -> None:
        super().move(to)
        fold = self.fold
        self._on = fold.key if fold is not None else self.chosen

    def _row(self, row: int) -> Line:
        folded, marks = self.model.folded, self.model.marks
        if self.context.state is not self.model.state:
            return ()  # painted between the end of loading and the first `refresh_rows` after it
        fold = folded.fold_at(row)
        if fold is None:
            index = folded.rows[row]
            return self.layout_.row(self.context.state.jobs[index], self.context, index in marks)
        from pbt_tui.tui.render import folds  # late, for a fast first page

        return self.layout_.fold_row(
            folds.name(fold),
            folds.state(fold),
            folds.note(fold, self.context),
            marks.issuperset(fold.jobs),
            "Enter opens" if fold is folded.folds[0] and not fold.is_open else "",
        )
