"""Calls NVIDIA's client, `osmo`, as a subprocess with a time limit. The client has the login.

Must not read or pass on credentials: the client reads its own files.
"""

from __future__ import annotations

import fcntl
import os
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
_REFUSED = (1, 2)
IDLE = 3.0
"""Seconds without a line after which a log has told all that it has."""
LOG_LIMIT = 20.0
"""Seconds for which a log is read: it ends only with its workflow."""
_LONGEST_LINE = 64 << 10


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
        self._environ = {**environ, "LC_ALL": "C.UTF-8", "NO_COLOR": "1"}
        self._limit = limit

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
            _lines(process.stdout.fileno(), take)
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
        if code in _REFUSED:
            raise refusal(code, said)
        raise silence(said or f"`{PROGRAM}` ended with exit code {code}")

    def _call(
        self, words: Sequence[str], *, holds: tuple[int, ...] = (), slow: float = 1
    ) -> tuple[int, bytes, str]:
        limit = self._limit * slow
        process = self._started([self._program, *words], subprocess.PIPE, subprocess.PIPE, holds)
        try:
            out, err = _both(process, limit)
            code = process.wait(0.0 if out is None else limit)
        except subprocess.TimeoutExpired:
            raise silence(f"`{PROGRAM}` did not answer within {limit:g} s") from None
        finally:
            _kill(process)
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


def _lines(fd: int, take: TakeLine) -> None:
    """Passes lines on until the stream ends, nothing more comes, or the time is over."""
    until, rest = time.monotonic() + LOG_LIMIT, b""
    while (left := min(until - time.monotonic(), IDLE)) > 0:
        if not select.select([fd], [], [], left)[0]:
            return
        try:
            piece = os.read(fd, 1 << 16)
        except BlockingIOError:
            continue
        if not piece:
            if rest:
                take(rest)
            return
        *whole, rest = (rest + piece).split(b"\n")
        rest = rest[:_LONGEST_LINE]
        for line in whole:
            if not take(line):
                return


def _kill(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    for stream in (process.stdout, process.stderr):
        if stream is not None:
            stream.close()
