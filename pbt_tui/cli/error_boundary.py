"""Turns exceptions into messages and exit codes, for all three commands."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

from pbt_tui.cli.interrupts import defer_in_imports
from pbt_tui.errors import PbtError


def run(main: Callable[[list[str]], int], argv: Sequence[str] | None = None) -> NoReturn:
    """Ends the process with the exit code of `main`; an exception becomes a message on stderr."""
    defer_in_imports()
    sys.exit(outcome(main, sys.argv[1:] if argv is None else list(argv)))


def run_and_leave(main: Callable[[list[str]], int]) -> NoReturn:
    """Like `run`, but skips the interpreter's shutdown, a tenth of the time of a short command.

    Only for commands that leave no work to threads or `atexit` functions.
    """
    defer_in_imports()
    code = outcome(main, sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # closed, or its reader is gone
            stream.flush()
    os._exit(code)


def outcome(main: Callable[[list[str]], int], argv: list[str]) -> int:
    """The exit code of `main`, whatever it raises, as in `docs/reference/errors.md`."""
    try:
        return _outcome(main, argv)
    except KeyboardInterrupt:  # while an error was about to be told
        return 130


def _outcome(main: Callable[[list[str]], int], argv: list[str]) -> int:
    try:
        code = main(argv)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader closed the pipe
        _discard_stdout()
        return 141
    except KeyboardInterrupt:
        return 130
    except SystemExit as e:  # argparse, after `--help` and `--version`
        return e.code if isinstance(e.code, int) else 0
    except PbtError as e:
        return _say(e)
    except OSError as e:
        from pbt_tui.files.faults import fault_kind

        ours = e.errno is None or fault_kind(e) == "ours"
        return _say(bug(e) if ours else world(e))
    except Exception as e:  # a bug of pbt_tui
        return _say(bug(e))
    return code


def world(e: OSError) -> PbtError:
    """An error of the operating system that no caller reported more precisely; not a bug."""
    from pbt_tui.errors import RunError

    reason = (e.strerror or str(e)).lower()
    return RunError(f"`{e.filename}`: {reason}" if e.filename else reason)


def bug(e: BaseException) -> PbtError:
    """A message for an unexpected exception; its traceback is written to a file."""
    import tempfile
    import traceback

    text = "".join(traceback.format_exception(e))
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="pbt-bug-", suffix=".txt", delete=False, encoding="utf-8"
        ) as f:
            f.write(text)
        hint = f"please report it with `{f.name}`"
    except OSError:
        hint = text
    return PbtError(f"this is a bug: {type(e).__name__}", hint=hint)


def _say(error: PbtError) -> int:
    try:
        from pbt_tui.cli.report import say

        say(error.diagnostics)
    except BrokenPipeError:
        _discard_stdout()
    except KeyboardInterrupt:
        pass  # the process ends as it was about to
    return error.exit_code


def _discard_stdout() -> None:
    """Redirects stdout to /dev/null, so that the interpreter's last flush raises no error."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
