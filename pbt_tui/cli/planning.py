"""Turns TARGET and options into a plan: the run directory, the spec and the requested settings.

Must not start, lock or write anything.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pbt_tui.backends import BACKENDS
from pbt_tui.cli import target as targets
from pbt_tui.errors import Diagnostic, Findings, UsageError, printable
from pbt_tui.files.regular import SPEC_BYTES, read_regular
from pbt_tui.runtimes import RUNTIMES

if TYPE_CHECKING:
    from pbt_tui.compiler import Compiled
    from pbt_tui.executor.config import ExecutorConfig, ExecutorOptions
    from pbt_tui.executor.telling.teller import Recipients
    from pbt_tui.journal import RunDir, RunState
    from pbt_tui.journal.owners import Trust
    from pbt_tui.settings import Given
    from pbt_tui.spec import Processes


@dataclass(frozen=True)
class Plan:
    """What to run, where, and the settings that the user gave.

    `spec` is None for a run directory, which holds its own spec.
    """

    rundir: RunDir
    spec: Processes | None
    options: ExecutorOptions
    rehome: bool = False
    """Whether a run directory that was copied or moved goes on at its new place."""
    trusted: tuple[str, ...] = ()
    """The values of `--trust`."""
    recipients: Recipients | None = None
    """Whom to tell of failures and of the end; None: nobody."""

    def trust(self) -> Trust:
        """What the user trusts. Raises `UsageError` if the user's configuration is wrong."""
        from pbt_tui.cli.user_config import trust

        return trust(self.trusted)

    def anew(self) -> Plan:
        """The same plan for a new run, with the spec of its run directory."""
        from pbt_tui.executor.run_dirs import read_spec

        if self.spec is not None:
            return self
        spec = read_spec(self.rundir)
        options = replace(self.options, train_dir=Path(spec.train_dir).absolute())
        return replace(self, spec=spec, options=options)

    def config(self, state: RunState) -> ExecutorConfig:
        """The effective settings. Prints the warnings of the backend's rules."""
        from pbt_tui.executor.config import executor_config

        config = executor_config(self.spec, state, self.options)
        warn(config.found)
        return config

    @property
    def only_shows(self) -> bool:
        """Whether `print_only`, a setting of the upstream launcher, is on: nothing is started."""
        name = self.options.backend
        given = self.options.settings.get(name, {}) if name is not None else {}
        return bool(given.get("print_only", self.options.compiled.get("print_only")))


def target(args: argparse.Namespace) -> targets.Target:
    """The target that TARGET or `--run` names. Raises `UsageError`."""
    if args.run and args.target and args.run != args.target:
        raise UsageError(f"two targets were given: `{args.target}` and `--run {args.run}`")
    if args.run:
        return targets.Target("module", args.run, Path(args.run))
    if not args.target:
        raise UsageError("no target was given", hint="see `pbt-run --help`")
    return targets.resolve(args.target)


def refuse_what_is_not_there(args: argparse.Namespace) -> None:
    """Raises `UsageError` for options that do not go together or are not supported."""
    backend = BACKENDS.get(args.backend) if args.backend is not None else None
    if backend is not None and not backend.runtimes and backend.submit is None:
        message = f"`pbt-run` cannot execute or submit files of backend `{printable(args.backend)}`"
        raise UsageError(message, hint="compile them with `pbt-compile`")
    if args.runtime is not None:
        _check_runtime(args.runtime, args.backend)
    for name in ("dry_run", "fresh"):
        if args.rehome and getattr(args, name):
            raise UsageError(f"`--rehome` and `--{name}` do not go together")
    for name in ("set", "set_string"):
        if getattr(args, name) and not str(args.target).endswith((".yaml", ".yml")):
            raise UsageError(f"`--{name}` is for the templates of workflow files")
    if args.json and args.dry_run:
        raise UsageError("`--json` and `--dry_run` do not go together")
    if args.detach and args.json:
        raise UsageError(
            "`--json` and `--detach` do not go together",
            hint="follow `journal.jsonl` of the run directory",
        )


def submits_once(args: argparse.Namespace) -> Callable[..., int] | None:
    """The submit function of `--backend`, if that backend only submits and follows nothing."""
    place = BACKENDS.get(args.backend).submit if args.backend is not None else None
    if place is None:
        return None
    return cast("Callable[..., int]", BACKENDS.part(args.backend, place))


def _check_runtime(name: str, backend: str | None) -> None:
    """Raises `UnknownKind`, or `UsageError` if the runtime needs another option."""
    kind = RUNTIMES.get(name)
    if backend is not None and name not in BACKENDS.get(backend).runtimes:
        raise UsageError(f"`--backend {backend}` and `--runtime {name}` do not go together")
    if backend is None and kind.option != f"--runtime {name}":
        raise UsageError(f"runtime `{name}` is chosen with another option", hint=kind.option)


def is_queued(args: argparse.Namespace) -> bool:
    """Whether the chosen runtime has its own queue, which makes `max_parallel` meaningless."""
    if args.runtime is not None:
        return RUNTIMES.get(args.runtime).has_queue
    names = BACKENDS.get(args.backend).runtimes if args.backend is not None else ()
    return any(RUNTIMES.get(name).has_queue for name in names)


def plan(found: targets.Target, args: argparse.Namespace) -> Plan:
    """Reads the spec or compiles the module. Raises the errors of both."""
    from pbt_tui.cli.options import complete, given
    from pbt_tui.settings import Given

    whom = _recipients(args)
    flags = complete(given(args), Given())
    if found.kind == "run":
        refuse_module_options(args, "a run directory")
        plan = of_run_dir(found.path)
    elif found.kind == "spec":
        refuse_module_options(args, "a spec")
        plan = of_spec(read_spec(found.path, queued=is_queued(args)))
    elif found.kind == "workflow":
        from pbt_tui.cli import workflow_target

        spec, told = workflow_target.read(found.path, args)
        warn(told)
        plan = of_spec(spec)
    else:
        plan = of_spec(_compile(found.name, args))
    options = replace(
        plan.options,
        policy=flags.policy,
        container=flags.container,
        backend=args.backend,
        runtime=args.runtime,
        python=_python(args.python),
        forget_host=args.forget_host,
        share_gpus=args.share_gpus,
        resume_trackers=args.resume_trackers,
        from_scratch=args.from_scratch and not args.retry,
        settings=flags.backends,
        compiled={} if found.kind == "run" else _compiled(found, args.backend),
    )
    plan = replace(plan, options=options, rehome=args.rehome, trusted=tuple(args.trust or ()))
    return replace(plan, recipients=whom)


def _recipients(args: argparse.Namespace) -> Recipients | None:
    """Whom to tell, and of what. Takes the variables out of the environment: no job gets them."""
    address, tell = (os.environ.pop(name, None) for name in ("PBT_WEBHOOK", "PBT_TELL"))
    if args.on_end is None and args.on_failure is None and not address and not tell:
        return None
    from pbt_tui.executor.telling.teller import recipients

    whom = recipients(args.on_end, args.on_failure, address, tell)
    if whom is not None:
        warn(whom.missing(os.environ.get("PATH")))
    return whom


def _python(text: str | None) -> str | None:
    """The value of `--python` as an absolute path, whose links are not followed."""
    if text is None:
        return None
    path = Path(text).absolute()
    if path.is_file() and os.access(path, os.X_OK):
        return str(path)
    inner = path / "bin" / "python3"
    raise UsageError(
        f"`--python`: no such interpreter: `{printable(text)}`",
        hint=f"pass `--python {printable(str(inner))}`" if inner.is_file() else None,
    )


def _compiled(found: targets.Target, name: str | None) -> Mapping[str, Any]:
    """The settings of the backend: from its index beside the spec, else from the settings file."""
    from pbt_tui.cli.options import complete
    from pbt_tui.settings import Given
    from pbt_tui.settings.settings_file import find

    if name is None or not BACKENDS.get(name).settings:
        return {}
    index = BACKENDS.get(name).index
    if found.kind == "spec":
        with suppress(OSError):
            return BACKENDS.get(name).known(
                {index: read_regular(found.path.parent / index, SPEC_BYTES)}
            )
    return complete(Given(), find(Path.cwd(), BACKENDS), (name,)).sections[name]


def of_spec(spec: Processes) -> Plan:
    """The plan of a spec, started in the current directory."""
    from pbt_tui.journal import RunDir

    train_dir = Path(spec.train_dir).absolute()
    return Plan(RunDir.of(train_dir, spec.run, spec.suffix), spec, _options(train_dir))


def of_run_dir(path: Path) -> Plan:
    """The plan of a run directory, which holds its own spec and settings."""
    from pbt_tui.journal import RunDir

    rundir = RunDir(path.absolute())
    return Plan(rundir, None, _options(rundir.path.parent.parent))


def _options(train_dir: Path) -> ExecutorOptions:
    from pbt_tui.executor.config import ExecutorOptions

    return ExecutorOptions(cwd=Path.cwd(), train_dir=train_dir, environ=dict(os.environ))


def warn(found: Sequence[Diagnostic]) -> None:
    """Prints the findings that are not errors."""
    from pbt_tui.cli.report import say

    say([d for d in found if d.level != "error"])


def refuse_module_options(args: argparse.Namespace, what: str) -> None:
    from pbt_tui.cli.options import OF_MODULES

    for name in OF_MODULES:
        if getattr(args, name) is not None:
            raise UsageError(
                f"`--{name}` is for run modules: {what} is already compiled",
                hint="compile anew with `pbt-compile`",
            )


_OF_ONE_MACHINE = "PBT401"
"""The rule about more members than `max_parallel`; a queue has no `max_parallel`."""


def read_spec(path: Path, *, queued: bool) -> Processes:
    from pbt_tui.compiler.validate import validate_file
    from pbt_tui.spec import Processes

    spec, found = validate_file(path)
    found = [d for d in found if not (queued and d.code == _OF_ONE_MACHINE)]
    if spec is not None and not isinstance(spec, Processes):
        raise UsageError(
            f"this is a job request, not a spec: `{printable(str(path))}`",
            hint="submit it with its spec: `pbt-run SPEC --backend ngc`",
        )
    if spec is None or any(d.level == "error" for d in found):
        raise Findings(found)
    warn(found)
    return spec


def _compile(module: str, args: argparse.Namespace) -> Processes:
    compiled, _ = compiled_module(module, args)
    warn(compiled.diagnostics)
    return compiled.spec


def compiled_module(
    module: str, args: argparse.Namespace, backends: Sequence[str] = ("processes",)
) -> tuple[Compiled, Given]:
    """A module compiled with the options and the settings file, and the settings of both."""
    from pbt_tui.cli.options import complete, given, read_options
    from pbt_tui.compiler import compile_module
    from pbt_tui.settings.run_settings import COMPILE
    from pbt_tui.settings.settings_file import find

    texts = [(s, getattr(args, s.name, None)) for s in COMPILE]
    own = read_options([(s, raw) for s, raw in texts if raw is not None])
    flags, file = given(args).over(own), find(Path.cwd(), BACKENDS)
    settings = complete(flags, file, backends)
    known = {
        k: v
        for k, v in settings.compile.items()
        if k in ("load_timeout", "load_memory", "seed", "command_prefix")
    }
    policy = dict(settings.policy)
    if is_queued(args) or submits_once(args):
        policy.pop("max_parallel", None)  # a queue has no such limit
    compiled = compile_module(
        module,
        train_dir=args.train_dir or settings.compile.get("train_dir"),
        suffix=args.experiment_suffix or "",
        policy=policy,
        container=settings.container,
        freeze=True,
        backends=backends,
        settings=settings.backends,
        accepted=settings.compile.get("ignore", ()),
        **known,
    )
    return compiled, settings
