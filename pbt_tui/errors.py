"""The exceptions of pbt_tui, and the diagnostics that they carry.

Must not import another module of pbt_tui. Numbers in parentheses are exit codes.

    PbtError                     message, place and hint
    ├── DescriptionError         the run module is wrong (3)
    │   ├── CannotLoad               its import failed; the innermost place in the user's files (1)
    │   ├── NotARun                  `RUN_DESCRIPTION` is missing or no run description
    │   └── BadParam                 an invalid argument, with experiment and parameter
    ├── SpecError                a spec file is wrong (3)
    │   ├── BadSpec                  its content is invalid
    │   └── UnknownVersion           its format is unknown
    ├── UsageError               a command line or settings file is wrong (2)
    │   ├── UnknownKind              no such backend, runtime or style
    │   └── BrokenKind               an installed one cannot be loaded, or breaks its contract
    ├── RunError                 the run cannot go on (5)
    │   ├── RunBusy                  another executor has locked it
    │   ├── NotOurs                  a file of it belongs to another user, or is a link
    │   ├── PlanChanged              its jobs differ from those of its journal
    │   ├── JournalDamaged           its journal is damaged at this file and line
    │   ├── JournalNewer             a newer version wrote its journal
    │   └── RuntimeUnavailable       an engine, image, interpreter or GPU is missing
    ├── Findings                 several diagnostics
    └── ImpossibleEvent          a bug of pbt_tui: an event that the state does not allow (70)

A failure of a *job* is data and never an exception.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import ClassVar, Literal

Level = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True)
class Where:
    """The place of a finding. Each part is optional; callers add the parts that they know."""

    file: str | None = None
    line: int | None = None
    experiment: str | None = None
    param: str | None = None
    job: str | None = None
    pointer: str | None = None

    def within(self, outer: Where) -> Where:
        """This place, with its missing parts taken from `outer`."""
        return Where(
            self.file if self.file is not None else outer.file,
            self.line if self.line is not None else outer.line,
            self.experiment if self.experiment is not None else outer.experiment,
            self.param if self.param is not None else outer.param,
            self.job if self.job is not None else outer.job,
            self.pointer if self.pointer is not None else outer.pointer,
        )

    def __str__(self) -> str:
        place = ""
        if self.file is not None:
            place = f"`{printable(self.file)}`" + (f":{self.line}" if self.line else "")
        parts = [place] if place else []
        if self.pointer is not None:
            parts.append(printable(self.pointer))
        if self.experiment is not None:
            parts.append(f"experiment `{printable(self.experiment)}`")
        if self.param is not None:
            parts.append(f"param `{printable(self.param)}`")
        if self.job is not None:
            parts.append(f"job `{printable(self.job)}`")
        return ": ".join(parts)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One finding. `code` is `PBTnnn` or that of an installed package; empty without a rule."""

    level: Level
    message: str
    code: str = ""
    where: Where = field(default_factory=Where)
    hint: str | None = None

    def __str__(self) -> str:
        head = f"{self.level}[{self.code}]" if self.code else self.level
        place = str(self.where)
        text = f"{head}: {place}: {self.message}" if place else f"{head}: {self.message}"
        return f"{text}\nhint: {self.hint}" if self.hint else text


class PbtError(Exception):
    """The base class: `str()` is the place and the message."""

    exit_code: ClassVar[int] = 70
    code: str

    def __init__(
        self, what: str, *, hint: str | None = None, where: Where | None = None, code: str = ""
    ) -> None:
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.where = where or Where()
        self.code = code

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return (Diagnostic("error", self.what, self.code, self.where, self.hint),)

    def __str__(self) -> str:
        place = str(self.where)
        return f"{place}: {self.what}" if place else self.what


class DescriptionError(PbtError):
    exit_code = 3


class CannotLoad(DescriptionError):
    exit_code = 1


class NotARun(DescriptionError):
    pass


class BadParam(DescriptionError):
    pass


class SpecError(PbtError):
    exit_code = 3


class BadSpec(SpecError):
    pass


class UnknownVersion(SpecError):
    pass


class UsageError(PbtError):
    exit_code = 2


class UnknownKind(UsageError):
    """`sort` is `backend`, `runtime` or `style`. For an unknown kind in a spec, see `BadSpec`."""

    def __init__(self, sort: str, name: str, known: Sequence[str]) -> None:
        super().__init__(
            f"there is no {sort} `{printable(name)}`", hint=f"one of {', '.join(known)}"
        )
        self.sort = sort
        self.name = name
        self.known = tuple(known)


class BrokenKind(UsageError):
    """A broken kind of an installed package; `place` is its `module:attribute`."""

    def __init__(self, sort: str, name: str, place: str, why: str) -> None:
        super().__init__(
            f"{sort} `{printable(name)}` of `{printable(place)}` {printable(why)}",
            hint="install a version of its package that fits this one",
        )
        self.sort, self.name, self.place, self.why = sort, name, place, why


class RunError(PbtError):
    exit_code = 5


class RunBusy(RunError):
    pass


class NotOurs(RunError):
    pass


class PlanChanged(RunError):
    pass


class JournalDamaged(RunError):
    pass


class JournalNewer(RunError):
    pass


class RuntimeUnavailable(RunError):
    pass


class ImpossibleEvent(PbtError):
    exit_code = 70


class Findings(PbtError):
    """Several findings as one exception; who raises it chooses the exit code."""

    def __init__(self, diagnostics: Sequence[Diagnostic], exit_code: int = 3) -> None:
        super().__init__("\n".join(str(d) for d in diagnostics))
        self._diagnostics = tuple(diagnostics)
        self._exit_code = exit_code

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        return self._diagnostics

    @property
    def exit_code(self) -> int:  # type: ignore[override]  # differs by instance
        return self._exit_code


@contextmanager
def where(
    *,
    file: str | None = None,
    line: int | None = None,
    experiment: str | None = None,
    param: str | None = None,
    job: str | None = None,
    pointer: str | None = None,
) -> Iterator[None]:
    """Adds the place to a `PbtError` from the block; parts that it already has stay."""
    try:
        yield
    except Findings as e:
        outer = Where(file, line, experiment, param, job, pointer)
        found = [replace(d, where=d.where.within(outer)) for d in e.diagnostics]
        raise Findings(found, e.exit_code) from e.__cause__
    except PbtError as e:
        e.where = e.where.within(Where(file, line, experiment, param, job, pointer))
        raise


def printable(text: str) -> str:
    """`text` with control characters escaped: a terminal must not interpret foreign text."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable_lines(text: str) -> str:
    """`text` with control characters escaped, but for its newlines: the last step before output."""
    if text.isprintable():
        return text
    return "\n".join(map(printable, text.split("\n")))


def printable_json(text: str) -> str:
    """A JSON document with its control characters escaped, also those that JSON leaves as they are.

    Example:
        >>> print(printable_json('{"name": "r\u00e9sum\u00e9 \u009b2J"}'))
        {"name": "résumé \\u009b2J"}
    """
    if text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or c.isprintable() else _json_escape(c) for c in text)


def _json_escape(character: str) -> str:
    units = character.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[i : i + 4]}" for i in range(0, len(units), 4))


def command(*words: object) -> str:
    """A command line to paste into a shell, of printable characters and newlines only.

    Example:
        >>> command("pbt-run", "my runs/ants", "--failed")
        "pbt-run 'my runs/ants' --failed"
    """
    return " ".join(_quoted(str(word)) for word in words)


def _quoted(word: str) -> str:
    from shlex import quote

    if word.replace("\n", "").isprintable():  # every shell reads these quotes, `$'…'` only some
        return quote(word)
    try:
        data = word.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # no file has such a name
        data = word.encode("utf-8", "surrogatepass")
    plain = b"\\'"
    escaped = (
        f"\\{b:c}" if b in plain else chr(b) if 0x20 <= b < 0x7F else f"\\x{b:02x}" for b in data
    )
    return f"$'{''.join(escaped)}'"
