"""Which run `pbt-tui` shows: it finds TARGET, and starts it where it is a spec or a module."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from pbt_tui.cli.tui_options import NoOptions
from pbt_tui.errors import UsageError, Where, command
from pbt_tui.tui.journal_follower import JournalFollower

if TYPE_CHECKING:
    from pbt_tui.tui.targets import SeveralRuns, ToStart, Workspace


def found_target(args: argparse.Namespace) -> Path | ToStart | Workspace | SeveralRuns:
    from pbt_tui.tui import targets

    if args.run and args.target:
        raise UsageError("TARGET and `--run` name two targets")
    return targets.resolve(args.run or args.target, is_module=bool(args.run))


def follower_of(
    args: argparse.Namespace, found: Path | ToStart | Workspace | SeveralRuns
) -> JournalFollower:
    from pbt_tui.journal.run_dir import RunDir
    from pbt_tui.tui import targets

    if isinstance(found, targets.SeveralRuns):
        raise ambiguous(found)
    more = passed_on(args)
    if isinstance(found, targets.Workspace):
        refuse([f"--at={args.at}"] if args.at is not None else more, "a workspace")
        return JournalFollower.of_workspace(found.path, found.style)
    if isinstance(found, targets.ToStart):
        if args.read_only or args.export is not None or args.at is not None:
            given = "--read_only" if args.read_only else "--at" if args.at else "--export"
            raise UsageError(
                f"`{found.target}` would have to be started, but `{given}` was given",
                hint="pass its run directory instead",
            )
        return JournalFollower(RunDir(targets.start(found, more)))
    refuse(more, "a run directory")
    return JournalFollower(RunDir(found))


def ambiguous(found: SeveralRuns) -> UsageError:
    return UsageError(
        "it holds several runs: name one",
        where=Where(file=str(found.folder)),
        hint=f"`{command('pbt-tui', found.folder, '--once')}` lists them",
    )


def noted_follower(
    args: argparse.Namespace, found: Path | ToStart | Workspace | SeveralRuns
) -> JournalFollower:
    """The same, for a mode whose output has no place for the note."""
    from pbt_tui.cli import run_list
    from pbt_tui.tui import targets

    feed = follower_of(args, found)
    others = None if args.run or feed.workspace else targets.others(args.target)
    if note := run_list.note(others, on_screen=False):
        print(f"note: {note}", file=sys.stderr)
    return feed


def served(args: argparse.Namespace) -> tuple[str, Path]:
    """Name and path of what pages show."""
    from pbt_tui.tui import targets

    found = found_target(args)
    if isinstance(found, targets.SeveralRuns):
        refuse(passed_on(args), "a folder of runs")
        return found.folder.name, found.folder
    feed = noted_follower(args, found)
    return feed.state.spec.run, feed.rundir.path


def refuse(more: Sequence[str], what: str) -> None:
    if more:
        raise UsageError(
            f"`{more[0]}` has no effect on {what}: `pbt-tui` only reads it",
            hint="give it to `pbt-run`",
        )


def passed_on(args: argparse.Namespace) -> list[str]:
    """The options that `pbt-tui` passes on to `pbt-run`."""
    if isinstance(args, NoOptions):
        return []
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


def check_moment(args: argparse.Namespace) -> None:
    """Refuses what is no time before anything is read."""
    from pbt_tui.tui.time_travel import moments

    if args.export is not None:
        raise UsageError("`--at` has no effect on `--export`: it writes when each generation was")
    moments.check(args.at)
