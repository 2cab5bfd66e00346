"""The time line: what held each slot when, and why a slot was idle at the cursor."""

from __future__ import annotations

from collections.abc import Callable

from textual.app import ComposeResult

from pbt_tui.journal.state import JobState
from pbt_tui.observe import nvml
from pbt_tui.observe.nvml import Samples
from pbt_tui.tui.idle_answers import IdleAnswers
from pbt_tui.tui.journal_follower import FollowerUpdate
from pbt_tui.tui.render import time_axis, timeline, timeline_words
from pbt_tui.tui.screens.page import Page, bindings
from pbt_tui.tui.text import Line, Span, both, plain
from pbt_tui.tui.time_view import TimeView
from pbt_tui.tui.timeline_rows import TimelineRows, TimeRow, key_of
from pbt_tui.tui.why_idle import PastMoment, span_text
from pbt_tui.tui.widgets.lines import Lines
from pbt_tui.tui.widgets.timeline_lines import TimelineLines

_DETAIL, _TALL = 4, 30
"""Lines below the rows, and the height of a terminal from which there is one more."""
_KEPT = 2048
"""Drawn rows that are kept."""
_MANY = 10_000
"""Jobs from which a thread makes the rows."""


class TimelineScreen(Page):
    PAGE = "timeline"
    BINDINGS = bindings("timeline")
    CSS_PATH = "timeline.tcss"

    def __init__(self) -> None:
        super().__init__()
        self.axis = Lines("axis", classes="head")
        self.lines = TimelineLines("rows", has_cursor=True)
        self.detail = Lines("detail")
        self.view = TimeView()
        self.rows: TimelineRows | None = None
        self.moment: float | None = None
        """The time of the cursor, in Unix seconds; None: before the first drawing."""
        self._is_making = False
        self._label = 10
        self._samples: Samples | None = None
        self._drawn: dict[int, tuple[object, Line]] = {}
        self._ground: tuple[object, dict[object, list[Span]]] = ((), {})
        self._answers: IdleAnswers | None = None

    def compose(self) -> ComposeResult:
        yield self.header
        yield self.axis
        yield self.lines
        yield self.detail
        yield self.keys

    @property
    def body(self) -> Lines:
        return self.lines

    # -- following ---------------------------------------------------------------------------------

    def draw(self, change: FollowerUpdate | None) -> None:
        host, model = self.host, self.model
        if not host.present.loaded:
            self.detail.show([(), ((" reading the journal", "dim"),)])
            return
        kind = model.kind
        by_node = kind is not None and not kind.local
        if self.rows is None:
            self.rows = self._made(by_node)
        rows = self.rows
        if rows is None:
            self.detail.show([(), ((" finding out what ran when", "dim"),)])
            return
        changed = None if change is None or change.everything else change.jobs
        rows.update(changed, by_node=by_node, clock=host.clock())
        rows.order(model.rows.order)
        self._samples = nvml.read(host.present.rundir.gpus)
        self._draw()

    def _made(self, by_node: bool) -> TimelineRows | None:
        """The rows; None: there are so many that a thread makes them."""
        follower, clock = self.host.present, self.host.clock()
        rows = TimelineRows(follower)
        if len(follower.state.jobs) < _MANY:
            return rows

        def made() -> None:
            self.rows = rows
            if self.is_attached:
                self.draw(None)

        def work() -> Callable[[], None]:
            rows.update(None, by_node=by_node, clock=clock)
            return made

        if not self._is_making:
            self._is_making = True
            self.host.in_background(work)
        return None

    def tick(self, now: float) -> None:
        super().tick(now)
        if self.rows is not None and self.host.present.holder is not None:
            self.rows.passes(self.host.clock())
            self._draw()

    def _draw(self) -> None:
        """Draws the rows in view, the axis and what is at the cursor."""
        rows = self.rows
        if rows is None:
            return
        self._label = min(rows.longest_label + 3, max(8, self.size.width // 3))
        self.view.resize(max(1, self.size.width - self._label - 1))
        self.view.live(rows.begin, rows.end)
        if self.moment is None:
            self._begin(rows)
        self.lines.show_lazily(len(rows), self._line)
        self._draw_cursor()

    def _begin(self, rows: TimelineRows) -> None:
        """The cursor begins where a slot was idle for longest."""
        found = rows.longest_idle()
        row, self.moment = found if found is not None else (0, rows.end)
        self.lines.count = len(rows)
        self.lines.cursor = row
        self.lines.call_after_refresh(self.lines.reveal)

    def _line(self, index: int) -> Line:
        rows = self.rows
        if rows is None:
            return ()
        row = rows.row(index)
        here = index == self.lines.cursor
        column = self.view.column(self.moment) if here and self.moment is not None else None
        now = self.view.column(rows.end)
        sampled = self._samples.at if self._samples is not None and row.gpu is not None else 0.0
        key = (
            self.view.key, now, id(rows.spans), column, self._label, row.label, sampled,
            *key_of(row),
        )  # fmt: skip
        known = self._drawn.get(index)
        if known is not None and known[0] == key:
            return known[1]
        cells = self._cells(rows, row)
        line = timeline.line(row.label, self._label, cells, column)
        if len(self._drawn) > _KEPT:
            self._drawn.clear()
        self._drawn[index] = key, line
        return line

    def _cells(self, rows: TimelineRows, row: TimeRow) -> list[Span]:
        if row.lane is None:
            return timeline.executor_row(self.view, rows.spans)
        gpu = row.gpu
        of = (self.view.key, self.view.column(rows.end), id(rows.spans), id(self._samples))
        if self._ground[0] != of:
            self._ground = of, {}
        grounds = self._ground[1]
        name = gpu if row.job is None else "job"
        if name not in grounds:
            foreign = rows.foreign(row, self._samples)
            grounds[name] = timeline.ground(self.view, rows.spans, gpu, foreign)
        cells = list(grounds[name])
        if row.job is not None:
            over = self.view.column(rows.over(row)) + 1
            cells[max(0, over) :] = [timeline.NOTHING] * (len(cells) - max(0, over))
        return timeline.attempts_row(
            row.lane, self.view, cells, self.host.present.state, named=row.job is None
        )

    # -- the cursor --------------------------------------------------------------------------------

    def _draw_cursor(self) -> None:
        rows, moment = self.rows, self.moment
        if rows is None or moment is None or not self.is_attached:
            return
        width, now = self.size.width, self.host.present.now(self.host.clock())
        column = self.view.column(moment)
        ruler = time_axis.axis(self.view.left, self.view.cell, self.view.columns)
        label = "per job" if rows.of_jobs else "per slot"
        head: list[Span] = [(f" {label}".ljust(self._label)[: self._label], "head")]
        self.axis.show([(*head, *_with_cursor(ruler, column))])
        height = _DETAIL + (self.size.height >= _TALL)
        lines = timeline_words.folded(self._about(rows, moment, now), width, height - 1)
        lines += [()] * (height - 1 - len(lines))
        self.detail.styles.height = height
        self.detail.show([*lines, both(timeline_words.legend(width), (), width)])

    def _about(self, rows: TimelineRows, moment: float, now: float) -> list[Line]:
        """What is at the cursor."""
        row = rows.row(self.lines.cursor)
        if row.lane is None:
            return self._about_executor(rows, moment, now)
        lines: list[Line] = []
        low, high = self._here(row, moment)
        idle = rows.idle_at(row, moment)
        if low < high:
            lines = timeline_words.attempts(self.host.present.state, row.lane, low, high, rows.end)
        if idle is not None:
            begin, end = idle
            is_open = end >= rows.end and rows.state.closed is None
            waits = row.job is not None
            lines.append(
                timeline_words.idle(row.label, begin, end, now, waits=waits, is_open=is_open)
            )
            lines.append(timeline_words.reason(moment, now, self._why(rows, row, moment)))
        lines += [
            ((f" used by others: {each.text}", "warn"),)
            for each in rows.foreign(row, self._samples)
            if each.begin <= moment < each.end
        ]
        if not lines:
            what = "not started yet" if moment < rows.begin else "nothing here"
            lines = [((f" {row.label}", "title"), (f"  {what}", "dim"))]
        return lines

    def _about_executor(self, rows: TimelineRows, moment: float, now: float) -> list[Line]:
        then = PastMoment(rows.state, rows.spans, moment, now)
        here = [span for span in rows.spans if not span.gpu and span.covers(moment)]
        text = (
            "; ".join(span_text(then, span) for span in here) or "an executor ran, as far as known"
        )
        when = timeline_words.clock(moment, now)
        return [((f" executor at {when}", "title"), (f"  {text}", "warn" if here else ""))]

    def _here(self, row: TimeRow, moment: float) -> tuple[int, int]:
        """First and last place of the attempts in the cell of the cursor."""
        if row.lane is None:
            return 0, 0
        return row.lane.within(*self.view.times(self.view.column(moment)))

    def _why(self, rows: TimelineRows, row: TimeRow, moment: float) -> str | None:
        """Why a slot was idle or a job waited; None: a thread finds that out."""
        if self._answers is None:
            self._answers = IdleAnswers(self.host, self._draw_cursor)
        return self._answers.why(rows, row, moment)

    # -- keys --------------------------------------------------------------------------------------

    def _go(self, moment: float, row: int | None = None) -> None:
        """Moves the cursor."""
        self.moment = self.view.clamp(moment)
        self.view.show(self.moment)
        if row is not None and row != self.lines.cursor:
            self.lines.move(row)
        self.lines.repaint()
        self._draw_cursor()

    def on_lines_moved(self) -> None:
        self.lines.repaint()
        self._draw_cursor()

    def on_timeline_lines_cell_picked(self, event: TimelineLines.CellPicked) -> None:
        self._go(sum(self.view.times(event.x - self._label)) / 2)

    def _step(self, cells: float) -> None:
        if self.moment is not None:
            self._go(self.moment + cells * self.view.cell)

    def action_time_back(self) -> None:
        self._step(-1)

    def action_time_forth(self) -> None:
        self._step(1)

    def action_screen_back(self) -> None:
        self.view.pan(-self.view.columns / 2)
        self._step(-self.view.columns / 2)

    def action_screen_forth(self) -> None:
        self.view.pan(self.view.columns / 2)
        self._step(self.view.columns / 2)

    def action_zoom_in(self) -> None:
        self._zoom(0.5)

    def action_zoom_out(self) -> None:
        self._zoom(2.0)

    def _zoom(self, factor: float) -> None:
        if self.moment is not None:
            self.view.zoom(factor, self.moment)
            self._go(self.moment)

    def action_fit_all(self) -> None:
        self.view.fit()
        self._step(0)

    def action_next_idle(self) -> None:
        self._to_idle(later=True)

    def action_previous_idle(self) -> None:
        self._to_idle(later=False)

    def _to_idle(self, *, later: bool) -> None:
        """To the next idle time of this row that is at least a cell wide."""
        rows, moment = self.rows, self.moment
        if rows is None or moment is None:
            return
        row, cell = rows.row(self.lines.cursor), self.view.cell
        if later:
            known = rows.idle(row, moment, rows.end)
            found = ((a, b) for a, b in known if a > moment and b - a >= cell)
            place = next(found, None)
        else:
            here = rows.idle_at(row, moment)
            before = moment if here is None else here[0]
            known = rows.idle(row, rows.begin, before)
            place = next(((a, b) for a, b in reversed(list(known)) if b - a >= cell), None)
        if place is None:
            what = "no executor gap" if row.lane is None else "no idle time"
            self.say(f"{what} as wide as a cell {'after' if later else 'before'} this", "warn")
        else:
            self._go((place[0] + place[1]) / 2)

    def action_next(self) -> None:
        self._to_failure(later=True)

    def action_previous(self) -> None:
        self._to_failure(later=False)

    def _to_failure(self, *, later: bool) -> None:
        rows, moment = self.rows, self.moment
        if rows is None or moment is None:
            return
        begin, end = self.view.times(self.view.column(moment))
        found = rows.failure(end if later else begin, later=later)
        if found is None:
            self.say(f"no failure {'after' if later else 'before'} this", "warn")
            return
        self._go(found[0], rows.row_of(found[1], found[2], found[0]))

    def action_turn(self) -> None:
        """From a row per slot to a row per job at the cursor, and back."""
        rows, moment = self.rows, self.moment
        if rows is None or moment is None:
            return
        near = rows.nearest(rows.row(self.lines.cursor), moment)
        rows.of_jobs = not rows.of_jobs
        self._drawn.clear()
        row = None if near is None else rows.row_of(*near)
        self.lines.count = len(rows)
        self.lines.cursor = min(self.lines.cursor, len(rows) - 1) if row is None else row
        self._draw()
        self.lines.reveal()
        self.lines.refresh()

    def selected(self) -> list[JobState]:
        """The job of the row, or that of the attempt under the cursor."""
        rows, moment = self.rows, self.moment
        if rows is None or moment is None:
            return []
        row = rows.row(self.lines.cursor)
        if row.job is not None:
            return [row.job]
        low, high = self._here(row, moment)
        if row.lane is None or low >= high:
            return []
        jobs = dict.fromkeys(row.lane.jobs[low:high])
        return [rows.state.jobs[index] for index in jobs][:100]

    def action_open(self) -> None:
        if self.current() is None:
            self.say("no job here: n goes to the next failure, ] to the next idle time", "warn")
        else:
            super().action_open()

    def action_copy(self) -> None:
        """Copies what the lines below the rows say."""
        rows, moment = self.rows, self.moment
        if rows is not None and moment is not None:
            lines = self._about(rows, moment, self.host.present.now(self.host.clock()))
            self.host.copy("; ".join(plain(line).strip() for line in lines))


def _with_cursor(line: Line, column: int) -> list[Span]:
    """The axis with a sign over the column of the cursor."""
    out: list[Span] = []
    at = 0
    for text, style in line:
        place = column - at
        if 0 <= place < len(text):
            out += [(text[:place], style), ("▾", "key"), (text[place + 1 :], style)]
        else:
            out.append((text, style))
        at += len(text)
    return [span for span in out if span[0]]
