"""The options of `pbt-compile`: its own, the settings', and all of the original launcher.

Must not know what is done with them.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import Any

from pbt_tui.backends import BACKENDS
from pbt_tui.cli.options import (
    COMPILING,
    Parser,
    add_compiling,
    add_installed,
    add_settings,
    complete,
    given,
    read_options,
)
from pbt_tui.errors import UsageError
from pbt_tui.settings import Given, sound
from pbt_tui.settings.run_settings import COMPILE
from pbt_tui.settings.settings_file import find


class _Version(argparse.Action):
    """`--version`, looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"{parser.prog} {version('pbt-tui')}")
        except PackageNotFoundError:
            print(f"{parser.prog} (not installed)")
        parser.exit(0)


def parser(argv: Sequence[str] = ()) -> Parser:
    """All options, and those of installed backends that `argv` names."""
    p = Parser(
        prog="pbt-compile",
        description="Compile a run module into spec files that people review and `pbt-run` runs.",
        usage="pbt-compile [options] MODULE\n"
        "       pbt-compile --check|--diff [options] [MODULE...]\n"
        "       pbt-compile --validate PATH...",
        epilog="Settings may also stand in `[tool.pbt]` of `pyproject.toml`, or in `pbt.toml`. "
        "Exit code: 0 all is well, 1 the module cannot be imported, 2 usage, 3 findings or stale.",
    )
    p.add_argument("module", nargs="*", metavar="MODULE", help="dotted name, or path of a file")
    p.add_argument("--run", metavar="MODULE", help="the same, as the original launcher has it")
    p.add_argument("--out", metavar="DIR", help=COMPILING["out"].help)
    add_compiling(p)
    p.set_defaults(experiment_suffix="")
    p.add_argument(
        "--backend",
        action="append",
        metavar="NAME",
        help=f"{', '.join(BACKENDS.built_in)} (all); may be repeated",
    )
    p.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    instead = p.add_argument_group("instead of writing")
    modes = instead.add_mutually_exclusive_group()
    checks = "as --diff, and exit 3 if anything would (no MODULE: all that are in --out)"
    modes.add_argument("--diff", action="store_true", help="show what would change")
    modes.add_argument("--check", action="store_true", help=checks)
    modes.add_argument("--print", action="store_true", help="the process list on stdout")
    modes.add_argument("--validate", nargs="+", metavar="PATH", help="spec files or folders alone")
    modes.add_argument("--explain", metavar="CODE", help="what a code means, and its cure")
    p.add_argument("--ask", action="store_true", help="check the scripts with `sbatch --test-only`")
    skips = "with --check: a MODULE without a description stands for all that may import it"
    instead.add_argument("--skip_helpers", action="store_true", help=skips)
    words = p.add_argument_group("findings")
    words.add_argument(
        "--format",
        choices=("text", "json", "github"),
        default="text",
        help="output format of diagnostics",
    )
    words.add_argument("--ignore", action="append", metavar="CODE", help=COMPILING["ignore"].help)
    words.add_argument("--strict", action="store_const", const=True, help=COMPILING["strict"].help)
    add_settings(p, "policy", "container", *BACKENDS.built_in)
    add_installed(p, argv, lambda backend: True)
    return p


def read(args: argparse.Namespace) -> Given:
    """Flags over the settings file; raises `UsageError` or `Findings` (2)."""
    if args.format == "json" and args.print:
        raise UsageError("`--format json` is one document: it cannot be had with `--print`")
    if args.ask and args.validate:
        raise UsageError("`--ask` shows what is compiled to SLURM: name a run module")
    if args.skip_helpers and not (args.check or args.diff):
        raise UsageError("`--skip_helpers` goes with `--check` or `--diff`")
    from pathlib import Path

    for name in args.backend or ():
        BACKENDS.get(name)
    try:
        sound(args.experiment_suffix)
    except ValueError:
        raise UsageError("`--experiment_suffix`: expected UTF-8 text") from None
    message = [(s, getattr(args, s.name)) for s in COMPILE if getattr(args, s.name) is not None]
    return complete(given(args).over(read_options(message)), find(Path.cwd(), BACKENDS))
