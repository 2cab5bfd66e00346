"""`pbt-run`: a spec, a module or a run directory in; executed to its end, headless.

Must not know how anything is executed; it puts the executor together with what tells of it, and
finds the words.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, TextIO

from pbt_tui.cli import error_boundary
from pbt_tui.errors import UsageError, printable

if TYPE_CHECKING:
    from pbt_tui.cli.planning import Plan
    from pbt_tui.executor.run_dirs import OpenRun
    from pbt_tui.journal.events import Action
    from pbt_tui.journal.state import RunState

    Asked = tuple[Action, tuple[str, ...]]


def entry() -> NoReturn:
    """The console script."""
    error_boundary.run(main)


def main(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    from pbt_tui.cli import planning, request_client, run_options

    _hold_streams()
    args = run_options.parser(argv).parse_args(list(argv))
    if args.list or args.clean:
        from pbt_tui.cli.container_cleanup import show

        return show(args)
    found = planning.target(args)
    planning.refuse_what_is_not_there(args)
    if submit := planning.submits_once(args):
        return submit(found, args)
    asked = request_client.asked(args)
    if asked is not None and args.fresh:
        raise UsageError(f"`--{request_client.option(args)}` and `--fresh` do not go together")
    if asked is not None and found.kind != "run" and not args.failed:
        raise UsageError(f"`--{asked[0]}` is asked of a run directory, not of a {found.kind}")
    plan = planning.plan(found, args)
    showing = args.dry_run or plan.only_shows
    if asked is not None:
        action, jobs = asked
        _check_asked(plan, jobs)
        if not showing and not request_client.is_left_to_us(plan.rundir, action, jobs):
            return request_client.ask(plan.rundir, action, jobs)
    if showing:
        return show_plan(plan, asked, fresh=args.fresh)
    if args.fresh:
        plan = _put_aside(plan)
    if args.detach:
        return _detach(plan, asked)
    return execute_plan(plan, asked, json=args.json)


def _hold_streams() -> None:
    """Keeps 0, 1 and 2 from becoming the journal's where the caller closed them."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(fd)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(number, "w"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a glyph is no reason to end a run


def _check_asked(plan: Plan, jobs: Sequence[str]) -> None:
    from pbt_tui.executor.run_dirs import check_same_spec, read_spec

    if not plan.rundir.is_run():
        raise UsageError("`--failed` is for a run that has been: there is none yet")
    kept = read_spec(plan.rundir)
    if plan.spec is not None:
        check_same_spec(kept, plan.spec, plan.rundir)
    known = {job.id for job in kept.jobs}
    for name in jobs:
        if name not in known:
            raise UsageError(f"no such job: `{printable(name)}`")


def _put_aside(plan: Plan) -> Plan:
    """`--fresh`: what was a run directory alone starts where it was started before."""
    from pbt_tui.executor.run_dirs import archive_run

    anew = plan.anew()
    old = archive_run(plan.rundir)
    if old is None:
        return anew
    print(f"the old run is kept in `{printable(str(old.path))}`", file=sys.stderr)
    if plan.spec is not None or old.cwd is None:
        return anew
    return replace(anew, options=replace(anew.options, cwd=old.cwd))


# -- running it ------------------------------------------------------------------------------------


def _detach(plan: Plan, asked: Asked | None) -> int:
    from pbt_tui.cli.detach import detached

    pid, code = detached(lambda ready: execute_plan(plan, asked, detached=True, ready=ready))
    name, path = printable(plan.rundir.path.parent.name), printable(str(plan.rundir.path))
    if code is None:
        print(f"run `{name}` goes on by itself: pid {pid}")
    else:
        print(f"run `{name}` is closed: exit code {code}")
    print(f"hint: look at it with `pbt-tui {path}`")
    return code or 0


def execute_plan(
    plan: Plan,
    asked: Asked | None = None,
    *,
    json: bool = False,
    detached: bool = False,
    ready: Callable[[], None] = lambda: None,
) -> int:
    """Executes to the end and says what happens; the exit code."""
    from pbt_tui.cli import request_client
    from pbt_tui.executor.run_dirs import close_run, discard_if_empty, open_run

    opened = open_run(plan.rundir, plan.spec)
    try:
        if detached:
            from pbt_tui.cli.detach import write_to

            write_to(plan.rundir.executor_log)
        with request_client.of_ourselves(plan.rundir, asked):
            code = _told(plan, opened, json=json, detached=detached, ready=ready)
    except BaseException:
        discard_if_empty(opened)
        raise
    close_run(opened)
    return code


def _told(
    plan: Plan, opened: OpenRun, *, json: bool, detached: bool, ready: Callable[[], None]
) -> int:
    """Executes, and says what happens: as events, or in words."""
    from pbt_tui.cli import console_reporter
    from pbt_tui.cli.async_writer import AsyncWriter
    from pbt_tui.cli.planning import warn
    from pbt_tui.executor.execute import execute
    from pbt_tui.journal import requests

    config = plan.config(opened.state, detached=detached)
    if json:
        voice = AsyncWriter(sys.stdout)
        try:
            return execute(
                opened,
                config,
                tell=lambda events: voice.say(console_reporter.as_json(events)),
                ready=lambda state: ready(),
                warn=warn,
            )
        finally:
            voice.finish()
    told = console_reporter.ConsoleReporter(opened.state, opened.rundir)

    def begun(state: RunState) -> None:
        told.ready()
        ready()

    over = opened.state.closed is not None and not requests.pending(opened.rundir)
    try:
        if not over:
            told.begin()
        code = execute(
            opened,
            config,
            tell=told.tell,
            ready=begun,
            tick=told.tick,
            warn=warn,
            progress=told.progress,
        )
        told.summary(over=over)
    finally:
        told.finish()
    return code


def show_plan(plan: Plan, asked: Asked | None = None, *, fresh: bool = False) -> int:
    """Says what would be started, and starts nothing."""
    from pbt_tui.cli.preview import dry_run
    from pbt_tui.executor.run_dirs import check_same_spec, read_spec
    from pbt_tui.journal import Tail, replay

    if fresh:
        plan = plan.anew()
    spec, events = plan.spec, []
    if plan.rundir.is_run() and not fresh:
        kept = read_spec(plan.rundir)
        if spec is not None:
            check_same_spec(kept, spec, plan.rundir)
        spec, events = kept, Tail(plan.rundir.journal).read_all()
    assert spec is not None
    state = replay(spec, events)
    sys.stdout.write(dry_run(state, plan.rundir, plan.config(state), asked))
    return 0


if __name__ == "__main__":
    entry()
