"""Prints a script with which a shell completes the options of the three commands."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Final

from pbt_tui.cli.options import Parser
from pbt_tui.errors import UsageError, printable

SHELLS: Final = ("bash", "zsh", "fish")
_FILES: Final = frozenset({"TARGET", "MODULE", "PATH", "FILE"})
_FOLDERS: Final = frozenset({"DIR", "OUT", "RUN_DIR"})


def script(shell: str) -> str:
    """The script for a shell: `eval "$(python -m pbt_tui completion bash)"` loads it.

    Args:
        shell: one of `SHELLS`.

    Raises:
        UsageError: if the shell is another one, or `shtab` is not installed.
    """
    if shell not in SHELLS:
        raise UsageError(
            f"no completion for `{printable(shell)}`", hint=f"one of: {', '.join(SHELLS)}"
        )
    try:
        import shtab
    except ModuleNotFoundError:
        raise UsageError(
            "the package `shtab`, which writes completions, is not installed",
            hint="pip install 'pbt-tui[completion]'",
        ) from None
    scripts = []
    for name in ("compile_options", "run_options", "tui_options"):
        parser: Parser = import_module(f"pbt_tui.cli.{name}").parser()
        for group in parser._action_groups:
            parser.explain(group)
        _complete_paths(parser, shtab.FILE, shtab.DIRECTORY)
        scripts.append(shtab.complete(parser, shell))
    return "\n".join(scripts) + "\n"


def _complete_paths(parser: Parser, files: Mapping[str, Any], folders: Mapping[str, Any]) -> None:
    for action in parser._actions:
        if action.metavar in _FILES:
            action.complete = files  # type: ignore[attr-defined]  # shtab reads it
        elif action.metavar in _FOLDERS:
            action.complete = folders  # type: ignore[attr-defined]
