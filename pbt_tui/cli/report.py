"""Prints diagnostics: as text, as one JSON document, or as annotations of GitHub."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO

from pbt_tui.errors import Diagnostic, printable, printable_lines

if TYPE_CHECKING:
    from pbt_tui.compiler.diff_report import Changed

_COLOURS = {"error": "1;31", "warning": "1;33", "note": "1;36", "hint": "1;32"}


def say(diagnostics: Iterable[Diagnostic], stream: TextIO | None = None) -> None:
    """Writes the diagnostics as text to `stream`, stderr by default."""
    stream = stream or sys.stderr
    coloured = colours(stream)
    for d in diagnostics:
        lines = printable_lines(str(d)).split("\n")
        shown = [_paint(line) if coloured else line for line in lines]
        stream.write("\n".join(shown) + "\n")


def colours(stream: TextIO) -> bool:
    """Whether to use colours: only on a terminal, and not if `NO_COLOR` is set."""
    if os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return False
    return stream.isatty()


def _paint(line: str) -> str:
    head, colon, rest = line.partition(":")
    colour = _COLOURS.get(head.partition("[")[0])
    return f"\x1b[{colour}m{head}\x1b[0m{colon}{rest}" if colour else line


def workflow_commands(diagnostics: Iterable[Diagnostic]) -> str:
    """GitHub workflow commands, which GitHub shows as annotations beside the source line."""
    lines = []
    for d in diagnostics:
        level = "notice" if d.level == "note" else d.level
        file = printable(_in_repository(d.where.file)) if d.where.file else None
        place = {"file": file, "line": d.where.line, "title": d.code or None}
        keys = ",".join(f"{k}={_escape(str(v), key=True)}" for k, v in place.items() if v)
        inner = [d.where.pointer, d.where.experiment, d.where.param, d.where.job]
        parts = [printable(p) for p in inner if p]
        text = ": ".join([*parts, d.message]) + (f"\nhint: {d.hint}" if d.hint else "")
        text = printable_lines(text)
        lines.append(
            f"::{level} {keys}::{_escape(text)}" if keys else f"::{level}::{_escape(text)}"
        )
    return "".join(line + "\n" for line in lines)


def _in_repository(file: str) -> str:
    """The path as GitHub knows it: from the root of the repository."""
    import os

    path = os.path.abspath(file)  # noqa: PTH100 - no link is resolved
    roots = [os.environ.get("GITHUB_WORKSPACE", ""), os.path.dirname(path)]  # noqa: PTH120
    while roots[1] != "/" and not os.path.lexists(f"{roots[1]}/.git"):
        roots[1] = os.path.dirname(roots[1])  # noqa: PTH120
    for root in map(str, roots):
        if len(root) > 1 and os.path.lexists(path) and path.startswith(f"{root}/"):
            return path.removeprefix(f"{root}/")
    return file


def quoted(text: bytes, title: str) -> bytes:
    """Text for the log of a workflow, with workflow commands disabled inside it."""
    from hashlib import sha256

    token = b"pbt-" + sha256(text).hexdigest()[:32].encode()
    return b"::group::%s\n::stop-commands::%s\n%s::%s::\n::endgroup::\n" % (
        title.encode(),
        token,
        text,
        token,
    )


def _escape(text: str, *, key: bool = False) -> str:
    text = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return text.replace(":", "%3A").replace(",", "%2C") if key else text


def document(
    diagnostics: Sequence[Diagnostic],
    run: str | None = None,
    jobs: int | None = None,
    files: Sequence[str] = (),
    changes: Iterable[Changed] = (),
    differences: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """The JSON document of `pbt-compile --format json`; it always has every key."""
    return {
        "diagnostics": [
            {
                "code": d.code,
                "level": d.level,
                "message": d.message,
                "file": d.where.file,
                "line": d.where.line,
                "experiment": d.where.experiment,
                "param": d.where.param,
                "job": d.where.job,
                "hint": d.hint,
                "pointer": d.where.pointer,
            }
            for d in diagnostics
        ],
        "run": run,
        "jobs": jobs,
        "files": list(files),
        "changes": [change for changed in changes for change in _changes(changed)],
        "differences": list(differences),
    }


def _changes(changed: Changed) -> Iterator[dict[str, Any]]:
    """The file, then each change in it; `job`, `old` and `new` are of the first job."""
    yield _change(changed.file, "file", changed.how)
    for c in changed.inside:
        first = c.jobs[0] if c.jobs else None
        jobs = len(c.jobs) if c.jobs else None
        name = c.name or None
        yield _change(changed.file, c.what, c.how, name, jobs, first, c.old, c.new, c.alike)


def _change(file: str, what: str, how: str, *rest: Any) -> dict[str, Any]:
    names = ("name", "jobs", "job", "old", "new", "alike")
    values = (*rest, *(None,) * (len(names) - len(rest)))
    return {"file": file, "what": what, "how": how, **dict(zip(names, values, strict=True))}
