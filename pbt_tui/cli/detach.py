"""Runs an executor in the background: a child process with its own session and no terminal."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pbt_tui.errors import Diagnostic, Findings, PbtError, RunError, Where
from pbt_tui.files.writing import open_append


def detached(work: Callable[[Callable[[], None]], int]) -> tuple[int, int | None]:
    """Runs `work(ready)` in a child with its own session; returns when the child calls `ready`.

    Returns the pid of the child and None. If `work` returned before it called `ready`, the second
    value is its exit code. A `PbtError` that the child raises first is raised here, with the same
    diagnostics and exit code.
    """
    read_fd, write_fd = os.pipe2(os.O_CLOEXEC)
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid == 0:
        os.close(read_fd)
        _child(work, write_fd)
    os.close(write_fd)
    with os.fdopen(read_fd, "rb") as pipe:
        data = pipe.read()
    if not data:
        _, status = os.waitpid(pid, 0)
        how = (
            f"signal {os.WTERMSIG(status)}"
            if os.WIFSIGNALED(status)
            else f"exit code {os.waitstatus_to_exitcode(status)}"
        )
        raise RunError(f"the executor died before it started the run: {how}")
    message: dict[str, Any] = json.loads(data)
    if "found" in message:
        os.waitpid(pid, 0)
        raise Findings([_diagnostic(d) for d in message["found"]], message["code"])
    return pid, message.get("code")


def _child(work: Callable[[Callable[[], None]], int], write_fd: int) -> None:
    """Runs `work` and ends the process. Only the first message reaches the parent."""
    sent = False

    def send(message: dict[str, Any]) -> None:
        nonlocal sent
        if not sent:
            sent = True
            os.write(write_fd, json.dumps(message).encode())
            os.close(write_fd)

    code = 70
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        code = work(lambda: send({}))
        send({"code": code})
    except PbtError as e:
        code = e.exit_code
        if sent:
            _print(e.diagnostics)
        send({"found": [_plain(d) for d in e.diagnostics], "code": code})
    except BaseException as e:
        from pbt_tui.cli.error_boundary import bug

        error = bug(e)
        if sent:
            _print(error.diagnostics)
        send({"found": [_plain(d) for d in error.diagnostics], "code": 70})
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def _print(found: tuple[Diagnostic, ...]) -> None:
    """Into the executor's log, which stderr writes to by then."""
    for diagnostic in found:
        print(diagnostic, file=sys.stderr)


def write_to(log: Path) -> None:
    """Redirects stdout and stderr of this process to `log`."""
    fd = open_append(log)
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


def _diagnostic(data: dict[str, Any]) -> Diagnostic:
    return Diagnostic(
        data["level"], data["message"], data["code"], Where(*data["where"]), data["hint"]
    )
