"""`pbt-run`: executes a spec, a run module or a run directory to its end, without a screen.

This module connects the executor to the console output.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn, TextIO

from pbt_tui.cli import error_boundary
from pbt_tui.errors import Findings, RunError, UsageError, command, printable

if TYPE_CHECKING:
    from pbt_tui.cli.detach import Ready
    from pbt_tui.cli.hangup import Terminal
    from pbt_tui.cli.planning import Plan
    from pbt_tui.cli.request_client import ActionRequest
    from pbt_tui.errors import Diagnostic
    from pbt_tui.executor.run_dirs import OpenRun
    from pbt_tui.executor.telling import Listener
    from pbt_tui.journal.events import AnyEvent
    from pbt_tui.journal.state import RunState
    from pbt_tui.spec import Processes


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
    option = request_client.option(args)
    if option is not None and args.fresh:
        raise UsageError(f"`--{option}` and `--fresh` do not go together")
    if option not in (None, "failed") and found.kind != "run":
        raise UsageError(f"`--{option}` needs a run directory, not a {found.kind}")
    plan = planning.plan(found, args)
    if args.print:
        return _print_spec(plan)
    showing = args.dry_run or plan.only_shows
    is_new = args.fresh or (option is None and not plan.rundir.is_run())
    if asked is not None and not is_new:
        kept = _check_asked(plan, asked.jobs)
        if asked.action != "retry" and _is_closed(plan, kept):
            print(f"nothing to {asked.action}: the run is closed", file=sys.stderr)
            return execute_plan(plan)
        if not showing and not request_client.is_left_to_us(plan.rundir, asked):
            return request_client.ask(plan.rundir, plan.trust(), asked)
    if showing:
        return show_plan(plan, asked, fresh=args.fresh)
    if args.fresh:
        plan = _put_aside(plan)
    if args.detach:
        return _detach(plan, asked)
    return execute_plan(plan, asked, json=args.json)


def _print_spec(plan: Plan) -> int:
    """`--print`: the process list that would run."""
    from pbt_tui.spec import encode

    anew = plan.anew()
    assert anew.spec is not None
    sys.stdout.buffer.write(encode(anew.spec))
    return 0


def _hold_streams() -> None:
    """Opens descriptors 0, 1 and 2 if the caller closed them: no other file may get them."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(fd)
    for name, number in (("stdout", 1), ("stderr", 2)):
        stream: TextIO | None = getattr(sys, name)
        if stream is None:
            setattr(sys, name, os.fdopen(number, "w"))
        elif hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # a character that cannot be encoded ends no run


def _check_asked(plan: Plan, jobs: Sequence[str]) -> Processes:
    from pbt_tui.executor.run_dirs import check_same_spec, read_spec

    if not plan.rundir.is_run():
        raise UsageError("`--failed` needs an earlier run, and there is none")
    kept = read_spec(plan.rundir)
    check_same_spec(kept, plan.spec, plan.rundir)
    known = {job.id for job in kept.jobs}
    for name in jobs:
        if name not in known:
            raise UsageError(f"no such job: `{printable(name)}`")
    return kept


def _is_closed(plan: Plan, spec: Processes) -> bool:
    """Whether the run has ended: then an executor obeys no request but a retry."""
    from pbt_tui.journal import Tail, lock, replay

    if lock.holder(plan.rundir.lock) is not None:
        return False
    return replay(spec, Tail(plan.rundir.journal).read_all()).closed is not None


def _put_aside(plan: Plan) -> Plan:
    """`--fresh`: renames the old run. A run directory as target starts in its former directory."""
    from pbt_tui.executor.preflight import older_populations
    from pbt_tui.executor.run_dirs import archive_run

    anew = plan.anew()
    if anew.spec is not None:  # what is refused moves nothing
        train_dir, from_scratch = anew.options.train_dir, anew.options.from_scratch
        found = older_populations(anew.spec, None, train_dir, from_scratch=from_scratch)
        if found:
            raise Findings(found, RunError.exit_code)
    old = archive_run(
        plan.rundir, plan.trust(), cwd=plan.options.cwd if plan.spec is None else None
    )
    if old is None:
        return anew
    print(f"the old run is kept in `{printable(str(old.path))}`", file=sys.stderr)
    if plan.spec is not None or old.cwd is None or old.train_dir is None:
        return anew
    options = replace(anew.options, cwd=old.cwd, train_dir=old.train_dir)
    return replace(anew, options=options)


# -- running it ------------------------------------------------------------------------------------


def _detach(plan: Plan, asked: ActionRequest | None) -> int:
    from pbt_tui.cli.detach import detached

    pid, code = detached(lambda ready: execute_plan(plan, asked, detached=True, ready=ready))
    name = printable(plan.rundir.path.parent.name)
    if code is None:
        print(f"run `{name}` continues in the background: pid {pid}")
    else:
        print(f"run `{name}` is closed: exit code {code}")
    print(f"hint: look at it with `{command('pbt-tui', plan.rundir.path)}`")
    return code or 0


def execute_plan(
    plan: Plan,
    asked: ActionRequest | None = None,
    *,
    json: bool = False,
    detached: bool = False,
    ready: Ready = lambda found=(): None,
) -> int:
    """Executes the run to its end, prints what happens and returns the exit code.

    `ready` is called once the run has begun, with the warnings and notes that were printed.
    """
    from pbt_tui.cli import hangup, request_client
    from pbt_tui.executor.run_dirs import close_run, discard_if_empty, open_run

    opened = open_run(plan.rundir, plan.spec, plan.trust())
    try:
        _at_its_place(plan, opened, asked, json=json)
        if detached:
            from pbt_tui.cli.detach import write_to

            write_to(plan.rundir.executor_log)
        with (
            hangup.outlived(plan.rundir.executor_log) as terminal,
            request_client.of_ourselves(plan.rundir, asked),
        ):
            code = _execute(plan, opened, terminal, json=json, ready=ready)
    except BaseException:
        discard_if_empty(opened)
        raise
    close_run(opened)
    return code


def _at_its_place(plan: Plan, opened: OpenRun, asked: ActionRequest | None, *, json: bool) -> None:
    """Raises `RunError` if the run would be executed where it was copied or moved to."""
    from pbt_tui.executor.rehome import refuse_elsewhere, rehome
    from pbt_tui.journal import requests

    if plan.rehome:
        from pbt_tui.cli.console_reporter import as_json

        events = rehome(opened, plan.options.cwd)
        if json and events:
            sys.stdout.write(as_json(events))
        elif events:
            place = printable(str(opened.state.train_dir))
            print(f"the run goes on at this place: `{place}`", file=sys.stderr)
    elif opened.state.closed is None or asked is not None or requests.pending(opened.rundir):
        refuse_elsewhere(opened.rundir, opened.state)


def _execute(plan: Plan, opened: OpenRun, terminal: Terminal, *, json: bool, ready: Ready) -> int:
    """Executes the run and prints what happens: as JSON events, or as lines for people."""
    from pbt_tui.cli import console_reporter
    from pbt_tui.cli.async_writer import AsyncWriter
    from pbt_tui.cli.planning import warn
    from pbt_tui.executor.execute import execute
    from pbt_tui.journal import requests

    config = plan.config(opened.state)
    told: list[Diagnostic] = []

    def warns(found: Sequence[Diagnostic]) -> None:
        told.extend(found)
        warn(found)

    if json:
        writer, errors = (AsyncWriter(stream, terminal.lost) for stream in (sys.stdout, sys.stderr))

        def trouble(line: str) -> None:
            errors.say(f"warning: {line}\n")

        messages = _listener(plan, opened, trouble)
        try:
            return execute(
                opened,
                config,
                tell=lambda events: _tell(
                    events, lambda e: writer.say(console_reporter.as_json(e)), messages.tell
                ),
                ready=lambda state: ready(told),
                tick=messages.tick,
                warn=warns,
                trouble=trouble,
                waits=lambda line: errors.say(f"note: waits for {line}\n"),
                best=messages.reach,
            )
        finally:
            messages.finish()
            writer.finish()
            errors.finish()
    reporter = console_reporter.ConsoleReporter(opened.state, opened.rundir, terminal=terminal)
    messages = _listener(plan, opened, reporter.trouble)

    def started(state: RunState) -> None:
        reporter.ready()
        ready(told)

    def tick(state: RunState) -> None:
        reporter.tick(state)
        messages.tick(state)

    over = opened.state.closed is not None and not requests.pending(opened.rundir)
    try:
        if not over:
            reporter.begin()
        code = execute(
            opened,
            config,
            tell=lambda events: _tell(events, reporter.tell, messages.tell),
            ready=started,
            tick=tick,
            warn=warns,
            progress=reporter.progress,
            trouble=reporter.trouble,
            waits=reporter.waits,
            best=messages.reach,
        )
        reporter.summary(over=over)
    finally:
        messages.finish()
        reporter.finish()
    return code


def _listener(plan: Plan, opened: OpenRun, trouble: Callable[[str], None]) -> Listener:
    """What tells those who asked for it of failures, of better objectives and of the end."""
    if plan.recipients is None:
        from pbt_tui.executor.telling import NOBODY

        return NOBODY
    from pbt_tui.executor.telling.teller import Teller

    environ = plan.options.environ
    return Teller(plan.recipients, opened.state, opened.rundir.path, environ, trouble)


def _tell(events: Sequence[AnyEvent], *whom: Callable[[Sequence[AnyEvent]], None]) -> None:
    for tell in whom:
        tell(events)


def show_plan(plan: Plan, asked: ActionRequest | None = None, *, fresh: bool = False) -> int:
    """Prints what would be started, and starts nothing."""
    from pbt_tui.cli.preview import dry_run
    from pbt_tui.executor.rehome import refuse_elsewhere
    from pbt_tui.executor.run_dirs import check_same_spec, read_spec
    from pbt_tui.journal import Tail
    from pbt_tui.journal.replaying import replay_file

    if fresh:
        plan = plan.anew()
    spec, events = plan.spec, []
    if plan.rundir.is_run() and not fresh:
        kept = read_spec(plan.rundir)
        check_same_spec(kept, spec, plan.rundir)
        spec, events = kept, Tail(plan.rundir.journal).read_all()
    assert spec is not None
    state = replay_file(spec, plan.rundir.journal, events)
    refuse_elsewhere(plan.rundir, state)
    sys.stdout.write(dry_run(state, plan.rundir, plan.config(state), asked))
    return 0


if __name__ == "__main__":
    entry()
