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
from pbt_tui.cli.tui_options import parser, target_alone, with_spans
from pbt_tui.cli.tui_targets import (
    ambiguous,
    check_moment,
    follower_of,
    found_target,
    noted_follower,
    passed_on,
    refuse,
    served,
)
from pbt_tui.errors import UsageError, printable
from pbt_tui.tui.journal_follower import JournalFollower
from pbt_tui.web.child_environment import in_a_page

if TYPE_CHECKING:
    from pbt_tui.tui.fleet.runs_reader import RunsReader
    from pbt_tui.tui.preferences import Preferences
    from pbt_tui.tui.start_executor import StartedExecutor
    from pbt_tui.tui.targets import SeveralRuns

    Wanted = tuple[Preferences, str | None]


def entry() -> NoReturn:
    """The console script."""
    error_boundary.run(main)


def main(argv: Sequence[str]) -> int:
    """Shows a run, or several, until the user quits, or once. Returns the exit code."""
    from pbt_tui.cli import run_list
    from pbt_tui.tui import targets

    args = target_alone(argv) or parser(argv).parse_args(with_spans(argv))
    if args.json and not args.once:
        raise UsageError("`--json` needs `--once`")
    web.check(args)
    plain.check(args)
    if args.at is not None:
        check_moment(args)
    if args.demo:
        return _demo(args)
    if args.export is not None:
        return _export(args)
    shows = not args.once and _on_terminal()
    # before anything is started
    wanted = _preferences(args) if shows and not (args.web or args.plain) else None
    if args.web:
        return web.run(args, lambda: served(args), light=_is_light(args))
    found = found_target(args)
    if isinstance(found, targets.SeveralRuns):
        refuse(passed_on(args) if args.at is None else [f"--at={args.at}"], "a folder of runs")
        if args.plain:
            raise ambiguous(found)
        if wanted is not None:
            return _told(_show(None, args, None, wanted, several=found))
        run_list.once(found.folder, json=args.json, ascii_only=bool(args.ascii))
        if not args.once:
            print("hint: on a terminal, `pbt-tui` shows this live", file=sys.stderr)
        return 0
    if args.plain:
        return plain.run(noted_follower(args, found), args)
    feed = follower_of(args, found)
    others = None if args.run else targets.others(args.target)
    note = run_list.note(others, on_screen=wanted is not None)
    if wanted is None:
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
    return _told(_show(feed, args, note, wanted, several=others))


def _told(message: str | None) -> int:
    if message:
        print(message)
    return 0


def _on_terminal() -> bool:
    if in_a_page(os.environ):  # its terminal is in a browser
        return True
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def _demo(args: argparse.Namespace) -> int:
    """Shows the example run, which is removed at the end."""
    from pbt_tui.demo.replay_session import ReplaySession
    from pbt_tui.tui.start_executor import StartedExecutor

    given = ["TARGET"] if args.target else []
    given += [f"`--{name}`" for name in ("run", "export") if getattr(args, name) is not None]
    given += [f"`{option}`" for option in passed_on(args)]
    if given:
        raise UsageError(f"`--demo` shows an example run: {given[0]} has no effect on it")
    if args.web:
        return web.run(args, None, light=_is_light(args))
    once = args.once or not (args.plain or _on_terminal())
    wanted = None if once or args.plain else _preferences(args)
    with ReplaySession(still=once) as session:
        if once:
            return _once(JournalFollower(session.wait()), args, session.clock.now)
        print("replaying the first hours of an example run …", file=sys.stderr)
        if wanted is None:
            return plain.run(JournalFollower(session.wait()), args, session.clock.now)
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
    feed = follower_of(args, found_target(args))
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


def _is_light(args: argparse.Namespace) -> bool:
    from pbt_tui.cli.monitor_config import is_light

    return is_light(_preferences(args)[0])


def _show(
    feed: JournalFollower | None,
    args: argparse.Namespace,
    note: str | None,
    wanted: Wanted,
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
        read_only=bool(args.read_only),
        trust=partial(trust, warn=False),
        preferences=wanted[0],
        now=now,
        note=wanted[1] or note,
        start=start,
        runs=None if several is None else partial(_runs, several),
        at=args.at,
    )
    return monitor.run(mouse=wanted[0].mouse)


def _runs(several: SeveralRuns) -> RunsReader:
    from pbt_tui.tui.fleet.runs_reader import RunsReader

    return RunsReader(several.folder, found=several.runs)


if __name__ == "__main__":
    entry()
