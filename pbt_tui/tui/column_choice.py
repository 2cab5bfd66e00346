"""The columns that a person has chosen for the job table: their names, widths and order.

A column is written `name` or `name:width`; a parameter by the end of its name, or as `params.name`
where a column has the same. Must not import Textual.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from pbt_tui.spec import Job
from pbt_tui.tui import labels
from pbt_tui.tui.columns import COLUMNS

_OTHERS = {"Δ/h": "change"}
NAMES: Mapping[str, str] = {
    "job": "JOB",
    **{_OTHERS.get(c.title, c.title.lower().replace(" ", "_")): c.title for c in COLUMNS},
    "note": "NOTE",
}
"""How each column is written -> its title."""
PARAMETER = "params."
WIDEST = 200
"""Most cells of a column."""


class ChosenColumn(NamedTuple):
    """One column of a choice."""

    title: str
    """That of a column; for a parameter its whole name."""
    width: int
    """0: the usual one."""
    is_parameter: bool = False


def faults(names: Sequence[str]) -> Iterator[tuple[str, str | None]]:
    """What is wrong with a choice, whatever the run: a message, and a hint.

    Args:
        names: The columns as a person wrote them.

    Example:
        >>> list(faults(["job", "stte"]))
        [('there is no column `stte`', 'did you mean `state`; a parameter: `params.stte`')]
    """
    if not names:
        yield "expected at least one column", None
    seen = set()
    for text in names:
        name, width = _parts(text)
        if width is None or not name:
            yield f"expected `name` or `name:width`, with 1 to {WIDEST} cells: `{text}`", None
        elif name == "note" and width:
            yield "`note` is as wide as what the others leave", None
        elif name in seen:
            yield f"the column `{name}` is named twice", None
        elif name not in NAMES and not name.startswith(PARAMETER):
            near = get_close_matches(name, NAMES, n=1, cutoff=0.75)
            if near:
                meant = f"did you mean `{near[0]}`; a parameter: `{PARAMETER}{name}`"
                yield f"there is no column `{name}`", meant
        seen.add(name)


def choice(
    names: Iterable[str], parameters: Iterable[str]
) -> tuple[tuple[ChosenColumn, ...], list[str]]:
    """The columns of a choice, and the names that this run has nothing for.

    Args:
        names: The columns as a person wrote them.
        parameters: The whole names of the run's parameters.

    Example:
        >>> choice(["lr:9", "eta", "gamma"], ["train.lr"])[0][0]
        ChosenColumn(title='train.lr', width=9, is_parameter=True)
    """
    known = list(parameters)
    found: dict[str, ChosenColumn] = {}
    unknown = []
    for text in names:
        name, width = _parts(text)
        if name in NAMES:
            one = ChosenColumn(NAMES[name], width or 0)
        else:
            wanted = name.removeprefix(PARAMETER)
            fits = [k for k in known if k == wanted] or [
                k for k in known if k.endswith("." + wanted)
            ]
            if not fits:
                unknown.append(name)
                continue
            one = ChosenColumn(fits[0], width or 0, is_parameter=True)
        found.setdefault(one.title, one)
    return tuple(found.values()), unknown


def names_of(jobs: Sequence[Job]) -> list[str]:
    """The names of parameters, from some hundred jobs of a large run."""
    some = jobs[:: max(1, len(jobs) // 500)]
    return list(dict.fromkeys(name for job in some for name in job.params))


def cells_of(name: str, jobs: Sequence[Job], most: int) -> int:
    """The cells that the column of a parameter needs: at least its title, but at most `most`."""
    some = jobs[:: max(1, len(jobs) // 500)]
    values = (labels.value_text(job.params.get(name)) for job in some)
    return min(most, max(len(name.rpartition(".")[2]), *map(len, values), 1))


def _parts(text: str) -> tuple[str, int | None]:
    """The name and the width of a column; None: that is no width; 0: none is given."""
    name, colon, width = text.strip().partition(":")
    if not colon:
        return name, 0
    good = width.isascii() and width.isdecimal() and len(width) < 4 and 1 <= int(width) <= WIDEST
    return name, int(width) if good else None
