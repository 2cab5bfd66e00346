"""The table of all actions, from which keys, key bar, help and palette are made.

A screen performs an action in its method `action_<id>`. Must not import Textual.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from pbt_tui.journal.events import Action as RequestAction

PAGES = (*("fleet", "jobs", "failures", "job", "log", "population", "compare", "timeline", "help"),)


class Action(Struct, frozen=True):
    id: str
    keys: str
    """Keys as Textual spells them, separated by commas."""
    shown: str
    """Keys as people spell them."""
    label: str
    """Label for the key bar: one or two words."""
    help: str
    pages: tuple[str, ...] = PAGES
    bar: int = 0
    """Rank in the key bar, lowest first; 0 keeps the action out of it."""
    asks: RequestAction | None = None
    """The request that it sends; the monitor asks for confirmation first."""
    travels: bool = False
    """Whether it is there only while the run is shown as it was; its keys come first then."""

    def with_keys(self, keys: str, shown: str) -> Action:
        """The same action with other keys."""
        return replace(self, keys=keys, shown=shown)


_LISTS = ("jobs", "failures", "population", "compare")
_CURVES = ("population", "compare")
_NOT_LOG = tuple(page for page in PAGES if page != "log")
_OF_RUNS = tuple(page for page in PAGES if page != "fleet")
_OF_JOBS = ("jobs", "failures", "job", "population", "compare")
_OFF_TIMELINE = tuple(page for page in _OF_RUNS if page not in ("log", "timeline"))
_OF_TIME = ("jobs", "failures", "job", "population", "log")
_NO_ARROWS = ("jobs", "failures", "job")
"""Pages whose arrows to the left and to the right have no meaning of their own."""


def _of_time(
    name: str,
    keys: str,
    shown: str = "",
    label: str = "",
    text: str = "",
    pages: tuple[str, ...] = _OF_TIME,
    bar: int = 0,
) -> Action:
    """An action that is there only while the run is shown as it was."""
    help_ = f"time travel: {text}" if text else ""
    return Action(name, keys, shown, label, help_, pages, bar, travels=True)


ACTIONS = (
    Action("down", "down,j", "↓ j", "", "one line down"),
    Action("up", "up,k", "↑ k", "", "one line up"),
    Action("page_down", "pagedown,ctrl+d", "PgDn", "", "one page down"),
    Action("page_up", "pageup,ctrl+u", "PgUp", "", "one page up"),
    Action("first", "g,home", "g Home", "", "to the first line"),
    Action("last", "G,end", "G End", "", "to the last line; in a log: follow it"),
    Action(
        "open",
        "enter",
        "Enter",
        "open",
        "open the job, or the group of jobs",
        (*_LISTS, "timeline"),
        3,
    ),
    Action("open_fold", "enter", "Enter", "", "open a folded traceback, or close it", ("log",)),
    Action("open_run", "enter", "Enter", "open", "open the run", ("fleet",), 3),
    Action("log", "l", "l", "log", "its log, from the end", (*_OF_JOBS, "timeline"), 4),
    Action("page_jobs", "1", "1", "", "the jobs", _OF_RUNS),
    Action(
        "page_failures", "2,f", "f 2", "failures", "failures, grouped by cause", _OF_RUNS, bar=5
    ),
    Action(
        "page_population", "3,p", "p 3", "population", "populations and members", _OF_RUNS, bar=6
    ),
    Action("page_fleet", "6", "6", "", "the runs of the folder", _OF_RUNS),
    Action("page_log", "4", "4", "", "the log of the job under the cursor", _OF_JOBS),
    Action(
        "page_timeline",
        "w,5",
        "w 5",
        "time",
        "the time line: what ran when on which GPU, and why a GPU was idle",
        _OFF_TIMELINE,
        13,
    ),
    Action("filter", "slash", "/", "filter", "show only the jobs that match", ("jobs",), 2),
    Action("filter_runs", "slash", "/", "filter", "show only the runs that match", ("fleet",), 2),
    Action("filter_off", "backslash", "\\", "", "switch the last filter off or on", ("jobs",)),
    Action("problems", "z", "z", "", "only failed, stopping, cancelled or skipped jobs", ("jobs",)),
    Action("problem_runs", "z", "z", "problems", "only runs with problems", ("fleet",), 4),
    Action("older_runs", "o", "o", "older", "show runs that `--fresh` moved aside", ("fleet",), 6),
    Action("sort_runs", "s", "s", "sort", "sort; a letter chooses by what", ("fleet",), 5),
    Action("sort", "s", "s", "sort", "sort; a letter or a digit chooses the column", ("jobs",), 7),
    Action("reverse", "S", "S", "", "the same order, reversed", ("fleet", "jobs")),
    Action(
        "fold_all",
        "o",
        "o",
        "groups",
        "open all groups of equal jobs, or close them",
        ("jobs",),
        12,
    ),
    Action(
        "detail", "d", "d", "detail", "show the job at the cursor below the table", ("jobs",), 11
    ),
    Action("mark", "space", "Space", "mark", "mark the job or the group", ("jobs",), 8),
    Action("mark_all", "a", "a", "", "mark all jobs shown", ("jobs",)),
    Action("unmark", "u", "u", "", "unmark all", ("jobs",)),
    Action(
        "next",
        "n",
        "n",
        "next",
        "next job; in a log: next match; in the time line: next failure",
        ("failures", "job", "log", "compare", "timeline"),
        4,
    ),
    Action(
        "previous",
        "N",
        "N",
        "",
        "previous job; in a log: previous match; in the time line: previous failure",
        ("failures", "job", "log", "compare", "timeline"),
    ),
    Action("next_group", "right_square_bracket", "]", "", "next population", ("population",)),
    Action(
        "previous_group", "left_square_bracket", "[", "", "previous population", ("population",)
    ),
    Action(
        "picture",
        "h",
        "h",
        "picture",
        "turn to the next picture: curves, lineage, heat map, drift, rounds, or all together",
        ("population",),
        2,
    ),
    Action(
        "earlier", "left", "←→", "generation", "one generation back or forward", ("population",), 2
    ),
    Action("later", "right", "", "", "one generation forward", ("population",)),
    Action("now", "0", "0", "", "back to the newest generation", ("population",)),
    Action(
        "compare",
        "v",
        "v",
        "compare",
        "compare the marked jobs, the group, the members, or a job with its nearest",
        ("jobs", "failures", "job", "population"),
        8,
    ),
    Action("scale", "s", "s", "scale", "y axis: linear, log, clipped", _CURVES, 7),
    Action("x_axis", "a", "a", "x axis", "x axis: generation, frames or steps, time", _CURVES, 9),
    Action("measure", "m", "m", "number", "draw the objective, progress or rate", ("compare",), 3),
    Action("threshold", "t", "t", "threshold", "the threshold of TO 90%: 50 to 99 %", ("compare",)),
    Action("order", "o", "o", "sort", "sort; a letter or digit chooses by what", ("compare",), 2),
    Action("reverse_order", "O", "O", "", "the same order, reversed", ("compare",)),
    Action("time_back", "left", "←→", "time", "earlier, later", ("timeline",), 2),
    Action("time_forth", "right", "", "", "", ("timeline",)),
    Action(
        "screen_back", "less_than_sign", "< >", "", "half a screen back or forward", ("timeline",)
    ),
    Action("screen_forth", "greater_than_sign", "", "", "", ("timeline",)),
    Action(
        "zoom_in", "plus,equals_sign", "+ -", "zoom", "see less time, see more", ("timeline",), 4
    ),
    Action("zoom_out", "minus", "", "", "", ("timeline",)),
    Action("fit_all", "0", "0", "all", "see the whole run", ("timeline",), 5),
    Action(
        "next_idle",
        "right_square_bracket",
        "] [",
        "idle",
        "the next time, the one before, in which the slot was idle or the job waited",
        ("timeline",),
        2,
    ),
    Action("previous_idle", "left_square_bracket", "", "", "", ("timeline",)),
    Action("turn", "t,w", "t w", "turn", "a row per slot, or a row per job", ("timeline",), 3),
    Action("search", "slash", "/", "search", "search in the log", ("log",), 2),
    Action("follow", "F", "F", "follow", "follow the end of the log, or stay here", ("log",), 3),
    Action("attempt", "a", "a", "attempt", "the log of the previous attempt", ("log",), 4),
    Action("left", "left", "← →", "", "scroll to the left, to the right", ("log", "compare")),
    Action("right", "right", "", "", "scroll to the right", ("log", "compare")),
    Action("next_error", "e", "e", "error", "next line with an error", ("log",), 5),
    Action("previous_error", "b", "b", "", "previous line with an error", ("log",)),
    Action("keep", "ampersand", "&", "keep", "keep only the lines that match", ("log",), 6),
    Action(
        "jump",
        "colon",
        ":",
        "go to",
        "go to a time (22:41) or a line number, or do any action by its name",
        ("log",),
        7,
    ),
    Action("wrap", "w", "w", "wrap", "wrap long lines", ("log",)),
    Action("fold", "z", "z", "fold", "show each traceback as one line", ("log",)),
    Action("curve", "c", "c", "curve", "draw a number of this line; again: the next", ("log",)),
    Action("copy_line", "y", "y", "copy", "copy the line, or the whole folded traceback", ("log",)),
    Action("copy_path", "Y", "Y", "", "copy the path of the log", ("log",)),
    Action(
        "retry",
        "r",
        "r",
        "retry",
        "try again: the job, the marked ones, or the group",
        _OF_JOBS,
        9,
        "retry",
    ),
    Action(
        "from_scratch",
        "R",
        "R",
        "",
        "try again from scratch: what a member has written is put aside",
        _OF_JOBS,
        0,
        "retry",
    ),
    Action(
        "cancel",
        "x",
        "x",
        "cancel",
        "cancel: end it gently, never try it again",
        _OF_JOBS,
        10,
        "cancel",
    ),
    Action("kill", "K", "K", "", "kill: cancel it at once, without grace", _OF_JOBS, 0, "kill"),
    Action(
        "hold",
        "H",
        "H",
        "",
        "hold the run: no new attempts; running ones continue",
        _OF_RUNS,
        asks="hold",
    ),
    Action("release", "U", "U", "", "release a held run", _OF_RUNS, asks="release"),
    Action(
        "drain", "D", "D", "", "drain a GPU: no new attempts on it; or undo", _OF_RUNS, asks="drain"
    ),
    Action("executor", "E", "E", "", "start an executor for a run that has none", _OF_RUNS),
    Action("travel", "t", "t", "", "time travel: the run as it was; or return to now", _OF_TIME),
    _of_time("step_back", "less_than_sign", "< >", "event", "one event back or forward", bar=1),
    _of_time("step_forth", "greater_than_sign"),
    _of_time("arrow_back", "left", "← →", "", "one event back or forward", _NO_ARROWS),
    _of_time("arrow_forth", "right", pages=_NO_ARROWS),
    _of_time("play", "space", "Space", "play", "play or stop", bar=2),
    _of_time("faster", "plus", "+ -", "", "play faster, slower"),
    _of_time("slower", "minus"),
    _of_time(
        "failure_back",
        "left_parenthesis",
        "( )",
        "failure",
        "previous failure, next failure",
        bar=3,
    ),
    _of_time("failure_forth", "right_parenthesis"),
    _of_time(
        "leap_back",
        "left_curly_bracket,shift+left",
        "{ }",
        "10 min",
        "ten minutes back or forward; also Shift with the arrows",
        bar=4,
    ),
    _of_time("leap_forth", "right_curly_bracket,shift+right"),
    _of_time("present", "0", "0", "now", "return to now", (*_NO_ARROWS, "log"), bar=5),
    Action(
        "copy",
        "y",
        "y",
        "",
        "copy the job's name, its command on its page, or the comparison",
        tuple(page for page in _NOT_LOG if page not in ("fleet", "failures")),
    ),
    Action("copy_run", "y", "y", "copy", "copy the path of the run", ("fleet",), 8),
    Action(
        "copy_trackers",
        "Y",
        "Y",
        "",
        "copy how to open its W&B run, TensorBoard folder and MLflow run",
        ("job",),
    ),
    Action(
        "copy_report",
        "y",
        "y",
        "report",
        "copy a report of the group, without secrets, to send to somebody",
        ("failures",),
        8,
    ),
    Action("pause", "i", "i", "", "pause the screen, or resume it"),
    Action("command", "colon", ":", "", "any action by its name: goto 07, theme light", _NOT_LOG),
    Action("palette", "ctrl+p", "Ctrl-P", "", "the list of all actions"),
    Action("help", "question_mark", "?", "help", "the keys of this screen", bar=1),
    Action("back", "escape", "Esc", "back", "back, or clear the filter", bar=90),
    Action("interrupt", "ctrl+c", "", "", ""),
    Action("quit", "q", "q", "quit", "back, then quit: the run continues", bar=91),
)

IDS = frozenset(action.id for action in ACTIONS)
"""The names of all actions."""


def on(page: str) -> Iterator[Action]:
    """The actions of a page, in the order of the table."""
    return (action for action in ACTIONS if page in action.pages)


def bar(page: str, also: str = "", travels: bool = False) -> list[Action]:
    """The actions in the key bar of a page.

    Args:
        page: The page.
        also: Only actions that this page has, too.
        travels: Whether the run is shown as it was.
    """
    hidden = [f"page_{page}", "back" if page in ("jobs", "fleet") else ""]
    hidden += ["page_failures", "page_population"] if page == "compare" else []
    shown = [a for a in on(page) if a.bar and a.id not in hidden and (also or page) in a.pages]
    shown = [a for a in shown if a.travels <= travels and not (travels and a.asks)]
    return sorted(shown, key=lambda a: (not a.travels, a.bar))


def by_id(name: str) -> Action:
    return next(action for action in ACTIONS if action.id == name)


def refusal(
    action: RequestAction,
    *,
    live: bool,
    writable: bool,
    read_only: bool,
    start: str,
    key: str = "E",
) -> str | None:
    """Why the request is impossible now, or None.

    `start` is the command to start an executor, and `key` the key.
    """
    if read_only:
        return f"cannot {action}: this is a read-only view"
    if not writable:
        return f"cannot {action}: the run directory is not writable for you"
    if not live:
        return f"cannot {action}: no executor is running; start one with `{start}` (key {key})"
    return None


def sentence(action: RequestAction, names: Iterable[str], whole_run: str = "") -> str:
    """The request as the title of its confirmation: `cancel 00_ant`, `retry 12 jobs`."""
    jobs = list(names)
    if action in ("hold", "release"):
        return f"{action} run {whole_run}"
    return f"{action} {jobs[0]}" if len(jobs) == 1 else f"{action} {len(jobs)} jobs"
