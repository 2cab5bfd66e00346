"""Reads the settings file: `[tool.pbt]` in `pyproject.toml`, or `pbt.toml`."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from pbt_tui.errors import Diagnostic, Findings, UsageError, Where
from pbt_tui.files.faults import reason
from pbt_tui.files.regular import TEXT_BYTES, read_regular
from pbt_tui.settings import Backends, Given, Setting, gather, near, structs
from pbt_tui.settings.run_settings import COMPILE, CONTAINER, POLICY

if TYPE_CHECKING:
    from pathlib import Path

    from pbt_tui.settings.progress_patterns import ProgressPattern

PROGRESS = "progress"
"""The table of the user's progress patterns, which the executor reads when it samples progress."""
_INNER = {"mounts": ("source", "target", "read_only"), "ulimits": ("name", "soft", "hard")}
"""Settings whose values may be tables, and the keys of these tables."""


def find(start: Path, backends: Backends) -> Given:
    """The settings file for the folder `start`: that of the nearest folder upward which has one.

    In one folder, `pbt.toml` comes before `pyproject.toml`. A table named after a backend, built in
    or installed, holds the settings of that backend. Raises `UsageError` or `Findings` (2) with
    file and key.
    """
    for table, shown, prefix in _tables(start):
        if table or not prefix:
            return _from_table(table, shown, prefix, backends)
    return Given()


def find_patterns(start: Path) -> list[ProgressPattern]:
    """The user's progress patterns in the settings file for the folder `start`.

    Raises `UsageError` or `Findings` (2) with file and key.
    """
    from pbt_tui.settings.progress_patterns import read_patterns

    for table, shown, prefix in _tables(start):
        if table or not prefix:
            if not isinstance(table, dict) or PROGRESS not in table:
                return []
            found, wrong = read_patterns(table[PROGRESS], shown, f"{prefix}{PROGRESS}.")
            if wrong:
                raise Findings(wrong, 2)
            return found
    return []


def _tables(start: Path) -> Iterator[tuple[Any, str, str]]:
    """The tables of settings from a folder upward: the table, its file and the keys before it."""
    for folder in (start, *start.parents):
        for name, keys in (("pbt.toml", ()), ("pyproject.toml", ("tool", "pbt"))):
            path = folder / name
            try:
                data = read_regular(path, TEXT_BYTES)
            except FileNotFoundError:
                continue
            except OSError as e:
                raise UsageError(f"cannot be read: {reason(e)}", where=Where(str(path))) from None
            shown = name if folder == start else str(path)
            if keys and b"pbt" not in data:
                continue  # a file of another tool: its errors are not reported here
            table: Any = parse_toml(data, shown)
            if keys:
                _refuse_wrong_places(table, shown)
            for key in keys:
                table = table.get(key, {}) if isinstance(table, dict) else {}
            yield table, shown, ".".join((*keys, ""))


def parse_toml(data: bytes, file: str) -> dict[str, Any]:
    """The table in a TOML file. Raises `UsageError` with file and line."""
    import tomllib

    if _has_long_key(data):
        raise UsageError(f"not TOML: a key has more than {_PARTS} parts", where=Where(file))
    try:
        return tomllib.loads(data.decode())
    except (ValueError, RecursionError) as e:  # also a number of too many digits
        import re

        message, line = str(e), None
        if place := re.search(r" \(at line (\d+), column \d+\)$", message):
            message, line = message.replace(f"line {place[1]}, ", ""), int(place[1])
        where = Where(file, line)
        raise UsageError(f"not TOML: {message[:1].lower()}{message[1:]}", where=where) from None


_PARTS = 64
"""Most parts of a dotted key: the time of `tomllib` grows with the square of their number."""


def _has_long_key(data: bytes) -> bool:
    """Whether more than `_PARTS` words follow each other with nothing but dots between them."""
    import re

    if data.count(b".") < _PARTS:
        return False
    text_or_comment = rb'"(?:[^"\\\n]|\\.)*+"|\'[^\'\n]*+\'|#[^\n]*+'
    part = rb"\.[ \t]*+[\w-]++[ \t]*+"
    return (
        re.search(rb"(?:%b){%d}" % (part, _PARTS), re.sub(text_or_comment, b"a", data)) is not None
    )


def _refuse_wrong_places(table: dict[str, Any], file: str) -> None:
    tools = table.get("tool")
    tools = tools if isinstance(tools, dict) else {}
    wrong = ["pbt"] if "pbt" in table else []
    wrong += [f"tool.{name}" for name in ("pbt_tui", "pbt-tui") if name in tools]
    if wrong:
        where = Where(file, pointer=wrong[0])
        raise UsageError(
            "settings are not read from this table", where=where, hint="rename it to `[tool.pbt]`"
        )


def _from_table(table: Any, file: str, prefix: str, backends: Backends) -> Given:
    if not isinstance(table, dict):
        where = Where(file, pointer=prefix.rstrip("."))
        raise UsageError("expected a table of settings", where=where)
    raw, unknown = _settings(_Table(table, file, prefix), backends)
    if unknown:
        raise Findings(unknown, 2)
    return gather(raw, lambda s: f"{prefix}{_key(s)}", structs(backends), file)


def _key(setting: Setting) -> str:
    return f"{setting.section}.{setting.name}" if setting.of_backend else setting.name


class _Table(NamedTuple):
    """A table of the file; `section` is empty for the outer table, else the name of a backend."""

    keys: dict[str, Any]
    file: str
    prefix: str
    section: str = ""


def _settings(
    table: _Table, backends: Backends
) -> tuple[list[tuple[Setting, Any]], list[Diagnostic]]:
    """The values of a table and of the backends' tables in it, and errors for unknown keys."""
    section = table.section
    mine = backends.get(section).settings if section else (*POLICY, *CONTAINER, *COMPILE)
    known = {s.name: s for s in mine} | {s.option: s for s in mine if s.option}
    raw: list[tuple[Setting, Any]] = []
    unknown: list[Diagnostic] = []
    for key, value in table.keys.items():
        where = Where(table.file, pointer=f"{table.prefix}{key}")
        if key in known and known[key] in (setting for setting, _ in raw):
            message = f"is given twice, as `{known[key].name}` and as `{known[key].option}`"
            unknown.append(Diagnostic("error", message, where=where))
        elif key in known:
            raw.append((known[key], value))
            unknown += _inner_keys(known[key], value, where)
        elif not section and key == PROGRESS:
            from pbt_tui.settings.progress_patterns import read_patterns

            unknown += read_patterns(value, table.file, f"{table.prefix}{key}.")[1]
        elif not section and isinstance(value, dict) and _has_settings(key, backends):
            inner = _Table(value, table.file, f"{table.prefix}{key}.", key)
            more, wrong = _settings(inner, backends)
            raw += more
            unknown += wrong
        elif not section and key in _of_built_in(backends):
            unknown.append(Diagnostic("error", "expected a table of settings", where=where))
        else:
            message, hint = "there is no such setting", _hint(key, value, known, section, backends)
            unknown.append(Diagnostic("error", message, where=where, hint=hint))
    return raw, unknown


def _has_settings(name: str, backends: Backends) -> bool:
    return name in backends and bool(backends.get(name).settings)


def _of_built_in(backends: Backends) -> dict[str, tuple[Setting, ...]]:
    """The built-in backends that have settings; installed backends are not looked up."""
    found = {name: backends.get(name).settings for name in backends.built_in}
    return {name: settings for name, settings in found.items() if settings}


def _inner_keys(setting: Setting, value: Any, where: Where) -> Iterator[Diagnostic]:
    """Errors for unknown keys of the tables in a list of mounts or limits."""
    names = _INNER.get(setting.name, ())
    for i, item in enumerate(value if names and isinstance(value, list) else ()):
        for name in item if isinstance(item, dict) else ():
            if name not in names:
                at = replace(where, pointer=f"{where.pointer}.{i}.{name}")
                message, hint = "there is no such key", near(name, names)
                yield Diagnostic("error", message, where=at, hint=hint)


def _hint(
    key: str, value: Any, known: Collection[str], section: str, backends: Backends
) -> str | None:
    """A hint for an unknown key: the table that it belongs to, or a similar name."""
    if key in _COMMAND_LINE:
        return f"`--{key}` is for the command line only"
    if key == "tool" and not section:
        return "`[tool.pbt]` is for `pyproject.toml`: write its settings at the top level here"
    misplaced = [name for name in value if name in known] if isinstance(value, dict) else []
    if misplaced:
        return f"write `{misplaced[0]}` without the table `{key}`"
    of_backends = _of_built_in(backends)
    everywhere = (*POLICY, *CONTAINER, *chain.from_iterable(of_backends.values()), *COMPILE)
    elsewhere = [s for s in everywhere if key and key in (s.name, s.option, s.dest)]
    if elsewhere:
        first = elsewhere[0]
        table = f"the table `{first.section}`" if first.of_backend else "the outer table"
        return f"`{first.name}` belongs in {table}"
    return near(key, (*known, *(() if section else of_backends)))


_COMMAND_LINE = ("backend", "experiment_suffix", "format", "run", "runtime")
