"""The columns of the job table: which ones fit a width, and the text of their cells.

A row is a list of spans of fixed widths, so that a change repaints only its cells. Must not import
Textual.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from types import MappingProxyType

from msgspec import Struct, field
from msgspec.structs import replace

from pbt_tui.journal import status_text
from pbt_tui.journal.state import ACTIVE, Attempt, JobState, RunState
from pbt_tui.journal.status_text import duration, lasting
from pbt_tui.observe.pauses import Pause
from pbt_tui.observe.progress import Progress, Series
from pbt_tui.observe.queue_status import QueueStatus, is_suspended
from pbt_tui.spec import Job
from pbt_tui.tui import labels, progress_columns
from pbt_tui.tui.render import queue
from pbt_tui.tui.runtime_view import kind_of
from pbt_tui.tui.text import Line, Span, filled, fit, length, safe


class TableContext(Struct):
    """The data that cells use in addition to their job."""

    state: RunState
    now: float
    settled: bool = True
    """Whether the whole journal has been read, so that a job without an event is known to wait."""
    progress: Callable[[JobState], Progress | None] = lambda job: None
    """Returns what is known of the job's progress."""
    series: Callable[[JobState], Series | None] = lambda job: None
    """Returns the job's objective over time."""
    queue_status: Callable[[JobState], QueueStatus | None] = lambda job: None
    """Returns the job's entry in the engine's queue."""
    pause: Callable[[JobState], Pause | None] = lambda job: None
    """Returns the pause of the job's attempt in the engine, if it is paused."""
    held: Mapping[str, str] = field(default_factory=dict)
    """UUID or index of each GPU that the run waits for, to who holds it."""
    first_end: float | None = None
    """Seconds until the first active job is expected to end; None: unknown."""

    @property
    def has_queue(self) -> bool:
        """Whether the engine has its own queue of attempts."""
        kind = kind_of(self.state)
        return kind is not None and kind.has_queue

    def is_suspended(self, job: JobState) -> bool:
        """Whether the engine has stopped the job for now."""
        kind = kind_of(self.state)
        return is_suspended(self.queue_status(job), kind.queue if kind else None)


class Column(Struct, frozen=True):
    title: str
    width: int
    from_width: int
    """Width of the table, in cells, from which the column is shown."""
    cell: Callable[[JobState, TableContext, int], Span]
    """Returns a cell; its width is the last argument."""
    align: str = "<"
    key: str = ""
    """What a click on its head sorts by: the title of a column, or a parameter's whole name."""


def _state(job: JobState, context: TableContext, width: int) -> Span:
    if not context.settled:
        return "…", "dim"
    return labels.state_span(job, suspended=context.is_suspended(job), pause=context.pause(job))


def _tries(job: JobState, context: TableContext, width: int) -> Span:
    count = len(job.attempts)
    return (str(count) if count else "-", "" if count > 1 else "dim")


def _gpu(job: JobState, context: TableContext, width: int) -> Span:
    attempt = job.attempt
    if attempt is None or not attempt.gpus:
        return "-", "dim"
    return labels.gpu_names(context.state, attempt.gpus), "" if job.phase in ACTIVE else "dim"


def _node(job: JobState, context: TableContext, width: int) -> Span:
    attempt = job.attempt
    if attempt is None or not attempt.node or attempt.queued:
        return "-", "dim"
    return labels.node_name(attempt.node), "" if job.phase in ACTIVE else "dim"


def _time(job: JobState, context: TableContext, width: int) -> Span:
    attempt = job.attempt
    if attempt is None or attempt.started_at is None:
        return "-", "dim"
    if attempt.ended_at is not None:
        return duration(attempt.ended_at - attempt.started_at), ""
    return lasting(context.now - attempt.started_at), ""


def _bar(job: JobState, context: TableContext, width: int) -> Span:
    return progress_columns.bar(context.progress(job), job, width)


def _eta(job: JobState, context: TableContext, width: int) -> Span:
    return progress_columns.eta(context.progress(job), job)


def _objective(job: JobState, context: TableContext, width: int) -> Span:
    return progress_columns.objective(context.progress(job))


def _curve(job: JobState, context: TableContext, width: int) -> Span:
    return progress_columns.curve(context.series(job), job, context.now, width)


def _change(job: JobState, context: TableContext, width: int) -> Span:
    return progress_columns.change(context.series(job), job)


def _rate(job: JobState, context: TableContext, width: int) -> Span:
    return progress_columns.rate(context.progress(job), job)


def _experiment(job: JobState, context: TableContext, width: int) -> Span:
    return safe(job.spec.experiment), "dim"


def _about(job: JobState, context: TableContext, told: Collection[str]) -> Span:
    """One phrase: why the job waits, its latest progress, or how it ended.

    `told`: titles of the other columns, whose values are not said twice.
    """
    if not context.settled:
        return "", ""
    if job.phase == "succeeded":
        return _progress(job, context, told), "dim"
    from pbt_tui.scheduler.explain import explain  # late, for a fast first page

    if job.phase == "waiting":
        last = job.attempt
        why = safe(explain(context.state, job.spec.id, context.now, context.held))
        if last is not None and last.outcome not in (None, "succeeded"):
            return f"{why} · before: {status_text.detail_text(last)}", "dim"
        return why, "dim"
    if job.phase in ("skipped", "stopping") or (job.phase == "cancelled" and not job.attempts):
        return safe(explain(context.state, job.spec.id, context.now)), "dim"
    attempt = job.attempt
    if attempt is None:
        return "", ""
    if job.phase in ACTIVE:
        return _active(job, attempt, context, told), ""
    return status_text.detail_text(attempt), "bad" if job.phase == "failed" else "dim"


def _progress(job: JobState, context: TableContext, told: Collection[str]) -> str:
    found = context.progress(job)
    if found is None:
        return ""
    if "PROGRESS" not in told:
        return labels.progress_text(found)
    parts = [] if found.generation is None else [f"gen {found.generation}"]
    if found.step is not None and found.share is not None:  # else the bar tells it
        parts.append(f"{status_text.short_number(found.step)} {found.unit or 'steps'}")
    return " · ".join(parts) or (safe(found.line) if job.phase in ACTIVE else "")


def _active(job: JobState, attempt: Attempt, context: TableContext, told: Collection[str]) -> str:
    if attempt.queued:
        return queue.note(attempt, context.queue_status(job), context.now)
    if job.phase == "starting" and context.has_queue:
        return queue.handed_over(context.queue_status(job))
    pause = context.pause(job)
    parts = (
        labels.pause_text(pause, context.now) if pause is not None else "",
        queue.requeued(attempt, context.queue_status(job)),
        _progress(job, context, told),
    )
    return " · ".join(part for part in parts if part)


JOB, NOTE = "JOB", "NOTE"
"""Titles of what is no column of its own width: the name of the job, and the phrase."""
PARAMETER_CELLS = 10
"""Cells of the column of a parameter at most."""
PROGRESS = ("PROGRESS", "ETA", "OBJECTIVE", "LAST HOUR", "Δ/h", "FPS")
"""Titles of the columns that need progress."""
OF_OBJECTIVE = ("OBJECTIVE", "LAST HOUR", "Δ/h")
"""Those that need an objective."""
COLUMNS = (
    Column("STATE", 11, 0, _state),
    Column("TRY", 3, 56, _tries, ">"),
    Column("GPU", 5, 50, _gpu, ">"),
    Column("TIME", 7, 44, _time, ">"),
    Column("NODE", 12, 72, _node),
    Column("EXPERIMENT", 20, 170, _experiment),
    Column("PROGRESS", 10, 64, _bar),
    Column("ETA", 7, 76, _eta, ">"),
    Column("OBJECTIVE", 9, 64, _objective, ">"),
    Column("LAST HOUR", 12, 132, _curve, key="Δ/h"),
    Column("Δ/h", 8, 150, _change, ">"),
    Column("FPS", 6, 140, _rate, ">"),
)
_LATER = {"TRY": 132, "GPU": 84, "TIME": 100, "NODE": 120}
"""Widths from which columns are shown beside those of progress."""
_WIDE = {"PROGRESS": 16, "LAST HOUR": 24}
"""Cells of columns in a table of `_WIDE_FROM` cells or more."""
_WIDE_FROM = 190
_GAP = "  "


def varied(jobs: Sequence[Job], most: int = 3) -> dict[str, int]:
    """The parameters in which jobs differ, with the cells that their values need.

    Looks at some hundred jobs of a large run. A number that counts the jobs is no parameter.
    """
    some = jobs[:: max(1, len(jobs) // 500)]
    found: dict[str, int] = {}
    for name in dict.fromkeys(name for job in some[:50] for name in job.params):
        given = [job.params.get(name) for job in some]
        values = set(map(labels.value_text, given))
        numbers = [v for v in given if isinstance(v, int)]
        counts = len(numbers) == len(some) and numbers == sorted(set(numbers))
        if len(values) > 1 and not counts:
            title = len(name.rpartition(".")[2])
            found[name] = min(PARAMETER_CELLS, max(title, *map(len, values)))
            if len(found) == most:
                break
    return found


def chosen_column(title: str, width: int, *, is_parameter: bool = False) -> Column:
    """A column that a person has chosen; a width of 0 is the usual one."""
    if is_parameter:
        return _parameter(title, width, 0)
    found = [c for c in COLUMNS if c.title == title] or [Column(title, 0, 0, _state)]
    return replace(found[0], width=width or found[0].width)


def _cells_of(columns: Sequence[Column]) -> int:
    return sum(c.width + len(_GAP) for c in columns)


def _parameter(name: str, width: int, from_width: int) -> Column:
    def cell(job: JobState, context: TableContext, width: int) -> Span:
        return labels.value_text(job.spec.params.get(name)), ""

    return Column(safe(name.rpartition(".")[2]), width, from_width, cell, ">", name)


class TableLayout:
    """The columns at one width: mark, job, the fixed columns, and the rest for the phrase.

    Args:
        longest: Length of the longest job name.
        useless: Titles of columns that have the same value for every job.
        parameters: Names of the parameters to show, with the cells of their columns.
        chosen: The columns that a person wants; empty: those that fit.
    """

    def __init__(
        self,
        width: int,
        longest: int,
        useless: frozenset[str] = frozenset(),
        parameters: Mapping[str, int] = MappingProxyType({}),
        chosen: Sequence[Column] = (),
    ) -> None:
        self.made_of = (width, longest, useless, parameters, chosen)
        self.width = width
        if chosen:
            self._choose([c for c in chosen if c.title not in useless], longest)
            return
        state, *rest = COLUMNS
        tells = "PROGRESS" not in useless
        begins = (76, 140, 165) if tells else (104, 140, 165)
        extra = [
            _parameter(name, cells, from_width)
            for (name, cells), from_width in zip(parameters.items(), begins, strict=False)
        ]
        columns = [state, *extra, *rest]
        later = _LATER if tells else {}
        self.columns = [
            replace(c, width=_WIDE.get(c.title, c.width)) if width >= _WIDE_FROM else c
            for c in columns
            if width >= later.get(c.title, c.from_width) and c.title not in useless
        ]
        self.told = frozenset(c.title for c in self.columns)
        fixed = sum(c.width + len(_GAP) for c in self.columns)
        room = width - 2 - fixed - len(_GAP)
        wanted = max(8, min(longest, 48))
        self.job = max(6, min(wanted, room if room < 24 else max(room - 24, room // 2)))
        self.about = max(0, room - self.job)

    def _choose(self, chosen: Sequence[Column], longest: int) -> None:
        """As many of the chosen columns as fit, and the phrase if it is one of them."""
        self.columns = [c for c in chosen if c.title not in (JOB, NOTE)]
        least = next((c.width for c in chosen if c.title == JOB and c.width), 6)
        while self.columns and self.width - 2 - _cells_of(self.columns) < least:
            self.columns.pop()
        self.told = frozenset(c.title for c in self.columns)
        room = self.width - 2 - _cells_of(self.columns)
        has_note = any(c.title == NOTE for c in chosen) and room > least + len(_GAP)
        wanted = least if least != 6 else max(8, min(longest, 48))
        self.job = max(6, min(wanted, room))
        if has_note and least == 6:
            rest = room - len(_GAP)
            self.job = max(6, min(wanted, rest if rest < 24 else max(rest - 24, rest // 2)))
        self.about = max(0, room - len(_GAP) - self.job) if has_note else 0

    def head(self, sorted_by: str = "") -> Line:
        """The titles; `sorted_by`: the key of the column by which the table is sorted."""
        style = "title" if sorted_by == "JOB" else "head"
        line: list[Span] = [("  " + fit("JOB", self.job), style)]
        for c in self.columns:
            style = "title" if sorted_by and sorted_by == (c.key or c.title) else "head"
            line.append((_GAP + fit(c.title, c.width, c.align), style))
        if self.about:
            line.append((_GAP + fit("NOTE", self.about), "head"))
        return tuple(line)

    def column_at(self, x: int) -> str | None:
        """What a click on this cell of the head sorts by; None: nothing."""
        end = 2 + self.job
        if x < end:
            return "JOB"
        for c in self.columns:
            end += len(_GAP) + c.width
            if x < end:
                return c.key or c.title
        return None

    def row(self, job: JobState, context: TableContext, marked: bool) -> Line:
        line: list[Span] = [
            (" *" if marked else "  ", "mark"),
            (fit(job.spec.id, self.job), "mark" if marked else ""),
        ]
        cells = [(c, *c.cell(job, context, c.width)) for c in self.columns]
        text, style = _about(job, context, self.told) if self.about else ("", "")
        room = self.about
        if text and not any(told for c, told, _ in cells if c.title in PROGRESS):
            while (
                cells and cells[-1][0].title in PROGRESS
            ):  # the phrase begins where nothing is told
                room += cells.pop()[0].width + len(_GAP)
        for c, told, of_cell in cells:
            line.append((_GAP + fit(told, c.width, c.align), of_cell))
        if room:
            line.append((_GAP + fit(text, room), style))
        return tuple(line)

    def fold_row(self, name: Span, state: Span, note: Line, marked: bool, hint: str = "") -> Line:
        """A row for a group of jobs: `name` and `state` in their columns, then all of `note`."""
        line: list[Span] = [
            (" *" if marked else "  ", "mark"),
            (fit(name[0], self.job), "mark" if marked else name[1]),
            (_GAP + fit(state[0], COLUMNS[0].width), state[1]),
        ]
        room = self.width - length(line)
        tail: Line = ((hint + " ", "dim"),) if hint and room > 60 else ()
        line.append((_GAP, ""))
        return (*line, *filled(note, tail, room - len(_GAP)))
