"""Calls NVIDIA's client, `osmo`, as a subprocess with a time limit. The client has the login.

Must not read or pass on credentials: the client reads its own files.
"""

from __future__ import annotations

import fcntl
import os
import re
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from pbt_tui.errors import RuntimeUnavailable
from pbt_tui.files.writing import open_append
from pbt_tui.observe.log_reader import clean
from pbt_tui.runtimes.engine_errors import EngineError
from pbt_tui.runtimes.osmo import workflow_answers as answers
from pbt_tui.runtimes.osmo.workflow_answers import WorkflowReport
from pbt_tui.runtimes.osmo.workflow_service import (
    LIMIT,
    ServiceBusy,
    TakeLine,
    refusal,
    silence,
)

PROGRAM = "osmo"
BUSY = 75
"""Exit code of the client after HTTP 429."""
_REJECTED = 1
"""Exit code of the client after the service has rejected a workflow itself."""
_REFUSED = 2
"""Exit code of the client after any other refusal, also that of the login."""
_RELOGIN = re.compile(
    r"Unable to refresh login token \(status code 4|The identity provider did not"
)
"""Message, with the exit code of a silent service, of a client that could not renew its login."""
_SUBMIT = re.compile(r"Workflow \S* ?submit failed:\s*")
"""What the client puts before the words of the service."""
_FIRST = 10.0
"""Seconds until a log has its first line at the latest: the client starts slowly."""
IDLE = 3.0
"""Seconds without a line after which a log has told all that it has."""
_FLUSH = 5.0
"""Seconds in which an interrupted client writes what it holds back."""
LOG_LIMIT = 20.0
"""Seconds for which a log is read: it ends only with its workflow."""
_LONGEST_LINE = 64 << 10
_SPEAKS = {"LC_ALL": "C.UTF-8", "NO_COLOR": "1", "PYTHONUNBUFFERED": "1"}
"""Variables for the output of the client, a program of Python."""


class OsmoClient:
    """The service, by NVIDIA's client.

    Args:
        pool: Pool of submissions.
        priority: Priority of submissions; None: the service's default.
        environ: Environment of the client.
        limit: Seconds for each call.
    """

    def __init__(
        self, pool: str, priority: str | None, environ: Mapping[str, str], limit: float = LIMIT
    ) -> None:
        found = shutil.which(PROGRAM, path=environ.get("PATH"))
        if found is None:
            raise RuntimeUnavailable(
                f"no `{PROGRAM}` on the path",
                hint="install NVIDIA's client and log in, or set `--osmo_url`",
            )
        self._program = found
        self._words = submit_words(pool, priority)
        self._environ = {**environ, **_SPEAKS}
        self._limit = limit
        self._took = _FIRST
        """Seconds of the last call, most of which the client needs to start."""

    def submit(self, file: Path, name: str, lock: Path) -> str:
        fd = open_append(lock)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            answer = self._ask(["workflow", "submit", str(file), *self._words], holds=(fd,), slow=2)
        finally:
            os.close(fd)
        ident = answers.submitted_id(answer, name)
        if ident is None:
            raise silence("its answer names no workflow of this name")
        return ident

    def is_sending(self, lock: Path) -> bool:
        try:
            fd = open_append(lock)
        except OSError:
            return False
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return True
        finally:
            os.close(fd)
        return False

    def find(self, name: str) -> list[str]:
        words = ["workflow", "list", "--name", name, "--count", "100", "-t", "json"]
        try:
            return answers.ids(self._ask(words), name)
        except ValueError as error:
            raise silence(str(error)) from error

    def query(self, ident: str) -> WorkflowReport:
        try:
            return answers.report(self._ask(["workflow", "query", ident, "-t", "json"]))
        except ValueError as error:
            raise silence(str(error)) from error

    def cancel(self, ident: str, *, force: bool) -> None:
        # its exit code is always 0: a query tells whether it was heard
        self._call(["workflow", "cancel", ident, *(["-f"] if force else [])])

    def logs(self, ident: str, lines: int, take: TakeLine) -> None:
        words = [self._program, "workflow", "logs", ident, "-n", str(lines)]
        process = self._started(words, subprocess.PIPE, subprocess.DEVNULL)
        try:
            assert process.stdout is not None
            os.set_blocking(process.stdout.fileno(), False)
            reader = LineReader(process.stdout.fileno(), take)
            if reader.read(min(1.0 + 3 * self._took, _FIRST), LOG_LIMIT):
                # a client that was packed holds back 8 KiB until it ends
                _signal(process, signal.SIGINT)
                reader.read(_FLUSH, _FLUSH)
        finally:
            _kill(process)

    # -- one call ----------------------------------------------------------------------------------

    def _ask(self, words: Sequence[str], *, holds: tuple[int, ...] = (), slow: float = 1) -> Any:
        """The document that the client prints. Raises an error for every other exit code."""
        code, out, text = self._call(words, holds=holds, slow=slow)
        if code == 0:
            try:
                return answers.document(out)
            except ValueError as error:
                raise silence(str(error)) from error
        said = _message(out) or text
        if code == BUSY:
            raise ServiceBusy(said)
        if code == _REJECTED:
            raise EngineError(code, _SUBMIT.sub("", said) or "rejected")
        if code == _REFUSED or _RELOGIN.match(said):
            raise refusal(401 if code != _REFUSED else code, said)
        raise silence(said or f"`{PROGRAM}` ended with exit code {code}")

    def _call(
        self, words: Sequence[str], *, holds: tuple[int, ...] = (), slow: float = 1
    ) -> tuple[int, bytes, str]:
        limit, began = self._limit * slow, time.monotonic()
        process = self._started([self._program, *words], subprocess.PIPE, subprocess.PIPE, holds)
        try:
            out, err = _both(process, limit)
            code = process.wait(0.0 if out is None else limit)
        except subprocess.TimeoutExpired:
            raise silence(f"`{PROGRAM}` did not answer within {limit:g} s") from None
        finally:
            _kill(process)
        self._took = time.monotonic() - began
        lines = [clean(line) for line in err.split(b"\n")]
        said = " ".join([line for line in lines if line][-5:])
        return code, out or b"", said

    def _started(
        self, words: Sequence[str], out: int, err: int, holds: tuple[int, ...] = ()
    ) -> subprocess.Popen[bytes]:
        try:
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self._environ,
                pass_fds=holds,
                start_new_session=True,  # Ctrl-C must not kill it: it may have submitted
            )
        except OSError as error:
            raise silence(
                f"cannot run `{PROGRAM}`: {(error.strerror or str(error)).lower()}"
            ) from (error)


def submit_words(pool: str, priority: str | None) -> list[str]:
    """The options of a submission."""
    return ["--pool", pool, *(["--priority", priority] if priority else []), "-t", "json"]


def _message(out: bytes) -> str:
    """The message of an error that the client printed as JSON."""
    with suppress(ValueError):
        found = answers.document(out)
        if isinstance(found, dict):
            parts = (found.get("error_code"), found.get("code"), found.get("message"))
            return ": ".join(part for part in parts if isinstance(part, str) and part)
    lines = [clean(line) for line in out[-4096:].split(b"\n")]
    return " ".join([line for line in lines if line][-5:])


def _both(process: subprocess.Popen[bytes], limit: float) -> tuple[bytes | None, bytes]:
    """What the program writes to stdout and stderr, both bounded; stdout is None after `limit`."""
    streams = {s.fileno(): bytearray() for s in (process.stdout, process.stderr) if s is not None}
    out, err = streams.values()
    until, left = time.monotonic() + limit, list(streams)
    while left:
        ready = select.select(left, [], [], max(until - time.monotonic(), 0.0))[0]
        if not ready:
            return None, bytes(err)
        for fd in ready:
            piece = os.read(fd, 1 << 16)
            if not piece:
                left.remove(fd)
            elif len(streams[fd]) < answers.MOST:
                streams[fd] += piece
    return bytes(out), bytes(err)


class LineReader:
    """Passes the lines of a stream on.

    Args:
        fd: The stream, without blocking.
        take: Gets each line; False: enough.
    """

    def __init__(self, fd: int, take: TakeLine) -> None:
        self._fd = fd
        self._take = take
        self._rest = b""
        self._some = False

    def read(self, first: float, limit: float) -> bool:
        """Reads until nothing comes for `first` seconds, and then `IDLE`, or `limit` are over.

        False: the stream has ended, or that was enough.
        """
        until = time.monotonic() + limit
        while (left := min(until - time.monotonic(), IDLE if self._some else first)) > 0:
            if not select.select([self._fd], [], [], left)[0]:
                return True
            try:
                piece = os.read(self._fd, 1 << 16)
            except BlockingIOError:
                continue
            self._some = True
            if not piece:
                if self._rest:
                    self._take(self._rest)
                return False
            *whole, rest = (self._rest + piece).split(b"\n")
            self._rest = rest[:_LONGEST_LINE]
            if not all(self._take(line) for line in whole):
                return False
        return True


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        _signal(process, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()


def _signal(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(process.pid, number)
