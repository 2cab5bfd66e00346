"""The original launcher's door: its names, arguments and return values, with our executor behind.

Must not do anything of its own: it reads the original's flags and hands them to `pbt-run`'s parts.

    from pbt_tui.launcher import main, run, parse_args
    sys.exit(main())

What differs on purpose is told in `docs/guide/coming-from-the-originals.md`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from pbt_tui.errors import PbtError, UsageError

if TYPE_CHECKING:
    from pbt_tui.compiler.load import Loaded

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

BACKENDS = ("processes", "slurm", "ngc")


class _Untouched(int):
    """A default that nobody typed: equal to its number, and known not to be asked for.

    The original's `--max_parallel 4` keeps half of an 8-member population from ever exchanging
    (defect P2), so where nobody typed it, it grows to the largest population.
    """


def add_os_parallelism_args(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The flags of backend `processes`, with the original's defaults."""
    group = parser.add_argument_group("backend processes")
    group.add_argument(
        "--num_gpus", default=_Untouched(1), type=int, metavar="N", help="how many GPUs to use (1)"
    )
    group.add_argument(
        "--max_parallel",
        default=_Untouched(4),
        type=int,
        metavar="N",
        help="jobs at once (4, or the largest population)",
    )
    group.add_argument(
        "--experiments_per_gpu",
        default=_Untouched(-1),
        type=int,
        metavar="N",
        help="jobs on one GPU at once; -1 leaves CUDA_VISIBLE_DEVICES alone (-1)",
    )
    return parser


def add_slurm_args(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The flags of backend `slurm`, with the original's defaults."""
    from pbt_tui.cli.options import yes_no

    group = parser.add_argument_group("backend slurm")
    group.add_argument(
        "--slurm_gpus_per_job", default=_Untouched(1), type=int, metavar="N", help="GPUs (1)"
    )
    group.add_argument(
        "--slurm_cpus_per_gpu",
        default=_Untouched(16),
        type=int,
        metavar="N",
        help="CPUs for each GPU (16)",
    )
    group.add_argument(
        "--slurm_print_only", default=False, type=yes_no, metavar="BOOL", help="submit nothing"
    )
    group.add_argument("--slurm_workdir", metavar="DIR", help="folder of sbatch files and logs")
    group.add_argument("--slurm_partition", metavar="NAME", help="partition")
    group.add_argument("--slurm_sbatch_template", metavar="FILE", help="template of the script")
    group.add_argument("--slurm_timeout", default="0", metavar="TIME", help="`$TIMEOUT` (0)")
    return parser


def add_ngc_args(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The flags of backend `ngc`, with the original's defaults."""
    from pbt_tui.cli.options import yes_no

    group = parser.add_argument_group("backend ngc")
    group.add_argument("--ngc_job_template", metavar="FILE", help="command template")
    group.add_argument(
        "--ngc_print_only", default=False, type=yes_no, metavar="BOOL", help="submit nothing"
    )
    return parser


def launcher_argparser(args: Sequence[str] | None = None) -> argparse.ArgumentParser:
    """The parser for these arguments; `--help` shows the flags of the chosen backend (D48)."""
    from pbt_tui.cli.options import Parser, alike

    words = alike(sys.argv[1:] if args is None else args)
    parser = Parser(
        prog="python -m pbt_tui.launcher",
        description="The launcher of IsaacGymEnvs and Sample-Factory, kept to its flags.",
        epilog="`pbt-run` does the same and more: see `pbt-run --help`.",
    )
    parser.add_argument(
        "--train_dir", default="./train_dir", metavar="DIR", help="root of what jobs write"
    )
    parser.add_argument(
        "--run", default=None, metavar="MODULE", help="run module: dotted name, or path of a file"
    )
    parser.add_argument(
        "--backend",
        default="processes",
        choices=BACKENDS,
        help="where jobs run: one of %(choices)s; its flags are shown below (processes)",
    )
    backend = _backend(words)
    parser.add_argument(
        "--pause_between",
        default=_Untouched(0 if backend == "ngc" else 1),
        type=int,
        metavar="S",
        help="seconds between two starts (1; 0 for ngc)",
    )
    parser.add_argument(
        "--experiment_suffix", default="", metavar="TEXT", help="ends the folder of experiments"
    )
    add = {"slurm": add_slurm_args, "ngc": add_ngc_args}.get(backend, add_os_parallelism_args)
    return add(parser)


def parse_args(argv: Sequence[str] | None = None) -> argparse.Namespace:
    """The original's namespace; ends the process with code 2 on a mistake, as the original does."""
    words = sys.argv[1:] if argv is None else argv
    try:
        return launcher_argparser(words).parse_args(list(words))
    except UsageError as e:
        from pbt_tui.cli.report import say

        say(e.diagnostics)
        raise SystemExit(e.exit_code) from None


def ensure_dir_exists(dir_path: str) -> str:
    """Makes the directory and its parents where missing; returns its path."""
    Path(dir_path).mkdir(parents=True, exist_ok=True)
    return dir_path


def main() -> int:
    """Runs what `sys.argv` says: 0 all succeeded, 1 the run module cannot be imported (DESIGN 6.5).

    The original returned 0 whatever happened to its jobs (defect D16).
    """
    from pbt_tui.cli import error_boundary

    args = parse_args()
    return error_boundary.outcome(lambda _: _main(args), [])


def run(run_description: Any, args: argparse.Namespace) -> int:
    """Runs a description that lives in this process; 0 when all succeeded, else as `main`."""
    from pbt_tui.cli import error_boundary

    def work(_: list[str]) -> int:
        from pbt_tui.compiler.load import of_object

        return _execute(of_object(run_description, getattr(args, "run", None) or "run"), args)

    return error_boundary.outcome(work, [])


def _main(args: argparse.Namespace) -> int:
    from pbt_tui.compiler.load import load

    if not args.run:
        raise UsageError("no run module was given", hint="pass `--run MODULE`")
    return _execute(load(args.run), args)


def _execute(loaded: Loaded, args: argparse.Namespace) -> int:
    from pbt_tui.cli.planning import of_spec, warn
    from pbt_tui.cli.run import execute_plan
    from pbt_tui.compiler import compile_loaded
    from pbt_tui.settings.settings_file import find

    if args.backend == "slurm":
        return _submit(loaded, args)
    if args.backend == "ngc":
        from pbt_tui.cli.submit import launched

        return launched(loaded, args)
    asked = {
        name: value
        for name in ("num_gpus", "max_parallel", "experiments_per_gpu", "pause_between")
        if not isinstance(value := getattr(args, name), _Untouched)
    }
    settings = find(Path.cwd())
    compiled = compile_loaded(
        loaded,
        train_dir=args.train_dir,
        suffix=args.experiment_suffix,
        policy={**settings.policy, **asked},
        container=settings.container,
        freeze=True,
    )
    warn(compiled.diagnostics)
    return execute_plan(of_spec(compiled.spec))


def _submit(loaded: Loaded, args: argparse.Namespace) -> int:
    """The same on SLURM. The original's `--slurm_print_only` shows what would be submitted."""
    from dataclasses import replace

    from pbt_tui.cli.options import with_template
    from pbt_tui.cli.planning import of_spec, warn
    from pbt_tui.cli.run import execute_plan, show_plan
    from pbt_tui.compiler import compile_loaded
    from pbt_tui.settings import Given
    from pbt_tui.settings.settings_file import find

    names = ("gpus_per_job", "cpus_per_gpu", "workdir", "partition", "sbatch_template", "timeout")
    asked = {name: getattr(args, f"slurm_{name}") for name in names}
    said = {k: v for k, v in asked.items() if v not in (None, "0") and type(v) is not _Untouched}
    settings = with_template(Given(slurm=said).over(find(Path.cwd())))
    compiled = compile_loaded(
        loaded,
        train_dir=args.train_dir,
        suffix=args.experiment_suffix,
        container=settings.container,
        freeze=True,
        backends=("slurm",),
        settings={"slurm": settings.slurm},
    )
    warn(compiled.diagnostics)
    plan = replace(of_spec(compiled.spec), runtime="slurm", slurm=settings.slurm)
    return show_plan(plan) if args.slurm_print_only else execute_plan(plan)


def _backend(words: Sequence[str]) -> str:
    """The chosen backend, before the rest can be parsed."""
    early = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    early.add_argument("--backend", default="processes")
    try:
        return str(early.parse_known_args(list(words))[0].backend)
    except (argparse.ArgumentError, PbtError):
        return "processes"


def entry() -> NoReturn:
    sys.exit(main())


if __name__ == "__main__":
    entry()
