"""From TARGET and options to a plan: which run directory, which spec, and what was said of how.

Must not start, lock or write anything.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pbt_tui.backends import BACKENDS
from pbt_tui.cli import target as targets
from pbt_tui.errors import Diagnostic, Findings, UsageError, printable
from pbt_tui.registry import load

if TYPE_CHECKING:
    from pbt_tui.backends.slurm.index import Slurm
    from pbt_tui.compiler import Compiled
    from pbt_tui.executor.config import ExecutorConfig, RuntimeName
    from pbt_tui.journal import RunDir, RunState
    from pbt_tui.settings import Given
    from pbt_tui.spec import Processes

_OF_MODULES = ("train_dir", "experiment_suffix", "seed", "load_timeout", "load_memory")


@dataclass(frozen=True)
class Plan:
    """What is to be run, and where; `spec` is None for a run directory, which brings its own."""

    rundir: RunDir
    spec: Processes | None
    policy: Mapping[str, Any]
    """What the options said, and only that; so are `container` and `runtime`."""
    cwd: Path
    container: Mapping[str, Any] = field(default_factory=dict)
    runtime: RuntimeName | None = None
    slurm: Mapping[str, Any] = field(default_factory=dict)
    compiled: Mapping[str, Any] = field(default_factory=dict)
    """What SLURM is asked as it was compiled, or as the settings file has it."""

    @property
    def train_dir(self) -> Path:
        if self.spec is not None:
            return Path(self.spec.train_dir).absolute()
        return self.rundir.path.parent.parent.absolute()

    def anew(self) -> Plan:
        """The same plan with the spec that its run directory holds."""
        from pbt_tui.executor.run_dirs import read_spec

        return self if self.spec is not None else replace(self, spec=read_spec(self.rundir))

    def orders(self, state: RunState, *, detached: bool) -> ExecutorConfig:
        from pbt_tui.executor import config

        container = config.effective_container(state, self.container, self.spec)
        policy = config.effective_policy(state, self.policy, self.spec)
        runtime = config.effective_runtime(state, self.runtime, container, self.spec)
        slurm = None
        if runtime == "slurm":
            slurm = config.effective_slurm(state, self.slurm, self.compiled)
            _check(state, slurm)
            policy = config.queue_policy(policy, len(state.jobs))
        elif self.slurm:
            name = next(iter(self.slurm))
            raise UsageError(f"`--slurm_{name}` is of SLURM", hint="pass `--backend slurm`, too")
        return config.ExecutorConfig(
            policy=policy,
            cwd=self.cwd,
            train_dir=self.train_dir,
            runtime=runtime,
            container=container,
            slurm=slurm,
            detached=detached,
        )

    @property
    def only_shows(self) -> bool:
        """`--slurm_print_only`, of the original."""
        return self.runtime == "slurm" and bool(
            self.slurm.get("print_only", self.compiled.get("print_only"))
        )


def target(args: argparse.Namespace) -> targets.Target:
    """What TARGET and `--run` name; raises `UsageError`."""
    if args.run and args.target and args.run != args.target:
        raise UsageError(f"two targets were given: `{args.target}` and `--run {args.run}`")
    if args.run:
        return targets.Target("module", args.run, Path(args.run))
    if not args.target:
        raise UsageError("no target was given", hint="see `pbt-run --help`")
    return targets.resolve(args.target)


def refuse_what_is_not_there(args: argparse.Namespace) -> None:
    """Options that cannot be obeyed, yet or together."""
    if args.backend is not None and not BACKENDS.get(args.backend).runtimes:
        if BACKENDS.get(args.backend).submit is None:
            said = f"what backend `{printable(args.backend)}` describes is executed by others"
            raise UsageError(said, hint="compile it with `pbt-compile`, and hand its files over")
    if args.backend == "slurm" and args.runtime is not None:
        raise UsageError(f"`--backend slurm` and `--runtime {args.runtime}` do not go together")
    if args.json and args.dry_run:
        raise UsageError("`--json` and `--dry_run` do not go together")
    if args.detach and args.json:
        raise UsageError(
            "`--json` and `--detach` do not go together",
            hint="follow `journal.jsonl` of the run directory",
        )


def submits_once(args: argparse.Namespace) -> Callable[..., int] | None:
    """What obeys `--backend` where nothing is followed."""
    name = BACKENDS.get(args.backend).submit if args.backend is not None else None
    return None if name is None else cast("Callable[..., int]", load(name))


def plan(found: targets.Target, args: argparse.Namespace) -> Plan:
    """Reads the spec or compiles the module. Raises what these raise."""
    from pbt_tui.cli.options import complete, given
    from pbt_tui.journal import RunDir
    from pbt_tui.settings import Given

    said = complete(given(args), Given())
    if found.kind == "run":
        refuse_module_options(args, "a run directory")
        made = Plan(RunDir(found.path.absolute()), None, said.policy, Path.cwd())
        return replace(
            made,
            container=said.container,
            runtime=_runtime(args, None),
            slurm=said.sections["slurm"],
        )
    if found.kind == "spec":
        refuse_module_options(args, "a spec")
        spec = read_spec(found.path, queued=args.backend == "slurm")
    else:
        spec = _compile(found.name, args)
    made = of_spec(spec, said.policy)
    return replace(
        made,
        container=said.container,
        runtime=_runtime(args, spec),
        slurm=said.sections["slurm"],
        compiled=_compiled(found) if args.backend == "slurm" else {},
    )


def _runtime(args: argparse.Namespace, spec: Processes | None) -> RuntimeName | None:
    """What was asked for; a backend without a runtime leaves open which of its own it is."""
    if args.backend == "slurm":
        return "slurm"
    runtime: RuntimeName | None = args.runtime
    if args.backend == "processes" and runtime is None and spec is None:
        return "process"
    return runtime


def _compiled(found: targets.Target) -> Mapping[str, Any]:
    """Settings of SLURM: those of the index beside a spec, else those of the settings file."""
    from pbt_tui.backends.slurm.files import FILE
    from pbt_tui.backends.slurm.render import known
    from pbt_tui.cli.options import complete
    from pbt_tui.settings import Given
    from pbt_tui.settings.settings_file import find

    if found.kind == "spec":
        with suppress(OSError):
            beside = (found.path.parent / FILE).read_bytes()
            return known({FILE: beside})
    file = find(Path.cwd(), BACKENDS)
    return complete(Given(), file, ("slurm",)).sections["slurm"]


def _check(state: RunState, settings: Slurm) -> None:
    """What SLURM would take without a word, and should not have been given."""
    from pbt_tui.backends.slurm.rules import check

    found = check(state.spec, settings)
    if any(d.level == "error" for d in found):
        raise Findings(found)
    warn(found)


def of_spec(spec: Processes, policy: Mapping[str, Any] | None = None) -> Plan:
    """The plan of a spec in hand, for where we stand."""
    from pbt_tui.journal import RunDir

    train_dir = Path(spec.train_dir).absolute()
    return Plan(RunDir.of(train_dir, spec.run, spec.suffix), spec, policy or {}, Path.cwd())


def warn(found: Sequence[Diagnostic]) -> None:
    """Says what is no error."""
    from pbt_tui.cli.report import say

    say([d for d in found if d.level != "error"])


def refuse_module_options(args: argparse.Namespace, what: str) -> None:
    for name in _OF_MODULES:
        if getattr(args, name) is not None:
            raise UsageError(
                f"`--{name}` is for run modules: {what} has it already",
                hint="compile anew with `pbt-compile`",
            )


_OF_ONE_MACHINE = "PBT401"
"""More members than `max_parallel`: in a queue there is none."""


def read_spec(path: Path, *, queued: bool) -> Processes:
    from pbt_tui.compiler.validate import validate_file
    from pbt_tui.spec import Processes

    spec, found = validate_file(path)
    found = [d for d in found if not (queued and d.code == _OF_ONE_MACHINE)]
    if spec is not None and not isinstance(spec, Processes):
        raise UsageError(
            f"a job request is submitted with the spec that it is of: `{printable(str(path))}`",
            hint="`pbt-run SPEC --backend ngc`",
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
    """A module compiled with the options and the settings file, and what these said."""
    from pbt_tui.cli.options import complete, given, read_options
    from pbt_tui.compiler import compile_module
    from pbt_tui.settings.run_settings import COMPILE
    from pbt_tui.settings.settings_file import find

    said = [(s, getattr(args, s.name, None)) for s in COMPILE]
    own = read_options([(s, raw) for s, raw in said if raw is not None])
    flags, file = given(args).over(own), find(Path.cwd(), BACKENDS)
    settings = complete(flags, file, backends)
    known = {
        k: v for k, v in settings.compile.items() if k in ("load_timeout", "load_memory", "seed")
    }
    policy = dict(settings.policy)
    if args.backend is not None and args.backend != BACKENDS.built_in[0]:
        policy.pop("max_parallel", None)  # a queue has none
    compiled = compile_module(
        module,
        train_dir=args.train_dir or settings.compile.get("train_dir"),
        suffix=args.experiment_suffix or "",
        policy=policy,
        container=settings.container,
        freeze=True,
        backends=backends,
        settings=settings.backends,
        **known,
    )
    return compiled, settings
