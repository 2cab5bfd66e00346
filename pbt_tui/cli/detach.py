"""An executor of its own: it leaves the terminal and goes on when the caller is gone.

Must not know what it runs.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pbt_tui.errors import Diagnostic, Findings, PbtError, RunError, Where


def detached(work: Callable[[Callable[[], None]], int]) -> tuple[int, int | None]:
    """Runs `work(ready)` in a child with a session of its own; returns when it calls `ready`.

    The child's pid and None; or, where `work` was over before that, its exit code in the second
    place. Raises what it raised (`PbtError`), with its words and exit code.
    """
    heard, tell = os.pipe2(os.O_CLOEXEC)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(heard)
        _child(work, tell)
    os.close(tell)
    with os.fdopen(heard, "rb") as words:
        message = words.read()
    if not message:
        _, status = os.waitpid(pid, 0)
        how = (
            f"signal {os.WTERMSIG(status)}"
            if os.WIFSIGNALED(status)
            else f"exit code {os.waitstatus_to_exitcode(status)}"
        )
        raise RunError(f"the executor died before it began: {how}")
    word: dict[str, Any] = json.loads(message)
    if "found" in word:
        os.waitpid(pid, 0)
        raise Findings([_diagnostic(d) for d in word["found"]], word["code"])
    return pid, word.get("code")


def _child(work: Callable[[Callable[[], None]], int], tell: int) -> None:
    """Never returns."""
    told = False

    def say(word: dict[str, Any]) -> None:
        nonlocal told
        if not told:
            told = True
            os.write(tell, json.dumps(word).encode())
            os.close(tell)

    code = 70
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        code = work(lambda: say({}))
        say({"code": code})
    except PbtError as e:
        code = e.exit_code
        if told:
            _last_words(e.diagnostics)
        say({"found": [_plain(d) for d in e.diagnostics], "code": code})
    except BaseException as e:
        from pbt_tui.cli.error_boundary import bug

        error = bug(e)
        if told:
            _last_words(error.diagnostics)
        say({"found": [_plain(d) for d in error.diagnostics], "code": 70})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _last_words(found: tuple[Diagnostic, ...]) -> None:
    for diagnostic in found:
        print(diagnostic, file=sys.stderr)


def write_to(log: Path) -> None:
    """From here on, what is printed goes into `log`."""
    fd = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(fd, 1)
    os.dup2(fd, 2)
    os.close(fd)


def _plain(d: Diagnostic) -> dict[str, Any]:
    return {
        "level": d.level,
        "message": d.message,
        "code": d.code,
        "hint": d.hint,
        "where": [getattr(d.where, name) for name in Where.__slots__],
    }


def _diagnostic(word: dict[str, Any]) -> Diagnostic:
    return Diagnostic(
        word["level"], word["message"], word["code"], Where(*word["where"]), word["hint"]
    )
