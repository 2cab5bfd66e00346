"""Writes the page of the benchmarks and its pictures from the kept results.

Pure but for `write`. `docs.generate` writes the same files, and its check compares them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.curves_svg import THEMES, curves_svg
from benchmarks.results import Beside, Measured, Part, Surroundings

PAGE = "docs/benchmarks.md"
PICTURES = "docs/pictures/benchmarks-{name}-{theme}.svg"
ABOUT = {
    "compile": ("seconds of processor time of a whole command", "s"),
    "turn": ("milliseconds of processor time of one turn of the event loop", "ms"),
    "replay": ("seconds from the journal on disk to the state of the run", "s"),
}
"""What each picture shows, and the unit of its vertical axis."""
_HEAD = """\
# Benchmarks

`make bench` measures, and writes this page, its pictures and `benchmarks/results.json`, from which
they are made. `make bench ARGS="executing logs"` renews two sections; `ARGS="--most 10000"` leaves
out larger runs. Other programs are installed into a temporary folder before anything is measured.

Quote the ratios, not the seconds: both sides of a row ran in turn on the same machine, whose load
is beside each section. Ratios of processor time depend less on the load. No test asserts a time.
"""
_PICTURE = """\
<picture>
  <source media="(prefers-color-scheme: dark)" srcset="pictures/benchmarks-{name}-dark.svg">
  <img alt="{about}, by the number of jobs" src="pictures/benchmarks-{name}-light.svg">
</picture>
"""


def documents(parts: Sequence[Part]) -> dict[str, str]:
    """The page and its pictures, by path from the root of the repository."""
    made = {PAGE: page(parts)}
    for part in parts:
        for name, lines in part.curves.items():
            about, unit = ABOUT[name]
            for theme in THEMES:
                path = PICTURES.format(name=name, theme=theme)
                made[path] = curves_svg(about, unit, lines, theme)
    return made


def write(root: Path, parts: Sequence[Part]) -> None:
    """Writes the page and its pictures; a picture without points is removed."""
    made = documents(parts)
    for old in root.glob(PICTURES.format(name="*", theme="*")):
        if str(old.relative_to(root)) not in made:
            old.unlink()
    for path, text in made.items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")


def page(parts: Sequence[Part]) -> str:
    """The page as Markdown."""
    text = _HEAD + "\n" + "\n".join(_behind(parts)) + "\n"
    names = [name for part in parts for name in part.curves]
    if names:
        text += "\n## From 100 to 1,000,000 jobs\n\n"
        text += (
            "Both axes are logarithmic: a linear cost rises tenfold from one mark to the next.\n\n"
        )
        text += "\n".join(_PICTURE.format(name=name, about=ABOUT[name][0]) for name in names)
    for part in parts:
        text += "\n" + "\n".join(_section(part)) + "\n"
    return text


def _behind(parts: Sequence[Part]) -> Iterator[str]:
    """Each row that misses its target or is behind a program that does the same work."""
    yield "## Where we are behind\n"
    found = [line for part in parts for row in part.rows for line in _reasons(part, row)]
    yield from found or ["Nowhere, in these rows."]
    missing = [f"- {part.name}: {_plain(why)}" for part in parts for why in part.left_out]
    if missing:
        yield "\nNot measured:\n"
        yield from missing


def _reasons(part: Part, row: Measured) -> Iterator[str]:
    where = f"- [{part.name}](#{part.name}): {_plain(row.what)}: {_plain(row.figure)}"
    if row.met is False:
        yield f"{where}; the target is {_plain(row.target)}"
    if row.beside and row.beside.loses:
        yield f"{where}; {_plain(row.beside.name)} is ahead"


def _section(part: Part) -> Iterator[str]:
    yield f"## {part.name}\n"
    if part.title:
        yield _plain(part.title[0].upper() + part.title[1:]) + ".\n"
    yield _ran(part.at) + "\n"
    if part.versions:
        told = ", ".join(f"{_plain(name)} {_plain(text)}" for name, text in part.versions.items())
        yield f"Beside ours: {told}.\n"
    if part.rows:
        yield "| what | ours | other side | ratio | target | met |"
        yield "| --- | --- | --- | --- | --- | --- |"
        yield from (_line(row) for row in part.rows)
    for why in part.left_out:
        yield f"\nNot measured: {_plain(why)}."
    yield f"\nRepeat it: `make bench ARGS={part.name}`."
    if part.commands:
        yield "\n| command of | |"
        yield "| --- | --- |"
        for name, words in part.commands.items():
            yield f"| {_plain(name)} | `{words.replace('`', '').replace('|', chr(92) + '|')}` |"


def _ran(at: Surroundings) -> str:
    return (
        f"Measured {at.date} UTC with a load of {at.load} at the beginning, on {at.cores} cores of "
        f"{_plain(at.cpu)}, {_plain(at.kernel)}, Python {at.python}, pbt_tui {_plain(at.version)}."
    )


def _line(row: Measured) -> str:
    beside = row.beside
    ours = beside.ours if beside and beside.ours else row.figure
    cells = [
        row.what,
        ours,
        f"{beside.name}: {beside.theirs}" if beside else "",
        _ratio(beside) if beside else "",
        row.target,
        {True: "yes", False: "**no**", None: ""}[row.met],
    ]
    return "| " + " | ".join(cell if cell == "**no**" else _plain(cell) for cell in cells) + " |"


def _ratio(beside: Beside) -> str:
    text = f"{beside.ratio:.3g}x"
    if beside.cpu is not None:
        text += f", processor {beside.cpu:.3g}x"
    if beside.floor:
        text += ", does less"
    return text


def _plain(text: str) -> str:
    """The text as Markdown shows it, in one cell."""
    for sign in ("<", "|", "*", "_"):
        text = text.replace(sign, "\\" + sign) if "`" not in text else text
    return text.replace("|", "\\|") if "`" in text else text
