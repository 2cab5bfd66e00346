"""The upstream entry point: the names, flags and return values of the upstream launcher.

Converts the flags to the settings of `pbt-run` and runs the jobs with its functions.

    from pbt_tui.launcher import main, run, parse_args
    sys.exit(main())

`docs/guide/coming-from-the-originals.md` lists the intended differences.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pbt_tui.errors import UsageError, printable
from pbt_tui.settings.flags import Untouched

if TYPE_CHECKING:
    from pbt_tui.backends import Backend
    from pbt_tui.compiler.loaded import Loaded
    from pbt_tui.settings import Given

__all__ = [
    "add_ngc_args",
    "add_os_parallelism_args",
    "add_slurm_args",
    "ensure_dir_exists",
    "launcher_argparser",
    "main",
    "parse_args",
    "run",
]


def add_os_parallelism_args(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the flags of backend `processes`, with the upstream defaults.

    Args:
        parser: The parser that gets them.

    Returns:
        The same parser.

    Example:
        >>> add_os_parallelism_args(argparse.ArgumentParser()).parse_args([]).num_gpus
        1
    """
    from pbt_tui.backends.processes.launcher_flags import add_arguments

    add_arguments(parser)
    return parser


def add_slurm_args(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the flags of backend `slurm`, with the upstream defaults.

    Args:
        parser: The parser that gets them.

    Returns:
        The same parser.

    Example:
        >>> add_slurm_args(argparse.ArgumentParser()).parse_args([]).slurm_cpus_per_gpu
        16
    """
    from pbt_tui.backends.slurm.launcher_flags import add_arguments

    add_arguments(parser)
    return parser


def add_ngc_args(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """Adds the flags of backend `ngc`, with the upstream defaults.

    Args:
        parser: The parser that gets them.

    Returns:
        The same parser.

    Example:
        >>> add_ngc_args(argparse.ArgumentParser()).parse_args([]).ngc_print_only
        False
    """
    from pbt_tui.backends.ngc.launcher_flags import add_arguments

    add_arguments(parser)
    return parser


def launcher_argparser(args: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The parser for these arguments, with the flags of the backend that they choose (D48).

    Args:
        args: Arguments, for the value of `--backend`; None: those of this process.

    Raises:
        BrokenKind: The installed backend that `--backend` names cannot be loaded.

    Example:
        >>> parser = launcher_argparser(["--backend", "slurm"])
        >>> parser.parse_args(["--backend", "slurm"]).slurm_gpus_per_job
        1
    """
    from pbt_tui.backends import BACKENDS
    from pbt_tui.cli.options import COMPILING, SUFFIX, Parser, alike, early_values
    from pbt_tui.settings.run_settings import TRAIN_DIR

    words = alike(sys.argv[1:] if args is None else args)
    parser = Parser(
        prog="python -m pbt_tui.launcher",
        description="The launcher of IsaacGymEnvs and Sample-Factory, with the same flags.",
        epilog="`pbt-run` does the same and more: see `pbt-run --help`.",
    )
    parser.add_argument(
        "--train_dir", default=TRAIN_DIR, metavar="DIR", help=COMPILING["train_dir"].help
    )
    parser.add_argument(
        "--run", default=None, metavar="MODULE", help="run module: dotted name, or path of a file"
    )
    first, *others = BACKENDS.built_in
    asked = next(reversed(early_values(words, "--backend")), first)
    backend = BACKENDS.get(asked if asked in BACKENDS else first)
    parser.add_argument(
        "--backend",
        default=first,
        choices=tuple(dict.fromkeys((first, *others, backend.name))),
        help="where jobs run: one of %(choices)s; its flags are shown below (default: %(default)s)",
    )
    parser.add_argument(
        "--pause_between",
        default=Untouched(1 if backend.runtimes else 0),
        type=int,
        metavar="S",
        help="seconds between two starts (default: %(default)s)",
    )
    parser.add_argument("--experiment_suffix", default="", metavar="TEXT", help=SUFFIX)
    backend.launcher_arguments(parser)
    return parser


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """Parses the options of the upstream launcher.

    Args:
        argv: Arguments; None: those of this process.

    Raises:
        SystemExit: With code 2 after a mistake, which it reports on stderr, as upstream does.

    Example:
        >>> parse_args(["--run", "runs.ant", "--max_parallel", "8"]).max_parallel
        8
    """
    words = sys.argv[1:] if argv is None else argv
    try:
        return launcher_argparser(words).parse_args(list(words))
    except UsageError as e:
        from pbt_tui.cli.report import say

        say(e.diagnostics)
        raise SystemExit(e.exit_code) from None


def ensure_dir_exists(path: str) -> str:
    """Creates a directory and its parents if they are missing.

    Args:
        path: Path of the directory.

    Returns:
        The same path.

    Raises:
        OSError: It cannot be created.

    Example:
        >>> ensure_dir_exists("train_dir/ant")
        'train_dir/ant'
    """
    Path(path).mkdir(parents=True, exist_ok=True)
    return path


def main() -> int:
    """Runs the module that `sys.argv` names.

    Returns:
        0 if all jobs succeeded, else the exit code of `pbt-run`, such as 1 if the run module
        cannot be imported. Upstream returns 0 whatever happens to its jobs (D16).

    Raises:
        SystemExit: As `parse_args`.

    Example:
        >>> sys.argv[1:] = ["--run", "runs.misspelt"]
        >>> main()
        1
    """
    from pbt_tui.cli import error_boundary

    args = parse_args()
    return error_boundary.outcome(lambda _: _main(args), [])


def run(run_description: Any, args: argparse.Namespace) -> int:
    """Runs a description of this process. Reports errors on stderr.

    Args:
        run_description: A `RunDescription`.
        args: What `parse_args` returned, or any object with some of these attributes, such as
            the five of upstream: `num_gpus`, `max_parallel`, `experiments_per_gpu`, `train_dir`
            and `pause_between`. A missing attribute has the default of its option.

    Returns:
        The same exit codes as `main`; 130 if it was interrupted. It raises nothing.

    Example:
        >>> from pbt_tui import Experiment, RunDescription
        >>> ant = RunDescription("ant", [Experiment("base", "true")])
        >>> run(ant, parse_args(["--pause_between", "0"]))  # doctest: +ELLIPSIS
        run `ant`...
        0
    """
    from pbt_tui.cli import error_boundary

    def work(_: list[str]) -> int:
        from pbt_tui.compiler.load import of_object

        options = _completed(args)
        return _execute(of_object(run_description, options.run or "run"), options)

    return error_boundary.outcome(work, [])


def _completed(args: Any) -> argparse.Namespace:
    """`args` with the default of each missing option; each value has the type of its option."""
    backend = getattr(args, "backend", None)
    words = [] if backend is None else ["--backend", str(backend)]
    parser = launcher_argparser(words)
    completed = parser.parse_args(words)
    for action in parser._actions:  # argparse has no public list of its options
        value = getattr(args, action.dest, None)
        if value is not None:
            setattr(completed, action.dest, _converted(action, value))
    return completed


def _converted(action: argparse.Action, value: Any) -> Any:
    """`value` as argparse would store it. A caller may give a number as text or as a float."""
    if action.dest == "train_dir":
        if not isinstance(value, (str, os.PathLike)):
            raise _wrong_type(action, value, "a path")
        return os.fspath(value)
    if action.type is not int or type(value) is int or isinstance(value, Untouched):
        return value
    seconds = action.dest == "pause_between"
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not (math.isfinite(number) if seconds else number.is_integer()):
        raise _wrong_type(action, value, "a number" if seconds else "a whole number")
    return number if seconds else int(number)


def _wrong_type(action: argparse.Action, value: Any, expected: str) -> UsageError:
    shown = printable(f"{value!r:.40}")
    return UsageError(f"`args.{action.dest}` is not {expected}: `{shown}`")


def _main(args: argparse.Namespace) -> int:
    from pbt_tui.compiler.load import load

    if not args.run:
        raise UsageError("no run module was given", hint="pass `--run MODULE`")
    return _execute(load(args.run), args)


def _execute(loaded: Loaded, args: argparse.Namespace) -> int:
    from dataclasses import replace

    from pbt_tui.backends import BACKENDS
    from pbt_tui.cli.options import complete
    from pbt_tui.cli.planning import of_spec, warn
    from pbt_tui.cli.run import execute_plan, show_plan
    from pbt_tui.compiler import compile_loaded
    from pbt_tui.runtimes import RUNTIMES
    from pbt_tui.settings.settings_file import find

    backend = BACKENDS.get(args.backend)
    if backend.launch is not None:
        return int(BACKENDS.part(backend.name, backend.launch)(loaded, args))
    flags = backend.launcher_settings(args)
    _check_numbers(flags, backend)
    settings = complete(flags, find(Path.cwd(), BACKENDS), (backend.name,))
    queued = any(RUNTIMES.get(name).has_queue for name in backend.runtimes)
    compiled = compile_loaded(
        loaded,
        train_dir=args.train_dir,
        suffix=args.experiment_suffix,
        policy={} if queued else settings.policy,  # a queue schedules by its own
        container=settings.container,
        freeze=True,
        backends=(backend.name,),
        settings=settings.backends,
    )
    warn(compiled.diagnostics)
    plan = of_spec(compiled.spec)
    own = {backend.name: settings.sections[backend.name]}
    plan = replace(plan, options=replace(plan.options, backend=backend.name, settings=own))
    shows = flags.sections[backend.name].get("print_only")
    return show_plan(plan) if shows else execute_plan(plan)


def _check_numbers(given: Given, backend: Backend) -> None:
    """Refuses a number that `pbt-run` would refuse: argparse does not check its bounds."""
    from pbt_tui.cli.options import read_options
    from pbt_tui.settings.run_settings import POLICY

    values = [(s, given.sections[s.section].get(s.name)) for s in (*POLICY, *backend.settings)]
    read_options((s, value) for s, value in values if isinstance(value, (int, float)))


def entry() -> NoReturn:
    """The program: `python -m pbt_tui.launcher`.

    Raises:
        SystemExit: With what `main` returns.

    Example:
        >>> sys.argv[1:] = ["--run", "runs.misspelt"]
        >>> entry()
        Traceback (most recent call last):
        SystemExit: 1
    """
    sys.exit(main())


if __name__ == "__main__":
    entry()
