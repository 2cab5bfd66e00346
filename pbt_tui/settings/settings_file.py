"""The settings file: `[tool.pbt]` in `pyproject.toml`, or `pbt.toml`.

Must not know what a setting means; `settings` has the table.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from pbt_tui.errors import Diagnostic, Findings, UsageError, Where
from pbt_tui.settings import BACKEND_SECTIONS, COMPILE, SETTINGS, Given, Setting, gather, near
from pbt_tui.spec import Mount, Ulimit

_INNER = {
    "mounts": tuple(f.name for f in msgspec.structs.fields(Mount)),
    "ulimits": tuple(f.name for f in msgspec.structs.fields(Ulimit)),
}
"""Settings whose values may be tables, and the keys of those."""


def find(start: Path) -> Given:
    """The settings file of `start`: the nearest folder upward with one; `pbt.toml` goes first.

    Raises `UsageError` or `Findings` (2) with file and key.
    """
    for folder in (start, *start.parents):
        for name, keys in (("pbt.toml", ()), ("pyproject.toml", ("tool", "pbt"))):
            path = folder / name
            try:
                data = path.read_bytes()
            except FileNotFoundError:
                continue
            except OSError as e:
                raise UsageError(f"cannot be read: {e.strerror}", where=Where(str(path))) from None
            shown = name if folder == start else str(path)
            if keys and b"pbt" not in data:
                continue  # spares the parser, and us the mistakes in other people's files
            table: Any = _parse(data, shown)
            if keys:
                _refuse_wrong_places(table, shown)
            for key in keys:
                table = table.get(key, {}) if isinstance(table, dict) else {}
            if table or not keys:
                return _from_table(table, shown, ".".join((*keys, "")))
    return Given()


def _parse(data: bytes, file: str) -> dict[str, Any]:
    import tomllib

    try:
        return tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as e:
        said, line = str(e), None
        if place := re.search(r" \(at line (\d+), column \d+\)$", said):
            said, line = said.replace(f"line {place[1]}, ", ""), int(place[1])
        where = Where(file, line)
        raise UsageError(f"not TOML: {said[:1].lower()}{said[1:]}", where=where) from None


def _refuse_wrong_places(table: dict[str, Any], file: str) -> None:
    tools = table.get("tool")
    tools = tools if isinstance(tools, dict) else {}
    wrong = ["pbt"] if "pbt" in table else []
    wrong += [f"tool.{name}" for name in ("pbt_tui", "pbt-tui") if name in tools]
    if wrong:
        where = Where(file, pointer=wrong[0])
        raise UsageError(
            "settings are not read from here", where=where, hint="call it `[tool.pbt]`"
        )


def _from_table(table: Any, file: str, prefix: str) -> Given:
    if not isinstance(table, dict):
        where = Where(file, pointer=prefix.rstrip("."))
        raise UsageError("expected a table of settings", where=where)
    raw, unknown = _settings(table, file, prefix, "")
    if unknown:
        raise Findings(unknown, 2)
    return gather(raw, lambda s: f"{prefix}{_key(s)}", file)


def _key(setting: Setting) -> str:
    own = setting.section in BACKEND_SECTIONS
    return f"{setting.section}.{setting.name}" if own else setting.name


def _settings(
    table: dict[str, Any], file: str, prefix: str, section: str
) -> tuple[list[tuple[Setting, Any]], list[Diagnostic]]:
    """What a table sets, its backends' tables included; and the keys that are no settings."""
    mine = [s for s in (*SETTINGS, *COMPILE) if (s.section in BACKEND_SECTIONS) == bool(section)]
    mine = [s for s in mine if not section or s.section == section]
    known = {s.name: s for s in mine} | {s.option: s for s in mine if s.option}
    inner = () if section else BACKEND_SECTIONS
    raw: list[tuple[Setting, Any]] = []
    unknown: list[Diagnostic] = []
    for key, value in table.items():
        where = Where(file, pointer=f"{prefix}{key}")
        if key in known and known[key] in (setting for setting, _ in raw):
            said = f"is given twice, as `{known[key].name}` and as `{known[key].option}`"
            unknown.append(Diagnostic("error", said, where=where))
        elif key in known:
            raw.append((known[key], value))
            unknown += _inner_keys(known[key], value, where)
        elif key in inner and isinstance(value, dict):
            more, wrong = _settings(value, file, f"{prefix}{key}.", key)
            raw += more
            unknown += wrong
        elif key in inner:
            unknown.append(Diagnostic("error", "expected a table of settings", where=where))
        else:
            said, hint = "there is no such setting", _hint(key, value, known, section)
            unknown.append(Diagnostic("error", said, where=where, hint=hint))
    return raw, unknown


def _inner_keys(setting: Setting, value: Any, where: Where) -> Iterator[Diagnostic]:
    """The keys of tables in a list of mounts or limits that mean nothing there."""
    names = _INNER.get(setting.name, ())
    for i, item in enumerate(value if names and isinstance(value, list) else ()):
        for name in item if isinstance(item, dict) else ():
            if name not in names:
                at = replace(where, pointer=f"{where.pointer}.{i}.{name}")
                said, hint = "there is no such key", near(name, names)
                yield Diagnostic("error", said, where=at, hint=hint)


def _hint(key: str, value: Any, known: Collection[str], section: str) -> str | None:
    """Where it belongs, if it is right in itself; else what it was meant to be."""
    if key in _COMMAND_LINE:
        return f"`--{key}` is for the command line alone"
    if key == "tool" and not section:
        return "`[tool.pbt]` is for `pyproject.toml`: here settings stand at the top"
    misplaced = [name for name in value if name in known] if isinstance(value, dict) else []
    if misplaced:
        return f"write `{misplaced[0]}` without the table `{key}`"
    elsewhere = [s for s in (*SETTINGS, *COMPILE) if key and key in (s.name, s.option, s.dest)]
    if elsewhere:
        own = elsewhere[0].section in BACKEND_SECTIONS
        table = f"of the table `{elsewhere[0].section}`" if own else "of no inner table"
        return f"`{elsewhere[0].name}` is a setting {table}"
    return near(key, (*known, *(() if section else BACKEND_SECTIONS)))


_COMMAND_LINE = ("backend", "experiment_suffix", "format", "run", "runtime")
