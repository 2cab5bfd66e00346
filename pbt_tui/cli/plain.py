"""`pbt-tui --plain`: follows a run in sentences, one line for each change, until it is closed.

For screen readers, dumb terminals and logs: no screen, no colour, no control characters, no keys.
It tells events in the words of `pbt-run`'s console, and populations in those of the screens.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterable

from pbt_tui.errors import UsageError, printable
from pbt_tui.tui.journal_follower import JournalFollower

_TURN = 1.0
"""Seconds between two turns, at least."""


def add_options(p: argparse.ArgumentParser) -> None:
    """Adds the option of this mode."""
    p.add_argument(
        "--plain",
        action="store_true",
        help="print each change as a line of text: for screen readers and logs",
    )


def check(args: argparse.Namespace) -> None:
    """Checks the options of this mode with each other, before anything is started.

    Raises:
        UsageError: They exclude each other.
    """
    for name in ("once", "json", "export", "at"):
        if args.plain and getattr(args, name, None) not in (None, False):
            raise UsageError(f"`--plain` and `--{name}` exclude each other")


def run(
    feed: JournalFollower, args: argparse.Namespace, clock: Callable[[], float] = time.time
) -> int:
    """Tells what is there, then each change until the run is closed. Returns the exit code.

    Args:
        feed: The run, or the workspace of a population.
        args: The checked options.
        clock: The time now, in Unix seconds.
    """
    from pbt_tui.cli.plain_reporter import PlainReporter
    from pbt_tui.tui import text_report

    feed.read_all()
    reporter = PlainReporter(feed, clock)
    _write(reporter.begin(), args)
    while not reporter.over:
        time.sleep(max(args.interval or 0.0, _TURN))
        _write(reporter.turn(), args)
    return text_report.exit_code(feed.state)


def _write(lines: Iterable[str], args: argparse.Namespace) -> None:
    text = "".join(f"{printable(line)}\n" for line in lines)
    if not text:
        return
    if args.ascii or not (sys.stdout.encoding or "ascii").lower().startswith("utf"):
        from pbt_tui.tui import text_report

        text = text_report.in_ascii(text)
    sys.stdout.write(text)
    sys.stdout.flush()
