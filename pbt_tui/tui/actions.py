"""The table of all actions, from which keys, key bar, help and palette are made.

A screen performs an action in its method `action_<id>`. Must not import Textual.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from pbt_tui.journal.events import Action as RequestAction

PAGES = ("jobs", "failures", "job", "log", "population", "help")


@dataclass(frozen=True, slots=True)
class Action:
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

    def with_keys(self, keys: str, shown: str) -> Action:
        """The same action with other keys."""
        return replace(self, keys=keys, shown=shown)


_LISTS = ("jobs", "failures", "population")
_NOT_LOG = tuple(page for page in PAGES if page != "log")
_OF_JOBS = ("jobs", "failures", "job", "population")

ACTIONS = (
    Action("down", "down,j", "↓ j", "", "one line down"),
    Action("up", "up,k", "↑ k", "", "one line up"),
    Action("page_down", "pagedown,ctrl+d", "PgDn", "", "one page down"),
    Action("page_up", "pageup,ctrl+u", "PgUp", "", "one page up"),
    Action("first", "g,home", "g Home", "", "to the first line"),
    Action("last", "G,end", "G End", "", "to the last line; in a log: follow it"),
    Action("open", "enter", "Enter", "open", "open the job, or the group of jobs", _LISTS, 3),
    Action("open_fold", "enter", "Enter", "", "open a folded traceback, or close it", ("log",)),
    Action("log", "l", "l", "log", "its log, from the end", _OF_JOBS, 4),
    Action("page_jobs", "1", "1", "", "the jobs"),
    Action("page_failures", "2,f", "f 2", "failures", "failures, grouped by cause", bar=5),
    Action("page_population", "3,p", "p 3", "population", "populations and members", bar=6),
    Action("page_log", "4", "4", "", "the log of the job under the cursor", _OF_JOBS),
    Action("filter", "slash", "/", "filter", "show only the jobs that match", ("jobs",), 2),
    Action("filter_off", "backslash", "\\", "", "switch the last filter off or on", ("jobs",)),
    Action("problems", "z", "z", "", "only failed, stopping, cancelled or skipped jobs", ("jobs",)),
    Action("sort", "s", "s", "sort", "sort; a letter or a digit chooses the column", ("jobs",), 7),
    Action("reverse", "S", "S", "", "the same order, reversed", ("jobs",)),
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
        "next job; in a log: next match",
        ("failures", "job", "log"),
        4,
    ),
    Action(
        "previous",
        "N",
        "N",
        "",
        "previous job; in a log: previous match",
        ("failures", "job", "log"),
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
    Action("earlier", "left", "←→", "generation", "one generation back, forth", ("population",), 2),
    Action("later", "right", "", "", "one generation forth", ("population",)),
    Action("now", "0", "0", "", "back to the newest generation", ("population",)),
    Action("scale", "s", "s", "scale", "y axis: linear, log, clipped", ("population",), 7),
    Action("x_axis", "a", "a", "", "x axis: generation or frames", ("population",)),
    Action("search", "slash", "/", "search", "search in the log", ("log",), 2),
    Action("follow", "F", "F", "follow", "follow the end of the log, or stay here", ("log",), 3),
    Action("attempt", "a", "a", "attempt", "the log of the previous attempt", ("log",), 4),
    Action("left", "left", "← →", "", "scroll to the left, to the right", ("log",)),
    Action("right", "right", "", "", "scroll to the right", ("log",)),
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
    Action("hold", "H", "H", "", "hold the run: no new attempts; running ones go on", asks="hold"),
    Action("release", "U", "U", "", "release a held run", asks="release"),
    Action("drain", "D", "D", "", "drain a GPU: no new attempts on it; or undo", asks="drain"),
    Action("executor", "E", "E", "", "start an executor for a run that has none"),
    Action("copy", "y", "y", "", "copy the job's name, or its command on its page", _NOT_LOG),
    Action("pause", "i", "i", "", "pause the screen, and go on"),
    Action("command", "colon", ":", "", "any action by its name: goto 07, theme light", _NOT_LOG),
    Action("palette", "ctrl+p", "Ctrl-P", "", "the list of all actions"),
    Action("help", "question_mark", "?", "help", "the keys of this screen", bar=1),
    Action("back", "escape", "Esc", "back", "back, or clear the filter", bar=90),
    Action("interrupt", "ctrl+c", "", "", ""),
    Action("quit", "q", "q", "quit", "back, then quit: the run goes on", bar=91),
)


def on(page: str) -> Iterator[Action]:
    """The actions of a page, in the order of the table."""
    return (action for action in ACTIONS if page in action.pages)


def bar(page: str) -> list[Action]:
    """The actions in the key bar of a page."""
    hidden = (f"page_{page}", "back" if page == "jobs" else "")
    shown = [a for a in on(page) if a.bar and a.id not in hidden]
    return sorted(shown, key=lambda a: a.bar)


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
