"""Options: the parser of all commands, and the settings table as options.

Must not know what a command does with them. `_` and `-` are alike in long options; what was not
given is `None`, so that flag, file and default can be told apart.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise
from typing import Any, NoReturn

from pbt_tui.backends import BACKENDS, Backend
from pbt_tui.errors import UsageError
from pbt_tui.settings import Given, Setting, gather, near, structs
from pbt_tui.settings.parsers import boolean
from pbt_tui.settings.run_settings import COMPILE, CONTAINER, POLICY


class Parser(argparse.ArgumentParser):
    """`argparse` that reads `_` and `-` alike and whose mistakes are `UsageError`.

    `settings` are those whose options it has; what is parsed has them, too. Options that are many
    and seldom wanted are in topics: `--help` names them, `--help TOPIC` explains them.
    """

    def __init__(self, **more: Any) -> None:
        more.setdefault("allow_abbrev", False)
        more.setdefault("formatter_class", _Help)
        super().__init__(add_help=False, **more)
        self.topics: dict[str, argparse._ArgumentGroup] = {}
        self.settings: tuple[Setting, ...] = ()
        self.unexplained: dict[argparse.Action, Setting] = {}
        hide = argparse.SUPPRESS
        self._help = self.add_argument(
            "-h", "--help", action=_HelpAction, nargs=0, dest=hide, default=hide, help=_HELP
        )

    def topic(self, name: str, title: str) -> argparse._ArgumentGroup:
        """A group of options that `--help` only names."""
        self._help.nargs, self._help.metavar, self._help.help = "?", "TOPIC", _HELP_ON
        self.topics[name] = self.add_argument_group(title)
        return self.topics[name]

    def explain(self, group: argparse._ArgumentGroup) -> None:
        """Gives the settings of a group their help texts, which their types hold."""
        settings = {a: self.unexplained.pop(a, None) for a in group._group_actions}
        if not any(settings.values()):
            return
        from pbt_tui.settings.descriptions import help_text

        struct_of = structs(BACKENDS)
        for action, setting in settings.items():
            if setting is not None:
                text = help_text(setting, struct_of(setting.section))
                action.help = text.replace("%", "%%")

    def format_help(self, topic: str | None = None) -> str:
        """Of one topic, of `all`, or what is not in one and the names of what is."""
        hidden = {id(group) for group in self.topics.values()}
        shown = [g for g in self._action_groups if topic == "all" or id(g) not in hidden]
        formatter = self._get_formatter()
        if topic in self.topics:
            shown = [self.topics[topic]]
        else:
            formatter.add_usage(self.usage, self._actions, self._mutually_exclusive_groups)
            formatter.add_text(self.description)
        for group in shown:
            self.explain(group)
            formatter.start_section(group.title)
            formatter.add_arguments(group._group_actions)
            formatter.end_section()
        for name, group in self.topics.items() if topic is None else ():
            formatter.start_section(f"{group.title} (explained by `--help {name}`)")
            formatter.add_text(" ".join(_flags(group)))
            formatter.end_section()
        if topic not in self.topics:
            formatter.add_text(self.epilog)
        return formatter.format_help()

    def parse_known_args(  # type: ignore[override]  # typeshed spells four overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        return super().parse_known_args(alike(sys.argv[1:] if args is None else args), namespace)

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> argparse.Namespace:
        found, rest = self.parse_known_args(args, namespace)
        if rest:
            word = rest[0].partition("=")[0]
            known = [o for a in self._actions for o in a.option_strings]
            raise UsageError(f"unknown argument: `{word}`", hint=near(word, known))
        if self.settings:
            found.settings = self.settings
        return found

    def error(self, message: str) -> NoReturn:
        message = re.sub(r"^argument ([^:]*):", r"`\1`:", message)
        raise UsageError(message, hint=f"see `{self.prog} --help`")


_HELP = "show this help and exit"
_HELP_ON = "show this, a TOPIC or `all` options, and exit"


class _HelpAction(argparse.Action):
    def __call__(self, parser: Any, namespace: Any, values: Any, *rest: Any) -> None:
        known = values in ("all", *parser.topics)  # else the target of the command, or a slip
        print(parser.format_help(values if known else None), end="")
        parser.exit(0)


def _flags(group: argparse._ArgumentGroup) -> list[str]:
    shown = (a for a in group._group_actions if a.help is not argparse.SUPPRESS)
    return [action.option_strings[0] for action in shown]


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str, **more: Any) -> None:
        width = min(more.pop("width", None) or _columns() - 1, 100)
        super().__init__(prog, max_help_position=30, width=width, **more)


def _columns() -> int:
    """As `shutil` has it, which costs 3 ms to import."""
    message = os.environ.get("COLUMNS", "")
    if message.isdecimal() and int(message):
        return int(message)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 80


def alike(argv: Iterable[str]) -> list[str]:
    """Long options with `_` for every `-` in the name; values and what follows `--` stay."""
    words = []
    literal = False
    for word in argv:
        literal = literal or word == "--"
        if not literal and word.startswith("--"):
            name, equals, value = word.partition("=")
            word = "--" + name[2:].replace("-", "_") + equals + value  # noqa: PLW2901
        words.append(word)
    return words


def early_values(argv: Iterable[str], option: str) -> list[str]:
    """What an option is given, before anything else can be read: each value, in order."""
    words = [*alike(argv), ""]
    found = []
    for word, after in pairwise(words):
        if word == "--":
            break
        name, equals, value = word.partition("=")
        if name == option:
            found.append(value if equals else after)
    return [value for value in found if value and not value.startswith("-")]


def add_settings(parser: Parser, *sections: str) -> None:
    """Adds the settings of these sections as options, a topic each."""
    for section in sections:
        title, settings = _TITLES.get(section), _OF_RUNS.get(section)
        if title is None or settings is None:
            backend = BACKENDS.get(section)
            title, settings = backend.title, backend.settings
        if settings:
            group = parser.topic(section, title)
            for setting in settings:
                parser.unexplained[_add(group, setting)] = setting
            parser.settings += settings


OF_MODULES = ("train_dir", "experiment_suffix", "seed", "load_timeout", "load_memory")
"""Options that only a run module takes: they say how it is compiled."""
COMPILING = {setting.name: setting for setting in COMPILE}
SUFFIX = "text appended to the names of experiment folders"


def add_compiling(group: argparse._ActionsContainer) -> None:
    """Adds the options that say how a run module is compiled."""
    for name in OF_MODULES:
        setting = COMPILING.get(name)
        metavar, text = (setting.metavar, setting.help) if setting else ("TEXT", SUFFIX)
        group.add_argument(f"--{name}", metavar=metavar, help=text)


_TITLES = {"policy": "scheduling policy", "container": "container of the jobs"}
_OF_RUNS = {"policy": POLICY, "container": CONTAINER}


def add_installed(parser: Parser, argv: Sequence[str], fits: Callable[[Backend], bool]) -> None:
    """Adds the settings of the installed backends that these arguments name, if they fit.

    One is named by `--backend`, or by an option that begins with its name. They are looked up only
    where an argument is of nothing that is built in. Raises `UnknownKind` or `BrokenKind`.
    """
    words = [word.partition("=")[0] for word in alike(argv) if word.startswith("--")]
    unknown = [word for word in words if word not in parser._option_string_actions]
    asked = [name for name in early_values(argv, "--backend") if name not in BACKENDS.built_in]
    names = BACKENDS.names() if unknown else ()
    named = [n for n in names if any(w.startswith((f"--{n}_", f"--no_{n}_")) for w in unknown)]
    for name in dict.fromkeys((*asked, *named)):
        if name not in BACKENDS.built_in and fits(BACKENDS.get(name)):
            add_settings(parser, name)


def _add(group: argparse._ArgumentGroup, setting: Setting) -> argparse.Action:
    """The option that is shown; its other spellings are hidden."""
    name, flag, hide = setting.dest, setting.flag, argparse.SUPPRESS
    if setting.read is boolean:
        shown = group.add_argument(flag, dest=name, action="store_const", const=True, default=None)
        if setting.option:
            group.add_argument(
                f"--{name}", dest=name, action="store_const", const=True, default=None, help=hide
            )
        group.add_argument(
            f"--no_{name}", dest=name, action="store_const", const=False, default=None, help=hide
        )
        return shown
    action = "append" if setting.many else "store"
    shown = group.add_argument(flag, dest=name, action=action, metavar=setting.metavar)
    if setting.option:
        group.add_argument(f"--{name}", dest=name, action=action, help=hide)
    return shown


def given(args: argparse.Namespace) -> Given:
    """What the settings' options said, read and checked; raises `Findings` (2)."""
    message = ((s, getattr(args, s.dest)) for s in args.settings)
    return read_options([(s, raw) for s, raw in message if raw is not None])


def read_options(said: Iterable[tuple[Setting, Any]]) -> Given:
    """The same for settings whose texts are at hand."""
    return gather(said, lambda s: f"`{s.flag}`", structs(BACKENDS))


def complete(flags: Given, file: Given, backends: Collection[str] | None = None) -> Given:
    """Flags over the settings file, with the contents of the files that they name.

    These are read for all backends of which something was said, or for some of those.
    """
    message = dict.fromkeys((*file.backends, *flags.backends))
    for name in message if backends is None else [n for n in backends if n in message]:
        flags = BACKENDS.get(name).complete(flags, file)
    return flags.over(file)
