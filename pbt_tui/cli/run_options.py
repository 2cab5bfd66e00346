"""The options of `pbt-run`: its own, the settings', and the original's that mean something here.

Must not know what is done with them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from pbt_tui.backends import BACKENDS
from pbt_tui.cli.compile_options import _Version
from pbt_tui.cli.options import Parser, add_compiling, add_installed, add_settings
from pbt_tui.runtimes import RUNTIMES

if TYPE_CHECKING:
    from pbt_tui.backends import Backend


def parser(argv: Sequence[str] = ()) -> Parser:
    """All options, and those of installed backends that `argv` names."""
    built_in = [BACKENDS.get(name) for name in BACKENDS.built_in]
    p = Parser(
        prog="pbt-run",
        description="Run a compiled spec, a run module, or go on with a run directory, "
        "to the end and without a screen.",
        usage="pbt-run [options] TARGET\n"
        "       pbt-run RUN_DIR --cancel|--kill|--retry [JOB...]\n"
        "       pbt-run RUN_DIR --hold|--release|--stop\n"
        "       pbt-run --list | --clean [all]",
        epilog="Exit code: 0 all succeeded, 4 closed and not all succeeded, 5 cannot go on, "
        "130 interrupted (run the directory again to go on).",
    )
    p.add_argument("target", nargs="?", metavar="TARGET", help="spec, run module, or run directory")
    p.add_argument("--run", metavar="MODULE", help="the run module, as the original spells it")
    p.add_argument(
        "--backend",
        metavar="NAME",
        help=_backends_help(built_in),
    )
    p.add_argument("--runtime", metavar="NAME", help=runtimes_help())
    p.add_argument("--detach", action="store_true", help="return once the run is on its own")
    p.add_argument("--failed", action="store_true", help="run again what did not succeed")
    p.add_argument(
        "--fresh", action="store_true", help="put a closed run aside (`_pbt.1`) and start anew"
    )
    p.add_argument(
        "--dry_run", action="store_true", help="show exactly what would be started; start nothing"
    )
    p.add_argument("--json", action="store_true", help="events as JSON lines on stdout")
    p.add_argument("--version", action=_Version, nargs=0, help="show the version and exit")
    add_compiling(p.add_argument_group("how a run module is compiled"))
    asks = p.add_argument_group("asked of the executor of a run directory")
    one = asks.add_mutually_exclusive_group()
    for name, words in (
        ("cancel", "end jobs gently, for good (no JOB: all)"),
        ("kill", "end jobs at once (no JOB: all)"),
        ("retry", "run jobs again (no JOB: all that did not succeed)"),
    ):
        one.add_argument(f"--{name}", nargs="*", metavar="JOB", help=words)
    one.add_argument("--hold", action="store_true", help="start no new attempt")
    one.add_argument("--release", action="store_true", help="end a hold")
    one.add_argument("--stop", action="store_true", help="stop all; the run can be resumed")
    old = p.add_argument_group("containers that old runs left")
    old.add_argument("--list", action="store_true", help="show them")
    old.add_argument(
        "--clean",
        nargs="?",
        const="ended",
        choices=("ended", "all"),
        help="show them, then remove those that have ended (all: running ones too)",
    )
    for backend in built_in:
        if not backend.runtimes:
            backend.run_arguments(p.topic(backend.name, backend.title))
    add_settings(p, "policy", "container", *(b.name for b in built_in if b.runtimes))
    add_installed(p, argv, lambda backend: bool(backend.runtimes))
    return p


def _backends_help(backends: Sequence[Backend]) -> str:
    """What becomes of the jobs with each."""
    first, *others = backends
    ends = {True: "submit and follow", False: "submit and end"}
    words = [f"{b.name}: {ends[bool(b.runtimes)]}" for b in others]
    return f"{first.name} (here), {', '.join(words)}, or an installed one"


def runtimes_help() -> str:
    """The runtimes that `--runtime` takes; others belong to one backend."""
    kinds = [RUNTIMES.get(name) for name in RUNTIMES.built_in]
    names = [kind.name for kind in kinds if kind.option == f"--runtime {kind.name}"]
    return f"{', '.join(names)}, or an installed one"
