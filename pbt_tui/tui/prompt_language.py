"""The language of the prompt: a text becomes an action with an argument, or what is wrong with it.

Each action has its id as its name, with `_`, `-` or blanks between the words. Some take an
argument: `goto 07`, `sort objective`, `cancel *lr3e-4`. Must not import Textual, and does no IO.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase
from typing import NamedTuple

from pbt_tui.tui import actions

AT = "at"
"""The name of the command that goes to a time or a line of a log."""
_PLACE = re.compile(r"\d[\d:.T -]*")
_LOWEST = 0.5
"""Similarity from which a name is suggested."""


class Verb(NamedTuple):
    """What may follow the name of a command."""

    of: str
    """What its argument is one of: a key of `Known`."""
    help: str
    must: bool = False
    """Whether there is nothing to do without an argument."""


VERBS: Mapping[str, Verb] = {
    "goto": Verb("jobs", "a job by number, beginning of its name, or pattern: goto 07", True),
    "theme": Verb("themes", "other colors: theme light", True),
    "sort": Verb("orders", "the order of the jobs, reversed with a minus: sort -objective"),
    "filter": Verb("fields", "show only the jobs that match: filter state:failed"),
    "columns": Verb("columns", "columns of the jobs: columns state,lr,eta; alone: those that fit"),
    "page": Verb("pages", "another page: page failures", True),
    "drain": Verb("gpus", "drain a GPU, or use it again: drain 3"),
    "cancel": Verb("jobs", "cancel jobs: cancel *lr3e-4"),
    "kill": Verb("jobs", "kill jobs: kill 07"),
    "retry": Verb("jobs", "retry jobs: retry 07"),
    "from_scratch": Verb("jobs", "retry jobs from scratch: from scratch 07"),
}
"""Commands that take an argument; the others are actions alone."""
ANYWHERE = ("goto", "theme", "sort", "filter", "columns", "page")
"""Commands that each page has."""
SHORT: Mapping[str, str] = {"q": "quit", "h": "help", "g": "goto", "go": "goto", "e": "executor"}
"""Other names that people type."""
_NOT_NAMED = ("interrupt", "command", "jump", "later", "earlier", "left", "right", "palette")
"""Actions that only keys make sense for, or that lead back here. Some stay possible by name."""


class Command(NamedTuple):
    """What is to be done."""

    action: str
    argument: str = ""


class Misunderstood(NamedTuple):
    """Why a text is no command."""

    why: str


class Known(NamedTuple):
    """What arguments may be, for completion."""

    jobs: Sequence[str] = ()
    themes: Sequence[str] = ()
    orders: Sequence[str] = ()
    fields: Sequence[str] = ()
    columns: Sequence[str] = ()
    pages: Sequence[str] = ()
    gpus: Sequence[str] = ()


def names(page: str) -> list[str]:
    """The names of all commands of a page, sorted.

    Args:
        page: The page on which the prompt was opened.

    Example:
        >>> "goto" in names("log"), "wrap" in names("log"), "wrap" in names("jobs")
        (True, True, False)
    """
    of_page = {a.id for a in actions.on(page)} - {*_NOT_NAMED[:3]}
    return sorted({*of_page, *ANYWHERE})


def parse(text: str, page: str) -> Command | Misunderstood | None:
    """What a text means on a page; None: it is empty.

    Args:
        text: What a person typed, without the colon.
        page: The page on which the prompt was opened.

    Example:
        >>> parse("goto 07", "jobs"), parse("page-down", "log")
        (Command(action='goto', argument='07'), Command(action='page_down', argument=''))
        >>> parse("22:41", "log"), parse("7", "jobs")
        (Command(action='at', argument='22:41'), Command(action='goto', argument='7'))
        >>> parse("cancelx", "jobs")
        Misunderstood(why='no action `cancelx`: did you mean `cancel`?')
    """
    text = text.strip().removeprefix(":").strip()
    if not text:
        return None
    if _PLACE.fullmatch(text):
        return Command(AT if page == "log" else "goto", text)
    known = names(page)
    words = text.split()
    for count in range(len(words), 0, -1):
        name = "_".join(words[:count]).replace("-", "_").lower()
        name = SHORT.get(name, name)
        if name in known:
            rest = text.split(maxsplit=count)[count:]
            return _command(name, rest[0] if rest else "")
    return Misunderstood(_unknown(words[0], words, known))


def _command(name: str, argument: str) -> Command | Misunderstood:
    verb = VERBS.get(name)
    if argument and verb is None:
        return Misunderstood(f"`{name}` takes nothing more: `{argument}`")
    if verb is not None and verb.must and not argument:
        return Misunderstood(f"`{name}` needs more: {verb.help}")
    return Command(name, argument)


def _unknown(first: str, words: Sequence[str], known: Sequence[str]) -> str:
    whole = "_".join(words).replace("-", "_").lower()
    if any(a.id == whole for a in actions.ACTIONS):
        pages = next(a.pages for a in actions.ACTIONS if a.id == whole)
        return f"`{whole}` is an action of {'the page' if len(pages) == 1 else 'pages'} " + (
            ", ".join(f"`{page}`" for page in pages)
        )
    for word in (whole, first.lower()):
        near = get_close_matches(word, known, n=1, cutoff=_LOWEST)
        if near:
            return f"no action `{first}`: did you mean `{near[0]}`?"
    return f"no action `{first}`: Tab lists them"


def completions(text: str, page: str, known: Known) -> list[str]:
    """Whole texts that begin with this one, the most likely first.

    Args:
        text: What a person has typed so far.
        page: The page on which the prompt was opened.
        known: What arguments may be.

    Example:
        >>> completions("the", "jobs", Known())
        ['theme ']
        >>> completions("theme l", "jobs", Known(themes=("dark", "light")))
        ['theme light']
    """
    head, blank, tail = text.lstrip().partition(" ")
    name = SHORT.get(head, head).replace("-", "_")
    verb = VERBS.get(name)
    if blank and verb is not None and (name in names(page)):
        before, sign, last = _last_of(tail)
        found = [c for c in getattr(known, verb.of) if c.lower().startswith(last.lower())]
        return [f"{head} {before}{sign}{c}" for c in found if c != last or len(found) > 1]
    wanted = text.strip().replace("-", "_").replace(" ", "_")
    fits = [n for n in names(page) if n.startswith(wanted)]
    return [
        n + (" " if n in VERBS else "")
        for n in sorted(fits, key=lambda n: (n != wanted, n not in ANYWHERE, n))
    ]


def _last_of(tail: str) -> tuple[str, str, str]:
    """An argument that is a list, split before its last item; a minus belongs to no name."""
    place = max(tail.rfind(","), tail.rfind(" "))
    before, last = tail[: place + 1], tail[place + 1 :]
    sign = "-" if last.startswith("-") else ""
    return before, sign, last.removeprefix("-")


def find_jobs(text: str, ids: Iterable[str]) -> list[int]:
    """The indices of the jobs that a text names.

    A name, else the number that names begin with, else the beginning of names, else a pattern with
    `*` and `?`, else a part of names, else the place in the plan.

    Args:
        text: What a person typed.
        ids: The names of all jobs.

    Example:
        >>> find_jobs("7", ["06_a", "07_a", "70_a"]), find_jobs("*_a", ["06_a", "07_b"])
        ([1], [0])
    """
    every = list(ids)
    number = int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
    tests: list[Callable[[str], bool]] = [lambda one: one == text]
    if number is not None:
        tests.append(lambda one: _number_of(one) == number)
    tests.append(lambda one: one.startswith(text))
    if any(c in text for c in "*?["):
        tests.append(lambda one: fnmatchcase(one, text))
    tests.append(lambda one: text.lower() in one.lower())
    for test in tests:
        found = [k for k, one in enumerate(every) if test(one)]
        if found:
            return found
    return [number] if number is not None and number < len(every) else []


def _number_of(name: str) -> int | None:
    """The number that a name begins with."""
    found = re.match(r"[0-9]{1,9}(?![0-9])", name)
    return int(found[0]) if found else None


def nearest(word: str, known: Iterable[str]) -> str:
    """A suggestion, as the end of a message: empty, or `: did you mean …`."""
    near = get_close_matches(word, list(known), n=1, cutoff=_LOWEST)
    return f": did you mean `{near[0]}`?" if near else ""
