"""`pbt-tui --plain`."""
from __future__ import annotations
import argparse
from collections.abc import Callable
import time
from pbt_tui.tui.journal_follower import JournalFollower

def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--plain", action="store_true", help="x")

def check(args: argparse.Namespace) -> None:
    pass

def run(feed: JournalFollower, args: argparse.Namespace, now: Callable[[], float] = time.time) -> int:
    return 0
