"""`pbt-run`: a spec, a module or a run directory in; executed to its end, headless.

Must not know how anything is executed; it reads argv, puts the executor together with what tells
of it, and finds the words.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pbt_tui.cli import edge
from pbt_tui.errors import Diagnostic, Findings, RuntimeUnavailable, UsageError, printable

if TYPE_CHECKING:
    from pbt_tui.cli.target import Target
    from pbt_tui.executor.execute import Orders
    from pbt_tui.executor.rundirs import Opened
    from pbt_tui.journal import RunDir, RunState
    from pbt_tui.spec import Policy, Processes


@dataclass(frozen=True)
class Plan:
    """What is to be run, and where; `spec` is None for a run directory, which brings its own."""

    rundir: RunDir
    spec: Processes | None
    policy: Mapping[str, Any]
    container: Mapping[str, Any]

    @property
    def train_dir(self) -> Path:
        return self.rundir.path.parent.parent.absolute()


def entry() -> NoReturn:
    """The console script."""
    edge.run(main)


def main(argv: Sequence[str]) -> int:
    """Runs the command and returns its exit code."""
    from pbt_tui.cli import asking, run_options, target

    args = run_options.parser().parse_args(list(argv))
    if args.run and args.target and args.run != args.target:
        raise UsageError("TARGET and `--run` name two targets")
    text = args.run or args.target
    if not text:
        raise UsageError("no target was given", hint="see `pbt-run --help`")
    _refuse_what_is_not_there(args)
    found = target.Target("module", text, Path(text)) if args.run else target.resolve(text)
    request = asking.asked(args)
    plan = _plan(found, args)
    if request is not None:
        if found.kind != "run":
            raise UsageError(f"`--{request[0]}` is asked of a run directory, not of a {found.kind}")
        from pbt_tui.journal import lock, requests

        action, jobs = request
        revives = action == "retry" or (action in ("cancel", "kill") and not jobs)
        if lock.holder(plan.rundir.lock) is not None or not revives:
            return asking.ask(plan.rundir, action, jobs)
        _check_jobs(plan, jobs)
        requests.ask(plan.rundir, action, jobs, by=asking.who())
    return _run(plan, args)


def _refuse_what_is_not_there(args: argparse.Namespace) -> None:
    if args.backend not in (None, "processes"):
        raise UsageError(f"backend `{printable(args.backend)}` is not available yet")
    if args.runtime == "docker":
        raise RuntimeUnavailable(
            "runtime `docker` is not available yet", hint="pass `--runtime process`"
        )
    if args.json and args.dry_run:
        raise UsageError("`--json` and `--dry_run` do not go together")
    if args.detach and args.json:
        raise UsageError(
            "`--json` and `--detach` do not go together",
            hint="follow `journal.jsonl` of the run directory",
        )


# -- what is to be run -----------------------------------------------------------------------------


def _plan(target: Target, args: argparse.Namespace) -> Plan:
    from pbt_tui.cli.options import given
    from pbt_tui.journal import RunDir

    flags = given(args)
    if target.kind == "run":
        _refuse_module_options(args, "a run directory")
        return Plan(RunDir(target.path.absolute()), None, flags.policy, flags.container)
    if target.kind == "spec":
        _refuse_module_options(args, "a spec")
        spec = _read_spec(target.path)
    else:
        spec = _compile(target.name, args)
    if spec.container is not None and args.runtime is None:
        raise RuntimeUnavailable(
            "the spec names a container image, and runtime `docker` is not available yet",
            hint="pass `--runtime process`",
        )
    train_dir = Path(spec.train_dir).absolute()
    return Plan(RunDir.of(train_dir, spec.run, spec.suffix), spec, flags.policy, flags.container)


def _refuse_module_options(args: argparse.Namespace, what: str) -> None:
    for name in ("train_dir", "experiment_suffix", "seed", "load_timeout"):
        if getattr(args, name) is not None:
            raise UsageError(
                f"`--{name}` is for run modules: {what} has it already",
                hint="compile anew with `pbt-compile`",
            )


def _read_spec(path: Path) -> Processes:
    from pbt_tui.compiler.validate import validate_file

    spec, found = validate_file(path)
    if spec is None or any(d.level == "error" for d in found):
        raise Findings(found)
    _warn(found)
    return spec


def _compile(module: str, args: argparse.Namespace) -> Processes:
    from pbt_tui.cli.options import given
    from pbt_tui.compiler import compile_module
    from pbt_tui.compiler.settings import COMPILE, Given, gather
    from pbt_tui.compiler.settings_file import find

    said = [(s, getattr(args, s.name, None)) for s in COMPILE]
    own = gather([(s, raw) for s, raw in said if raw is not None], lambda s: f"`{s.flag}`")
    flags = given(args)
    settings = Given(flags.policy, flags.container, own.compile).over(find(Path.cwd()))
    known = {k: v for k, v in settings.compile.items() if k in ("load_timeout", "seed")}
    compiled = compile_module(
        module,
        train_dir=args.train_dir or settings.compile.get("train_dir"),
        suffix=args.experiment_suffix or "",
        policy=settings.policy,
        container=settings.container,
        freeze=True,
        **known,
    )
    _warn(compiled.diagnostics)
    return compiled.spec


def _check_jobs(plan: Plan, jobs: Sequence[str]) -> None:
    from pbt_tui.executor.rundirs import read_spec

    known = {job.id for job in read_spec(plan.rundir).jobs}
    for name in jobs:
        if name not in known:
            raise UsageError(f"no such job: `{printable(name)}`")


def _warn(found: Sequence[Diagnostic]) -> None:
    from pbt_tui.cli.report import say

    say([d for d in found if d.level != "error"])


# -- running it ------------------------------------------------------------------------------------


def _run(plan: Plan, args: argparse.Namespace) -> int:
    from pbt_tui.journal import requests

    if args.dry_run:
        return _dry_run(plan)
    if args.fresh:
        from pbt_tui.executor.rundirs import renew

        spec_of_old = plan.spec
        if spec_of_old is None:
            from pbt_tui.executor.rundirs import read_spec

            plan = Plan(plan.rundir, read_spec(plan.rundir), plan.policy, plan.container)
        old = renew(plan.rundir)
        if old is not None:
            print(f"the old run is kept in {old}", file=sys.stderr)
    if args.failed:
        from pbt_tui.cli.asking import who

        if not plan.rundir.is_run():
            raise UsageError("`--failed` is for a run that has been: there is none yet")
        requests.ask(plan.rundir, "retry", by=who())
    if not args.detach:
        return _execute(plan, json=args.json, detached=False, ready=lambda: None)
    return _detach(plan)


def _detach(plan: Plan) -> int:
    from pbt_tui.cli.detach import detached

    pid, code = detached(lambda ready: _execute(plan, json=False, detached=True, ready=ready))
    name = plan.rundir.path.parent.name
    if code is None:
        print(f"run `{printable(name)}` goes on by itself: pid {pid}")
        print(f"hint: look at it with `pbt-tui {plan.rundir.path}`")
        return 0
    print(f"run `{printable(name)}` is closed: exit code {code}")
    print(f"hint: look at it with `pbt-tui {plan.rundir.path}`")
    return code


def _execute(plan: Plan, *, json: bool, detached: bool, ready: Callable[[], None]) -> int:
    from pbt_tui.executor.execute import execute
    from pbt_tui.executor.rundirs import close_run, discard_if_empty, open_run

    opened = open_run(plan.rundir, plan.spec)
    if detached:
        from pbt_tui.cli.detach import write_to

        write_to(plan.rundir.executor_log)
    try:
        orders = _orders(plan, opened.state, detached=detached)
        if json:
            code = execute(opened, orders, tell=_tell_json, ready=lambda state: ready(), warn=_warn)
        else:
            code = _execute_aloud(opened, orders, ready)
    except Findings:
        discard_if_empty(opened)
        raise
    except BaseException:
        close_run(opened)
        raise
    close_run(opened)
    return code


def _execute_aloud(opened: Opened, orders: Orders, ready: Callable[[], None]) -> int:
    from pbt_tui.cli.narrate import Narrator
    from pbt_tui.executor.execute import execute

    told = Narrator(opened.state, opened.rundir)
    if opened.state.closed is not None and not _pending(opened):
        told.summary()
        print("hint: start anew with `--fresh`")
    else:
        print(f"run `{printable(opened.spec.run)}`: {opened.rundir.path}")
        sys.stdout.flush()
        return _told(opened, orders, ready, told)
    return execute(opened, orders, ready=lambda state: ready())


def _told(opened: Opened, orders: Orders, ready: Callable[[], None], told: Any) -> int:
    from pbt_tui.executor.execute import execute

    code = execute(
        opened,
        orders,
        tell=told.tell,
        ready=lambda state: ready(),
        tick=told.tick,
        warn=_warn,
    )
    told.summary()
    return code


def _pending(opened: Opened) -> bool:
    from pbt_tui.journal import requests

    return bool(requests.pending(opened.rundir))


def _tell_json(events: Sequence[Any]) -> None:
    import msgspec

    out = sys.stdout.buffer
    for event in events:
        out.write(msgspec.json.encode(event) + b"\n")
    out.flush()


def _orders(plan: Plan, state: RunState, *, detached: bool) -> Orders:
    from pbt_tui.executor.execute import Orders, effective_policy

    base: Policy | None = plan.spec.policy if plan.spec else None
    return Orders(
        policy=effective_policy(state, plan.policy, base),
        container=None,
        cwd=Path.cwd(),
        train_dir=plan.train_dir,
        detached=detached,
        environ=dict(os.environ),
    )


def _dry_run(plan: Plan) -> int:
    from pbt_tui.cli.dry_run import dry_run
    from pbt_tui.executor.rundirs import read_spec
    from pbt_tui.journal import RunState, Tail, replay

    spec = plan.spec or read_spec(plan.rundir)
    events = Tail(plan.rundir.journal).read_all() if plan.rundir.is_run() else []
    state = replay(spec, events) if events else RunState(spec)
    sys.stdout.write(dry_run(spec, state, plan.rundir, _orders(plan, state, detached=False)))
    return 0


if __name__ == "__main__":
    entry()
