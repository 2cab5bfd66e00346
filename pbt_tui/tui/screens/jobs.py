"""The main screen: the strips, the filter and the table of jobs."""

from __future__ import annotations

from collections.abc import Sequence

from textual import events
from textual.app import ComposeResult
from textual.widgets import Input

from pbt_tui.journal.state import JobState
from pbt_tui.tui.columns import TableContext
from pbt_tui.tui.folding import FEWEST
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.model import Model
from pbt_tui.tui.render import queue as render_queue
from pbt_tui.tui.render import strips
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.text import Line, Span, both, cut, safe, wrap
from pbt_tui.tui.widgets.job_pane import JobPane
from pbt_tui.tui.widgets.job_table import JobTable
from pbt_tui.tui.widgets.lines import Lines

_GPUS_FROM = 30
"""Height of the terminal, in rows, from which the GPUs are shown."""


class JobsScreen(Page):
    PAGE = "jobs"
    BINDINGS = bindings("jobs")
    CSS_PATH = "jobs.tcss"
    input: Input

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.counts = Lines("counts", classes="strip")
        self.queue = Lines("queue", classes="-off")
        self.failures = Lines("failures", classes="strip -off")
        self.gpus = Lines("gpus", classes="-off")
        self.status = Lines("status", classes="strip")
        self.head = Lines("head", classes="head")
        self.table = JobTable(model)
        self.empty = Lines("empty", classes="-off")
        self.pane = JobPane()
        self.input = Input(id="filter", classes="-off", compact=True, select_on_focus=False)
        self.input.cursor_blink = False
        self._sorting = False
        self._last_filter = ""
        self._pane_wanted: bool | None = None
        """Whether a person opened or closed the pane; None: it follows the size."""

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.counts
        yield self.queue
        yield self.failures
        yield self.gpus
        yield self.status
        yield self.head
        yield self.table
        yield self.empty
        yield self.pane
        yield self.input
        yield self.keys

    @property
    def body(self) -> Lines:
        return self.table

    def selected(self) -> list[JobState]:
        marked = self.model.marked()
        if marked:
            return marked
        fold = self.table.fold
        if fold is not None:
            return self.model.folded.live_jobs(fold)
        job = self.current()
        return [job] if job else []

    def current(self) -> JobState | None:
        index = self.table.chosen
        return None if index is None else self.model.state.jobs[index]

    def neighbours(self) -> Sequence[JobState]:
        jobs, order = self.model.state.jobs, self.model.rows.order
        chosen = self.table.chosen
        here = 0 if chosen is None else order.index(chosen)
        return [jobs[index] for index in order[max(0, here - 500) : here + 500]]

    # -- drawing -----------------------------------------------------------------------------------

    def draw(self, change: FollowerUpdate | None) -> None:
        width = self.size.width
        self._draw_counts()
        self._draw_queue()
        groups = self.model.groups
        self.failures.set_class(not groups, "-off")
        if groups:
            begin, now = self.model.begin, self.host.now()
            self.failures.show([strips.failures(groups, width, begin, now)])
        self._draw_gpus(width)
        self._draw_status()
        context = self._table_context()
        self.table.refresh_rows(context)
        self.head.show([self.table.head])
        self._draw_pane(context)
        nothing = not self.model.rows.order
        self.empty.set_class(not nothing, "-off")
        self.table.set_class(nothing, "-off")
        if nothing:
            self.empty.show(self._nothing())

    def _table_context(self) -> TableContext:
        host = self.host
        return TableContext(
            self.model.state,
            host.now(),
            host.follower.loaded,
            self.model.progress_of,
            self.model.progress.series,
            self.model.queue_status,
            self.model.pause,
            host.follower.held,
            self.model.first_end,
        )

    def _draw_counts(self) -> None:
        model, width = self.model, self.size.width
        if not self.host.follower.loaded:
            self.counts.show([strips.reading(model.state)])
            return
        line = strips.counts(model.state, width, model.left, model.best, model.rate)
        self.counts.show([line])

    def _draw_queue(self) -> None:
        row = self.model.queue if self.host.follower.loaded else None
        self.queue.set_class(row is None, "-off")
        if row is not None:
            asks = self.host.follower.holder is not None
            kind = self.model.kind
            lines = render_queue.strip(
                row,
                self.size.width,
                self.host.now(),
                asks=asks,
                texts=kind.queue if kind is not None else None,
            )
            self.queue.styles.height = len(lines)
            self.queue.show(lines)

    def _draw_gpus(self, width: int) -> None:
        wanted = self.size.height >= _GPUS_FROM and self.host.follower.loaded
        rows = self.host.gpus() if wanted else ()
        self.gpus.set_class(not rows, "-off")
        if rows:
            lines = strips.gpus(rows, width, self.model.state.policy.experiments_per_gpu)
            self.gpus.styles.height = len(lines)
            self.gpus.show(lines)

    def _draw_pane(self, context: TableContext) -> None:
        if not context.settled:
            return
        from pbt_tui.tui.render import job_pane  # late, for a fast first page

        width, height = self.size.width, self.size.height
        fits = job_pane.has_room(width, height)
        wanted = fits if self._pane_wanted is None else self._pane_wanted
        above = (self.counts, self.queue, self.failures, self.gpus, self.status)
        lines = sum(max(1, strip.count) for strip in above if not strip.has_class("-off"))
        room = height - lines - 3
        rows = len(self.model.folded.rows)
        wanted = wanted and bool(rows) and room >= job_pane.LEAST + 4
        self.pane.set_class(not wanted, "-off")
        if wanted:
            self.pane.draw(self.host, self.model, self.table, context, (width, room, rows))

    def action_detail(self) -> None:
        self._pane_wanted = self.pane.has_class("-off")
        self.changed(None)
        if self._pane_wanted and self.pane.has_class("-off"):
            self.say("too few lines here to show the job below the table: Enter opens it", "warn")

    def on_lines_moved(self, event: Lines.Moved) -> None:
        if event.lines is self.table:
            self._draw_pane(self._table_context())

    def _draw_status(self) -> None:
        rows, width = self.model.rows, self.size.width
        left: list[Span] = [(" ", "")]
        if rows.text:
            left += [("/ ", "key"), (cut(rows.text, max(8, width // 2)), "warn"), ("  ", "")]
        if rows.problems_only:
            left += [(f"problems only ({self.sign('problems')})", "warn"), ("  ", "")]
        total = len(self.model.state.jobs)
        many = f"{len(rows.order)} of {total} jobs" if not rows.is_whole else f"{total} jobs"
        left.append((many if self.host.follower.loaded else "first jobs", "dim"))
        if self.model.marks:
            left.append((f"  {len(self.model.marks)} marked", "mark"))
        follower = self.host.follower
        if follower.loaded and follower.holder is None and self.model.state.closed is None:
            left += [(f"   {self.sign('executor')}", "key"), (" starts an executor", "dim")]
        if self.host.has_fleet:
            left += [("   Esc", "key"), (" lists the runs", "dim")]
        arrow = " ↑" if rows.reverse else ""
        right: Line = ((f"sort: {rows.sorted_by.name}{arrow} ", "dim"),)
        self.status.show([both(tuple(left), right, width)])

    def _nothing(self) -> list[Line]:
        from pbt_tui.tui import query  # late, for a fast first page

        rows = self.model.rows
        if rows.is_whole:
            return [(), (("  this run has no jobs", "dim"),)]
        if rows.text:
            names = f"field:value, or field<number, with {', '.join(query.FIELDS)}"
            why: Line = (("  no job matches ", ""), (rows.text, "warn"))
            if rows.problem is not None:
                why = ((f"  {safe(rows.problem)}", "bad"),)
            return [
                (),
                why,
                (),
                (("  Esc", "key"), (" shows all again", "dim")),
                *(((f"  {piece}", "dim"),) for piece in wrap(names, self.size.width - 4)),
                (("  all words must match; ! before a word inverts it", "dim"),),
            ]
        return [
            (),
            (("  ✓ no problems: nothing failed, was cancelled or skipped", "good"),),
            (),
            ((f"  {self.sign('problems')}", "key"), (" shows all jobs again", "dim")),
        ]

    def tick(self, now: float) -> None:
        super().tick(now)
        if self.host.follower.holder is None:
            return  # nothing goes on, so no time passes in the table
        context = self._table_context()
        self.table.refresh_rows(context)
        self.head.show([self.table.head])  # the first numbers bring columns
        self._draw_counts()
        self._draw_gpus(self.size.width)
        self._draw_pane(context)
        if self.model.queue is not None and self.model.queue.stale:
            self._draw_queue()  # it tells for how long

    # -- filter and sort ---------------------------------------------------------------------------

    def action_filter(self) -> None:
        from pbt_tui.tui import query

        self.input.remove_class("-off")
        self.input.placeholder = "words, field:value or field<number with " + " ".join(query.FIELDS)
        self.set_focus(self.input)
        self.input.select_all()  # typing replaces the old text, arrows edit it

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.model.rows.filter(event.value)
        self.changed(None)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._close_filter()

    def _close_filter(self) -> None:
        self.set_focus(None)
        self.input.add_class("-off")
        self.changed(None)

    def action_filter_off(self) -> None:
        rows = self.model.rows
        if rows.text:
            self._last_filter = rows.text
            self.set_filter("")
        elif self._last_filter:
            self.set_filter(self._last_filter)

    def set_filter(self, text: str) -> None:
        """Shows only the jobs that match."""
        with self.input.prevent(Input.Changed):
            self.input.value = text
        self.model.rows.filter(text)
        self.changed(None)

    def show_job(self, index: int) -> None:
        """Moves the cursor to a job; shows what hides it: another filter, a closed group."""
        rows, folded = self.model.rows, self.model.folded
        if folded.row_of(index) is None:
            rows.problems_only = False
            self.set_filter("")
        row = folded.row_of(index)
        fold = None if row is None else folded.fold_at(row)
        if fold is not None:
            folded.toggle(fold.key)
            self.changed(None)
            row = folded.row_of(index)
        if row is not None:
            self.table.move(row)
            self._draw_pane(self._table_context())

    def action_back(self) -> None:
        if self.input.has_focus or self.model.rows.text:
            self.set_filter("")
            self._close_filter()
        elif self.model.rows.problems_only:
            self.action_problems()
        elif self.model.marks:
            self.action_unmark()
        elif self.host.journey is not None:
            self.host.travel()
        elif self.host.has_fleet:
            self.host.open_fleet()

    def action_problems(self) -> None:
        self.model.rows.only_problems(not self.model.rows.problems_only)
        self.changed(None)

    def action_sort(self) -> None:
        self._sorting = True
        offered = self.model.rows.offered(self.model.useless_columns)
        self.keys.ask("sort by", [(letter, order.name) for letter, order in offered.items()])

    def takes(self, event: events.Key) -> bool:
        """After `s`, the next key chooses the order."""
        if not self._sorting:
            return super().takes(event)
        self._sorting = False
        self.keys.ask("", [])
        if event.key in self.model.rows.offered(self.model.useless_columns):
            self.model.rows.sort_by(event.key)
            self.changed(None)
        return True

    def on_lines_picked(self, event: Lines.Picked) -> None:
        """A click on a head sorts by its column; another one reverses the order."""
        if event.lines is not self.head:
            return
        event.stop()
        rows, column = self.model.rows, self.table.layout_.column_at(event.x)
        offered = rows.offered(self.model.useless_columns).items()
        letter = next((k for k, order in offered if column and order.column == column), None)
        if letter is not None:
            rows.sort_by(letter, not rows.reverse if rows.sort == letter else False)
            self.changed(None)

    def action_reverse(self) -> None:
        rows = self.model.rows
        rows.sort_by(rows.sort, not rows.reverse)
        self.changed(None)

    # -- marks -------------------------------------------------------------------------------------

    def action_mark(self) -> None:
        """Marks a job, or all jobs of a group; unmarks them where all are marked."""
        marks, fold = self.model.marks, self.table.fold
        index = self.table.chosen
        jobs = set(fold.jobs) if fold is not None else set() if index is None else {index}
        if jobs:
            self.model.marks = marks - jobs if jobs <= marks else marks | jobs
            self.table.step(1)
            self.changed(None)

    def action_mark_all(self) -> None:
        self.model.marks |= set(self.model.rows.order)
        self.changed(None)

    def action_unmark(self) -> None:
        self.model.marks.clear()
        self.changed(None)

    # -- groups ------------------------------------------------------------------------------------

    def action_open(self) -> None:
        """Opens a job's page; opens or closes a group."""
        fold = self.table.fold
        if fold is None:
            super().action_open()
            return
        self.model.folded.toggle(fold.key)
        self.changed(None)

    def action_fold_all(self) -> None:
        folded = self.model.folded
        if not folded.folds:
            self.say(f"no groups here: {FEWEST} or more equal jobs make one", "warn")
            return
        folded.toggle_all()
        self.changed(None)

    def action_log(self) -> None:
        if self.table.fold is not None:
            self.say("a group has no log: Enter opens it", "warn")
        else:
            super().action_log()

    def on_lines_chosen(self) -> None:
        self.action_open()
