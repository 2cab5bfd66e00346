"""`python -m pbt_tui`: all commands of the package, for people whose `PATH` does not have them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Final, NoReturn

from pbt_tui.cli import error_boundary
from pbt_tui.errors import UsageError

COMMANDS: Final = {
    "compile": "compile a run module into spec files: `pbt-compile`",
    "run": "run a spec, a module or a run directory: `pbt-run`",
    "tui": "show a run: `pbt-tui`",
    "completion": "print a script that completes the options of these commands in a shell",
}
"""First argument to what it does."""


def entry() -> NoReturn:
    """`python -m pbt_tui`."""
    error_boundary.run(main)


def main(argv: Sequence[str]) -> int:
    """Runs the command that the first argument names, else `pbt-tui`. Returns its exit code."""
    first, rest = (argv[0], argv[1:]) if argv else ("tui", argv)
    if first in ("-h", "--help"):
        print(_help())
        return 0
    if first == "completion":
        return _completion(rest)
    if first not in COMMANDS:
        first, rest = "tui", argv
    return int(import_module(f"pbt_tui.cli.{first}").main(rest))


def _help() -> str:
    return "\n".join(
        [
            "usage: python -m pbt_tui [COMMAND] [ARGUMENT...]",
            "",
            *(f"  {name:<12}{text}" for name, text in COMMANDS.items()),
            "",
            "Each has its own `--help`. Without COMMAND: `pbt-tui`.",
        ]
    )


def _completion(argv: Sequence[str]) -> int:
    from pbt_tui.cli.completion import SHELLS, script

    if len(argv) != 1 or argv[0].startswith("-"):
        raise UsageError(f"usage: python -m pbt_tui completion {{{','.join(SHELLS)}}}")
    print(script(argv[0]), end="")
    return 0
