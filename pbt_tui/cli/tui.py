"""`pbt-tui`: finds a run and shows it: on a screen, as text, or as JSON.

A run directory is only read. A spec or a run module is first started with `pbt-run --detach`, as a
process of its own. Text and JSON never import Textual.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from pbt_tui.cli import error_boundary
from pbt_tui.errors import UsageError, printable
from pbt_tui.tui.journal_follower import JournalFollower

if TYPE_CHECKING:
    from pbt_tui.tui.preferences import Preferences
    from pbt_tui.tui.start_executor import StartedExecutor

    Wanted = tuple[Preferences, str | None]


def entry() -> NoReturn:
    """The console script."""
    error_boundary.run(main)


def main(argv: Sequence[str]) -> int:
    """Shows a run until the user quits, or once. Returns the exit code."""
    from pbt_tui.tui import targets

    args = parser(argv).parse_args(list(argv))
    if args.json and not args.once:
        raise UsageError("`--json` needs `--once`")
    if args.demo:
        return _demo(args)
    if args.export is not None:
        return _export(args)
    shows = not args.once and _on_terminal()
    wanted = _preferences(args) if shows else None  # before anything is started
    feed = _feed(args)
    note = None if args.run or feed.workspace else targets.others(args.target)
    if wanted is None:
        if note:
            print(f"note: {note}", file=sys.stderr)
        code = _once(feed, args)
        if not args.once:
            print("hint: on a terminal, `pbt-tui` shows this live", file=sys.stderr)
            return 0
        return code
    message = _show(feed, args, note, wanted)
    if message:
        print(message)
    return 0


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
        help="run directory, spec or run module (`pbt-run` starts it first), or workspace of a "
        "population; without TARGET, the newest run below ./train_dir",
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
    p.add_argument("--json", action="store_true", help="with --once: print JSON (pbt-snapshot/1)")
    p.add_argument(
        "--export",
        metavar="FILE",
        help="write the lineage of the run's populations to FILE, whose name ends with .csv, .json "
        "or .svg, and the schedules of their best members to schedule.json beside it; then exit",
    )
    p.add_argument("--read_only", action="store_true", help="send no requests to the executor")
    p.add_argument("--ascii", action=_Switch, help="draw with ASCII characters only")
    p.add_argument(
        "--theme",
        metavar="NAME",
        help="dark, light, ansi-dark, ansi-light, or one of your configuration (default: "
        f"${VARIABLE}, else that of the configuration, else {usual.theme})",
    )
    p.add_argument(
        "--interval",
        type=_seconds,
        metavar="S",
        help=f"seconds between two reads of the journal (default: {usual.interval:g})",
    )
    p.add_argument(
        "--mouse", action=_Switch, help="capture the mouse; with --no_mouse the terminal keeps it"
    )
    p.add_argument(
        "--title", action=_Switch, help="the title of the terminal tells the run; or --no_title"
    )
    p.add_argument(
        "--notify",
        type=_ways,
        metavar="WAYS",
        help="how the terminal is told of failures and of the end: bell, osc9, osc777, separated "
        f"by commas, or none (default: {','.join(usual.notify)})",
    )
    p.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    followed = [name for name in BACKENDS.built_in if BACKENDS.get(name).runtimes]
    start = p.add_argument_group("how a spec or a run module is started")
    start.add_argument("--runtime", metavar="NAME", help=runtimes_help())
    start.add_argument("--backend", metavar="NAME", help=_backends_help(followed))
    start.add_argument("--failed", action="store_true", help="retry all jobs that did not succeed")
    start.add_argument(
        "--fresh",
        action="store_true",
        help="rename the old run to `_pbt.1`, start a new one",
    )
    add_compiling(p.add_argument_group("how a run module is compiled"))
    add_settings(p, "policy", "container", *followed)
    add_installed(p, argv, lambda backend: bool(backend.runtimes))
    return p


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


def _on_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


# -- which run -------------------------------------------------------------------------------------


def _feed(args: argparse.Namespace) -> JournalFollower:
    from pbt_tui.journal.run_dir import RunDir
    from pbt_tui.tui import targets

    if args.run and args.target:
        raise UsageError("TARGET and `--run` name two targets")
    found = targets.resolve(args.run or args.target, is_module=bool(args.run))
    more = _passed_on(args)
    if isinstance(found, targets.Workspace):
        _refuse(more, "a workspace")
        return JournalFollower.of_workspace(found.path, found.style)
    if isinstance(found, targets.ToStart):
        if args.read_only or args.export is not None:
            given = "--read_only" if args.read_only else "--export"
            raise UsageError(
                f"`{found.target}` would have to be started, but `{given}` was given",
                hint="pass its run directory instead",
            )
        return JournalFollower(RunDir(targets.start(found, more)))
    _refuse(more, "a run directory")
    return JournalFollower(RunDir(found))


def _refuse(more: Sequence[str], what: str) -> None:
    if more:
        raise UsageError(
            f"`{more[0]}` has no effect on {what}: `pbt-tui` only reads it",
            hint="give it to `pbt-run`",
        )


def _passed_on(args: argparse.Namespace) -> list[str]:
    """The options that `pbt-tui` passes on to `pbt-run`."""
    from pbt_tui.cli.options import OF_MODULES
    from pbt_tui.runtimes import RUNTIMES

    if args.runtime is not None:
        RUNTIMES.get(args.runtime)  # refuses a typo before anything is started
    options = [f"--{name}" for name in ("failed", "fresh") if getattr(args, name)]
    for name in ("backend", "runtime", *OF_MODULES):
        if getattr(args, name) is not None:
            options.append(f"--{name}={getattr(args, name)}")
    for setting in args.settings:
        value = getattr(args, setting.dest)
        if value is None:
            continue
        if isinstance(value, bool):
            options.append(setting.flag if value else f"--no_{setting.dest}")
        else:
            texts = value if isinstance(value, list) else [value]
            options += [f"{setting.flag}={text}" for text in texts]
    return options


# -- showing it ------------------------------------------------------------------------------------


def _demo(args: argparse.Namespace) -> int:
    """Shows the example run, which is removed at the end."""
    from pbt_tui.demo.replay_session import ReplaySession
    from pbt_tui.tui.start_executor import StartedExecutor

    given = ["TARGET"] if args.target else []
    given += [f"`--{name}`" for name in ("run", "export") if getattr(args, name) is not None]
    given += [f"`{option}`" for option in _passed_on(args)]
    if given:
        raise UsageError(f"`--demo` shows an example run: {given[0]} has no effect on it")
    once = args.once or not _on_terminal()
    wanted = None if once else _preferences(args)
    with ReplaySession(still=once) as session:
        if wanted is None:
            return _once(JournalFollower(session.wait()), args, session.clock.now)
        print("replaying the first hours of an example run …", file=sys.stderr)
        _load_screens()  # meanwhile
        feed = JournalFollower(session.wait())

        def start(target: Path) -> StartedExecutor:
            session.start_executor()
            return StartedExecutor(0, "", "")

        _show(feed, args, None, wanted, now=session.clock.now, start=start)
        session.check()
    print("this was an example run, and it is removed; yours: `pbt-tui RUN_DIR`")
    return 0


def _once(
    feed: JournalFollower, args: argparse.Namespace, clock: Callable[[], float] = time.time
) -> int:
    from pbt_tui.observe.snapshot import Populations, encode, snapshot, workspace_snapshot
    from pbt_tui.tui import text_report

    feed.read_all()
    if args.json and args.once:
        live = feed.holder is not None
        found = (
            workspace_snapshot(feed.rundir.path)
            if feed.workspace
            else snapshot(feed.state, feed.rundir, live, now=clock())
        )
        sys.stdout.buffer.write(encode(found))
        return text_report.exit_code(feed.state)
    now = feed.now(clock())
    populations = Populations(feed.state, feed.rundir)
    populations.poll()
    rows = populations.rows(now, live=feed.holder is not None)
    text = text_report.page(feed, now, populations=rows)
    encoding = (sys.stdout.encoding or "ascii").lower()
    if args.ascii or not encoding.startswith("utf"):
        text = text_report.in_ascii(text)
    sys.stdout.write(text)
    return text_report.exit_code(feed.state)


def _export(args: argparse.Namespace) -> int:
    from pbt_tui.cli import export

    if args.once:
        raise UsageError("`--export` and `--once` exclude each other")
    path = export.checked(args.export)
    feed = _feed(args)
    feed.read_all()
    for file in export.export(feed, path):
        print(f"wrote: {printable(str(file))}")
    return 0


def _load_screens() -> None:
    """Imports Textual, after it was told what it reads when it is imported."""
    for name, value in (
        ("TEXTUAL_ANIMATIONS", "none"),
        ("TEXTUAL_SMOOTH_SCROLL", "0"),
        ("TEXTUAL_FPS", "15"),
    ):
        os.environ.setdefault(name, value)
    import pbt_tui.tui.app  # noqa: F401


def _preferences(args: argparse.Namespace) -> Wanted:
    """How this person wants the monitor, and what is to be said about the configuration."""
    from pbt_tui.cli.monitor_config import preferences
    from pbt_tui.cli.user_config import monitor_table

    table, found = monitor_table()
    note = "; ".join(f"{each.where}: {each.message}" for each in found) or None
    return preferences(args, table), note


def _show(
    feed: JournalFollower,
    args: argparse.Namespace,
    note: str | None,
    wanted: Wanted,
    *,
    now: Callable[[], float] = time.time,
    start: Callable[[Path], StartedExecutor] | None = None,
) -> str | None:
    import gc

    gc.disable()  # until all is read: what is made until then stays alive
    _load_screens()
    from functools import partial

    from pbt_tui.cli.user_config import trust
    from pbt_tui.tui.app import Monitor

    monitor = Monitor(
        feed,
        read_only=args.read_only,
        trust=partial(trust, warn=False),
        preferences=wanted[0],
        now=now,
        note=wanted[1] or note,
        start=start,
    )
    return monitor.run(mouse=wanted[0].mouse)


if __name__ == "__main__":
    entry()
