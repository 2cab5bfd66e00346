"""How this person wants the monitor: options, then the environment, then the user's configuration.

The file is that of `user_config`; here is what its table `[monitor]` means. What is wrong with it
is told with its line, and the monitor does not start.
"""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple

from pbt_tui.errors import Diagnostic, Findings, UsageError, Where

if TYPE_CHECKING:
    from pbt_tui.settings.monitor_settings import MonitorSettings
    from pbt_tui.tui.keymap import Keymap
    from pbt_tui.tui.preferences import OwnTheme, Preferences

VARIABLE = "PBT_THEME"
"""The variable that names a theme."""
_COLOUR = re.compile(r"#(?:[0-9a-fA-F]{3}|[0-9a-fA-F]{6})")
_NAME = re.compile(r"[A-Za-z0-9][\w-]{0,31}")


class MonitorTable(NamedTuple):
    """The table `[monitor]` of the file."""

    values: Any
    file: str
    text: str
    """The whole file, in which lines are looked up."""

    def where(self, *keys: str) -> Where:
        """The place of an entry."""
        path = ("monitor", *keys)
        return Where(self.file, line_of(self.text, path), pointer=".".join(path))


def preferences(args: argparse.Namespace, table: MonitorTable | None) -> Preferences:
    """What the options, the environment and the configuration say.

    Args:
        args: The options; None stands for one that was not given.
        table: The table of the configuration; None: there is none.

    Raises:
        UsageError: There is no such theme.
        Findings: The table is wrong: everything that is wrong with it.
    """
    from pbt_tui.settings.monitor_settings import MonitorSettings
    from pbt_tui.tui.preferences import Preferences

    found = MonitorSettings() if table is None else _converted(table)
    keymap, themes, columns = _checked(found, table)
    wanted = args.theme or os.environ.get(VARIABLE) or found.theme or Preferences().theme
    where = Where()
    if not args.theme and not os.environ.get(VARIABLE) and table is not None:
        where = table.where("theme")
    _check_theme(wanted, [theme.name for theme in themes], where)
    default = Preferences()
    return Preferences(
        theme=wanted,
        mouse=_first(args.mouse, found.mouse, default.mouse),
        ascii=_first(args.ascii, found.ascii, default.ascii),
        interval=_first(args.interval, found.interval, default.interval),
        title=_first(args.title, found.title, default.title),
        notify=tuple(_first(args.notify, found.notify, default.notify)),
        tell=tuple(_first(found.tell, default.tell)),
        keymap=keymap,
        columns=columns,
        themes=tuple(themes),
    )


def is_light(wanted: Preferences) -> bool:
    """Whether the theme has a light background.

    Example:
        >>> from pbt_tui.tui.preferences import Preferences
        >>> is_light(Preferences(theme="ansi-light")), is_light(Preferences(theme="dracula"))
        (True, False)
    """
    from pbt_tui.tui.preferences import THEMES

    bases = {name: name for name in THEMES} | {own.name: own.base for own in wanted.themes}
    if wanted.theme in bases:
        return bases[wanted.theme].endswith("light")
    from textual.theme import BUILTIN_THEMES

    return not BUILTIN_THEMES[wanted.theme].dark


def line_of(text: str, path: tuple[str, ...]) -> int | None:
    """The line of an entry in a TOML file; None if it is not found, or in several lines.

    It looks for headers of tables and for keys at the beginning of lines, which is how people write
    such files.

    Example:
        >>> line_of('[monitor.keys]\\ncancel = "X"\\n', ("monitor", "keys", "cancel"))
        2
    """
    table: tuple[str, ...] = ()
    found: list[int] = []
    inside: list[int] = []
    for number, line in enumerate(text.splitlines(), 1):
        if head := re.match(r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?$", line):
            table = _parts(head[1])
            if table == path:
                found.append(number)
        elif key := re.match(r"""\s*((?:[\w-]+|"[^"]*"|'[^']*'|\s*\.\s*)+?)\s*=""", line):
            whole = (*table, *_parts(key[1]))
            if whole == path[: len(whole)]:
                found.append(number)
            elif whole[: len(path)] == path:
                inside.append(number)
    places = found or inside[:1]
    return places[0] if len(places) == 1 else None


def _parts(dotted: str) -> tuple[str, ...]:
    words = re.findall(r""""([^"]*)"|'([^']*)'|([\w-]+)""", dotted)
    return tuple(a or b or c for a, b, c in words)


def _first(*values: Any) -> Any:
    return next(value for value in values if value is not None)


def _converted(table: MonitorTable) -> MonitorSettings:
    import msgspec

    from pbt_tui.settings import near
    from pbt_tui.settings.monitor_settings import LONGEST, SHORTEST, MonitorSettings

    if not isinstance(table.values, dict):
        raise UsageError("expected a table of settings", where=table.where())
    known = MonitorSettings.__struct_fields__
    for key in table.values:
        if key not in known:
            where = table.where(key)
            raise UsageError("there is no such setting", where=where, hint=near(key, known))
    try:
        return msgspec.convert(table.values, MonitorSettings)
    except msgspec.ValidationError as e:
        what, _, path = str(e).partition(" - at `$")
        keys = _keys_of(path.rstrip("`"), table.values)
        expected: dict[tuple[str, ...], str] = {
            ("theme",): "the name of a theme",
            ("ascii",): "true or false",
            ("mouse",): "true or false",
            ("interval",): f"seconds from {SHORTEST} to {LONGEST:g}",
            ("title",): "true or false",
            ("notify",): "a list of `bell`, `osc9` and `osc777`",
            ("tell",): "a list of `failure`, `best`, `plateau` and `end`",
            ("keys",): "a table of actions",
            ("columns",): "a table of pages",
            ("themes",): "a table of themes",
        }
        inner = {
            "keys": "a key such as `x` or `ctrl+x`, or a list of keys",
            "columns": "a list of columns",
            "themes": "a table of colors such as `#56B4E9`",
        }
        keys = keys[:1] if keys[:1] in (("notify",), ("tell",)) else keys
        message = expected.get(keys) or inner.get(keys[0] if keys else "") or what.lower()
        raise UsageError(f"expected {message}", where=table.where(*keys)) from None


def _keys_of(path: str, values: Any) -> tuple[str, ...]:
    """The keys of msgspec's path: it writes `[...]` for those of a dictionary."""
    keys: list[str] = []
    for part in re.findall(r"\.(\w+)|\[(\.\.\.|\d+)\]", path):
        if part[0]:
            keys.append(part[0])
        elif part[1] == "..." and isinstance(values, dict):
            wrong = _wrong_entries(keys, values)
            keys += wrong
            break
    return tuple(keys)


def _wrong_entries(keys: list[str], values: dict[str, Any]) -> list[str]:
    """The entry of a table of `[monitor]` whose value has another type."""
    import msgspec

    from pbt_tui.settings.monitor_settings import MonitorSettings

    for name, value in values.get(keys[0], {}).items() if keys else ():
        try:
            msgspec.convert({keys[0]: {name: value}}, MonitorSettings)
        except msgspec.ValidationError:
            inner = value.items() if isinstance(value, dict) else ()
            for key, one in inner:
                if not isinstance(one, str | list):
                    return [name, key]
            return [name]
    return []


# -- what the monitor knows ------------------------------------------------------------------------


def _checked(
    found: MonitorSettings, table: MonitorTable | None
) -> tuple[Keymap, list[OwnTheme], tuple[str, ...]]:
    from pbt_tui.tui.keymap import Keymap

    if table is None:
        return Keymap(), [], ()
    keymap, wrong = _keymap(found, table)
    themes = []
    for name, colours in found.themes.items():
        theme, faults = _theme(name, colours, table)
        themes.append(theme)
        wrong += faults
    columns, faults = _columns(found.columns, table)
    wrong += faults
    if wrong:
        raise Findings(wrong, 2)
    return keymap, themes, columns


def _keymap(found: MonitorSettings, table: MonitorTable) -> tuple[Keymap, list[Diagnostic]]:
    from pbt_tui.tui import keymap

    flat: dict[str, tuple[str, ...]] = {}
    for name, value in found.keys.items():
        inner: Mapping[str, Any] = value if isinstance(value, dict) else {"": value}
        for action, keys in inner.items():
            whole = f"{name}.{action}" if action else name
            flat[whole] = (keys,) if isinstance(keys, str) else tuple(keys)
    made, faults = keymap.keymap(flat)
    return made, [_error(f.why, table.where("keys", *f.name.split(".")), f.hint) for f in faults]


def _theme(
    name: str, colours: dict[str, str], table: MonitorTable
) -> tuple[OwnTheme, list[Diagnostic]]:
    from pbt_tui.tui.preferences import ROLES, THEMES, OwnTheme

    wrong = []
    if not _NAME.fullmatch(name):
        where = table.where("themes", name)
        wrong.append(_error("the name of a theme has letters, digits, `-` and `_`", where))
    elif name in THEMES:
        where = table.where("themes", name)
        wrong.append(_error(f"`{name}` is the name of a theme that is there already", where))
    base = colours.get("base", "dark")
    for role, colour in colours.items():
        where = table.where("themes", name, role)
        if role == "base":
            if base not in ("dark", "light"):
                wrong.append(_error("expected `dark` or `light`", where))
        elif role not in ROLES:
            wrong.append(_error(f"nothing has the color `{role}`", where, _near(role, ROLES)))
        elif not _COLOUR.fullmatch(colour):
            wrong.append(_error("expected a color such as `#56B4E9`", where))
    kept = {role: colour for role, colour in colours.items() if role != "base"}
    return OwnTheme(name, base, kept), wrong


def _columns(
    pages: dict[str, list[str]], table: MonitorTable
) -> tuple[tuple[str, ...], list[Diagnostic]]:
    from pbt_tui.tui import column_choice

    wrong = []
    for page, names in pages.items():
        where = table.where("columns", page)
        if page != "jobs":
            hint = "`jobs` is the page whose columns can be chosen"
            wrong.append(_error(f"the columns of `{page}` cannot be chosen", where, hint))
            continue
        wrong += [_error(why, where, hint) for why, hint in column_choice.faults(names)]
    return tuple(pages.get("jobs", ())), wrong


def _check_theme(name: str, own: Iterable[str], where: Where) -> None:
    from pbt_tui.tui.preferences import THEMES

    known = [*THEMES, *own]
    if name in known:
        return
    known += _more_themes()
    if name not in known:
        raise UsageError(f"there is no theme `{name}`", where=where, hint=_near(name, known))


def _more_themes() -> Iterator[str]:
    """The names of Textual's themes, which only a name that is none of ours needs."""
    from textual.theme import BUILTIN_THEMES

    yield from BUILTIN_THEMES


def _near(word: str, known: Iterable[str]) -> str | None:
    found = get_close_matches(word, list(known), n=1)
    return f"did you mean `{found[0]}`" if found else None


def _error(message: str, where: Where, hint: str | None = None) -> Diagnostic:
    return Diagnostic("error", message, where=where, hint=hint)
