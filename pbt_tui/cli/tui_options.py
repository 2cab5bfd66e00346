"""The options of `pbt-tui`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from pbt_tui.cli import plain, web


class NoOptions(argparse.Namespace):
    """The arguments of a command that names a target at most: each option is None."""

    settings = ()

    def __getattr__(self, name: str) -> None:
        if name.startswith("__"):
            raise AttributeError(name)


def target_alone(argv: Sequence[str]) -> NoOptions | None:
    """The arguments of a command without options; None: it has some, which `parser` reads.

    For its options the parser loads every backend and runtime: a twentieth of the time until the
    first picture.
    """
    if len(argv) > 1 or any(word.startswith("-") for word in argv):
        return None
    return NoOptions(target=next(iter(argv), None))


def parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """All options, including those of the installed backends that `argv` names."""
    from pbt_tui.backends import BACKENDS
    from pbt_tui.cli.compile_options import _Version
    from pbt_tui.cli.monitor_config import VARIABLE
    from pbt_tui.cli.options import Parser, add_compiling, add_installed, add_settings
    from pbt_tui.cli.run_options import runtimes_help
    from pbt_tui.tui.preferences import Preferences

    usual = Preferences()
    p = Parser(
        prog="pbt-tui",
        usage="pbt-tui [options] [TARGET]",
        description="Show a run: live, held, finished, or copied from another machine.",
        epilog="Quitting stops no job. Exit code: 0; with --once, 4 if the run is closed and not "
        "all jobs succeeded.",
    )
    p.add_argument(
        "target",
        nargs="?",
        metavar="TARGET",
        help="run directory, folder of several, spec or run module (`pbt-run` starts it first), or "
        "workspace of a population; without TARGET, the newest run below ./train_dir",
    )
    p.add_argument(
        "--run", metavar="MODULE", help="a run module, as the upstream launcher spells it"
    )
    p.add_argument(
        "--demo",
        action="store_true",
        help="show an example run, 60 times as fast as real time, with simulated trainers; all "
        "keys work",
    )
    p.add_argument("--once", action="store_true", help="print the run as text and exit")
    p.add_argument(
        "--json",
        action="store_true",
        help="with --once: print JSON (pbt-snapshot/1, of several runs pbt-fleet/1)",
    )
    plain.add_options(p)
    p.add_argument(
        "--at",
        metavar="TIME",
        help="show the run as it was: 22:34, 2026-11-29 22:34, -2h (before its end, or before "
        "now), Unix seconds, or seq:1234, a line of its journal",
    )
    p.add_argument(
        "--export",
        metavar="FILE",
        help="write the lineage of the populations to FILE (.csv, .json, .svg), and the schedules "
        "of their best members to schedule.json beside it; exit",
    )
    p.add_argument("--read_only", action="store_true", help="send no requests to the executor")
    p.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    followed = [name for name in BACKENDS.built_in if BACKENDS.get(name).runtimes]
    start = p.add_argument_group("how a spec or a run module is started")
    start.add_argument("--runtime", metavar="NAME", help=runtimes_help())
    start.add_argument("--backend", metavar="NAME", help=_backends_help(followed))
    start.add_argument("--failed", action="store_true", help="retry all jobs that did not succeed")
    start.add_argument(
        "--fresh",
        action="store_true",
        help="rename the old run to `_pbt.1`; start a new one",
    )
    web.add_options(p)
    add_compiling(p.add_argument_group("how a run module is compiled"))
    screen = p.topic("screen", "appearance, and notifications of the terminal")
    screen.add_argument("--ascii", action=_Switch, help="draw with ASCII characters only")
    screen.add_argument(
        "--theme",
        metavar="NAME",
        help="dark, light, ansi-dark, ansi-light, or one of your configuration (default: "
        f"${VARIABLE}, else that of the configuration, else {usual.theme})",
    )
    screen.add_argument(
        "--interval",
        type=_seconds,
        metavar="S",
        help=f"seconds between two reads of the journal (default: {usual.interval:g})",
    )
    screen.add_argument(
        "--mouse", action=_Switch, help="capture the mouse; with --no_mouse the terminal keeps it"
    )
    screen.add_argument(
        "--title", action=_Switch, help="the title of the terminal tells the run; or --no_title"
    )
    screen.add_argument(
        "--notify",
        type=_ways,
        metavar="WAYS",
        help="how the terminal is told of failures and of the end: bell, osc9, osc777, separated "
        f"by commas, or none (default: {','.join(usual.notify)})",
    )
    add_settings(p, "policy", "container", *followed)
    add_installed(p, argv, lambda backend: bool(backend.runtimes))
    return p


def with_spans(argv: Sequence[str]) -> list[str]:
    """The arguments, with `--at -2h` as one: argparse takes `-2h` for an option."""
    found: list[str] = []
    for argument in argv:
        if found and found[-1] == "--at" and argument[:1] == "-" and argument[1:2].isdigit():
            found[-1] += f"={argument}"
        else:
            found.append(argument)
    return found


class _Switch(argparse.Action):
    """`--x` and `--no_x`; None: neither is given, and the configuration decides."""

    def __init__(self, option_strings: Sequence[str], dest: str, **more: str) -> None:
        names = [*option_strings, *(f"--no_{name[2:]}" for name in option_strings)]
        super().__init__(names, dest, nargs=0, help=more["help"])

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, not (option_string or "").startswith("--no_"))


def _backends_help(names: Sequence[str]) -> str:
    return f"{names[0]} (run here), {', '.join(names[1:])}, or an installed one"


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.05 <= value <= 3600:
        raise argparse.ArgumentTypeError(f"expected seconds from 0.05 on, got `{text}`")
    return value


def _ways(text: str) -> tuple[str, ...]:
    from pbt_tui.tui.terminal_messages import WAYS

    ways = () if text == "none" else tuple(way.strip() for way in text.split(","))
    if any(way not in WAYS for way in ways):
        known = ", ".join(f"`{way}`" for way in WAYS)
        raise argparse.ArgumentTypeError(f"expected {known} or `none`, got `{text}`")
    return ways
