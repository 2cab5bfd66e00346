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

from pbt_tui.cli import error_boundary, plain, web
from pbt_tui.errors import UsageError, Where, command, printable
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.web.child_environment import in_a_page

if TYPE_CHECKING:
    from pbt_tui.tui.fleet.runs_reader import RunsReader
    from pbt_tui.tui.start_executor import StartedExecutor
    from pbt_tui.tui.targets import SeveralRuns, ToStart, Workspace

THEME = "dark"
"""The default theme."""


def entry() -> NoReturn:
    """The console script."""
    error_boundary.run(main)


def main(argv: Sequence[str]) -> int:
    """Shows a run, or several, until the user quits, or once. Returns the exit code."""
    from pbt_tui.cli import run_list
    from pbt_tui.tui import targets

    args = parser(argv).parse_args(_with_spans(argv))
    if args.json and not args.once:
        raise UsageError("`--json` needs `--once`")
    web.check(args)
    plain.check(args)
    if args.at is not None:
        _check_moment(args)
    if args.demo:
        return _demo(args)
    if args.export is not None:
        return _export(args)
    if args.web:
        return web.run(args, lambda: _served(args))
    found = _found(args)
    once = args.once or not _on_terminal()
    if isinstance(found, targets.SeveralRuns):
        _refuse(_passed_on(args) if args.at is None else [f"--at={args.at}"], "a folder of runs")
        if args.plain:
            raise _ambiguous(found)
        if not once:
            return _told(_show(None, args, None, several=found))
        run_list.once(found.folder, json=args.json, ascii_only=args.ascii)
        if not args.once:
            print("hint: on a terminal, `pbt-tui` shows this live", file=sys.stderr)
        return 0
    if args.plain:
        return plain.run(_told_feed(args, found), args)
    feed = _feed(args, found)
    others = None if args.run else targets.others(args.target)
    note = run_list.note(others, on_screen=not once)
    if once:
        if note:
            print(f"note: {note}", file=sys.stderr)
        code = _once(feed, args)
        if not args.once:
            print(
                "hint: on a terminal, `pbt-tui` shows this live; `--plain` tells each change",
                file=sys.stderr,
            )
            return 0
        return code
    return _told(_show(feed, args, note, several=others))


def _told(message: str | None) -> int:
    if message:
        print(message)
    return 0


def parser(argv: Sequence[str] = ()) -> argparse.ArgumentParser:
    """All options, including those of the installed backends that `argv` names."""
    from pbt_tui.backends import BACKENDS
    from pbt_tui.cli.compile_options import _Version
    from pbt_tui.cli.options import Parser, add_compiling, add_installed, add_settings
    from pbt_tui.cli.run_options import runtimes_help

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
        help="show the run as it was: 22:34, 22:34:30, 2026-11-29 22:34, a time with its zone, "
        "-2h before its end (or before now), Unix seconds, or seq:1234, a line of its journal",
    )
    p.add_argument(
        "--export",
        metavar="FILE",
        help="write the lineage of the run's populations to FILE, whose name ends with .csv, .json "
        "or .svg, and the schedules of their best members to schedule.json beside it; then exit",
    )
    p.add_argument("--read_only", action="store_true", help="send no requests to the executor")
    p.add_argument("--ascii", action="store_true", help="draw with ASCII characters only")
    p.add_argument(
        "--theme",
        metavar="NAME",
        default=os.environ.get("PBT_THEME", THEME),
        help=f"dark, light, ansi-dark or ansi-light (default: $PBT_THEME, else {THEME})",
    )
    p.add_argument(
        "--interval",
        type=_seconds,
        default=0.25,
        metavar="S",
        help="seconds between two reads of the journal (default: %(default)s)",
    )
    p.add_argument(
        "--no_mouse", action="store_true", help="do not capture the mouse: the terminal keeps it"
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
    web.add_options(p)
    add_compiling(p.add_argument_group("how a run module is compiled"))
    add_settings(p, "policy", "container", *followed)
    add_installed(p, argv, lambda backend: bool(backend.runtimes))
    return p


def _with_spans(argv: Sequence[str]) -> list[str]:
    """The arguments, with `--at -2h` as one: argparse takes `-2h` for an option."""
    found: list[str] = []
    for argument in argv:
        if found and found[-1] == "--at" and argument[:1] == "-" and argument[1:2].isdigit():
            found[-1] += f"={argument}"
        else:
            found.append(argument)
    return found


def _check_moment(args: argparse.Namespace) -> None:
    """Refuses what is no time before anything is read."""
    from pbt_tui.tui.time_travel import moments

    if args.export is not None:
        raise UsageError("`--at` has no effect on `--export`: it writes when each generation was")
    moments.check(args.at)


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


def _on_terminal() -> bool:
    if in_a_page(os.environ):  # its terminal is in a browser
        return True
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


# -- which run -------------------------------------------------------------------------------------


def _found(args: argparse.Namespace) -> Path | ToStart | Workspace | SeveralRuns:
    from pbt_tui.tui import targets

    if args.run and args.target:
        raise UsageError("TARGET and `--run` name two targets")
    return targets.resolve(args.run or args.target, is_module=bool(args.run))


def _feed(
    args: argparse.Namespace, found: Path | ToStart | Workspace | SeveralRuns
) -> JournalFollower:
    from pbt_tui.journal.run_dir import RunDir
    from pbt_tui.tui import targets

    if isinstance(found, targets.SeveralRuns):
        raise _ambiguous(found)
    more = _passed_on(args)
    if isinstance(found, targets.Workspace):
        _refuse([f"--at={args.at}"] if args.at is not None else more, "a workspace")
        return JournalFollower.of_workspace(found.path, found.style)
    if isinstance(found, targets.ToStart):
        if args.read_only or args.export is not None or args.at is not None:
            given = "--read_only" if args.read_only else "--at" if args.at else "--export"
            raise UsageError(
                f"`{found.target}` would have to be started, but `{given}` was given",
                hint="pass its run directory instead",
            )
        return JournalFollower(RunDir(targets.start(found, more)))
    _refuse(more, "a run directory")
    return JournalFollower(RunDir(found))


def _ambiguous(found: SeveralRuns) -> UsageError:
    return UsageError(
        "it holds several runs: name one",
        where=Where(file=str(found.folder)),
        hint=f"`{command('pbt-tui', found.folder, '--once')}` lists them",
    )


def _told_feed(
    args: argparse.Namespace, found: Path | ToStart | Workspace | SeveralRuns
) -> JournalFollower:
    """The same, for a mode whose output has no place for the note."""
    from pbt_tui.cli import run_list
    from pbt_tui.tui import targets

    feed = _feed(args, found)
    others = None if args.run or feed.workspace else targets.others(args.target)
    if note := run_list.note(others, on_screen=False):
        print(f"note: {note}", file=sys.stderr)
    return feed


def _served(args: argparse.Namespace) -> tuple[str, Path]:
    """Name and path of what pages show."""
    from pbt_tui.tui import targets

    found = _found(args)
    if isinstance(found, targets.SeveralRuns):
        _refuse(_passed_on(args), "a folder of runs")
        return found.folder.name, found.folder
    feed = _told_feed(args, found)
    return feed.state.spec.run, feed.rundir.path


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
    if args.web:
        return web.run(args, None)
    once = args.once or not (args.plain or _on_terminal())
    with ReplaySession(still=once) as session:
        if once:
            return _once(JournalFollower(session.wait()), args, session.clock.now)
        print("replaying the first hours of an example run …", file=sys.stderr)
        if args.plain:
            return plain.run(JournalFollower(session.wait()), args, session.clock.now)
        _load_screens()  # meanwhile
        feed = JournalFollower(session.wait())

        def start(target: Path) -> StartedExecutor:
            session.start_executor()
            return StartedExecutor(0, "", "")

        _show(feed, args, None, now=session.clock.now, start=start)
        session.check()
    print("this was an example run, and it is removed; yours: `pbt-tui RUN_DIR`")
    return 0


def _once(
    feed: JournalFollower, args: argparse.Namespace, clock: Callable[[], float] = time.time
) -> int:
    from pbt_tui.observe.snapshot import Populations, encode, snapshot, workspace_snapshot
    from pbt_tui.tui import text_report

    feed.read_all()
    if args.at is not None:
        return _once_at(feed, args, clock)
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
    _print(text_report.page(feed, now, populations=rows), args)
    return text_report.exit_code(feed.state)


def _once_at(
    feed: JournalFollower, args: argparse.Namespace, clock: Callable[[], float] = time.time
) -> int:
    """Prints the run as it was. Its exit code is that of then."""
    from pbt_tui.observe.snapshot import Populations, encode, snapshot
    from pbt_tui.tui import text_report
    from pbt_tui.tui.time_travel.past_run import PastRun

    past = PastRun(feed, clock=clock)
    past.read_all()
    progress = past.open_progress()
    while progress.poll():
        pass
    moment = past.named(args.at)
    past.go(moment.time, moment.line)
    if past.error is not None:
        raise past.error
    if moment.note:
        print(f"note: {moment.note}", file=sys.stderr)
    populations = Populations(feed.state, feed.rundir)
    populations.poll()
    live = feed.holder is not None
    rows = past.populations(populations.rows(feed.now(clock()), live=live))
    if args.json and args.once:
        then = snapshot(
            past.state,
            past.rundir,
            past.holder is not None,
            now=past.moment,
            progress=progress,
            rows=rows,
        )
        sys.stdout.buffer.write(encode(then))
    else:
        _print(text_report.page(past, past.moment, populations=rows, then=past.told), args)
    return text_report.exit_code(past.state)


def _print(text: str, args: argparse.Namespace) -> None:
    from pbt_tui.tui import text_report

    encoding = (sys.stdout.encoding or "ascii").lower()
    if args.ascii or not encoding.startswith("utf"):
        text = text_report.in_ascii(text)
    sys.stdout.write(text)


def _export(args: argparse.Namespace) -> int:
    from pbt_tui.cli import export

    if args.once:
        raise UsageError("`--export` and `--once` exclude each other")
    path = export.checked(args.export)
    feed = _feed(args, _found(args))
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


def _show(
    feed: JournalFollower | None,
    args: argparse.Namespace,
    note: str | None,
    *,
    now: Callable[[], float] = time.time,
    start: Callable[[Path], StartedExecutor] | None = None,
    several: SeveralRuns | None = None,
) -> str | None:
    """Shows a run, or several, or a run from which a key leads to several."""
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
        theme=args.theme,
        ascii_only=args.ascii,
        interval=args.interval,
        now=now,
        note=note,
        start=start,
        runs=None if several is None else partial(_runs, several),
        at=args.at,
    )
    return monitor.run(mouse=not args.no_mouse)


def _runs(several: SeveralRuns) -> RunsReader:
    from pbt_tui.tui.fleet.runs_reader import RunsReader

    return RunsReader(several.folder, found=several.runs)


if __name__ == "__main__":
    entry()
