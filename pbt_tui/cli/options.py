"""Options: the parser of all commands, and the settings table as options.

Must not know what a command does with them. `_` and `-` are alike in long options; what was not
given is `None`, so that flag, file and default can be told apart.
"""

from __future__ import annotations

import argparse
import re
import shutil
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

from pbt_tui.errors import UsageError, printable
from pbt_tui.settings import SETTINGS, Given, Section, Setting, gather, near, sound
from pbt_tui.settings.parsers import boolean


class Parser(argparse.ArgumentParser):
    """`argparse` that reads `_` and `-` alike and whose mistakes are `UsageError`.

    Options that are many and seldom wanted are in topics: `--help` names them, `--help TOPIC`
    explains them.
    """

    def __init__(self, **more: Any) -> None:
        more.setdefault("allow_abbrev", False)
        more.setdefault("formatter_class", _Help)
        super().__init__(add_help=False, **more)
        self.topics: dict[str, argparse._ArgumentGroup] = {}
        hide = argparse.SUPPRESS
        self._help = self.add_argument(
            "-h", "--help", action=_HelpAction, nargs=0, dest=hide, default=hide, help=_HELP
        )

    def topic(self, name: str, title: str) -> argparse._ArgumentGroup:
        """A group of options that `--help` only names."""
        self._help.nargs, self._help.metavar, self._help.help = "?", "TOPIC", _HELP_ON
        self.topics[name] = self.add_argument_group(title)
        return self.topics[name]

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
        return found

    def error(self, message: str) -> NoReturn:
        message = re.sub(r"^argument ([^:]*):", r"`\1`:", message)
        raise UsageError(message, hint=f"see `{self.prog} --help`")


_HELP = "show this and exit"
_HELP_ON = "show this and exit; of a TOPIC, or of `all`, each option with its meaning"


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
        width = min(more.pop("width", None) or shutil.get_terminal_size().columns - 1, 100)
        super().__init__(prog, max_help_position=30, width=width, **more)


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


def yes_no(text: str) -> bool:
    """The original's true/false words."""
    try:
        return boolean(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected true or false, got `{text}`") from None


def add_settings(parser: Parser, *sections: Section) -> None:
    """Adds the settings of these sections as options, a topic each."""
    for section in sections:
        group = parser.topic(section, _TITLES[section])
        for setting in SETTINGS:
            if setting.section == section:
                _add(group, setting)


_TITLES = {
    "policy": "how it is run",
    "container": "the container that jobs run in",
    "slurm": "SLURM",
    "ngc": "NGC Base Command",
}


def _add(group: argparse._ArgumentGroup, setting: Setting) -> None:
    name, flag, hide = setting.dest, setting.flag, argparse.SUPPRESS
    if setting.read is boolean:
        group.add_argument(
            flag, dest=name, action="store_const", const=True, default=None, help=setting.help
        )
        if setting.option:
            group.add_argument(
                f"--{name}", dest=name, action="store_const", const=True, default=None, help=hide
            )
        group.add_argument(
            f"--no_{name}", dest=name, action="store_const", const=False, default=None, help=hide
        )
        return
    action = "append" if setting.many else "store"
    group.add_argument(flag, dest=name, action=action, metavar=setting.metavar, help=setting.help)
    if setting.option:
        group.add_argument(f"--{name}", dest=name, action=action, help=hide)


def given(args: argparse.Namespace) -> Given:
    """What the settings' options said, read and checked; raises `Findings` (2)."""
    said = ((s, getattr(args, s.dest, None)) for s in SETTINGS)
    return gather([(s, raw) for s, raw in said if raw is not None], lambda s: f"`{s.flag}`")


def over_template(flags: Given, file: Given) -> Given:
    """Flags over the original's template for NGC, if there is one, over the settings file."""
    given = flags.over(file)
    name = given.ngc.pop("job_template", None)
    if name is None:
        return given
    from pbt_tui.backends.ngc.template import read

    given = flags.over(read(Path(name))).over(file)
    del given.ngc["job_template"]
    return given


def with_template(given: Given) -> Given:
    """The same, with the text of the template instead of its path; raises `UsageError`."""
    path = given.slurm.get("sbatch_template")
    if path is None:
        return given
    try:
        text = sound(Path(path).read_bytes().decode())
    except OSError as e:
        said = f"`--slurm_sbatch_template`: cannot read `{printable(path)}`"
        raise UsageError(f"{said}: {(e.strerror or '').lower()}") from None
    except ValueError:
        said = f"`--slurm_sbatch_template`: expected UTF-8 text in `{printable(path)}`"
        raise UsageError(said) from None
    return replace(given, slurm={**given.slurm, "sbatch_template": text})
