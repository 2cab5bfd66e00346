"""The child processes that import run modules: start, read their answers and output, kill.

Each child leads a process group of its own. `load` decodes the answers.
"""

from __future__ import annotations

import marshal
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from select import POLLIN, poll

from pbt_tui.compiler import resource_limits
from pbt_tui.compiler.child import HEADER, STARTED

OUTPUT_KEPT = 64 * 1024
GRACE = 5.0
"""Seconds that a child may take to start; its own watchdog limits the time of the import."""
TOO_LATE = b"Timeout"
"""First bytes of the watchdog's report of where the import hangs."""
LONGEST = 1 << 32
"""Maximum bytes of an answer; ten million jobs take less."""
_DIGITS = re.compile(rb"[0-9a-f]+").fullmatch
_REST = 0.2
"""Seconds to wait for the rest of the watchdog's report."""
_BOOT = """
import sys, types
sys.path.insert(0, sys.argv.pop(1))
import pbt_tui
sys.path.pop(0)
package = types.ModuleType("pbt_tui.compiler")
package.__path__ = [pbt_tui.__path__[0] + "/compiler"]
sys.modules["pbt_tui.compiler"] = package
from pbt_tui.compiler.child import main
main()
"""


class Child:
    """One child: its process, the bytes of its answer so far, and the end of its output."""

    def __init__(
        self,
        target: str,
        timeout: float,
        memory: int,
        seed: int | None,
        hash_seed: int,
        surroundings: tuple[tuple[str, ...], tuple[str, ...]] | None = None,
    ) -> None:
        self.pipe, answer_end = os.pipe()
        self.data = bytearray()
        self.output = b""
        self.closed = self.ended = self.left_some = False
        self.memory = memory
        options = {
            "target": target,
            "timeout": timeout,
            "memory": memory,
            "seed": seed,
            "hash_seed": os.environ.get("PYTHONHASHSEED"),
            "pipe": answer_end,
            "surroundings": surroundings,
        }
        env = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
        root = str(Path(__file__).resolve().parents[2])
        # -B: write no bytecode; -P: the child itself sets `sys.path`;
        # utf8: read files the same way under every locale
        python = [sys.executable, "-B", "-P", "-X", "utf8"]
        command = [*python, "-c", _BOOT, root, marshal.dumps(options).hex()]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                pass_fds=(answer_end,),
                start_new_session=True,
                env=env,
            )
        except BaseException:
            os.close(self.pipe)
            raise
        finally:
            os.close(answer_end)
        assert self.process.stdout is not None
        self.stdout = self.process.stdout.fileno()
        self.alive = os.pidfd_open(self.process.pid)
        for pipe in (self.pipe, self.stdout):
            os.set_blocking(pipe, False)

    @property
    def length(self) -> int | None:
        """Length of the answer; None while the header is incomplete, or if it is not a number."""
        head = bytes(self.data[: HEADER - 1])
        return int(head, 16) if len(self.data) >= HEADER and _DIGITS(head) else None

    @property
    def complete(self) -> bool:
        return self.length is not None and len(self.data) == HEADER + self.length

    @property
    def garbled(self) -> bool:
        """Whether something other than the child's answer was written into the pipe."""
        if len(self.data) < HEADER or self.data.startswith(TOO_LATE):
            return len(self.data) > LONGEST
        return self.length is None or len(self.data) > HEADER + min(self.length, LONGEST)

    @property
    def answer(self) -> bytes | None:
        """The answer once it is complete, else None."""
        return bytes(self.data[HEADER:]) if self.complete else None

    def text(self) -> str:
        return self.output.decode(errors="replace")

    def take(self, pipe: int) -> bool:
        """Reads what is available without blocking; false if that is nothing."""
        try:
            chunk = os.read(pipe, 1 << 20)
        except BlockingIOError:
            return False
        if pipe == self.pipe:
            self.data += chunk
            self.closed = not chunk
        else:
            self.output = (self.output + chunk)[-OUTPUT_KEPT:]
        return bool(chunk)

    def end(self) -> None:
        """Reads the rest of the answer and kills every process that the child started."""
        if self.closed and not self.data:  # no answer: wait a moment for the exit code
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(0.5)
        # not reaped until here, so that the kernel cannot reuse the number of the process group
        pid, marked = self.process.pid, resource_limits.mark(self.memory, self.process.pid)
        self.ended = self.process.returncode is not None or bool(_ready(self.alive))
        while self.ended and not self.garbled and self.take(self.pipe):
            pass
        if self.answer is None or self.data[HEADER - 1 : HEADER] == STARTED:
            self.left_some = resource_limits.end_all(marked, but=pid)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self.process.wait()
        if self.answer is None:  # the child may have started more until it was killed
            resource_limits.end_all(marked)
        self.take(self.stdout)
        os.close(self.pipe)
        os.close(self.alive)
        assert self.process.stdout is not None
        self.process.stdout.close()


def _ready(descriptor: int) -> list[tuple[int, int]]:
    poller = poll()
    poller.register(descriptor, POLLIN)
    return poller.poll(0)


def listen(children: Sequence[Child], deadline: float) -> None:
    """Reads until every child has answered or ended, or the deadline is reached."""
    poller = poll()
    owners = {d: child for child in children for d in (child.pipe, child.stdout, child.alive)}
    for descriptor in owners:
        poller.register(descriptor, POLLIN)
    waiting = set(children)
    while waiting and (left := deadline - time.monotonic()) > 0:
        for descriptor, _ in poller.poll(left * 1000):
            child = owners[descriptor]
            if descriptor == child.alive or not child.take(descriptor):
                poller.unregister(descriptor)
                if descriptor != child.stdout:  # a child that closed its output may still answer
                    waiting.discard(child)
            elif child.complete or child.garbled:  # its descendants may hold the pipe open
                waiting.discard(child)
        if any(child.data.startswith(TOO_LATE) for child in children):
            deadline = min(deadline, time.monotonic() + _REST)
