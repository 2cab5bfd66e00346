"""The options of `pbt-compile`: its own, the settings', and those of the upstream launcher."""

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
    """`--version`: reads the package metadata only when somebody passes the option."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: Any) -> None:
        from importlib.metadata import PackageNotFoundError, version

        try:
            print(f"{parser.prog} {version('pbt-tui')}")
        except PackageNotFoundError:
            print(f"{parser.prog} (not installed)")
        parser.exit(0)


def parser(argv: Sequence[str] = ()) -> Parser:
    """All options, including those of the installed backends that `argv` names."""
    p = Parser(
        prog="pbt-compile",
        description="Compile a run module into spec files that people review and `pbt-run` runs.",
        usage="pbt-compile [options] MODULE\n"
        "       pbt-compile --check|--diff [options] [MODULE...]\n"
        "       pbt-compile --validate PATH...",
        epilog="Settings may also be in `[tool.pbt]` of `pyproject.toml` or in `pbt.toml`. "
        "Exit code: 0 success, 1 import failed, 2 usage error, 3 errors or stale files.",
    )
    p.add_argument(
        "module", nargs="*", metavar="MODULE", help="run module: dotted name or path of a file"
    )
    p.add_argument("--run", metavar="MODULE", help="MODULE, as the upstream launcher spells it")
    p.add_argument("--out", metavar="DIR", help=COMPILING["out"].help)
    add_compiling(p)
    p.set_defaults(experiment_suffix="")
    p.add_argument(
        "--backend",
        action="append",
        metavar="NAME",
        help=f"compile for this backend only: {', '.join(BACKENDS.built_in)}; may be repeated",
    )
    p.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    instead = p.add_argument_group("modes that write no spec file")
    modes = instead.add_mutually_exclusive_group()
    checks = "like --diff, and exit 3 if a file would change (no MODULE: all that --out holds)"
    modes.add_argument("--diff", action="store_true", help="show how the spec files would change")
    modes.add_argument("--check", action="store_true", help=checks)
    modes.add_argument("--print", action="store_true", help="print the process list to stdout")
    modes.add_argument(
        "--validate",
        nargs="+",
        metavar="PATH",
        help="check existing spec files or folders",
    )
    modes.add_argument(
        "--explain", metavar="CODE", help="print what a code means and how to fix it"
    )
    modes.add_argument(
        "--explain_differences",
        action="store_true",
        help="show how jobs differ from upstream's, and why",
    )
    p.add_argument("--ask", action="store_true", help="check the scripts with `sbatch --test-only`")
    skips = "with --check: check all specs if a MODULE has no RUN_DESCRIPTION"
    instead.add_argument("--skip_helpers", action="store_true", help=skips)
    diagnostics = p.add_argument_group("diagnostics")
    diagnostics.add_argument(
        "--format",
        choices=("text", "json", "github"),
        metavar="HOW",
        default="text",
        help="output of diagnostics: text, json or github",
    )
    diagnostics.add_argument(
        "--ignore", action="append", metavar="CODE", help=COMPILING["ignore"].help
    )
    diagnostics.add_argument(
        "--strict", action="store_const", const=True, help=COMPILING["strict"].help
    )
    add_settings(p, "policy", "container", *BACKENDS.built_in)
    add_installed(p, argv, lambda backend: True)
    return p


def read(args: argparse.Namespace) -> Given:
    """The settings: flags override the settings file. Raises `UsageError` or `Findings` (2)."""
    if args.format == "json" and args.print:
        raise UsageError(
            "`--format json` and `--print` do not go together", hint="leave out one of them"
        )
    if args.ask and args.validate:
        raise UsageError("`--ask` checks compiled SLURM scripts, and `--validate` compiles nothing")
    if args.ask and args.explain_differences:
        raise UsageError("`--ask` and `--explain_differences` do not go together")
    if args.skip_helpers and not (args.check or args.diff):
        raise UsageError("`--skip_helpers` needs `--check` or `--diff`")
    from pathlib import Path

    for name in args.backend or ():
        BACKENDS.get(name)
    try:
        sound(args.experiment_suffix)
    except ValueError:
        raise UsageError("`--experiment_suffix`: expected UTF-8 text") from None
    texts = [(s, getattr(args, s.name)) for s in COMPILE if getattr(args, s.name) is not None]
    return complete(given(args).over(read_options(texts)), find(Path.cwd(), BACKENDS))
