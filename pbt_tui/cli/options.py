"""The argument parser of all commands, and the options of the settings.

In long options `_` and `-` are alike. An option that is not given is `None`: it leaves the value to
the settings file or to the default.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from itertools import pairwise
from textwrap import fill, wrap
from typing import Any, NoReturn

from pbt_tui.backends import BACKENDS, Backend
from pbt_tui.errors import UsageError, printable
from pbt_tui.settings import Given, Setting, gather, near, structs
from pbt_tui.settings.parsers import boolean
from pbt_tui.settings.run_settings import COMPILE, CONTAINER, POLICY


class Parser(argparse.ArgumentParser):
    """An `ArgumentParser` that reads `_` and `-` alike and raises `UsageError`.

    `settings` are the settings that have an option here; the parsed namespace carries them, too.
    Large groups of options are topics: `--help` lists their flags, `--help TOPIC` explains them.
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
        """Adds a group of options whose flags `--help` only lists."""
        self._help.nargs, self._help.metavar, self._help.help = "?", "TOPIC", _HELP_ON
        self.topics[name] = self.add_argument_group(title)
        return self.topics[name]

    def explain(self, group: argparse._ArgumentGroup) -> None:
        """Sets the help texts of the settings of a group, read from the field descriptions."""
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
        """The help of one topic, of `all` options, or (None) of the options outside topics.

        Without a topic, the flags of each topic are only listed.
        """
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
        text = formatter.format_help()
        if topic is None:
            text += f"\n{self._topic_lists(formatter._width)}"
        if topic not in self.topics and self.epilog:
            text += f"\n{fill(self.epilog, formatter._width)}\n"
        return text

    def _topic_lists(self, width: int) -> str:
        """The flags of each topic, without blank lines: a page holds all of them."""
        lines = []
        for name, group in self.topics.items():
            lines.append(f"{group.title} (explained by `--help {name}`):")
            lines += wrap(_flags(group), width, initial_indent="  ", subsequent_indent="  ")
        return "".join(f"{line}\n" for line in lines)

    def parse_known_args(  # type: ignore[override]  # typeshed spells four overloads
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[argparse.Namespace, list[str]]:
        words = self._without_truths(alike(sys.argv[1:] if args is None else args))
        return super().parse_known_args(words, namespace)

    def _without_truths(self, args: Sequence[str]) -> list[str]:
        """The arguments, with `--flag true` and `--flag=false` as the switches that they mean."""
        words = list(args)
        end = words.index("--") if "--" in words else len(words)
        for i in reversed(range(end)):
            flag, equals, text = words[i].partition("=")
            action = self._option_string_actions.get(flag)
            if not isinstance(action, argparse._StoreConstAction) or action.const is not True:
                continue
            after = words[i + 1 : i + 2] if i + 1 < end else []
            if not equals and (not after or after[0].lower() not in ("true", "false")):
                continue
            try:
                yes = boolean(text if equals else after[0])
            except ValueError:
                raise UsageError(f"`{flag}`: expected true or false: `{printable(text)}`") from None
            off = f"--no_{action.dest}"
            switch = [flag] if yes else [off] if off in self._option_string_actions else []
            words[i : i + (1 if equals else 2)] = switch
        return words

    def parse_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> argparse.Namespace:
        parsed, rest = self.parse_known_args(args, namespace)
        if rest:
            flag = rest[0].partition("=")[0]
            known = [o for a in self._actions for o in a.option_strings]
            hint = f"`{flag}` is `{_RENAMED[flag]}` now" if flag in _RENAMED else near(flag, known)
            raise UsageError(f"unknown argument: `{flag}`", hint=hint)
        if self.settings:
            parsed.settings = self.settings
        return parsed

    def _get_values(self, action: argparse.Action, arg_strings: list[str]) -> Any:
        if action.option_strings and action.nargs is None and arg_strings == ["--"]:
            # `--train_dir=--`: argparse drops the value before Python 3.13, and returns `[]`
            value = self._get_value(action, "--")
            self._check_value(action, value)
            return value
        return super()._get_values(action, arg_strings)

    def error(self, message: str) -> NoReturn:
        message = re.sub(r"^argument ([^:]*):", r"`\1`:", message)
        raise UsageError(message, hint=f"see `{self.prog} --help`")


_RENAMED = {"--runner": "--backend"}
"""Options of Sample-Factory 1 that have another name since."""
_MANY = 10
"""Flags from which on their common prefix is written once."""
_HELP = "show this help and exit"
_HELP_ON = "show this, a TOPIC or `all` options, and exit"


class _HelpAction(argparse.Action):
    def __call__(self, parser: Any, namespace: Any, values: Any, *rest: Any) -> None:
        known = values in ("all", *parser.topics)  # else TARGET after `--help`, or a typo
        print(parser.format_help(values if known else None), end="")
        parser.exit(0)


def _flags(group: argparse._ArgumentGroup) -> str:
    """The flags of a group: `--slurm_{qos, time}` where most have one prefix."""
    shown = [a.option_strings[0] for a in group._group_actions if a.help is not argparse.SUPPRESS]
    prefixes = Counter(flag.partition("_")[0] for flag in shown if "_" in flag)
    prefix, count = prefixes.most_common(1)[0] if prefixes else ("", 0)
    if count < _MANY:
        return " ".join(shown)
    start = f"{prefix}_"
    parts = [flag.removeprefix(start) for flag in shown if flag.startswith(start)]
    others = [flag for flag in shown if not flag.startswith(start)]
    return " ".join([f"{start}{{{', '.join(parts)}}}", *others])


class _Help(argparse.HelpFormatter):
    def __init__(self, prog: str, **more: Any) -> None:
        width = min(more.pop("width", None) or _columns() - 1, 100)
        super().__init__(prog, max_help_position=30, width=width, **more)


def _columns() -> int:
    """As `shutil.get_terminal_size`, without the 3 ms that importing `shutil` takes."""
    columns = os.environ.get("COLUMNS", "")
    if columns.isdecimal() and int(columns):
        return int(columns)
    try:
        return os.get_terminal_size(sys.__stdout__.fileno()).columns or 80  # type: ignore[union-attr]
    except (AttributeError, ValueError, OSError):
        return 80


def alike(argv: Iterable[str]) -> list[str]:
    """Replaces `-` by `_` in the names of long options; values and arguments after `--` stay."""
    args = []
    literal = False
    for arg in argv:
        literal = literal or arg == "--"
        if not literal and arg.startswith("--"):
            name, equals, value = arg.partition("=")
            arg = "--" + name[2:].replace("-", "_") + equals + value  # noqa: PLW2901
        args.append(arg)
    return args


def early_values(argv: Iterable[str], option: str) -> list[str]:
    """The values of an option in order, read before the parser knows all options."""
    args = [*alike(argv), ""]
    values = []
    for arg, after in pairwise(args):
        if arg == "--":
            break
        name, equals, value = arg.partition("=")
        if name == option:
            values.append(value if equals else after)
    return [value for value in values if value and not value.startswith("-")]


def add_settings(parser: Parser, *sections: str) -> None:
    """Adds the settings of these sections as options, one topic for each section."""
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


OF_MODULES = (
    "train_dir",
    "experiment_suffix",
    "command_prefix",
    "seed",
    "load_timeout",
    "load_memory",
)
"""Options that only a run module takes: they say how it is compiled."""
COMPILING = {setting.name: setting for setting in COMPILE}
SUFFIX = "text appended to the names of experiment folders"


def add_compiling(group: argparse._ActionsContainer) -> None:
    """Adds the options that control how a run module is compiled."""
    for name in OF_MODULES:
        setting = COMPILING.get(name)
        metavar, text = (setting.metavar, setting.help) if setting else ("TEXT", SUFFIX)
        group.add_argument(f"--{name}", metavar=metavar, help=text)


_TITLES = {"policy": "scheduling policy", "container": "container of the jobs"}
_OF_RUNS = {"policy": POLICY, "container": CONTAINER}


def add_installed(parser: Parser, argv: Sequence[str], fits: Callable[[Backend], bool]) -> None:
    """Adds the settings of the installed backends that `argv` names, if `fits` accepts them.

    An argument names a backend by `--backend NAME`, or by an option that begins with the name.
    Installed backends are looked up only if some argument belongs to no built-in option. Raises
    `UnknownKind` or `BrokenKind`.
    """
    flags = [arg.partition("=")[0] for arg in alike(argv) if arg.startswith("--")]
    unknown = [flag for flag in flags if flag not in parser._option_string_actions]
    asked = [name for name in early_values(argv, "--backend") if name not in BACKENDS.built_in]
    names = BACKENDS.names() if unknown else ()
    named = [n for n in names if any(f.startswith((f"--{n}_", f"--no_{n}_")) for f in unknown)]
    for name in dict.fromkeys((*asked, *named)):
        if name not in BACKENDS.built_in and fits(BACKENDS.get(name)):
            add_settings(parser, name)


def _add(group: argparse._ArgumentGroup, setting: Setting) -> argparse.Action:
    """Adds the options of a setting; returns the one that help shows and hides other spellings."""
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
    """The settings given as options, parsed and checked. Raises `Findings` (2)."""
    texts = ((s, getattr(args, s.dest)) for s in args.settings)
    return read_options([(s, raw) for s, raw in texts if raw is not None])


def read_options(texts: Iterable[tuple[Setting, Any]]) -> Given:
    """Parses and checks pairs of a setting and its text. Raises `Findings` (2)."""
    return gather(texts, lambda s: f"`{s.flag}`", structs(BACKENDS))


def complete(flags: Given, file: Given, backends: Collection[str] | None = None) -> Given:
    """Flags over the settings file; settings that name a file get the contents of that file.

    Such files are read for all backends that have a setting, or only for those in `backends`.
    """
    present = dict.fromkeys((*file.backends, *flags.backends))
    for name in present if backends is None else [n for n in backends if n in present]:
        flags = BACKENDS.get(name).complete(flags, file)
    return flags.over(file)
